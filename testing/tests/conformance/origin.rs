//! An upstream that takes its time, or fails.

use std::time::Duration;

use waxwing_testing::Answer;

use super::*;

const READ: &str = "
    response-headers value 2 x-origin
    response-body bytes 1 0 100
    response-trailers pairs 3
    log value 2 :status
    log value 2 content-length
    log property response code_details
";

fn from(name: &str, answer: impl Fn() -> Answer + Send + Sync + 'static) -> Scenario {
    scenario(format!("an upstream that {name}"), READ).origin(move |_| answer()).request(with_body())
}

fn response() -> Response {
    Response::new(200).header("x-origin", "1").chunks(["up", "stream"])
}

#[test]
fn that_is_slow() {
    let pause = Duration::from_millis(30);
    compare([
        from("answers late", || Answer::from(response().empty_end()).after(Duration::from_millis(100))),
        from("answers in pieces", move || Answer::Slowly(response().empty_end(), pause)),
        from("answers late, in pieces, with trailers", move || {
            Answer::Slowly(response().trailer("x-end", "1"), pause).after(pause)
        }),
        from("answers slowly, and without a body", move || Answer::Slowly(Response::new(204), pause)),
    ]);
}

#[test]
fn that_closes_the_connection() {
    compare([
        from("closes the connection", || Answer::Reset),
        from("closes the connection later", || Answer::Reset.after(Duration::from_millis(50))),
        from("breaks off", || Answer::BreakOff(response())),
        scenario("an upstream that closes the connection of HEAD", READ)
            .origin(|_| Answer::Reset)
            .request(Request::head("/")),
        scenario(
            "an answer in place of that to a closed connection",
            "response-headers reply 403 no\nlog value 2 :status",
        )
        .origin(|_| Answer::Reset)
        .request(without_body()),
        scenario("an upstream that closes the connection of gRPC", "request-headers value 0 :path")
            .origin(|_| Answer::Reset)
            .request(Request::post("/s/m").header("content-type", "application/grpc").body("x").empty_end()),
    ]);
}
