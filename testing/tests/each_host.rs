//! One test on two hosts: an extension that does what the example `add-header` does, and the example's `.wasm`.
#![cfg(feature = "wasm")]

use serde_json::Value;
use waxwing::prelude::*;
use waxwing_testing::{Request, Response, json, on_each_host};

#[derive(Extension)]
#[extension(http = AddHeaderStream)]
struct AddHeader {
    config: Value,
}

impl RootContext for AddHeader {
    type Config = Vec<u8>;

    fn configure(config: Vec<u8>, _: &mut Configure<'_>) -> Result<Self> {
        Ok(AddHeader { config: serde_json::from_slice(&config)? })
    }
}

struct AddHeaderStream {
    config: Value,
}

#[callbacks]
impl HttpContext for AddHeaderStream {
    type Root = AddHeader;

    fn new(root: &AddHeader) -> Self {
        AddHeaderStream { config: root.config.clone() }
    }

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        let text = |key: &str| self.config[key].as_str().unwrap_or_default();
        response.headers_mut().set(text("name"), text("value"))?;
        Ok(Action::Continue)
    }
}

on_each_host! {
    extension: AddHeader,
    package: "add-header",

    fn adds_the_header_in_place_of_the_upstreams(host) {
        let host = host
            .config(json!({ "name": "x-tag", "value": "blue" }))
            .origin(|_| Response::new(200).header("x-tag", "red").header("x-tag", "green"))
            .start();
        host.exchange(Request::get("/")).response().assert_header("x-tag", "blue");
    }

    fn refuses_a_configuration_that_is_not_json(host) {
        assert!(host.config("{").try_start().is_err());
    }
}
