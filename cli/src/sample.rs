//! What an extension is run on: a configuration, requests, and what the upstream answers.
//!
//! A package keeps its own in its Cargo.toml:
//!
//! ```toml
//! [package.metadata.waxwing]
//! config = { name = "x-served-by", value = "waxwing" }    # or a string, passed on as it is
//!
//! [[package.metadata.waxwing.requests]]
//! path = "/orders"
//! headers = ["accept: text/plain"]
//! response = { status = 200, body = "two apples" }        # else the upstream echoes the request
//!
//! [package.metadata.waxwing.clusters]                     # what the upstreams of callouts answer
//! authz = { status = 200, headers = ["x-user: ana"] }
//! ```

use crate::args::{ConfigOptions, RequestOptions};
use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;
use waxwing_testing::{Request, Response};

/// The table `package.metadata.waxwing` of a Cargo.toml.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Samples {
    config: Value,
    requests: Vec<Sample>,
    clusters: BTreeMap<String, SampleResponse>,
}

/// One request, and the upstream's answer to it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Sample {
    method: Option<String>,
    path: Option<String>,
    headers: Vec<HeaderLine>,
    body: Option<String>,
    response: Option<SampleResponse>,
}

/// What an upstream answers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleResponse {
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: Vec<HeaderLine>,
    #[serde(default)]
    body: String,
}

/// A header, written `name: value`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub(crate) struct HeaderLine {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl Samples {
    /// The configuration for the plugin: from the command line if it has one, else the package's own.
    ///
    /// # Errors
    ///
    /// If the file with the configuration cannot be read.
    pub(crate) fn config(&self, options: &ConfigOptions) -> Result<Vec<u8>> {
        match (&options.config, &options.config_file, &self.config) {
            (Some(text), ..) => Ok(text.clone().into_bytes()),
            (None, Some(file), _) => read(file),
            (None, None, Value::Null) => Ok(Vec::new()),
            (None, None, Value::String(text)) => Ok(text.clone().into_bytes()),
            (None, None, table) => Ok(table.to_string().into_bytes()),
        }
    }

    /// The upstreams of callouts, and what each of them answers.
    pub(crate) fn clusters(&self) -> Vec<(String, Response)> {
        self.clusters.iter().map(|(name, response)| (name.clone(), response.assemble())).collect()
    }

    /// The requests to send: the one on the command line, else the package's own, else `GET /`.
    ///
    /// # Errors
    ///
    /// If the file with the body cannot be read.
    pub(crate) fn requests(&self, options: &RequestOptions) -> Result<Vec<(Request, Option<Response>)>> {
        if let Some(request) = request(options)? {
            return Ok(vec![(request, None)]);
        }
        if self.requests.is_empty() {
            return Ok(vec![(Request::get("/"), None)]);
        }
        Ok(self.requests.iter().map(|sample| (sample.request(), sample.response())).collect())
    }
}

impl Sample {
    fn request(&self) -> Request {
        let body = self.body.as_deref().map(|body| body.as_bytes().to_vec());
        assemble(self.method.as_deref(), self.path.as_deref(), &self.headers, body)
    }

    fn response(&self) -> Option<Response> {
        self.response.as_ref().map(SampleResponse::assemble)
    }
}

impl SampleResponse {
    fn assemble(&self) -> Response {
        let SampleResponse { status, headers, body } = self;
        let response = Response::new(*status);
        let response = headers.iter().fold(response, |response, HeaderLine { name, value }| {
            response.header(name.as_str(), value.as_str())
        });
        if body.is_empty() { response } else { response.body(body.as_str()) }
    }
}

/// The request of the command line; `None` if it says nothing about one.
fn request(options: &RequestOptions) -> Result<Option<Request>> {
    let RequestOptions { method, path, headers, body, body_file } = options;
    let body = match (body, body_file) {
        (Some(text), _) => Some(text.clone().into_bytes()),
        (None, Some(file)) => Some(read(file)?),
        (None, None) => None,
    };
    if method.is_none() && path.is_none() && headers.is_empty() && body.is_none() {
        return Ok(None);
    }
    Ok(Some(assemble(method.as_deref(), path.as_deref(), headers, body)))
}

fn assemble(
    method: Option<&str>,
    path: Option<&str>,
    headers: &[HeaderLine],
    body: Option<Vec<u8>>,
) -> Request {
    let method = method.unwrap_or(if body.is_some() { "POST" } else { "GET" });
    let request = Request::new(method, path.unwrap_or("/"));
    let request = headers
        .iter()
        .fold(request, |request, HeaderLine { name, value }| request.header(name.as_str(), value.as_str()));
    match body {
        Some(body) => request.body(body),
        None => request,
    }
}

