use super::*;
use waxwing::log;

/// Follows the level of its host.
#[derive(Extension)]
#[extension(http = FollowingStream)]
struct Following;

impl RootContext for Following {
    type Config = ();

    fn configure(_: (), cx: &mut Configure<'_>) -> Result<Self> {
        let level = cx.host_log_level()?;
        cx.follow_host_log_level()?;
        cx.log(LogLevel::Critical, &format!("{level:?}"));
        Ok(Following)
    }
}

struct FollowingStream;

#[callbacks]
impl HttpContext for FollowingStream {
    type Root = Following;

    fn new(_: &Following) -> Self {
        FollowingStream
    }

    fn on_request_headers(&mut self, _: &mut RequestHeaders<'_>) -> Result<Action> {
        log::debug!("steps");
        log::warn!("survived");
        log::error!("failed");
        Ok(Action::Continue)
    }
}

/// How often the host was asked to log, for one request on a host of that level.
fn calls(level: impl Into<Option<LogLevel>>) -> (usize, String) {
    let host = Host::builder::<Following>().log_level(level).start();
    let exchange = host.exchange(Request::get("/"));
    let timeline = exchange.timeline().to_string();
    (timeline.matches(" log ").count(), host.logs().to_string())
}

#[test]
fn lines_that_the_host_would_drop_cost_no_call() {
    assert_eq!(calls(LogLevel::Trace).0, 3);
    assert_eq!(calls(LogLevel::Warn).0, 2);
    assert_eq!(calls(LogLevel::Error).0, 1);
    assert_eq!(calls(LogLevel::Critical).0, 0);
}

#[test]
fn a_host_that_logs_nothing_is_asked_for_nothing() {
    let (calls, logs) = calls(None);
    assert_eq!((calls, logs.contains("None")), (0, false));
}

#[test]
fn the_level_of_the_host_is_a_level() {
    assert!(calls(LogLevel::Warn).1.contains("Some(Warn)"));
}
