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
