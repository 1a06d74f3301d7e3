use super::*;
use waxwing::attributes::source;
use waxwing_testing::fault::{Failure, Fault};
use waxwing_testing::{Event, HostCall, Metric};

extension!(Doer, DoerStream {
    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let say = |text: String| request.log(LogLevel::Info, &text);
        let data = request.shared_data();
        match request.headers().get_str(":path")?.unwrap_or_default() {
            "/set" => for value in ["1", "2", "3"] {
                say(format!("{:?}", data.set("value", value).is_ok()));
            },
            "/count" => {
                let counter = Counter::define(request, "counted", &[])?;
                say(format!("{:?}", counter.increment(1).is_ok()));
            }
            "/headers" => say(match request.headers().iter() {
                Ok(pairs) => format!("{} headers", pairs.count()),
                Err(error) => error.to_string(),
            }),
            "/header" => say(format!("{:?}", request.headers().get("x-user").map(|user| user.map(|user| user.escape_ascii().to_string())))),
            "/source" => say(format!("{:?}", request.attribute(source::ADDRESS).map(|address| address.is_some()))),
            "/retry" => while data.set("value", "0").is_err() {},
            path => return Err(Error::new(format!("{path} is nothing to do"))),
        }
        Ok(Action::Continue)
    }
});

/// What a request logs, one line after the other.
#[track_caller]
fn said(host: &Host, path: &str) -> String {
    let exchange = host.exchange(Request::get(path).header("x-user", "ana"));
    exchange.logs().lines().iter().map(|line| line.message.clone()).collect::<Vec<_>>().join("; ")
}

fn host() -> Host {
    Host::builder::<Doer>().start()
}

#[test]
fn a_refused_call_has_no_effect_and_only_the_calls_that_were_meant_are_refused() {
    let host = host();
    host.fault(Fault::new("set_shared_data", Status::INTERNAL_FAILURE).nth(2));
    assert_eq!(said(&host, "/set"), "true; false; true");
    host.fault(Fault::new("proxy_set_shared_data", Status::INTERNAL_FAILURE).nth(6));
    assert_eq!(said(&host, "/set"), "true; true; false");
    assert_eq!(host.shared_data("value").unwrap(), b"2");
}

#[test]
fn the_first_calls_can_fail_and_all() {
    let host = host();
    host.fault(Fault::new("set_shared_data", Status::INTERNAL_FAILURE).up_to(2));
    assert_eq!(said(&host, "/set"), "false; false; true");
    host.fault(Fault::new("set_shared_data", Status::INTERNAL_FAILURE));
    assert_eq!(said(&host, "/set"), "false; false; false");
}

#[test]
fn a_status_can_be_a_lie_in_both_directions() {
    let host = host();
    host.fault(Fault::new("set_shared_data", Failure::DoneBut(Status::INTERNAL_FAILURE)));
    assert_eq!(said(&host, "/set"), "false; false; false");
    assert_eq!(host.shared_data("value").unwrap(), b"3");
    host.fault(Fault::new("increment_metric", Failure::Ignored));
    assert_eq!(said(&host, "/count"), "true");
    host.assert_metric("counted", Metric::Counter(0));
}

