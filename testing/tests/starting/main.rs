//! Tasks of root contexts, on every host.
//!
//! What hosts have called is not compared: Envoy also starts the extension on its main thread, whose task fetches as well.
#![cfg(all(feature = "wasm", feature = "envoy"))]
#![allow(missing_docs, reason = "a test")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use waxwing_starting::Starting;
use waxwing_testing::envoy::Envoy;
use waxwing_testing::wasm::WasmModule;
use waxwing_testing::{Answer, Client, Native, Outcome, Request, Response, Run, Runner, Scenario, Wasm};

/// Runs a scenario natively, on the built module and in Envoy.
fn on_each_host(scenario: &Scenario) -> [Run; 3] {
    let module = WasmModule::build("waxwing-starting").unwrap_or_else(|error| panic!("{error}"));
    let runners: [&dyn Runner; 3] =
        [&Native::<Starting>::new(), &Wasm::new(module.clone()), &Envoy::new(module.name())];
    runners.map(|runner| runner.run(scenario))
}

/// More than an Envoy takes from its start to its first request.
const SLOW: Duration = Duration::from_millis(1500);

fn word(status: u16) -> Response {
    Response::new(status).body("blue")
}

/// A scenario whose word takes long to come.
fn slow(name: &str, root_id: &str, config: &str) -> Scenario {
    Scenario::new(name)
        .root_id(root_id)
        .config(config)
        .cluster("words", |_| Answer::from(word(200)).after(SLOW))
        .cluster("authz", |_| Answer::from(Response::new(200)).after(Duration::from_millis(50)))
}

fn upload(path: &str) -> Request {
    Request::post(path).chunks(["ab", "cd"]).empty_end()
}

/// Asserts that something was logged: by whom, not all hosts tell.
#[track_caller]
fn assert_logged(run: &Run, text: &str) {
    assert!(has_logged(run, text), "nothing like {text:?} was logged");
}

fn has_logged(run: &Run, text: &str) -> bool {
    let logs = run.exchanges().iter().map(|exchange| exchange.logs()).chain([run.logs()]);
    logs.flat_map(|logs| logs.lines()).any(|line| line.to_string().contains(text))
}

#[track_caller]
fn assert_early(run: &Run) {
    assert_logged(run, "a request has come early");
}

/// Clients one behind the other, all of which are there before the word has come.
fn one_by_one<const N: usize>(requests: [Request; N]) -> Vec<Client> {
    let starts = (0..).map(|place| Duration::from_millis(20) * place);
    requests
        .into_iter()
        .zip(starts)
        .map(|(request, start)| Client::new(request).starts_after(start))
        .collect()
}

#[test]
fn streams_are_held_with_their_bodies_and_do_what_they_decide_afterwards() {
    let plain = |stops: bool| {
        let scenario = slow("held streams", "streams", "fetch");
        let scenario = if stops { scenario.allow_on_headers_stop_iteration() } else { scenario };
        let early = [Request::get("/"), upload("/"), upload("/ask"), upload("/answer"), upload("/fail")];
        scenario.together(one_by_one(early)).request(upload("/"))
    };
    // In the second way Envoy shows bodies while their headers are held, and a body that goes on takes the headers with it.
    for stops in [false, true] {
        for run in on_each_host(&plain(stops)) {
            assert_early(&run);
            for place in [0, 1, 2, 5] {
                run[place].upstream_request().assert_header("x-word", "blue");
            }
            for place in [1, 2, 5] {
                run[place].upstream_request().assert_body("abcd");
                assert_logged(&run, "body abcd");
            }
            assert!(stops || has_logged(&run, "asked 200"));
            run[3].response().assert_status(403).assert_body("no");
            run[4].response().assert_status(500);
            for place in [3, 4] {
                run[place].assert_not_forwarded();
            }
        }
    }
}

#[test]
fn exchanges_are_held_with_their_bodies() {
    let early = one_by_one([Request::get("/"), upload("/"), upload("/").trailer("x-end", "1")]);
    for run in on_each_host(&slow("held exchanges", "exchanges", "fetch").together(early)) {
        assert_early(&run);
        for exchange in run.exchanges() {
            let body = exchange.sent().body_bytes();
            exchange.upstream_request().assert_header("x-word", "blue").assert_body(body);
            exchange.response().assert_status(200);
        }
    }
}

