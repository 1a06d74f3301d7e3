//! What is wrong with a run without any plan.

use crate::broken::{Broken, scenario};
use waxwing_testing::explore::{self, Problem, Report};
use waxwing_testing::{Native, Request, Scenario};

fn plain(scenario: &Scenario) -> Report {
    explore::plain(&Native::<Broken>::new(), scenario)
}

/// The one problem.
#[track_caller]
fn problem(scenario: &Scenario) -> Problem {
    let report = plain(scenario);
    let [violation] = report.violations() else { panic!("expected one violation: {report}") };
    violation.problem().clone()
}

#[test]
fn a_run_with_which_nothing_is_wrong_has_no_violation() {
    let report = plain(&scenario("nothing"));
    assert_eq!((report.runs(), report.left_out(), report.violations().len()), (1, 0, 0));
    report.check();
}

#[test]
fn a_trap_is_a_value() {
    let Problem::Trap(trap) = problem(&scenario("panics")) else { panic!("expected a trap") };
    assert_eq!(trap.message, "it was to panic");
    assert_eq!(trap.during, Some(waxwing_testing::Callback::HttpCallResponse));
}

#[test]
fn an_expected_trap_is_no_problem() {
    plain(&scenario("panics at once").expect_trap("was to panic")).check();
}

#[test]
fn a_stream_that_nothing_resumes_is_a_hang() {
    let expected = "the stream is paused in RequestHeaders, and nothing is pending that could resume it";
    assert_eq!(problem(&scenario("forgets")), Problem::Hang(expected.to_owned()));
}

#[test]
fn a_root_context_that_never_goes_is_a_leak() {
    let expected = "the root context #1 was not done when it was asked, and nothing is pending that leads to `proxy_done`";
    assert_eq!(problem(&scenario("keeps calls")), Problem::Leak(expected.to_owned()));
}

#[test]
fn what_the_host_flags_is_misuse() {
    let expected = "stream #2, GET /orders: the request is resumed and was not paused: ignored";
    assert_eq!(problem(&scenario("resumes twice")), Problem::Misuse(expected.to_owned()));
}

#[test]
fn a_panic_of_an_upstream_is_one_of_the_test() {
    let panics =
        Scenario::new("panics").cluster("authz", |_| panic!("who is that?")).request(Request::get("/"));
    let Problem::Panic(text) = problem(&panics) else { panic!("expected a panic") };
    assert!(text.contains("tests/explore/plain.rs") && text.ends_with("who is that?"), "{text}");
}

#[test]
#[should_panic(expected = "hang: the stream is paused in RequestHeaders")]
fn a_violation_fails_the_test() {
    plain(&scenario("forgets")).check();
}
