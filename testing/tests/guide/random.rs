//! Needs the feature `proptest`.

use super::extension::Gate;
use proptest::prelude::*;
use waxwing_testing::{Host, json, strategy};

#[test]
fn a_token_lets_any_request_pass() {
    proptest!(|(request in strategy::requests())| {
        let host = Host::builder::<Gate>().config(json!({ "user": "ana" })).start();
        let exchange = host.exchange(request.clone().header("x-token", "t"));
        exchange.upstream_request().assert_header("x-user", "ana").assert_body(request.body_bytes());
    });
}
