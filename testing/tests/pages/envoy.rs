//! The code of `docs/envoy.md`.

use waxwing::Module;
use waxwing_testing::envoy::Envoy;
use waxwing_testing::{Native, Request, Scenario, json};

/// It is compiled, and not run: `testing/tests/envoy_runner` runs such things.
#[expect(dead_code, reason = "its module is where an author builds it")]
fn the_header_is_added<AddHeader: Module>() {
    let scenario = Scenario::new("adds the header")
        .config(json!({ "name": "x-tag", "value": "blue" }))
        .request(Request::get("/"));
    scenario
        .compare(&[&Native::<AddHeader>::new(), &Envoy::new("target/wasm32-wasip1/release/add_header.wasm")]);
}
