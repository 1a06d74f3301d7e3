//! Every host call fails once, and what comes of that.

use crate::broken::{Broken, denied, scenario};
use waxwing::Status;
use waxwing_testing::explore::{self, FaultExploration, Problem, Report};
use waxwing_testing::fault::{Failure, Fault};
use waxwing_testing::{Native, Outcome, Run, Scenario};

const BROKEN: &Native<Broken> = &Native::new();

fn faults(scenario: &Scenario) -> FaultExploration<'_> {
    explore::faults(BROKEN, scenario)
}

/// The plans of all violations, which are all of this kind; each once.
#[track_caller]
fn plans(report: &Report, name: &str) -> Vec<String> {
    let mut plans: Vec<_> = report.violations().iter().map(|violation| violation.plan().to_owned()).collect();
    assert!(report.violations().iter().all(|violation| violation.problem().name() == name), "{report}");
    plans.sort();
    plans
}

/// The plans in which the one callout is refused.
const REFUSED: [&str; 3] = ["call 3 http_call -> 10", "call 3 http_call -> 12", "call 3 http_call -> 2"];

#[test]
fn an_extension_that_is_not_broken_survives_all() {
    let denied = denied("nothing");
    let report = faults(&denied).fail_closed().report();
    report.check();
    assert!(report.is_complete());
    // Of 2 × (a header, a callout, the status of its answer) and a configuration, each once, and each function that is called
    // more than once as a whole.
    assert_eq!(report.runs(), 1 + 3 + 2 * (3 + 3 + 3) + 3 + 3, "{report}");
}

#[test]
fn a_status_that_is_unwrapped_is_a_trap() {
    let scenario = scenario("unwraps");
    let report = faults(&scenario).report();
    assert_eq!(plans(&report, "trap"), REFUSED);
    let Problem::Trap(trap) = report.violations()[0].problem() else { panic!("{report}") };
    assert!(trap.message.starts_with("no callout: "), "{trap}");
}

#[test]
fn a_stream_that_waits_for_what_was_refused_is_a_hang() {
    let scenario = scenario("pauses anyway");
    assert_eq!(plans(&faults(&scenario).fail_closed().report(), "hang"), REFUSED);
}

#[test]
fn a_callback_that_never_ends_is_a_hang() {
    let scenario = denied("retries");
    let report = faults(&scenario).report();
    assert_eq!(plans(&report, "hang"), ["http_call -> 10", "http_call -> 12", "http_call -> 2"]);
}

#[test]
fn what_was_refused_and_is_waited_for_to_the_end_is_a_leak() {
    let scenario = scenario("keeps calls that were refused");
    assert_eq!(plans(&faults(&scenario).report(), "leak"), REFUSED);
}

#[test]
fn a_request_that_passes_without_its_answer_is_a_fail_open() {
    let scenario = scenario("lets in without an answer");
    faults(&scenario).check();
    let report = faults(&scenario).fail_closed().report();
    assert_eq!(plans(&report, "fail-open"), REFUSED);
    let expected = "fail-open: request 1 (GET /orders) reached the upstream, and authz was not heard before, as it is in the \
                    plain run: authz with 200";
    assert_eq!(report.violations()[0].problem().to_string(), expected);
}

#[test]
fn a_request_that_is_denied_in_the_plain_run_and_passes_is_a_fail_open() {
    let scenario = denied("lets in what it cannot read");
    let report = faults(&scenario).fail_closed().report();
    let report_text = report.to_string();
    assert!(
        report_text.contains("request 2 (GET /admin) reached the upstream, and does not in the plain run")
    );
    let plans = plans(&report, "fail-open");
    assert!(plans.iter().all(|plan| plan.contains("get_header_map_value -> ")), "{plans:?}");
    assert!(plans.iter().any(|plan| plan.ends_with("-> 10")), "{plans:?}");
}

#[test]
fn an_extension_can_say_that_it_fails_open() {
    let open = scenario("lets in without an answer");
    let report = faults(&open).fail_open().report();
    // What it does not let through is what it cannot read.
    assert!(plans(&report, "broken claim").iter().all(|plan| !plan.contains("http_call")), "{report}");
}

