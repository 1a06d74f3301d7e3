use super::*;
use waxwing::log;

#[derive(Extension)]
#[extension(http = TalkativeStream)]
struct Talkative;

impl RootContext for Talkative {
    /// The name of a level, or nothing.
    type Config = String;

    fn configure(level: String, cx: &mut Configure<'_>) -> Result<Self> {
        match level.as_str() {
            "" => {}
            "trace" => cx.set_log_level(LogLevel::Trace),
            "error" => cx.set_log_level(LogLevel::Error),
            _ => return Err(Error::new("the level is `trace` or `error`")),
        }
        log::info!("configured");
        Ok(Talkative)
    }
}

struct TalkativeStream;

#[callbacks]
impl HttpContext for TalkativeStream {
    type Root = Talkative;

    fn new(_: &Talkative) -> Self {
        TalkativeStream
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        log::trace!("path of {} bytes", request.headers().get(":path")?.unwrap_or_default().len());
        log::info!("info");
        request.log(LogLevel::Debug, "from the view");
        log::error!("error");
        request.log(LogLevel::Critical, "critical");
        Ok(Action::Continue)
    }
}

fn lines(host: &Host) -> Vec<(LogLevel, String)> {
    let exchange = host.exchange(Request::get("/"));
    exchange.logs().lines().iter().map(|line| (line.level, line.message.clone())).collect()
}

fn expected(lines: &[(LogLevel, &str)]) -> Vec<(LogLevel, String)> {
    lines.iter().map(|(level, message)| (*level, (*message).to_owned())).collect()
}

#[test]
fn lines_below_info_are_dropped_unless_the_extension_says_otherwise() {
    let host = Host::builder::<Talkative>().start();
    host.logs().assert_contains("configured");
    let error_and_above = [(LogLevel::Error, "error"), (LogLevel::Critical, "critical")];
    let mut all = vec![(LogLevel::Info, "info")];
    all.extend(error_and_above);
    assert_eq!(lines(&host), expected(&all));

    let quiet = Host::builder::<Talkative>().config("error").start();
    assert!(quiet.logs().lines().is_empty());
    assert_eq!(lines(&quiet), expected(&error_and_above));
}

#[test]
fn the_level_belongs_to_the_vm_and_not_to_the_process() {
    let loud = Host::builder::<Talkative>().config("trace").start();
    let usual = Host::builder::<Talkative>().start();
    assert_eq!(
        lines(&loud),
        expected(&[
            (LogLevel::Trace, "path of 1 bytes"),
            (LogLevel::Info, "info"),
            (LogLevel::Debug, "from the view"),
            (LogLevel::Error, "error"),
            (LogLevel::Critical, "critical"),
        ])
    );
    assert_eq!(lines(&usual).len(), 3);
}

#[test]
fn outside_a_callback_nobody_hears() {
    let host = Host::builder::<Talkative>().start();
    log::error!("from the test itself");
    host.logs().assert_lacks("from the test itself");
}

#[test]
fn a_failed_assertion_on_the_lines_of_a_stream_shows_when_they_were_logged() {
    let host = Host::builder::<Talkative>().config("error").start();
    let exchange = host.exchange(Request::get("/"));
    let message = failure(|| {
        exchange.logs().assert_contains("no such line");
    });
    let lines =
        "no log line contains \"no such line\"\nlog:\n  [error] error\n  [critical] critical\n\n  sent ";
    assert!(message.starts_with(lines), "{message}");
    assert!(message.contains("  log critical \"critical\" "), "{message}");

    let message = failure(|| {
        host.logs().assert_lacks("critical");
    });
    assert_eq!(
        message,
        "a log line contains \"critical\"\nlog:\n  [error] error\n  [critical] critical    <-- here"
    );
}
