//! What becomes of `content-length`.

use super::*;

fn with_length(mode: &str) -> Scenario {
    scenario(
        format!("the length of a body in the mode {mode}"),
        &format!("request {mode} double\nresponse {mode} double"),
    )
    .origin(|request| {
        let response = Response::new(if request.path() == "/304" { 304 } else { 200 });
        let response = response.header("content-length", "6");
        if request.method() == "HEAD" || request.path() == "/304" {
            response
        } else {
            response.body("banana").empty_end()
        }
    })
    .request(Request::post("/").header("content-length", "6").body("banana").empty_end())
    .request(Request::head("/"))
    .request(Request::get("/304"))
}

#[test]
fn the_length_of_a_body_that_may_change_is_removed_and_that_of_none_stays() {
    for run in &compare([with_length("buffer"), with_length("transform")]) {
        let exchange = &run[0];
        exchange.upstream_request().assert_no_header("content-length").assert_body("bbaannaannaa");
        exchange.response().assert_no_header("content-length").assert_body("bbaannaannaa");
        // A message that ends with its headers keeps it.
        run[1].response().assert_header("content-length", "6").assert_body("");
        run[2].response().assert_status(304).assert_body("");
    }
}

#[test]
fn the_length_of_a_body_that_cannot_change_stays() {
    for run in &compare([with_length("inspect"), with_length("skip")]) {
        run[0].upstream_request().assert_header("content-length", "6").assert_body("banana");
        run[0].response().assert_header("content-length", "6").assert_body("banana");
    }
}
