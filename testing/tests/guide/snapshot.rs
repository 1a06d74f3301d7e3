//! Needs the feature `insta`.

use super::extension::Gate;
use waxwing_testing::{Host, Request, assert_trace, json};

#[test]
fn the_way_of_a_request() {
    let host = Host::builder::<Gate>().config(json!({ "user": "ana" })).start();
    assert_trace!(host.exchange(Request::get("/cart").header("x-token", "t")));
}
