use super::*;

#[test]
fn an_answer_in_each_callback() {
    // Not in those of the request's body and trailers: the upstream may or may not have seen the headers then.
    for callback in ["request-headers", "response-headers", "response-body", "response-trailers"] {
        let script = format!(
            "{callback} reply 403 no - x-r 1\nrequest-headers value 0 :path\nresponse-headers value 0 :path\n\
             response-headers value 2 :status\nresponse-body bytes 1 0 100\nlog value 2 :status\nlog value 2 content-length\n"
        );
        compare([scenario(format!("an answer in {callback}"), &script).request(full())]);
    }
}

#[test]
fn two_answers() {
    compare(
        [
            ("two answers in one callback", "request-headers reply 401 a - x-r 1\nrequest-headers reply 402 b - x-r 2\nlog value 2 :status"),
            ("an answer to the answer", "request-headers reply 401 a - x-r 1\nresponse-headers reply 402 b - x-r 2\nlog value 2 :status"),
            ("an answer, and the request is resumed", "request-headers reply 401 a\nrequest-headers continue 0"),
        ]
        .map(|(name, script)| scenario(name, script).request(without_body())),
    );
}

#[test]
fn the_headers_of_an_answer() {
    let given =
        "request-headers reply 403 no - content-type a/b content-length 77 x-a 1 x-a 2 X-Upper 1 :status 200";
    compare([
        scenario("an answer with headers of each kind", given)
            .request(without_body())
            .request(Request::head("/")),
        scenario("an answer to HEAD", "request-headers reply 403 no\nresponse-headers value 2 content-type")
            .request(Request::head("/")),
        scenario("an answer without a body", "request-headers reply 204 -").request(without_body()),
    ]);
}

#[test]
fn answers_to_grpc() {
    let request = || Request::post("/s/m").header("content-type", "application/grpc").body("x").empty_end();
    compare([
        scenario(
            "an answer to gRPC whose text is escaped",
            "request-headers reply 403 no%\u{e9}\nresponse-headers value 2 grpc-message",
        )
        .request(request()),
        scenario(
            "an answer to gRPC with a status",
            "request-headers reply 403 no 5\nresponse-headers value 2 grpc-status",
        )
        .request(request()),
    ]);
}

#[test]
fn answers_to_grpc_in_each_callback_with_details() {
    let request = || Request::post("/s/m").header("content-type", "application/grpc").body("x").empty_end();
    compare(["request-headers", "response-headers", "response-body", "response-trailers"].map(|callback| {
        let script = format!(
            "{callback} reply 429 later 8 grpc-status-details-bin CAg x-a 1\nresponse-headers value 2 :status\n\
             response-headers value 2 grpc-status-details-bin\nlog value 2 grpc-status\nlog value 2 grpc-message\n"
        );
        scenario(format!("an answer to gRPC in {callback}, with details"), &script).request(request())
    }));
    // What gRPC needs stands in the place of what was given, but for the status.
    let given =
        "request-headers reply 429 later 8 content-type a/b grpc-status 3 x-a 1 grpc-message no :status 200";
    compare([scenario("an answer to gRPC with headers of each kind", given).request(request())]);
}

#[test]
fn a_second_answer_in_each_callback_that_can_follow_the_first() {
    compare(["response-headers", "response-body"].map(|callback| {
        let script = format!(
            "request-headers reply 401 a - x-r 1\n{callback} reply 402 b - x-r 2\nlog value 2 :status"
        );
        scenario(format!("an answer to the answer in {callback}"), &script).request(without_body())
    }));
}
