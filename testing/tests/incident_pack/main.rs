//! The incident pack: an extension that does everything right survives all of it, and for each incident there is one that
//! does not.

mod sloppy;

use sloppy::{Sloppy, Trusting};
use waxwing_testing::explore::{self, INCIDENTS, Problem, Report};
use waxwing_testing::{Answer, Native, Request, Response, Scenario, json};

/// Two requests that are let through.
fn scenario(defect: &str) -> Scenario {
    let user = |request: &Request| -> Answer {
        let token = request.headers().get("x-token").unwrap_or_default().to_vec();
        Response::new(200).header("x-user", token).into()
    };
    Scenario::new("tokens that are known")
        .config(defect)
        .cluster("authz", user)
        .origin(|_| Response::new(200).body("an order"))
        .request(Request::get("/orders").header("x-token", "ana"))
        .request(Request::get("/carts").header("x-token", "ben"))
}

fn report(incident: &str) -> Report {
    let model = Native::<Sloppy>::new();
    explore::incidents(&model, &scenario(incident)).fail_closed().only(&[incident]).report()
}

#[test]
fn nothing_is_wrong_with_an_extension_that_does_everything_right() {
    let model = Native::<Sloppy>::new();
    let report = explore::incidents(&model, &scenario("none")).fail_closed().report();
    report.check();
    assert!(report.runs() > INCIDENTS.len(), "{report}");
}

#[test]
fn each_incident_is_found_by_an_extension_that_does_not_survive_it() {
    for incident in INCIDENTS.iter().filter(|incident| incident.name() != "bad-configuration") {
        let report = report(incident.name());
        assert!(!report.violations().is_empty(), "{}: {report}", incident.name());
        let plans = report.violations().iter().map(|violation| violation.plan());
        // Not in the plain run, which is the one without a plan.
        assert!(plans.into_iter().all(|plan| plan.starts_with(incident.name())), "{report}");
    }
}

#[test]
fn garbage_in_a_configuration_is_no_trap() {
    let scenario = Scenario::new("a configuration").config(json!({})).request(Request::get("/"));
    let model = Native::<Trusting>::new();
    let report = explore::incidents(&model, &scenario).report();
    let problems: Vec<_> = report.violations().iter().map(|violation| violation.problem()).collect();
    assert!(
        !problems.is_empty() && problems.iter().all(|problem| matches!(problem, Problem::Trap(_))),
        "{report}"
    );
    let plans = report.violations().iter().map(|violation| violation.plan());
    assert!(plans.into_iter().all(|plan| plan.starts_with("bad-configuration")), "{report}");
}

#[test]
fn the_kinds_of_problems_are_told_apart() {
    let kinds = |incident| {
        let report = report(incident);
        let mut names: Vec<_> =
            report.violations().iter().map(|violation| violation.problem().name()).collect();
        names.dedup();
        names
    };
    assert_eq!(kinds("no-text"), ["trap"]);
    assert_eq!(kinds("callout-times-out"), ["hang"]);
    assert_eq!(kinds("all-deny"), ["fail-open"]);
    assert_eq!(kinds("out-of-order"), ["broken claim"]);
}

#[test]
fn a_scenario_in_which_an_incident_cannot_happen_does_not_run_it() {
    let scenario = Scenario::new("nobody is asked").config(json!({})).request(Request::get("/"));
    let model = Native::<Trusting>::new();
    let report = explore::incidents(&model, &scenario).only(&["callout-fails"]).report();
    assert_eq!(report.runs(), 1, "{report}");
    assert!(report.to_string().contains("cannot happen in it: callout-fails"), "{report}");
}

#[test]
#[should_panic(expected = "there is no incident \"callout-fail\"; there are no-text,")]
fn a_name_that_there_is_not_is_refused() {
    let scenario = Scenario::new("a name").request(Request::get("/"));
    let _ = explore::incidents(&Native::<Trusting>::new(), &scenario).only(&["callout-fail"]);
}

#[test]
fn the_guide_lists_each_incident() {
    let page = include_str!("../../../docs/testing.md");
    for incident in INCIDENTS {
        let row = format!("| `{}` | {} |", incident.name(), incident.what());
        assert!(page.contains(&row), "docs/testing.md has no row\n{row}");
    }
}
