//! Each defect is found within the bound of CI, and its absence is not.

use super::broken::{Checked, Once, Word, two_users};
use waxwing_testing::explore::{self, Orders, Problem, Report};
use waxwing_testing::{Native, Request, Response, Run, Scenario};

/// The one problem, after the plain run went well.
#[track_caller]
fn found(report: &Report) -> &Problem {
    let [violation] = report.violations() else { panic!("expected one violation: {report}") };
    assert!(!violation.plan().is_empty(), "found in the plain run: {report}");
    println!("{report}");
    violation.problem()
}

fn checked(defect: &str) -> Report {
    explore::orders(&Native::<Checked>::new(), &two_users(defect)).report()
}

#[test]
fn the_user_of_another_request_is_a_difference() {
    let report = checked("takes the last user");
    let Problem::Difference(text) = found(&report) else { panic!("{report}") };
    assert!(text.contains("header x-checked\n  plain run   \"ana\"\n  this order  \"bo\""), "{text}");
}

#[test]
fn an_answer_that_is_dropped_is_a_hang() {
    let report = checked("resumes the last one");
    let Problem::Hang(text) = found(&report) else { panic!("{report}") };
    assert!(text.contains("paused in RequestHeaders, and nothing is pending"), "{text}");
}

#[test]
fn an_answer_that_comes_later_than_the_body_is_a_trap() {
    let report = checked("needs the answer for the rest of the body");
    let Problem::Trap(trap) = found(&report) else { panic!("{report}") };
    assert_eq!(trap.message, "no answer yet");
}

#[test]
fn a_request_that_ends_with_trailers_and_waits_for_ever_is_a_hang() {
    let report = checked("forgets trailers");
    let Problem::Hang(text) = found(&report) else { panic!("{report}") };
    assert!(text.contains("paused in RequestTrailers"), "{text}");
}

#[test]
fn a_client_that_is_gone_is_one_only_if_clients_may_go() {
    let scenario = two_users("needs a client");
    let model = Native::<Checked>::new();
    explore::orders(&model, &scenario).check();
    let report = explore::orders(&model, &scenario).disconnects().report();
    let Problem::Trap(trap) = found(&report) else { panic!("{report}") };
    assert_eq!(trap.message, "who has gone?");
    let steps: Vec<&str> = report.violations()[0].steps().collect();
    assert!(steps.iter().any(|step| step.ends_with("goes away")), "{steps:?}");
}

#[test]
fn without_a_defect_nothing_is_wrong() {
    let scenario = two_users("").request(Request::get("/").header("x-user", "eve"));
    explore::orders(&Native::<Checked>::new(), &scenario).disconnects().reconfigurations().check();
}

fn word(mode: &str, request: &str, response: &'static str) -> Scenario {
    Scenario::new(mode)
        .config(mode)
        .request(Request::post("/").body(request))
        .origin(move |_| Response::new(200).body(response))
}

#[test]
fn a_word_that_is_cut_in_two_comes_through() {
    let model = Native::<Word>::new();
    let report = explore::orders(&model, &word("pieces", "an apple", "")).report();
    let Problem::FailOpen(text) = found(&report) else { panic!("{report}") };
    assert_eq!(text, "request 1 (POST /) reached the upstream, which it does not in the plain run");
    let report = explore::orders(&model, &word("pieces", "", "an apple")).report();
    let Problem::Difference(text) = found(&report) else { panic!("{report}") };
    assert!(text.contains("its response: body from byte 0"), "{text}");
}

#[test]
fn a_word_that_is_looked_for_in_the_whole_is_found_however_it_is_cut() {
    let model = Native::<Word>::new();
    explore::orders(&model, &word("whole", "an apple", "")).check();
    explore::orders(&model, &word("whole", "a pear", "an apple")).check();
}

/// At most one request passes.
fn once<'a>(model: &'a Native<Once>, scenario: &'a Scenario) -> Orders<'a> {
    explore::orders(model, scenario).may_differ().check_each(|run: &Run| {
        let passed = run.exchanges().iter().filter(|exchange| exchange.reached_upstream()).count();
        assert!(passed <= 1, "{passed} requests passed");
    })
}

fn three_requests(mode: &str) -> Scenario {
    let requests = Scenario::new(mode).config(mode).workers(2);
    (0..3).fold(requests, |scenario, _| scenario.request(Request::get("/")))
}

#[test]
fn a_budget_that_is_read_and_written_apart_is_exceeded() {
    let model = Native::<Once>::new();
    let scenario = three_requests("read and write");
    let report = once(&model, &scenario).report();
    let Problem::Claim(text) = found(&report) else { panic!("{report}") };
    assert!(text.ends_with("requests passed"), "{text}");
    once(&model, &scenario).one_at_a_time().check();
}

#[test]
fn a_budget_that_is_compared_and_set_holds_in_every_order() {
    let scenario = three_requests("compare");
    once(&Native::<Once>::new(), &scenario).check();
}
