//! One test on two hosts: an extension that does what the example `add-header` does, and the example's `.wasm`.
#![cfg(feature = "wasm")]

use serde_json::Value;
use waxwing::prelude::*;
use waxwing_testing::{HostBuilder, Request, Response, json, on_each_host};

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

#[waxwing_testing::test(extension = AddHeader, package = "add-header")]
fn a_host_is_given_by_the_attribute(host: HostBuilder) {
    let host = host.config(json!({ "name": "x-tag", "value": "blue" })).start();
    host.exchange(Request::get("/")).response().assert_header("x-tag", "blue");
}

#[waxwing_testing::test(extension = AddHeader, package = "add-header")]
#[should_panic(expected = "x-tag")]
fn what_is_said_about_the_function_holds_for_its_tests(host: HostBuilder) {
    let host = host.config(json!({ "name": "x-tag", "value": "blue" })).start();
    host.exchange(Request::get("/")).response().assert_header("x-tag", "red");
}

#[waxwing_testing::test(extension = AddHeader, package = "add-header")]
fn a_test_may_return_an_error(host: HostBuilder) -> std::result::Result<(), waxwing_testing::StartError> {
    host.config(json!({ "name": "x-tag", "value": "blue" })).try_start().map(drop)
}

#[cfg(feature = "envoy")]
#[waxwing_testing::test(extension = AddHeader, package = "add-header", hosts(native, wasm, envoy))]
fn a_runner_is_given_for_each_host(host: &dyn waxwing_testing::Runner) {
    let scenario = waxwing_testing::Scenario::new("a header")
        .config(json!({ "name": "x-tag", "value": "blue" }))
        .request(Request::get("/"));
    host.run(&scenario)[0].response().assert_header("x-tag", "blue");
}

#[test]
fn tests_are_named_by_their_hosts() {
    let list = std::process::Command::new(std::env::current_exe().unwrap()).arg("--list").output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    let mut names = vec![
        "a_host_is_given_by_the_attribute::native",
        "a_host_is_given_by_the_attribute::wasm",
        "adds_the_header_in_place_of_the_upstreams::native",
    ];
    if cfg!(feature = "envoy") {
        names.push("a_runner_is_given_for_each_host::envoy");
    }
    for name in names {
        assert!(list.lines().any(|line| line == format!("{name}: test")), "{name} is not in\n{list}");
    }
}
