use super::*;

#[test]
fn each_way_to_end_a_message() {
    let response = |request: &Request| match request.path().as_str() {
        "/empty" => Response::new(204),
        "/body" => Response::new(200).body("body").empty_end(),
        _ => Response::new(200).chunks(["bo", "dy"]).trailer("x-end", "1"),
    };
    compare([scenario("each way to end a message", "")
        .origin(response)
        .request(Request::get("/empty"))
        .request(Request::head("/body"))
        .request(Request::post("/body").body("x").empty_end())
        .request(Request::post("/trailers").chunks(["x", "y"]).trailer("x-sum", "2"))]);
}

#[test]
fn closing_a_stream() {
    // Not in the response's trailers: that crashes Envoy 1.40. Nor in the request's body and trailers: the
    // upstream may or may not have seen the headers then.
    for callback in ["request-headers", "response-headers", "response-body"] {
        compare([scenario(
            format!("a stream is closed in {callback}"),
            &format!("{callback} close 0\nlog value 2 :status"),
        )
        .request(full())]);
    }
}

#[test]
fn directions_that_cannot_be_resumed_or_closed() {
    let script: String = [2, 3, 4].map(|stream| format!("* continue {stream}\n* close {stream}\n")).concat();
    compare([scenario("directions that cannot be resumed or closed", &script).request(full())]);
}
