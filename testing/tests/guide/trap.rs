use super::extension::{Gate, Tally};
use std::time::Duration;
use waxwing_testing::{FailurePolicy, Host, Request, json};

#[test]
fn a_panic_takes_the_vm_down() {
    let host = Host::builder::<Gate>().config(json!({ "user": "ana" })).start();

    host.exchange(Request::get("/").header("x-token", "panic")).local_response().assert_status(503);

    host.expect_trap("what a token");
    host.exchange(Request::get("/").header("x-token", "t")).local_response().assert_status(503);
}

#[test]
fn the_proxy_gets_over_it() {
    let host = Host::builder::<Gate>()
        .config(json!({ "user": "ana" }))
        .failure_policy(FailurePolicy::Reload(Duration::from_secs(1)))
        .start();

    host.exchange(Request::get("/").header("x-token", "panic")).local_response().assert_status(503);
    host.expect_trap("what a token");
    host.exchange(Request::get("/").header("x-token", "t")).local_response().assert_status(503);
    host.clock().advance(Duration::from_secs(1));

    host.exchange(Request::get("/").header("x-token", "t")).upstream_request().assert_header("x-user", "ana");
}

#[test]
fn the_count_goes_on_in_a_new_vm() {
    let host = Host::builder::<Tally>().start();
    host.exchange(Request::get("/")).response().assert_header("x-request", "1");

    host.worker(0).restart().unwrap();

    host.exchange(Request::get("/")).response().assert_header("x-request", "2");
}
