//! Every way to hold a message back.

use super::*;
use std::time::Duration;
use waxwing_testing::{Answer, Client};

fn three_pieces(config: &str) -> Scenario {
    scenario(config.replace('\n', ", "), config)
        .origin(|_| Response::new(200).chunks(["ban", "an", "a"]).empty_end())
        .request(Request::post("/").chunks(["ban", "an", "a"]).empty_end())
}

#[test]
fn what_is_held_with_back_pressure_is_not_shown_again_and_goes_on_with_the_rest() {
    let runs = compare([
        three_pieces("request chunks watermark\nresponse chunks watermark"),
        three_pieces("request transform watermark\nresponse transform watermark"),
    ]);
    for run in &runs {
        run[0].upstream_request().assert_body("banana");
        run[0].response().assert_body("banana");
        assert_eq!(count(&run[0], "request body, 2 bytes"), 1);
        assert_eq!(count(&run[0], "response body, 2 bytes"), 1);
    }
}

#[test]
fn what_is_discarded_is_gone() {
    let [run] =
        compare([three_pieces("request chunks discard\nresponse chunks discard")]).try_into().unwrap();
    run[0].upstream_request().assert_body("");
    run[0].response().assert_body("");
}

#[test]
fn what_a_pause_holds_is_shown_again_with_what_comes_next() {
    let [run] = compare([three_pieces("request chunks pause\nresponse chunks pause")]).try_into().unwrap();
    run[0].upstream_request().assert_body("banana");
    // The last callback is for the empty piece that ends the body.
    for (size, times) in [(3, 1), (5, 1), (6, 2)] {
        assert_eq!(count(&run[0], &format!("request body, {size} bytes")), times);
    }
}

#[test]
fn a_pause_in_a_body_that_is_transformed_is_an_error() {
    let runs =
        compare_answers([three_pieces("request transform pause"), three_pieces("response transform pause")]);
    runs[0][0].local_response().assert_status(500);
    assert_eq!(runs[1][0].outcome(), Outcome::Reset);
    for run in &runs {
        run[0].logs().assert_contains("cannot be paused");
    }
}

#[test]
fn what_is_held_at_its_headers_is_shown_once_it_goes_on() {
    let runs =
        compare(["stop-and-buffer", "stop-and-watermark"].map(|hold| {
            three_pieces(&format!("request buffer double {hold}\nresponse buffer double {hold}"))
        }));
    for run in &runs {
        run[0].upstream_request().assert_body("bbaannaannaa");
        run[0].response().assert_body("bbaannaannaa");
        assert_eq!(count(&run[0], "goes on"), 2);
        assert_eq!(count(&run[0], "request body, 6 bytes"), 1);
        assert_eq!(count(&run[0], "response body, 6 bytes"), 1);
    }
}

#[test]
fn at_the_limit_of_the_proxy_one_hold_is_answered_and_the_other_slows_the_sender_down() {
    let piece = "x".repeat(700_000);
    let large = Response::new(200).chunks([piece.clone(), piece.clone()]).empty_end();
    let with = |hold: &str| {
        let response = large.clone();
        scenario(format!("a response at the limit, with {hold}"), &format!("response chunks {hold}"))
            .origin(move |_| response.clone())
            .request(Request::get("/"))
    };
    let answered = compare([with("stop-and-buffer")]);
    answered[0][0].response().assert_status(500);
    // In what pieces it arrives is up to Envoy, which stops reading.
    let module = WasmModule::build("waxwing-bodies").unwrap();
    let runners: [&dyn Runner; 3] =
        [&Native::<Bodies>::new(), &Wasm::new(module.clone()), &Envoy::new(module.name())];
    for runner in runners {
        let slowed = runner.run(&with("stop-and-watermark"));
        slowed[0].response().assert_status(200);
        assert_eq!(slowed[0].response().body_bytes().len(), 1_400_000, "{}", runner.name());
    }
}

#[test]
fn with_the_option_a_pause_holds_back_the_headers_alone_until_the_body_lets_them_go() {
    let runs = compare([
        three_pieces("request buffer double pause-headers\nresponse buffer double pause-headers")
            .allow_on_headers_stop_iteration(),
        three_pieces("request chunks pause-headers\nresponse transform double pause-headers")
            .allow_on_headers_stop_iteration(),
    ]);
    runs[0][0].upstream_request().assert_body("bbaannaannaa");
    runs[1][0].upstream_request().assert_body("banana");
    for run in &runs {
        run[0].response().assert_body("bbaannaannaa");
    }
    // Nothing has gone on, so even a body that does not say how large it is can still be refused.
    let [run] = compare([three_pieces("request buffer 5 pause-headers").allow_on_headers_stop_iteration()])
        .try_into()
        .unwrap();
    run[0].local_response().assert_status(413);
    assert!(!run[0].reached_upstream());
}

#[test]
fn a_body_that_is_resumed_before_its_end_goes_on_with_each_piece() {
    // The first piece is held for 100 ms; the next one comes later, or sooner.
    for (what, pause) in [("behind", 250), ("before", 40)] {
        let pause = Duration::from_millis(pause);
        let response = || Response::new(200).chunks(["ban", "an", "a"]);
        let request = || Request::post("/").chunks(["ban", "an", "a"]);
        let config = "request chunks pause-first\nresponse chunks pause-first";
        let scenario = scenario(format!("a first piece that is resumed {what} the next"), config)
            .origin(move |request| match request.path().as_str() {
                "/trailers" => Answer::Slowly(response().trailer("x-end", "1"), pause),
                _ => Answer::Slowly(response().empty_end(), pause),
            })
            .client(Client::new(request().empty_end()).pauses(pause))
            .client(
                Client::new(Request::post("/trailers").chunks(["ban", "an", "a"]).trailer("x-end", "1"))
                    .pauses(pause),
            );
        let [run] = compare([scenario]).try_into().unwrap();
        for exchange in run.exchanges() {
            exchange.upstream_request().assert_body("banana");
            exchange.response().assert_body("banana");
        }
    }
}
