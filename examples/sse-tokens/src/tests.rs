//! What is counted, and that nobody sees it.

use super::SseTokens;
use std::time::Duration;
use waxwing_testing::explore::{self, Model};
use waxwing_testing::wasm::WasmModule;
use waxwing_testing::{
    Answer, Client, EndOfStream, Host, HostBuilder, Metric, Native, Request, Response, Run, Scenario, Wasm,
    json, metric_name, on_each_host, on_every_host,
};

fn event(model: &str, text: &str) -> String {
    let chunk = json!({ "model": model, "choices": [{ "index": 0, "delta": { "content": text } }] });
    format!("data: {chunk}\n\n")
}

fn report(prompt: u64, completion: u64) -> String {
    let usage = json!({ "prompt_tokens": prompt, "completion_tokens": completion });
    format!("data: {}\n\n", json!({ "model": "m-1", "choices": [], "usage": usage }))
}

/// Three bits of text, with a report of nine tokens before and five behind them.
fn answer() -> String {
    let texts = ["Hel", "lo", "!"].map(|text| event("m-1", text)).concat();
    format!(": a comment\n\n{texts}{}data: [DONE]\n\n", report(9, 5))
}

fn stream(body: impl Into<Vec<u8>>) -> Response {
    Response::new(200).header("content-type", "text/event-stream; charset=utf-8").body(body)
}

fn start(host: HostBuilder, response: Response) -> Host {
    host.config(json!({})).origin(move |_| response.clone()).start()
}

fn ask() -> Request {
    Request::post("/v1/chat/completions").body("{}")
}

fn prompt(model: &str, route: &str) -> String {
    metric_name("llm_prompt_tokens_total", [("model", model), ("route", route)])
}

fn completion(model: &str, route: &str) -> String {
    metric_name("llm_completion_tokens_total", [("model", model), ("route", route)])
}

fn unread(route: &str) -> String {
    metric_name("llm_unread_events_total", [("route", route)])
}

/// The bytes one by one.
fn bytes(body: &str) -> Vec<Vec<u8>> {
    body.bytes().map(|byte| vec![byte]).collect()
}

on_each_host! {
    extension: SseTokens,
    package: "sse-tokens",

    fn the_tokens_of_an_answer_are_counted_however_it_is_cut(host) {
        let host = start(host, stream(answer()));
        host.exchange(ask()).response().assert_body(answer());
        host.assert_metric(prompt("m-1", "none"), Metric::Counter(9));
        host.assert_metric(completion("m-1", "none"), Metric::Counter(5));
        let stream = host.begin();
        stream.send_request(&ask());
        stream.send_response(&self::stream("").chunks(bytes(&answer().replace('\n', "\r\n"))));
        host.assert_metric(prompt("m-1", "none"), Metric::Counter(18));
        host.assert_metric(completion("m-1", "none"), Metric::Counter(10));
        assert_eq!(host.metric(unread("none")), None);
    }

    fn what_a_client_has_got_before_it_went_away_is_counted(host) {
        let host = host.config(json!({})).start();
        let stream = host.begin();
        stream.send_request(&ask());
        stream.send_response_headers(&self::stream(""), EndOfStream::No);
        for text in ["a", "b"] {
            stream.send_response_body(event("m-1", text), EndOfStream::No);
        }
        stream.disconnect();
        host.assert_metric(completion("m-1", "none"), Metric::Counter(2));
        assert_eq!(host.open_streams(), 0);
    }

    fn what_is_no_stream_of_events_passes_unseen(host) {
        let host = host.config(json!({})).origin(|request| match request.path().as_str() {
            "/json" => Response::new(200).header("content-type", "application/json").body(answer()),
            "/gzip" => stream(answer()).header("content-encoding", "gzip"),
            "/none" => Response::new(200).body(answer()),
            _ => Response::new(204),
        }).start();
        for path in ["/json", "/gzip", "/none"] {
            host.exchange(Request::get(path)).response().assert_body(answer());
        }
        host.exchange(Request::get("/")).response().assert_status(204);
        assert_eq!(host.metric(completion("m-1", "none")), None);
    }

    fn what_cannot_be_read_is_counted_and_passes(host) {
        let body = format!("data: garbage\n\ndata: {}\n\n{}", "x".repeat(200), event("m-1", "a"));
        let host = host.config(json!({ "event_limit_bytes": 100 })).start();
        let stream = host.begin();
        stream.send_request(&ask());
        stream.send_response(&self::stream(body.clone()));
        stream.finish().response().assert_body(body);
        host.assert_metric(unread("none"), Metric::Counter(2));
        host.assert_metric(completion("m-1", "none"), Metric::Counter(1));
    }

    fn models_beyond_the_limit_share_a_metric(host) {
        let host = host.config(json!({ "metrics_limit": 2 })).start();
        for model in ["m-1", "m-2", "m-3", "m-4", "a;.;route=.=b", ""] {
            let stream = host.begin();
            stream.send_request(&ask());
            stream.send_response(&self::stream(event(model, "a")));
        }
        let of_others = metric_name("llm_completion_tokens_total", [("model", "other"), ("route", "other")]);
        for (metric, count) in [(completion("m-1", "none"), 1), (completion("m-2", "none"), 1), (of_others, 4)] {
            host.assert_metric(metric, Metric::Counter(count));
        }
        assert_eq!(host.metric(completion("m-3", "none")), None);
    }
}

