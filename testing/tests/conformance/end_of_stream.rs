//! How a message ends, in both directions: with its headers, with its last piece, with an empty one, with trailers.

use super::*;

/// Asks for the ends of buffers where they are shown, and logs each callback.
const SEEN: &str = "* buffer-size 0\n* buffer-size 1\n* count 1\n* count 3\n";

/// The shapes in which a message can arrive over HTTP/1.
const SHAPES: [&str; 6] =
    ["headers alone", "a stated length of nothing", "one piece", "pieces", "trailers", "trailers alone"];

/// Gives a message one of these shapes.
macro_rules! shaped {
    ($message:expr, $shape:expr) => {
        match $shape {
            "headers alone" => $message,
            "a stated length of nothing" => $message.header("content-length", "0"),
            "one piece" => $message.body("abc").empty_end(),
            "pieces" => $message.chunks(["a", "bc"]).empty_end(),
            "trailers" => $message.chunks(["a", "bc"]).trailer("x-end", "1"),
            _ => $message.trailer("x-end", "1"),
        }
    };
}

fn both_ways(name: &str, script: &str, shape: &'static str) -> Scenario {
    scenario(format!("{name}: {shape}"), &format!("{SEEN}{script}"))
        .origin(move |_| shaped!(Response::new(200), shape))
        .request(shaped!(Request::post("/"), shape))
}

#[test]
fn each_end_passes() {
    compare(SHAPES.map(|shape| both_ways("a message that ends so passes", "", shape)));
}

#[test]
fn each_end_is_held_at_its_headers_until_a_timer_lets_it_go() {
    let script = "request-headers timer 150\nrequest-headers pause\nresponse-headers timer 150\nresponse-headers pause";
    compare(SHAPES.map(|shape| both_ways("a message that ends so is held at its headers", script, shape)));
}

#[test]
fn each_end_is_collected_and_replaced() {
    let script = "request-body pause-until-end\nrequest-body set-bytes 0 0 99 new\nrequest-trailers set-bytes 0 0 99 late\n\
                  response-body pause-until-end\nresponse-body set-bytes 1 0 99 new\nresponse-trailers set-bytes 1 0 99 late";
    compare(SHAPES.map(|shape| both_ways("a message that ends so is collected and replaced", script, shape)));
}

#[test]
fn each_end_is_emptied() {
    let script = "request-body set-bytes 0 0 99 -\nresponse-body set-bytes 1 0 99 -";
    compare(SHAPES.map(|shape| both_ways("a message that ends so is emptied", script, shape)));
}

#[test]
fn each_end_gets_trailers() {
    let script = "request-body add 1 x-made 1\nrequest-trailers add 1 x-made 2\nrequest-headers add 1 x-made 0\n\
                  response-body add 3 x-made 1\nresponse-trailers add 3 x-made 2\nresponse-headers add 3 x-made 0";
    compare(SHAPES.map(|shape| both_ways("a message that ends so gets trailers", script, shape)));
}

#[test]
fn trailers_are_taken_away() {
    let script = "request-trailers remove 1 x-end\nrequest-trailers count 1\nrequest-trailers size 1\n\
                  response-trailers remove 3 x-end\nresponse-trailers count 3";
    compare(
        ["trailers", "trailers alone"].map(|shape| both_ways("a message loses its trailers", script, shape)),
    );
}

#[test]
fn a_body_that_is_made_where_there_is_none() {
    let script = "request-headers set-bytes 0 0 0 made\nresponse-headers set-bytes 1 0 0 made\n\
                  request-headers fill 0 0 0 9\nresponse-headers fill 1 0 0 9";
    compare(
        ["headers alone", "one piece"].map(|shape| both_ways("a body is made at the headers", script, shape)),
    );
}

/// What the upstream says of a body that does not come.
#[test]
fn responses_that_have_no_body() {
    let origin = |request: &Request| match request.path().as_str() {
        "/204" => Response::new(204),
        "/304" => Response::new(304).header("content-length", "9").header("etag", "x"),
        "/205" => Response::new(205).header("content-length", "0"),
        _ => Response::new(200).header("content-length", "3").body("abc"),
    };
    let script = format!(
        "{SEEN}response-headers value 2 content-length\nresponse-body set-bytes 1 0 9 new\n\
         response-headers set-bytes 1 0 0 new\nlog value 2 content-length\nlog property response.size"
    );
    let requests = |scenario: Scenario| {
        scenario
            .request(Request::get("/204"))
            .request(Request::get("/205"))
            .request(Request::get("/304"))
            .request(Request::head("/"))
            .request(Request::head("/204"))
    };
    compare([requests(scenario("responses that have no body", &script).origin(origin))]);
    let held = "response-headers timer 150\nresponse-headers pause\nresponse-headers add 2 x-held 1";
    compare([requests(scenario("responses that have no body are held", held).origin(origin))]);
    let trailers = "response-headers add 3 x-made 1\nresponse-headers size 3";
    compare([requests(scenario("responses that have no body get trailers", trailers).origin(origin))]);
}