#[test]
fn data_can_be_cut_or_broken_or_made_up() {
    let with = |failure, path| {
        let host = host();
        let function = if path == "/header" { "get_header_map_value" } else { "get_header_map_pairs" };
        // The first value that is read is the path.
        host.fault(Fault::new(function, failure).nth(if path == "/header" { 2 } else { 1 }));
        said(&host, path)
    };
    assert_eq!(said(&host(), "/headers"), "5 headers");
    assert_eq!(with(Failure::Ignored, "/headers"), "0 headers");
    let malformed = "the host's pairs of the request headers cannot be read";
    for failure in [
        Failure::Short(30),
        Failure::LyingLengths,
        Failure::HugeCount,
        Failure::Random(1),
        Failure::Data(b"none".to_vec()),
    ] {
        let said = with(failure.clone(), "/headers");
        assert!(!said.ends_with("headers") || said == malformed, "{failure}: {said}");
    }
    assert_eq!(with(Failure::Short(2), "/header"), r#"Ok(Some("an"))"#);
    assert_eq!(with(Failure::Data(b"eve".to_vec()), "/header"), r#"Ok(Some("eve"))"#);
    assert_eq!(with(Failure::Random(7), "/header"), with(Failure::Random(7), "/header"));
    assert_ne!(with(Failure::Random(7), "/header"), with(Failure::Random(8), "/header"));
}

#[test]
fn there_can_be_data_where_the_host_has_none() {
    let host = host();
    host.fault_with(|call| match call {
        HostCall::HeaderMapValue { key, .. } if key == b"x-user" => Some(Failure::Data(b"root".to_vec())),
        _ => None,
    });
    host.exchange(Request::get("/header")).logs().assert_contains(r#"Ok(Some("root"))"#);
}

#[test]
fn a_closure_chooses_the_calls() {
    let host = Host::builder::<Doer>().property(["source", "address"], "10.0.0.7:80").start();
    assert_eq!(said(&host, "/source"), "Ok(true)");
    host.fault_with(|call| match call {
        HostCall::Property { path } if path == b"source\0address" => Some(Status::NOT_FOUND.into()),
        _ => None,
    });
    assert_eq!(said(&host, "/source"), "Ok(false)");
}

#[test]
fn the_timeline_notes_the_fault_behind_the_call() {
    let host = host();
    host.fault(Fault::new("set_shared_data", Status::INTERNAL_FAILURE).nth(2));
    let exchange = host.exchange(Request::get("/set"));
    let events = exchange.timeline().events();
    let at = events.iter().position(|event| matches!(event, Event::Fault(_))).unwrap();
    assert_eq!(events[at].to_string(), "! fault: set_shared_data 2 -> 10");
    assert!(
        matches!(&events[at - 1], Event::Call { call, answer: Err(_) } if call.name() == "set_shared_data")
    );
}

/// Reads its configuration.
#[derive(Extension)]
#[extension(http = ConfiguredStream)]
struct Configured;

impl RootContext for Configured {
    type Config = String;

    fn configure(_: String, _: &mut Configure<'_>) -> Result<Self> {
        Ok(Configured)
    }
}

struct ConfiguredStream;

#[callbacks]
impl HttpContext for ConfiguredStream {
    type Root = Configured;

    fn new(_: &Configured) -> Self {
        ConfiguredStream
    }
}

#[test]
fn a_start_can_fail() {
    let builder = || Host::builder::<Configured>().config("what it is");
    let refused = Fault::new("get_buffer_bytes", Status::NOT_FOUND);
    let error = builder().fault(refused).try_start().unwrap_err();
    assert_eq!(error.refused_by(), Some(waxwing_testing::Callback::Configure));
    builder().fault_with(|_| Some(Failure::Short(4))).start();
    // Also the line that would say why.
    let error = builder().fault_with(|_| Some(Status::UNIMPLEMENTED.into())).try_start().unwrap_err();
    assert!(error.logs().lines().is_empty());
}

#[test]
#[should_panic(
    expected = "the fault \"http_call 2 -> 10\" was never met: there was no such call\nthere were\n  1 of get_header_map_value\n  3 of log\n  3 of set_shared_data"
)]
fn a_fault_that_is_never_met_fails_the_test_with_the_calls_that_there_were() {
    let host = host();
    host.fault(Fault::new("http_call", Status::INTERNAL_FAILURE).nth(2));
    said(&host, "/set");
}

#[test]
#[should_panic(expected = "let no call fail: none was as it wants it\nthere were no calls")]
fn a_closure_that_lets_nothing_fail_fails_the_test() {
    host().fault_with(|_| None);
}

#[test]
#[should_panic(expected = "the fault \"log -> short 3\" does nothing: what log gives cannot be so")]
fn a_fault_that_would_change_nothing_fails_the_test() {
    let host = host();
    host.fault(Fault::new("log", Failure::Short(3)));
    said(&host, "/set");
}

#[test]
fn a_guest_that_calls_without_end_is_stopped() {
    let host = host();
    host.fault(Fault::new("set_shared_data", Status::CAS_MISMATCH));
    host.exchange(Request::get("/retry")).local_response().assert_status(503);
    host.expect_trap("the callback has made 20,000 host calls, and is stopped as hung");
}
