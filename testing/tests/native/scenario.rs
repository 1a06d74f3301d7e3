use super::*;
use waxwing_testing::{Native, Run, Runner, Scenario};

extension!(Plain, PlainStream {
    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        response.headers_mut().set("x-tag", "plain")?;
        response.log(LogLevel::Info, "tagged");
        Ok(Action::Continue)
    }
});

extension!(Fancy, FancyStream {
    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        response.headers_mut().set("x-tag", "fancy")?;
        response.log(LogLevel::Info, "tagged");
        Ok(Action::Continue)
    }
});

/// The same extension on a host of another name.
struct Renamed<R>(R);

impl<R: Runner> Runner for Renamed<R> {
    fn name(&self) -> &str {
        "other"
    }

    fn run(&self, scenario: &Scenario) -> Run {
        self.0.run(scenario)
    }
}

fn scenario() -> Scenario {
    Scenario::new("tags")
        .request(Request::get("/a"))
        .request(Request::post("/b").body("x"))
        .origin(|request| Response::new(200).body(request.path()))
}

#[test]
fn each_request_is_an_exchange_on_the_same_vm() {
    let run = Native::<Plain>::new().run(&scenario());
    assert_eq!(run.exchanges().len(), 2);
    run[1].response().assert_header("x-tag", "plain").assert_body("/b");
}

#[test]
fn hosts_that_agree_pass() {
    let run = scenario().compare(&[&Native::<Plain>::new(), &Renamed(Native::<Plain>::new())]);
    assert_eq!(run.exchanges().len(), 2);
}

#[test]
fn a_scenario_without_requests_cannot_be_compared() {
    let scenario = Scenario::new("nothing");
    let message = failure(|| drop(scenario.compare(&[&Native::<Plain>::new()])));
    assert_eq!(message, "scenario \"nothing\": it has no requests to compare");
}

#[test]
fn hosts_that_differ_fail_with_every_difference() {
    let message = failure(|| {
        scenario().compare(&[&Native::<Plain>::new(), &Renamed(Native::<Fancy>::new())]);
    });
    assert_eq!(
        message,
        "scenario \"tags\": the hosts differ\n\
         request 1 (GET /a), its response: header x-tag\n  native  \"plain\"\n  other   \"fancy\"\n\
         request 2 (POST /b), its response: header x-tag\n  native  \"plain\"\n  other   \"fancy\""
    );
}

extension!(Panicking, PanickingStream {
    fn on_request_headers(&mut self, _: &mut RequestHeaders<'_>) -> Result<Action> {
        panic!("not today")
    }
});

#[test]
fn a_trap_that_the_scenario_does_not_expect_fails_it() {
    let message = failure(|| drop(Native::<Panicking>::new().run(&scenario())));
    assert!(
        message.starts_with("scenario \"tags\" on native: the extension trapped: trap in on_request_headers"),
        "{message}"
    );
    assert!(message.contains("not today"), "{message}");
}

#[test]
fn a_trap_that_the_scenario_expects_is_compared() {
    let scenario = scenario().expect_trap("today");
    let run = scenario.compare(&[&Native::<Panicking>::new(), &Renamed(Native::<Panicking>::new())]);
    run[0].response().assert_status(503);
    failure(|| drop(scenario.clone().expect_trap("tomorrow").compare(&[&Native::<Panicking>::new()])));
    let message = failure(|| drop(scenario.compare(&[&Native::<Plain>::new()])));
    assert_eq!(message, "scenario \"tags\" on native: expected a trap with \"today\", and there was none");
}
