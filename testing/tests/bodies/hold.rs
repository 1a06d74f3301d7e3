//! Every way to hold a message back.

use super::*;

fn three_pieces(config: &str) -> Scenario {
    scenario(config)
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