#[test]
fn a_body_that_ends_after_the_start_is_whole() {
    for (root_id, stops) in [("streams", false), ("streams", true), ("exchanges", false), ("exchanges", true)]
    {
        let scenario = slow("a slow body", root_id, "fetch");
        let scenario = if stops { scenario.allow_on_headers_stop_iteration() } else { scenario };
        let slowly =
            Client::new(Request::post("/").chunks(["ab", "cd", "ef"])).pauses(Duration::from_millis(900));
        for run in on_each_host(&scenario.client(slowly)) {
            assert_early(&run);
            run[0].upstream_request().assert_header("x-word", "blue").assert_body("abcdef");
        }
    }
}

#[test]
fn a_client_that_leaves_while_it_is_held_is_never_seen() {
    let leaves = Client::new(upload("/")).leaves_after(Duration::from_millis(100));
    for run in on_each_host(&slow("a client leaves", "streams", "fetch").client(leaves).request(upload("/")))
    {
        assert_early(&run);
        run[0].assert_not_forwarded();
        run[1].upstream_request().assert_header("x-word", "blue").assert_body("abcd");
    }
}

#[test]
fn early_requests_are_answered_or_admitted_if_it_says_so() {
    for root_id in ["streams", "exchanges"] {
        let scenario = |config: &str| {
            let scenario = slow(config, root_id, &format!("fetch {config}"));
            scenario.request(upload("/")).wait(SLOW * 2).request(upload("/"))
        };
        for run in on_each_host(&scenario("respond")) {
            assert_early(&run);
            run[0].response().assert_status(503).assert_body("not yet");
            run[0].assert_not_forwarded();
            run[1].upstream_request().assert_header("x-word", "blue").assert_body("abcd");
        }
        for run in on_each_host(&scenario("admit")) {
            assert_early(&run);
            run[0].upstream_request().assert_header("x-word", "").assert_body("abcd");
            run[1].upstream_request().assert_header("x-word", "blue").assert_body("abcd");
        }
    }
}

#[test]
fn after_a_start_that_fails_the_policy_decides() {
    for root_id in ["streams", "exchanges", "open", "reset"] {
        let scenario = slow("a failing start", root_id, "fail");
        for run in on_each_host(&scenario.request(upload("/")).request(upload("/"))) {
            assert_early(&run);
            assert_logged(&run, "at the start: told to fail");
            assert_logged(&run, "the root context has failed to start");
            for exchange in run.exchanges() {
                match root_id {
                    "open" => {
                        exchange.upstream_request().assert_no_header("x-word").assert_body("abcd");
                        exchange.response().assert_status(200);
                    }
                    "reset" => assert_eq!(exchange.outcome(), Outcome::Reset),
                    _ => {
                        exchange.response().assert_status(500);
                        exchange.assert_not_forwarded();
                    }
                }
            }
        }
    }
}

#[test]
fn a_start_tries_again_and_a_job_goes_on_after_failures() {
    let calls = AtomicUsize::new(0);
    let words = move |_: &Request| match calls.fetch_add(1, Ordering::Relaxed) % 40 {
        // More than an Envoy makes of them on its main thread, which has a task too.
        0..10 => word(503),
        10..20 => word(200),
        20..30 => word(500),
        _ => Response::new(200).body("green"),
    };
    let scenario = Scenario::new("failures").root_id("exchanges").config("stubborn");
    let scenario = scenario.cluster("words", move |request| words(request).into()).request(Request::get("/"));
    let scenario = (0..8)
        .fold(scenario, |scenario, _| scenario.wait(Duration::from_millis(700)).request(Request::get("/")));
    for run in on_each_host(&scenario) {
        let words = |word: &str| {
            run.exchanges()
                .iter()
                .any(|exchange| exchange.upstream_request().headers().get("x-word") == Some(word.as_bytes()))
        };
        assert!(words("green") && !words(""), "{:?}", run.exchanges());
        assert_logged(&run, "job of testing/starting/src/lib.rs:");
        assert_logged(&run, "at the run: status 500");
    }
}
