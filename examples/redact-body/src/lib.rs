//! Replaces words in response bodies, across the borders of chunks.
//!
//! The whole body is wanted at once, because a word may begin in one chunk and end in another: `BodyMode::Buffer` has
//! the SDK hold the chunks back. A body that is larger than the limit does not pass.
//!
//! Run it: `cargo waxwing run examples/redact-body --method POST --body 'the password is hunter2'`
#![forbid(unsafe_code)]

use serde::Deserialize;
use std::rc::Rc;
use waxwing::prelude::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The words to replace.
    words: Vec<String>,
    /// What to put in their place.
    #[serde(default = "asterisks")]
    with: String,
    /// The largest body, in bytes.
    #[serde(default = "half_a_mebibyte")]
    limit: usize,
}

fn half_a_mebibyte() -> usize {
    512 * 1024
}

fn asterisks() -> String {
    "***".into()
}

impl Config {
    /// The body with every word replaced; `None` if there is none in it.
    fn redact(&self, body: &[u8]) -> Option<Vec<u8>> {
        let mut redacted = Vec::with_capacity(body.len());
        let mut found = false;
        let mut rest = body;
        while let Some((first, after_first)) = rest.split_first() {
            // The longest word, where one begins with another.
            let words = self.words.iter().filter_map(|word| rest.strip_prefix(word.as_bytes()));
            if let Some(after_word) = words.min_by_key(|after_word| after_word.len()) {
                redacted.extend_from_slice(self.with.as_bytes());
                found = true;
                rest = after_word;
            } else {
                redacted.push(*first);
                rest = after_first;
            }
        }
        found.then_some(redacted)
    }
}

#[derive(Extension)]
#[extension(http = RedactBodyStream)]
struct RedactBody {
    config: Rc<Config>,
}

impl RootContext for RedactBody {
    type Config = Json<Config>;

    fn configure(Json(config): Json<Config>, _cx: &mut Configure<'_>) -> Result<Self> {
        if config.words.is_empty() || config.words.iter().any(String::is_empty) {
            return Err(Error::new("`words` must have a word, and none that is empty"));
        }
        Ok(RedactBody { config: Rc::new(config) })
    }
}

struct RedactBodyStream {
    config: Rc<Config>,
}

#[callbacks]
impl HttpContext for RedactBodyStream {
    type Root = RedactBody;

