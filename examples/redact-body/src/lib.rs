//! Replaces words in response bodies, across the borders of chunks.
//!
//! The whole body is held back until it is complete: a word may begin in one chunk and end in another.
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

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        if !response.end_of_stream() {
            // The body may become longer or shorter; without a length it is sent in chunks.
            response.headers_mut().remove("content-length")?;
        }
        Ok(Action::Continue)
    }

    fn on_response_body(&mut self, body: &mut ResponseBody<'_>) -> Result<Flow> {
        if !body.end_of_stream() {
            return Ok(Flow::Pause);
        }
        if let Some(redacted) = self.config.redact(body.bytes()?) {
            body.replace(redacted)?;
        }
        Ok(Flow::Continue)
    }

    fn on_response_trailers(&mut self, response: &mut ResponseTrailers<'_>) -> Result<Flow> {
        // Where trailers follow, no part of the body was the last.
        if let Some(redacted) = self.config.redact(response.held_body()?) {
            response.replace_held_body(redacted)?;
        }
        Ok(Flow::Continue)
    }
}