#[test]
fn a_test_can_claim_something_of_its_own() {
    let scenario = denied("nothing");
    let answered = |run: &Run| run.exchanges().iter().all(|exchange| exchange.outcome() != Outcome::Reset);
    faults(&scenario).claim("every client is answered", answered).check();
    let forwarded = |run: &Run| run.exchanges().first().is_none_or(|first| first.reached_upstream());
    let report = faults(&scenario).claim("the first one passes", forwarded).report();
    let first = report.violations()[0].problem();
    assert_eq!(first, &Problem::Claim("the first one passes: that does not hold".to_owned()));
}

#[test]
fn the_statuses_can_be_chosen() {
    let scenario = scenario("unwraps");
    let unknown = Status::new(77).unwrap();
    let report = faults(&scenario).statuses([unknown]).report();
    assert_eq!(plans(&report, "trap"), ["call 3 http_call -> 77"]);
}

#[test]
fn a_bound_leaves_out_and_says_so() {
    let scenario = denied("nothing");
    let all = faults(&scenario).report().runs();
    let report = faults(&scenario).limit(10).report();
    if std::env::var("WAXWING_EXPLORE").is_ok_and(|value| value == "complete") {
        assert_eq!((report.runs(), report.left_out()), (all, 0));
        return;
    }
    assert_eq!((report.runs(), report.left_out(), report.is_complete()), (10, all - 10, false));
    let expected = format!("{} left out (WAXWING_EXPLORE=complete runs them), nothing wrong", all - 10);
    assert!(report.to_string().ends_with(&expected), "{report}");
}

#[test]
fn a_plan_leads_to_the_same_problem_again() {
    let scenario = scenario("pauses anyway");
    let found = faults(&scenario).report();
    let violation = &found.violations()[0];
    let again = faults(&scenario).replay(violation.plan()).report();
    assert_eq!(again.violations()[0].problem(), violation.problem());
    assert_eq!(again.violations()[0].timelines(), violation.timelines());
    let text = again.to_string();
    let command = format!(
        "again: WAXWING_EXPLORE='faults:{}' cargo test faults::a_plan_leads_to_the_same_problem_again",
        violation.plan()
    );
    assert!(text.contains(&command), "{text}");
    assert!(text.contains("! fault: call 3 http_call -> "), "{text}");
}

#[test]
#[should_panic(
    expected = "no call meets the plan \"call 2 http_call -> 10\"\nin the plain run there are\n  call 1 "
)]
fn a_plan_that_no_call_meets_is_an_error() {
    faults(&scenario("nothing")).replay("call 2 http_call -> 10").check();
}

#[test]
#[should_panic(expected = "\"call 2\" is no fault: there is no `->` in it")]
fn a_plan_that_is_none_is_an_error() {
    faults(&scenario("nothing")).replay("call 2").check();
}

#[test]
fn a_hostile_host_does_no_harm() {
    let scenario = denied("nothing");
    let usual = faults(&scenario).report().runs();
    let report = faults(&scenario).fail_closed().hostile().report();
    report.check();
    assert!(report.runs() > 2 * usual, "{report}");
}

#[test]
fn a_plan_is_a_value() {
    let fault = Fault::new("http_call", Failure::Status(Status::BAD_ARGUMENT)).nth(1);
    let scenario = scenario("unwraps");
    let report = faults(&scenario).replay(&fault.to_string()).report();
    assert_eq!(plans(&report, "trap"), ["http_call 1 -> 2"]);
}

#[test]
#[cfg(feature = "wasm")]
fn a_built_module_is_explored_as_well() {
    use waxwing_testing::{Answer, Misuse, Request, Response, Wasm, wasm::WasmModule};
    let module = WasmModule::build("waxwing-probe").unwrap_or_else(|error| panic!("{error}"));
    let script = [
        "request-headers value 0 :path",
        "request-headers replace 0 x-new 1",
        "request-headers set-property mine 1",
        "request-headers grpc-call rules Reply 1000 one",
        "request-body register q",
        "request-body bytes 0 0 10",
        "response-headers enqueue 1 item",
        "response-headers call authz GET / 1000",
        "queue-ready dequeue 1",
        "log value 2 :status",
    ];
    let scenario = Scenario::new("a probe")
        .config(script.join("\n"))
        .cluster("authz", |_| Answer::from(Response::new(200)))
        // The probe waits for nothing.
        .allow(Misuse::DroppedCallout)
        .request(Request::post("/").body("two apples"));
    let report = explore::faults(&Wasm::new(module), &scenario).hostile().limit(50).report();
    report.check();
    assert!(report.runs() >= 50, "{report}");
}
