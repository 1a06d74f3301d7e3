use super::*;

#[test]
fn which_maps_can_be_reached_in_which_callback() {
    let reach: String =
        (0..9).map(|map| format!("* count {map}\n* value {map} no-such\n* add {map} x-probe 1\n")).collect();
    let at_the_end: String = (0..4)
        .map(|map| format!("log value {map} :path\nlog value {map} x-end\ndone count {map}\n"))
        .collect();
    compare(
        [("which maps can be reached", reach), ("which maps can be reached at the end", at_the_end)]
            .map(|(name, script)| scenario(name, &script).request(full()).request(without_body())),
    );
}

#[test]
fn the_sizes_of_maps() {
    let sizes: String = (0..9).map(|map| format!("* size {map}\n")).collect();
    let sizes = format!("{sizes}request-headers log-level\n");
    compare([scenario("the sizes of maps", &sizes).request(full()).request(without_body())]);
    // To ask for trailers that are not there makes them.
    let made = "request-body size 1\nrequest-body add 1 x-made 1\nrequest-body size 1";
    compare([scenario("trailers that are made by asking for their size", made).request(with_body())]);
}

#[test]
fn which_headers_are_joined_and_which_are_not() {
    let added = |map: u32, callback: &str, names: &[&str]| -> String {
        let calls = |name: &&str| {
            format!(
                "{callback} add {map} {name} 1\n{callback} add {map} {name} 2\n{callback} value {map} {name}\n"
            )
        };
        names.iter().map(calls).collect()
    };
    let request = [
        "accept",
        "cookie",
        "content-type",
        "user-agent",
        "via",
        "origin",
        "x-q",
        "vary",
        "range",
        "cache-control",
    ];
    let response =
        ["set-cookie", "vary", "etag", "cache-control", "location", "x-r", "accept", "link", "content-type"];
    let script = added(0, "request-headers", &request) + &added(2, "response-headers", &response);
    let twice = without_body()
        .header("accept", "a")
        .header("accept", "b")
        .header("cookie", "c")
        .header("cookie", "d");
    compare([scenario("which headers are joined", &script).request(without_body()).request(twice)]);
}

#[test]
fn replacing_removing_and_setting() {
    compare(
        [
            ("a header that came twice is replaced", "request-headers replace 0 x-a 3\nrequest-headers replace 0 x-new 1\nrequest-headers remove 0 x-no\nrequest-headers value 0 x-a"),
            ("pseudo-headers are replaced", "request-headers replace 0 :path /other\nrequest-headers value 0 :path\nresponse-headers replace 2 :status 201"),
            ("trailers are replaced and removed", "request-trailers replace 1 x-sum 6\nrequest-trailers add 1 x-sum 7\nresponse-trailers remove 3 x-end\nresponse-trailers add 3 x-new 1"),
            ("all headers of a response are set", "response-headers set 2 :status 202 x-b 1 x-b 2"),
            ("trailers are set to a block that is malformed", "response-trailers set-malformed 3\nresponse-trailers count 3"),
        ]
        .map(|(name, script)| scenario(name, script).request(full())),
    );
}

#[test]
fn what_is_replaced_goes_behind_the_others() {
    let script = "request-headers replace 0 x-one 2\nrequest-headers replace 0 accept b\n\
                  response-headers replace 2 x-one 2\nresponse-headers replace 2 etag b";
    let response = Response::new(200).header("x-one", "1").header("etag", "a").header("x-last", "1");
    let request = without_body().header("x-one", "1").header("accept", "a").header("x-last", "1");
    compare([scenario("what is replaced goes behind the others", script)
        .origin(move |_| response.clone())
        .request(request)]);
}

#[test]
fn messages_that_lose_what_they_need() {
    compare(
        [
            ("a request loses its path", "request-headers remove 0 :path\nresponse-headers value 2 :status"),
            (
                "a request loses its method",
                "request-headers remove 0 :method\nresponse-headers value 2 :status",
            ),
            ("a request loses all headers", "request-headers set-malformed 0\nlog value 0 :path"),
            ("a response loses its status", "response-headers remove 2 :status\nlog value 2 :status"),
            ("a response loses all headers", "response-headers set-malformed 2"),
        ]
        .map(|(name, script)| scenario(name, script).request(without_body())),
    );
}

#[test]
fn trailers_are_made_by_changing_them_at_the_end_of_a_body() {
    let script = "request-body value 1 x-made\nrequest-body add 1 x-made 1\nrequest-body value 1 x-made\n\
                  request-trailers value 1 x-made\nresponse-body add 3 x-made 1";
    let response = Response::new(200).chunks(["a", "b"]).empty_end();
    compare([scenario("trailers are made at the end of a body", script)
        .origin(move |_| response.clone())
        .request(with_body())]);
}
