use super::*;

#[test]
fn what_each_buffer_answers_in_each_callback() {
    let calls = |buffer: u32| {
        format!(
            "* bytes {buffer} 0 100\n* bytes {buffer} 1 1\n* bytes {buffer} 99 1\n* set-bytes {buffer} 1 1 X\n\
             * set-bytes {buffer} 0 0 <\n* set-bytes {buffer} 999 0 >\n"
        )
    };
    let script: String = (0..10).map(calls).collect();
    compare([scenario("what each buffer answers", &script).request(full()).request(with_body())]);
}

#[test]
fn the_sizes_of_buffers() {
    let sizes: String = (0..10).map(|buffer| format!("* buffer-size {buffer}\n")).collect();
    compare([
        scenario("the sizes of buffers", &sizes).request(full()).request(with_body()),
        scenario(
            "the sizes of buffers that are collected",
            &format!("request-body pause-until-end\nresponse-body pause-until-end\n{sizes}"),
        )
        .request(full()),
    ]);
}

#[test]
fn bodies_that_are_collected_are_seen_whole() {
    compare(
        [
            ("a request that is collected", "request-body pause-until-end\nrequest-body bytes 0 0 100\nrequest-trailers bytes 0 0 100"),
            ("a response that is collected", "response-body pause-until-end\nresponse-body bytes 1 0 100\nresponse-trailers bytes 1 0 100"),
            ("both are collected and changed", "request-body pause-until-end\nrequest-body set-bytes 0 0 1 XY\nresponse-body pause-until-end\nresponse-body set-bytes 1 0 0 +"),
            ("a request that is replaced at its trailers", "request-body pause\nrequest-trailers set-bytes 0 0 9999 new"),
            ("a response that is replaced at its trailers", "response-body pause\nresponse-trailers set-bytes 1 0 9999 new"),
        ]
        .map(|(name, script)| scenario(name, script).request(full())),
    );
}

#[test]
fn bodies_that_are_larger_than_the_limit() {
    let piece = "x".repeat(700_000);
    let response = Response::new(200).chunks([piece.clone(), piece.clone()]).empty_end();
    compare([
        scenario(
            "a request that is larger than the limit",
            "request-body pause-until-end\nresponse-headers value 2 :status\nlog value 2 :status",
        )
        .request(Request::post("/").chunks([piece.clone(), piece]).empty_end()),
        scenario(
            "a response that is larger than the limit",
            "response-body pause-until-end\nlog value 2 :status",
        )
        .origin(move |_| response.clone())
        .request(without_body()),
    ]);
}
