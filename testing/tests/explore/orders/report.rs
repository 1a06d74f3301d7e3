//! What a search says of itself, and that it says the same each time.

use super::broken::{Checked, Word, two_users};
use waxwing_testing::explore;
use waxwing_testing::{Native, Request, Scenario};

#[test]
fn the_same_seed_finds_the_same() {
    let scenario = two_users("takes the last user");
    let model = Native::<Checked>::new();
    let found = |seed| {
        let report = explore::orders(&model, &scenario).seed(seed).report();
        (report.runs(), report.distinct(), report.violations()[0].to_string())
    };
    for seed in 0..5 {
        assert_eq!(found(seed), found(seed));
    }
    assert!((1..5).any(|seed| found(seed).0 != found(0).0), "the seed decides nothing");
}

#[test]
fn few_orders_are_all_played_and_many_are_drawn() {
    let model = Native::<Word>::new();
    let few = Scenario::new("few").config("whole").request(Request::get("/"));
    let report = explore::orders(&model, &few).report();
    assert!(report.is_complete(), "{report}");
    assert!(report.to_string().contains("which is all there is"), "{report}");
    let many = Scenario::new("many").config("whole").request(Request::post("/").body("a long text"));
    let report = explore::orders(&model, &many).limit(100).seed(7).report();
    assert_eq!((report.runs(), report.is_complete()), (101, false), "{report}");
    assert!(report.distinct() > 50, "{report}");
    assert!(report.to_string().contains("drawn from seed 7"), "{report}");
}

#[test]
fn a_failure_is_small_and_tells_what_happened() {
    let scenario = Scenario::new("pieces")
        .config("pieces")
        .request(Request::get("/before"))
        .request(Request::post("/").body("two apples, three pears and a plum"));
    let report = explore::orders(&Native::<Word>::new(), &scenario).report();
    let violation = &report.violations()[0];
    let steps: Vec<&str> = violation.steps().collect();
    let of_the_second = steps.iter().copied().filter(|step| step.starts_with("client 2 sends"));
    assert_eq!(
        of_the_second.collect::<Vec<_>>(),
        [
            "client 2 sends the headers of POST /",
            "client 2 sends 5 bytes",
            "client 2 sends 29 bytes, end of stream"
        ],
        "{report}"
    );
    let text = violation.to_string();
    assert!(text.starts_with("fail-open: request 2 (POST /) reached the upstream"), "{text}");
    assert!(text.contains("\n  >"), "the step that was chosen is marked: {text}");
    let again =
        format!("again: WAXWING_EXPLORE='orders:{}' cargo test orders::report::a_failure", violation.plan());
    assert!(text.contains(&again), "{text}");
    assert!(text.contains("on_request_body #3 5 bytes"), "{text}");
}