    fn new(root: &RedactBody) -> Self {
        RedactBodyStream { config: root.config.clone() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        // Words cannot be found in a compressed body.
        request.headers_mut().remove("accept-encoding")?;
        Ok(Action::Continue)
    }

    fn response_body_mode(&self) -> BodyMode {
        BodyMode::Buffer { limit: self.config.limit }
    }

    fn on_response_body(&mut self, body: &mut ResponseBody<'_>) -> Result<Flow> {
        if let Some(redacted) = self.config.redact(body.bytes()?) {
            body.replace(redacted)?;
        }
        Ok(Flow::Continue)
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, RedactBody};
    use waxwing_testing::explore::{self, Model};
    use waxwing_testing::wasm::WasmModule;
    use waxwing_testing::{
        Host, Native, Outcome, Request, Response, Run, Scenario, Value, Wasm, json, on_every_host,
    };

    fn words() -> Value {
        json!({ "words": ["secret", "secretary", "hunter2"] })
    }

    #[test]
    fn words_are_found_wherever_the_body_is_cut() {
        let text = "a secret, a secretary and hunter2";
        for cut in 0..=text.len() {
            let host = Host::builder::<RedactBody>()
                .config(words())
                .origin(move |_| Response::new(200).chunks([&text[..cut], &text[cut..]]))
                .start();
            host.exchange(Request::get("/")).response().assert_body("a ***, a *** and ***");
        }
    }

    #[test]
    fn every_way_to_end_a_body_is_redacted() {
        let bodies: [fn(Response) -> Response; 4] = [
            |response| response.body("hunter2"),
            |response| response.body("hunter2").empty_end(),
            |response| response.chunks(["hun", "ter2"]).trailer("x-checksum", "7"),
            |response| response.chunks(["hunter", "2", ""]),
        ];
        for body in bodies {
            let host = Host::builder::<RedactBody>()
                .config(words())
                .origin(move |_| body(Response::new(200)))
                .start();
            host.exchange(Request::get("/")).response().assert_body("***");
        }
    }

    #[test]
    fn the_origin_cannot_compress_and_no_length_is_left() {
        let host = Host::builder::<RedactBody>()
            .config(words())
            .origin(|_| Response::new(200).header("content-length", "7").body("hunter2"))
            .start();
        let exchange = host.exchange(Request::get("/").header("accept-encoding", "gzip"));
        exchange.upstream_request().assert_no_header("accept-encoding");
        exchange.response().assert_no_header("content-length").assert_body("***");
    }

    #[test]
    fn a_replacement_is_not_searched_again() {
        let config = Config { words: vec!["a".into()], with: "aa".into(), limit: 10 };
        assert_eq!(config.redact(b"xax").as_deref(), Some(&b"xaax"[..]));
        assert_eq!(config.redact(b"xx"), None);
    }

    #[test]
    fn a_configuration_without_words_is_refused() {
        for config in [json!({ "words": [] }), json!({ "words": [""] })] {
            let refusal = Host::builder::<RedactBody>().config(config).try_start();
            refusal.unwrap_err().logs().assert_contains("`words` must have a word, and none that is empty");
        }
    }

    #[test]
    fn a_body_that_is_larger_than_the_limit_does_not_pass() {
        let host = |response: fn() -> Response| {
            let config = json!({ "words": ["secret"], "limit": 10 });
            Host::builder::<RedactBody>().config(config).origin(move |_| response()).start()
        };
        let stated = host(|| Response::new(200).header("content-length", "13").body("a long secret"));
        stated.exchange(Request::get("/")).local_response().assert_status(500);
        let unstated = host(|| Response::new(200).chunks(["a long", " secret"]));
        assert_eq!(unstated.exchange(Request::get("/")).outcome(), Outcome::Reset);
    }

    #[test]
    fn it_does_the_same_on_every_host() {
        let answer = |name, response: fn(Response) -> Response| {
            Scenario::new(name)
                .config(words())
                .request(Request::get("/").header("accept-encoding", "gzip"))
                .origin(move |_| response(Response::new(200)))
        };
        on_every_host::<RedactBody>(
            "redact-body",
            [
                answer("no body", |response| response),
                answer("one piece", |response| response.body("the secret is hunter2")),
                answer("a length", |response| response.header("content-length", "7").body("hunter2")),
                answer("two pieces", |response| response.chunks(["the sec", "ret is hunt", "er2"])),
                answer("trailers", |response| response.chunks(["hunt", "er2"]).trailer("x-checksum", "7")),
                answer("nothing to replace", |response| response.body("apples")),
                answer("bytes that are not text", |response| response.body(b"\xff\x00hunter2\xfe")),
            ],
        );
    }

    #[test]
    fn survives_what_took_others_down() {
        let scenario = Scenario::new("a word")
            .config(words())
            .origin(|_| Response::new(200).body("a secret"))
            .request(Request::get("/"));
        explore::incidents(&Native::<RedactBody>::new(), &scenario).check();
    }

    #[test]
    fn survives_each_failure_of_each_call() {
        let scenario = Scenario::new("words in both directions")
            .config(words())
            .request(Request::post("/").body("my secret"))
            .origin(|_| Response::new(200).body("the secretary knows hunter2"));
        let is_redacted = |run: &Run| {
            let passed = run.exchanges().iter().filter(|exchange| exchange.reached_client());
            passed
                .map(|exchange| exchange.response().body_bytes())
                .all(|body| !body.windows(7).any(|word| word == b"hunter2"))
        };
        explore::faults(&Native::<RedactBody>::new(), &scenario)
            .claim("no word passes", is_redacted)
            .hostile()
            .check();
    }

    #[test]
    fn in_every_order_the_words_are_found() {
        let scenario = Scenario::new("in pieces")
            .config(words())
            .request(Request::get("/"))
            .request(Request::post("/").body("my secret"))
            .origin(|_| Response::new(200).body("the secretary knows hunter2"));
        let module = WasmModule::build("redact-body").unwrap_or_else(|error| panic!("{error}"));
        let models: [(&dyn Model, usize); 2] =
            [(&Native::<RedactBody>::new(), 1000), (&Wasm::new(module), 100)];
        for (model, limit) in models {
            explore::orders(model, &scenario).limit(limit).disconnects().reconfigurations().check();
        }
    }
}