fn read(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

fn ok() -> u16 {
    200
}

/// What may stand around the name and the value of a header.
const BLANKS: [char; 2] = [' ', '\t'];

impl FromStr for HeaderLine {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        // The colon of a pseudo-header (`:authority: example.com`) is part of its name.
        let colon = line.char_indices().skip(1).find(|(_, c)| *c == ':').map(|(at, _)| at);
        let (name, value) = match colon {
            Some(at) => (line[..at].trim_matches(BLANKS), line[at + 1..].trim_matches(BLANKS)),
            None => return Err("a header is `name: value`, as in `accept: text/html`".to_owned()),
        };
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(format!("`{}` is not the name of a header", name.escape_debug()));
        }
        if value.contains(|c: char| c.is_control() && c != '\t') {
            return Err(format!("the value of `{name}` has a control character"));
        }
        Ok(HeaderLine { name: name.to_owned(), value: value.to_owned() })
    }
}

impl TryFrom<String> for HeaderLine {
    type Error = String;

    fn try_from(line: String) -> Result<Self, String> {
        line.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOTHING: RequestOptions =
        RequestOptions { method: None, path: None, headers: Vec::new(), body: None, body_file: None };
    const NO_CONFIG: ConfigOptions = ConfigOptions { config: None, config_file: None };

    fn samples(table: Value) -> Samples {
        serde_json::from_value(table).unwrap()
    }

    fn line(text: &str) -> HeaderLine {
        text.parse().unwrap()
    }

    #[test]
    fn a_header_line_is_a_name_and_a_value() {
        for text in ["accept: text/html", "accept:text/html", " accept :  text/html "] {
            assert_eq!(line(text), HeaderLine { name: "accept".into(), value: "text/html".into() }, "{text}");
        }
        assert_eq!(line("x-empty:").value, "");
        assert_eq!(line("x-time: 10:30").value, "10:30");
    }

    #[test]
    fn a_pseudo_header_keeps_its_colon() {
        assert_eq!(
            line(":authority: shop.example"),
            HeaderLine { name: ":authority".into(), value: "shop.example".into() }
        );
    }

    #[test]
    fn a_header_line_cannot_smuggle_another() {
        for text in ["", ":", "accept", "a b: c", ": value", "a: b\r\nc: d", "a\n: b"] {
            assert!(text.parse::<HeaderLine>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_table_as_configuration_becomes_json() {
        let samples = samples(json!({ "config": { "name": "x" } }));
        assert_eq!(samples.config(&NO_CONFIG).unwrap(), br#"{"name":"x"}"#);
    }

    #[test]
    fn a_string_as_configuration_is_passed_on_as_it_is() {
        assert_eq!(samples(json!({ "config": "a = 1" })).config(&NO_CONFIG).unwrap(), b"a = 1");
        assert_eq!(Samples::default().config(&NO_CONFIG).unwrap(), b"");
    }

    #[test]
    fn the_command_line_overrides_the_configuration() {
        let options = ConfigOptions { config: Some("mine".into()), config_file: None };
        assert_eq!(samples(json!({ "config": "theirs" })).config(&options).unwrap(), b"mine");
    }

    #[test]
    fn samples_are_requests_with_their_answers() {
        let samples = samples(json!({ "requests": [
            { "path": "/a", "headers": ["x: 1", "x: 2"] },
            { "method": "PUT", "body": "hi", "response": { "status": 404, "body": "no" } },
        ] }));
        let requests = samples.requests(&NOTHING).unwrap();
        let (first, answer) = &requests[0];
        assert_eq!(*first, Request::get("/a").header("x", "1").header("x", "2"));
        assert!(answer.is_none());
        let (second, answer) = &requests[1];
        assert_eq!(*second, Request::new("PUT", "/").body("hi"));
        assert_eq!(*answer, Some(Response::new(404).body("no")));
    }

    #[test]
    fn clusters_have_a_name_and_an_answer() {
        let samples = samples(json!({ "clusters": { "authz": { "headers": ["x-user: ana"] } } }));
        assert_eq!(samples.clusters(), [("authz".to_owned(), Response::new(200).header("x-user", "ana"))]);
    }

    #[test]
    fn one_option_is_enough_for_a_request_of_ones_own() {
        let samples = samples(json!({ "requests": [{ "path": "/sample" }] }));
        let options = RequestOptions { body: Some("hi".into()), ..NOTHING };
        let requests = samples.requests(&options).unwrap();
        assert_eq!(requests, [(Request::post("/").body("hi"), None)]);
    }

    #[test]
    fn without_samples_the_root_is_requested() {
        assert_eq!(Samples::default().requests(&NOTHING).unwrap(), [(Request::get("/"), None)]);
    }

    #[test]
    fn a_misspelt_key_is_an_error() {
        let error = serde_json::from_value::<Samples>(json!({ "request": [] })).unwrap_err().to_string();
        assert!(error.contains("unknown field `request`"), "{error}");
    }
}
