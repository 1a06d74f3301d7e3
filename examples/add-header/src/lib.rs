//! Adds a configured header to every response.
//!
//! Run it: `cargo waxwing run examples/add-header`
#![forbid(unsafe_code)]

use serde::Deserialize;
use std::rc::Rc;
use waxwing::prelude::*;

#[derive(Deserialize)]
struct Config {
    name: String,
    value: String,
}

/// One per configured plugin instance.
#[derive(Extension)]
#[extension(http = AddHeaderStream)]
struct AddHeader {
    config: Rc<Config>,
}

impl RootContext for AddHeader {
    type Config = Json<Config>;

    fn configure(Json(config): Json<Config>, _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(AddHeader { config: Rc::new(config) })
    }
}

/// One per HTTP stream.
struct AddHeaderStream {
    config: Rc<Config>,
}

#[callbacks]
impl HttpContext for AddHeaderStream {
    type Root = AddHeader;

    fn new(root: &AddHeader) -> Self {
        AddHeaderStream { config: root.config.clone() }
    }

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        response.headers_mut().set(&self.config.name, &self.config.value)?;
        Ok(Action::Continue)
    }
}

#[cfg(test)]
mod tests {
    use super::AddHeader;
    use waxwing_testing::{
        Host, LogLevel, Native, Request, Response, Scenario, explore, json, on_every_host,
    };

    const BLUE: fn() -> waxwing_testing::Value = || json!({ "name": "x-tag", "value": "blue" });

    #[test]
    fn the_header_takes_the_place_of_the_origins() {
        let host = Host::builder::<AddHeader>()
            .config(BLUE())
            .origin(|_| Response::new(200).header("x-tag", "green").header("X-Tag", "red"))
            .start();
        let exchange = host.exchange(Request::get("/"));
        exchange.response().assert_status(200).assert_header_all("x-tag", ["blue"]);
    }

    #[test]
    fn a_configuration_that_does_not_parse_is_refused_without_showing_it() {
        let refusal = Host::builder::<AddHeader>().config(r#"{"name": "x-tag", "value": 2718}"#).try_start();
        let logs = refusal.unwrap_err().logs().clone();
        logs.assert_contains("configuration at `value`: invalid type, expected a string (line 1, column 31)");
        assert!(!logs.lines().iter().any(|line| line.message.contains("2718")));
    }

    #[test]
    fn a_header_that_would_smuggle_another_fails_closed() {
        let host = Host::builder::<AddHeader>().config(json!({ "name": "x", "value": "a\r\nb: c" })).start();
        let exchange = host.exchange(Request::get("/"));
        exchange.response().assert_status(500).assert_no_header("b");
        exchange.logs().assert_contains("a header value has CR, LF or NUL");
        assert!(exchange.logs().lines().iter().all(|line| line.level == LogLevel::Error));
    }

    #[test]
    fn it_does_the_same_on_every_host() {
        let scenario = |name| Scenario::new(name).config(BLUE());
        on_every_host::<AddHeader>(
            "add-header",
            [
                scenario("a response without body").request(Request::get("/")),
                scenario("an echoed body").request(Request::post("/orders?id=7").body("two apples")),
                scenario("a body in pieces, and trailers")
                    .request(Request::get("/"))
                    .origin(|_| Response::new(200).chunks(["two ", "apples"]).trailer("x-checksum", "7")),
                scenario("a header that the origin has already").request(Request::get("/")).origin(|_| {
                    Response::new(404).header("x-tag", "green").header("x-other", "1").body("no")
                }),
                scenario("a request for the headers only").request(Request::new("HEAD", "/")),
                scenario("two requests").request(Request::get("/1")).request(Request::get("/2")),
                Scenario::new("a value that is not a header value")
                    .config(json!({ "name": "x-tag", "value": "a\nb" }))
                    .request(Request::get("/")),
            ],
        );
    }

    #[test]
    fn survives_what_took_others_down() {
        let scenario = Scenario::new("a header").config(BLUE()).request(Request::get("/"));
        explore::incidents(&Native::<AddHeader>::new(), &scenario).check();
    }

    #[test]
    fn survives_each_failure_of_each_call() {
        let scenario = Scenario::new("a header").config(BLUE()).request(Request::get("/"));
        explore::faults(&Native::<AddHeader>::new(), &scenario).hostile().check();
    }

    #[test]
    fn in_every_order_the_response_has_the_header() {
        let scenario = Scenario::new("two requests")
            .config(BLUE())
            .request(Request::post("/").body("two apples"))
            .request(Request::get("/"));
        explore::orders(&Native::<AddHeader>::new(), &scenario).disconnects().reconfigurations().check();
    }
}