#[test]
fn each_piece_goes_on_at_once() {
    let host = Host::builder::<SseTokens>().config(json!({})).start();
    let stream = host.begin();
    stream.send_request(&ask());
    stream.send_response_headers(&self::stream(""), EndOfStream::No);
    for piece in bytes(&answer()) {
        stream.send_response_body(piece, EndOfStream::No);
        stream.assert_flowing();
        assert_eq!(stream.buffered_response_body(), b"");
    }
    stream.send_response_body("", EndOfStream::Yes);
    stream.finish().response().assert_body(answer());
    host.assert_metric(completion("m-1", "none"), Metric::Counter(5));
}

#[test]
fn a_limit_of_nothing_is_refused() {
    for (config, why) in [
        (json!({ "event_limit_bytes": 0 }), "`event_limit_bytes` must be at least 1"),
        (json!({ "event_limit": 0 }), "unknown field `event_limit`"),
    ] {
        Host::builder::<SseTokens>().config(config).try_start().unwrap_err().logs().assert_contains(why);
    }
}

/// What the upstream streams, by the path.
fn origin(request: &Request) -> Answer {
    let small = |body: &str| stream("").chunks(body.as_bytes().chunks(7));
    match request.path().as_str() {
        "/small" => small(&answer()).into(),
        "/returns" => small(&answer().replace('\n', "\r\n")).into(),
        "/garbage" => stream(format!("data: {{\n\n{}", event("m-2", "a"))).into(),
        "/json" => Response::new(200).header("content-type", "application/json").body(answer()).into(),
        _ => stream(answer()).into(),
    }
}

fn scenario(name: &str) -> Scenario {
    Scenario::new(name)
        .config(json!({}))
        .origin(origin)
        .route("chat", "x-team", "chat")
        .metric(prompt("m-1", "none"))
        .metric(completion("m-1", "none"))
        .metric(completion("m-1", "chat"))
        .metric(completion("m-2", "none"))
        .metric(unread("none"))
}

#[test]
fn it_does_the_same_on_every_host() {
    let leaves = Client::new(Request::get("/slow")).leaves_after(Duration::from_millis(1250));
    let runs = on_every_host::<SseTokens>(
        "sse-tokens",
        [
            scenario("streams in pieces")
                .workers(2)
                .request(ask())
                .request_to(1, Request::get("/small"))
                .request(Request::get("/returns").header("x-team", "chat")),
            scenario("what is no stream, or cannot be read")
                .request(Request::get("/json"))
                .request(Request::get("/garbage")),
            scenario("a client that leaves in the middle")
                .origin(|_| {
                    let pieces = ["a", "b", "c", "d"].map(|text| event("m-1", text));
                    Answer::Slowly(stream("").chunks(pieces), Duration::from_millis(500))
                })
                .together([leaves]),
        ],
    );
    assert_eq!(runs[0].metric(&completion("m-1", "none")), Some(Metric::Counter(10)));
    assert_eq!(runs[0].metric(&completion("m-1", "chat")), Some(Metric::Counter(5)));
    assert_eq!(runs[1].metric(&unread("none")), Some(Metric::Counter(1)));
    assert_eq!(runs[2].metric(&completion("m-1", "none")), Some(Metric::Counter(2)));
}

#[test]
fn survives_what_took_others_down() {
    let scenario = scenario("a stream").request(ask());
    explore::incidents(&Native::<SseTokens>::new(), &scenario).check();
}

#[test]
fn survives_each_failure_of_each_call() {
    let scenario = scenario("three streams")
        .request(Request::get("/small"))
        .request(Request::get("/garbage"))
        .request(Request::get("/json"));
    explore::faults(&Native::<SseTokens>::new(), &scenario).fail_open().hostile().check();
}

#[test]
fn in_every_order_and_however_it_is_cut_the_same_is_counted() {
    let scenario = scenario("three streams")
        .workers(2)
        .request(ask())
        .request(Request::get("/returns").header("x-team", "chat"))
        .request(Request::get("/garbage"));
    let counted = |run: &Run| {
        let counted =
            [completion("m-1", "none"), completion("m-1", "chat"), completion("m-2", "none"), unread("none")]
                .map(|metric| run.metric(&metric));
        assert_eq!(counted, [5, 5, 1, 1].map(|count| Some(Metric::Counter(count))));
    };
    explore::orders(&Native::<SseTokens>::new(), &scenario).check_each(counted).check();
    let module = WasmModule::build("sse-tokens").unwrap_or_else(|error| panic!("{error}"));
    let models: [(&dyn Model, usize); 2] = [(&Native::<SseTokens>::new(), 1000), (&Wasm::new(module), 100)];
    for (model, limit) in models {
        explore::orders(model, &scenario).limit(limit).disconnects().reconfigurations().check();
    }
}
