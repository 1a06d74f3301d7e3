//! The stages of the response.

use super::*;

/// Requests of which the path says what the response is like.
fn each_shape(name: &str, function: &str) -> Scenario {
    let pause = ms(30);
    scenario(name, function)
        .cluster("tags", |request| {
            later(Response::new(200).header("x-tag", "blue").body(request.path()), 0).after(ms(50))
        })
        .origin(move |request| {
            let response = Response::new(200).header("x-origin", "1");
            let pieces = response.clone().chunks(["ab", "cd"]);
            match request.path().as_str() {
                "/pieces" => Answer::from(pieces.empty_end()),
                "/slow" => Answer::Slowly(pieces.empty_end(), pause),
                "/length" => Answer::from(response.header("content-length", "4").body("abcd")),
                "/trailers" => Answer::from(pieces.trailer("x-end", "1")),
                "/slow-trailers" => Answer::Slowly(pieces.trailer("x-end", "1"), LATER),
                _ => Answer::from(Response::new(204)),
            }
        })
        .request(Request::get("/pieces"))
        .request(Request::get("/slow"))
        .request(Request::get("/length"))
        .request(Request::get("/trailers"))
        .request(Request::get("/slow-trailers"))
        .request(Request::get("/none"))
}

const WITH_BODY: usize = 5;

#[test]
fn a_response_is_changed_as_a_whole_or_by_pieces() {
    let [whole, pieces] = compare([
        each_shape("a whole response", "response-whole 100"),
        each_shape("a response in pieces", "response-pieces"),
    ]);
    for exchange in
        whole.exchanges().iter().chain(pieces.exchanges()).filter(|it| it.response().status() == 200)
    {
        exchange.response().assert_body("ABCD").assert_no_header("content-length");
        exchange.logs().assert_contains("body ABCD");
    }
    assert_eq!(whole.exchanges().len(), WITH_BODY + 1);
}

#[test]
fn a_response_is_looked_at_and_logged_at_its_end() {
    let [inspected, end] = compare([
        each_shape("a response that is inspected", "response-inspected"),
        each_shape("a response that is logged", "end"),
    ]);
    for exchange in &inspected.exchanges()[..WITH_BODY] {
        exchange.response().assert_body("abcd");
        exchange.logs().assert_contains("4 bytes, status 200");
    }
    end[3].logs().assert_contains("/trailers 200 1");
    end[5].logs().assert_contains("/none 204 ");
}

#[test]
fn the_trailers_of_a_response_wait_and_can_be_changed() {
    let [run] = compare([each_shape("response trailers", "response-trailers")]);
    for at in [3, 4] {
        run[at].response().assert_body("abcd").assert_trailer("x-seen", "1");
    }
    for at in [0, 1, 2, 5] {
        run[at].logs().assert_contains("no trailers");
    }
}

#[test]
fn a_response_waits_for_what_the_function_awaits() {
    let [asked, held] = compare([
        each_shape("asked about a response", "response-ask"),
        each_shape("a piece of a response is held during a callout", "response-ask-with-a-piece"),
    ]);
    for exchange in &asked.exchanges()[..WITH_BODY] {
        exchange.response().assert_header("x-tag", "blue").assert_body("abcd /body");
    }
    for exchange in &held.exchanges()[..WITH_BODY] {
        exchange.response().assert_body("abcd");
    }
}

#[test]
fn a_response_can_be_answered_otherwise_while_it_is_held() {
    let [run] = compare([scenario("an answer in place of a response", "response-instead")
        .origin(|request| match request.path().as_str() {
            "/fails" => Answer::from(Response::new(500).chunks(["a", "trace"]).empty_end()),
            "/breaks" => Answer::Reset,
            _ => Response::new(200).body("fine").into(),
        })
        .request(Request::get("/fails"))
        .request(Request::get("/breaks"))
        .request(Request::post("/fine").body("abc").empty_end())]);
    for at in [0, 1] {
        run[at].response().assert_status(502).assert_body("try later");
    }
    run[2].response().assert_status(200).assert_body("fine");
}

#[test]
fn a_whole_response_that_is_too_large_is_an_error() {
    let [run] = compare([scenario("a response that is too large", "response-whole 3")
        .origin(|request| match request.path().as_str() {
            "/stated" => Response::new(200).header("content-length", "4").body("abcd"),
            _ => Response::new(200).chunks(["ab", "cd"]).empty_end(),
        })
        .request(Request::get("/stated"))
        .request(Request::get("/comes"))]);
    run[0].response().assert_status(500);
    assert_eq!(run[1].outcome(), Outcome::Reset);
}
