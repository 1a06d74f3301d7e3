//! Values and names of any bytes, of any size, and in any number.

use super::*;

/// Each line for the headers of the request and of the response.
fn asked(name: &str, lines: &[&str]) -> Scenario {
    let both = |line: &&str| {
        let [request, response] = ["0", "2"].map(|map| line.replace("MAP", map));
        format!("request-headers {request}\nresponse-headers {response}\n")
    };
    scenario(name, &lines.iter().map(both).collect::<String>()).request(with_body())
}

#[test]
fn values_without_bytes_and_with_any() {
    compare([
        asked(
            "values without bytes",
            &[
                "add MAP x-empty -",
                "value MAP x-empty",
                "add MAP x-empty -",
                "replace MAP x-a -",
                "value MAP x-a",
                "add MAP via -",
                "add MAP via 1",
                "value MAP via",
                "add MAP via -",
                "value MAP via",
                "size MAP",
            ],
        ),
        asked(
            "values with bytes that are not text",
            &[
                "add MAP x-bytes %ff%fe%80",
                "value MAP x-bytes",
                "add MAP x-bytes %c3%a9",
                "replace MAP x-tab a%09b",
                "value MAP x-tab",
            ],
        ),
        asked(
            "names in upper case",
            &[
                "add MAP X-Upper 1",
                "value MAP x-UPPER",
                "replace MAP X-UPPER 2",
                "value MAP x-upper",
                "remove MAP X-Upper",
                "value MAP x-upper",
            ],
        ),
    ]);
}

#[test]
fn trailers_of_any_bytes() {
    let script = "request-trailers add 1 x-empty -\nrequest-trailers add 1 x-bytes %ff%fe\n\
                  request-trailers value 1 x-bytes\nresponse-trailers add 3 x-empty -\n\
                  response-trailers add 3 x-bytes %ff%fe\nresponse-trailers value 3 x-empty\n\
                  request-trailers add 1 accept 1\nrequest-trailers add 1 accept 2\nrequest-trailers value 1 accept\n\
                  response-trailers add 3 grpc-status 1\nresponse-trailers add 3 grpc-status 2\n\
                  response-trailers value 3 grpc-status";
    let seen = "request-trailers value 1 x-end\nrequest-trailers count 1\nresponse-trailers value 3 grpc-status\n\
                response-trailers value 3 x-end\nlog value 3 grpc-status\nlog value 3 X-END";
    let response = Response::new(200)
        .chunks(["a", "b"])
        .trailer("X-End", "1")
        .trailer("x-end", "2")
        .trailer("grpc-status", "0")
        .trailer("Grpc-Status", "1");
    let request = Request::post("/")
        .chunks(["a", "b"])
        .trailer("X-End", "1")
        .trailer("accept", "2")
        .trailer("Accept", "3");
    compare([
        scenario("trailers of any bytes", script).request(full()),
        scenario("trailers that come twice", seen).origin(move |_| response.clone()).request(request),
    ]);
}

/// In a response, Envoy puts them on the wire as they are.
#[test]
fn names_and_values_that_are_not_of_http() {
    let refused = |(what, added): (&str, &str)| {
        let script = format!(
            "request-headers add 0 {added}\nresponse-headers value 2 :status\nlog property response.code_details"
        );
        scenario(format!("a request with {what}"), &script).request(with_body()).request(without_body())
    };
    compare(
        [
            ("a name with a blank", "a%20b 1"),
            ("a name with a colon", "a:b 1"),
            ("a name with a line break", "a%0ab 1"),
            ("a name with a zero byte", "a%00b 1"),
            ("a value with a line break", "x-break a%0d%0ax-injected:%201"),
            ("a value with a zero byte", "x-zero a%00b"),
        ]
        .map(refused),
    );
    let complete = "request-headers raw-call authz 1000 :method GET :path / :authority a";
    let script = format!("{complete} x-break a%0ab\n{complete} a%20b 1\n{complete} x-bytes %ff%fe");
    compare([scenario("callouts with headers that are not of HTTP", &script)
        .cluster("authz", |_| Response::new(200).into())
        .request(without_body())]);
}

#[test]
fn many_headers_and_long_ones() {
    let block = |name: &str, size: &str| {
        let script = format!(
            "response-headers set-many 2 {size}\nresponse-headers value 2 x-1\nresponse-headers count 2\n\
             response-headers set 2 :status 202"
        );
        scenario(name, &script).request(without_body())
    };
    compare([
        asked("many headers", &["add-many MAP 300", "value MAP x-299"]),
        asked("a long value", &["add-long MAP x-long 40000", "value MAP x-long", "size MAP"]),
        scenario(
            "a response of many headers",
            "response-headers set-many 2 1000 1\nresponse-headers value 2 x-999",
        )
        .request(without_body()),
        block("a block with as many headers as it can have", "1024 1"),
        block("a block with more headers than it can have", "1025 1"),
        block("a block that is nearly as large as it can be", "104 10000"),
        block("a block that is larger than it can be", "106 10000"),
    ]);
}

#[test]
fn pseudo_headers_are_changed() {
    let of_request = |(name, script): (&str, &str)| {
        scenario(name, &format!("{script}\nlog value 2 :status\nlog property response.code_details"))
            .request(without_body())
            .request(with_body())
    };
    compare(
        [
            (
                "the method is changed",
                "request-headers replace 0 :method PUT\nrequest-headers property request.method\n\
                 response-headers property request.method",
            ),
            (
                "HEAD is made of a request",
                "request-headers replace 0 :method HEAD\nresponse-body buffer-size 1",
            ),
            (
                "the authority is changed",
                "request-headers replace 0 :authority other.example\nrequest-headers value 0 host\n\
                 request-headers property request.host\nrequest-headers property request.headers.host",
            ),
            (
                "a host is added",
                "request-headers add 0 host other.example\nrequest-headers value 0 :authority\n\
                 request-headers value 0 Host\nrequest-headers property request.headers.host",
            ),
            ("a host is removed", "request-headers remove 0 host\nrequest-headers value 0 :authority"),
            ("a path is added", "request-headers add 0 :path /other\nrequest-headers value 0 :path"),
            ("a path without bytes", "request-headers replace 0 :path -\nrequest-headers value 0 :path"),
            (
                "a path with a fragment",
                "request-headers replace 0 :path /other?x=y#z\nrequest-headers property request.query\n\
                 request-headers property request.url_path\nrequest-headers replace 0 :path /other#z?x=y\n\
                 request-headers property request.query\nrequest-headers property request.url_path",
            ),
            ("a status that is not a number", "response-headers replace 2 :status abc"),
            ("a status without bytes", "response-headers replace 2 :status -"),
        ]
        .map(of_request),
    );
    // The client has its response before the upstream has sent it.
    for status in [204, 304] {
        let script = format!("response-headers replace 2 :status {status}\nlog value 2 :status");
        let name = format!("the status {status} in the place of another");
        compare([scenario(name, &script).request(without_body())]);
    }
    let get = "request-headers replace 0 :method GET\nlog value 2 :status";
    let with_host = without_body().header("host", "other.example");
    compare([
        scenario("GET is made of HEAD", get).request(Request::head("/")),
        scenario("a request with a host beside its authority", "request-headers value 0 host")
            .request(with_host),
    ]);
}
