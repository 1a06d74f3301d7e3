//! What a message says of its length, and what becomes of it.

use super::*;

#[test]
fn a_length_that_is_not_that_of_the_body() {
    let log = "log value 2 :status\nlog property response.code_details";
    let request = || Request::post("/").header("content-length", "5").body("abcde").empty_end();
    let origin = |_: &Request| Response::new(200).header("content-length", "5").body("abcde").empty_end();
    let with = |name: &str, script: &str| {
        scenario(name, &format!("{script}\n{log}")).origin(origin).request(request())
    };
    compare([
        with(
            "lengths that are taken away",
            "request-headers remove 0 content-length\nresponse-headers remove 2 content-length",
        ),
        with("a length of a request that is too small", "request-headers replace 0 content-length 3")
            .differs("Lengths that are wrong"),
        with("a length of a response that is too small", "response-headers replace 2 content-length 3")
            .differs("Lengths that are wrong"),
        with("a request that gets longer than it says", "request-body set-bytes 0 5 0 fgh")
            .differs("Lengths that are wrong"),
        with("a response that gets longer than it says", "response-body set-bytes 1 5 0 fgh")
            .differs("Lengths that are wrong"),
    ]);
}
