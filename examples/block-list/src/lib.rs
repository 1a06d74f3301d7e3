//! Answers 403 to requests by path or header.
//!
//! Run it: `cargo waxwing run examples/block-list --path /admin/users`
#![forbid(unsafe_code)]

use serde::Deserialize;
use std::rc::Rc;
use waxwing::prelude::*;

/// What is blocked. Unknown keys are refused: a misspelt rule would block nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Paths, each with everything below it.
    #[serde(default)]
    paths: Vec<String>,
    #[serde(default)]
    headers: Vec<HeaderRule>,
}

/// A header with a value that contains some text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderRule {
    name: String,
    contains: String,
}

impl Config {
    fn check(&self) -> Result<()> {
        if self.paths.is_empty() && self.headers.is_empty() {
            return Err(Error::new("the block list is empty: give it `paths` or `headers`"));
        }
        if let Some(index) = self.paths.iter().position(|path| !path.starts_with('/')) {
            return Err(Error::new(format!("paths[{index}]: a path starts with `/`")));
        }
        if let Some(index) = self.headers.iter().position(|rule| rule.name.is_empty()) {
            return Err(Error::new(format!("headers[{index}].name: it is empty")));
        }
        Ok(())
    }

    fn blocks_path(&self, path: &[u8]) -> bool {
        let path = path.split(|byte| *byte == b'?').next().unwrap_or_default();
        self.paths.iter().any(|blocked| {
            let below = path.strip_prefix(blocked.trim_end_matches('/').as_bytes());
            below.is_some_and(|below| below.is_empty() || below.starts_with(b"/"))
        })
    }
}

impl HeaderRule {
    fn matches(&self, value: &[u8]) -> bool {
        let text = self.contains.as_bytes();
        text.is_empty() || value.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text))
    }
}

#[derive(Extension)]
#[extension(http = BlockListStream)]
struct BlockList {
    config: Rc<Config>,
}

impl RootContext for BlockList {
    type Config = Json<Config>;

    fn configure(Json(config): Json<Config>, _cx: &mut Configure<'_>) -> Result<Self> {
        config.check()?;
        Ok(BlockList { config: Rc::new(config) })
    }
}

struct BlockListStream {
    config: Rc<Config>,
}

#[callbacks]
impl HttpContext for BlockListStream {
    type Root = BlockList;

    fn new(root: &BlockList) -> Self {
        BlockListStream { config: root.config.clone() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let headers = request.headers();
        if self.config.blocks_path(headers.get(":path")?.unwrap_or_default()) {
            return Ok(blocked("path"));
        }
        for rule in &self.config.headers {
            if headers.get_all(&rule.name)?.any(|value| rule.matches(value)) {
                return Ok(blocked("header"));
            }
        }
        Ok(Action::Continue)
    }
}

fn blocked(by: &'static str) -> Action {
    LocalResponse::new(403).header("x-blocked-by", by).details("block_list").body("blocked\n").into()
}

#[cfg(test)]
mod tests {
    use super::BlockList;
    use waxwing_testing::{Host, Native, Request, Scenario, Value, explore, json, on_every_host};

    fn rules() -> Value {
        json!({ "paths": ["/admin", "/internal/"], "headers": [{ "name": "User-Agent", "contains": "badbot" }] })
    }

    fn refusal(config: Value) -> String {
        let error = Host::builder::<BlockList>().config(config).try_start().unwrap_err();
        error.logs().lines().iter().map(|line| line.message.clone()).collect()
    }

    #[test]
    fn a_path_is_blocked_with_everything_below_it() {
        let host = Host::builder::<BlockList>().config(rules()).start();
        for path in ["/admin", "/admin/", "/admin/users", "/admin?x=1", "/internal", "/internal/x"] {
            let exchange = host.exchange(Request::get(path));
            exchange
                .response()
                .assert_status(403)
                .assert_header("x-blocked-by", "path")
                .assert_body("blocked\n");
            exchange.assert_not_forwarded();
        }
        for path in ["/", "/administrator", "/x/admin", "/ADMIN", "/?/admin"] {
            assert!(host.exchange(Request::get(path)).reached_upstream(), "{path}");
        }
    }

    #[test]
    fn every_value_of_a_header_is_looked_at() {
        let host = Host::builder::<BlockList>().config(rules()).start();
        let request = Request::get("/").header("user-agent", "curl").header("user-agent", "x BadBot/2");
        host.exchange(request).response().assert_status(403).assert_header("x-blocked-by", "header");
    }

    #[test]
    fn a_bad_configuration_is_refused_with_its_place() {
        assert!(refusal(json!({})).contains("the block list is empty"));
        assert!(refusal(json!({ "paths": ["/a", "b"] })).contains("paths[1]: a path starts with `/`"));
        assert!(
            refusal(json!({ "path": ["/a"] }))
                .contains("unknown field `path`, expected `paths` or `headers`")
        );
        assert!(
            refusal(json!({ "headers": [{ "name": "x" }] }))
                .contains("at `headers[0]`: missing field `contains`")
        );
    }

    #[test]
    fn it_does_the_same_on_every_host() {
        let scenario = |name| Scenario::new(name).config(rules());
        on_every_host::<BlockList>(
            "block-list",
            [
                scenario("nothing matches")
                    .request(Request::post("/orders").header("user-agent", "curl").body("x")),
                scenario("a path matches").request(Request::get("/admin/users?id=7")),
                scenario("a path matches, and the request has a body")
                    .request(Request::post("/admin").chunks(["one", "two"])),
                scenario("a header matches").request(Request::get("/").header("user-agent", "BadBot/2.0")),
                scenario("the headers only are asked for").request(Request::new("HEAD", "/admin")),
            ],
        );
    }

    #[test]
    fn survives_what_took_others_down() {
        let scenario = Scenario::new("nothing matches")
            .config(rules())
            .request(Request::get("/orders").header("user-agent", "curl"));
        explore::incidents(&Native::<BlockList>::new(), &scenario).check();
    }

    #[test]
    fn survives_each_failure_of_each_call() {
        let scenario = Scenario::new("one is blocked")
            .config(rules())
            .request(Request::post("/admin").body("two apples"))
            .request(Request::get("/orders").header("user-agent", "curl"));
        explore::faults(&Native::<BlockList>::new(), &scenario).fail_closed().hostile().check();
    }

    #[test]
    fn in_every_order_what_is_blocked_reaches_no_upstream() {
        let scenario = Scenario::new("one is blocked")
            .config(rules())
            .request(Request::post("/admin").body("two apples"))
            .request(Request::post("/orders").body("two apples"));
        explore::orders(&Native::<BlockList>::new(), &scenario).disconnects().reconfigurations().check();
    }
}
