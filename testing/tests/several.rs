//! Several extensions in one module.
#![cfg(all(feature = "wasm", feature = "envoy"))]
#![allow(missing_docs, reason = "a test")]

use std::time::Duration;
use waxwing_several::Several;
use waxwing_testing::{Answer, Callback, Host, Request, Response, Scenario, on_every_host};

#[test]
fn each_root_id_gets_its_own_extension_on_every_host() {
    // Without a callout in `configure`: Envoy configures on its main thread as well, and that one calls out too.
    let scenario = |root_id: &str| Scenario::new(root_id).root_id(root_id);
    on_every_host::<Several>(
        "waxwing-several",
        [
            scenario("tag").config("blue").request(Request::get("/")),
            scenario("block").request(Request::get("/")).request(Request::get("/").header("x-fail", "1")),
        ],
    );
}

#[test]
fn streams_of_each_extension_see_their_own_callbacks_and_error_policy() {
    let host = Host::builder::<Several>().root_id("tag").config("blue").start();
    let exchange = host.exchange(Request::get("/"));
    exchange.response().assert_status(200).assert_header("x-tag", "blue");
    exchange.logs().assert_contains("lets the response pass");

    let host = Host::builder::<Several>()
        .root_id("block")
        .config("reasons")
        .cluster("reasons", |_| Answer::from(Response::new(200).body("maintenance")))
        .start();
    host.clock().advance(Duration::from_millis(1));
    host.logs().assert_contains("maintenance");
    host.exchange(Request::get("/")).local_response().assert_status(403).assert_body("maintenance");
    host.exchange(Request::get("/").header("x-fail", "1")).local_response().assert_status(500);
}

#[test]
fn a_root_id_that_no_extension_has_is_refused_with_those_that_there_are() {
    for root_id in ["", "tags"] {
        let error = Host::builder::<Several>().root_id(root_id).try_start().unwrap_err();
        assert_eq!(error.refused_by(), Some(Callback::Configure));
        error.logs().assert_contains(&format!(
            "this module has no extension with the root_id `{root_id}`; it has `tag`, `block`"
        ));
    }
}

#[test]
fn a_root_context_that_has_something_left_to_do_is_deleted_when_it_is_done() {
    let host = Host::builder::<Several>()
        .root_id("block")
        .config("reasons")
        .cluster("reasons", |_| Answer::After(Duration::from_millis(5), Box::new(Response::new(200).into())))
        .start();
    host.clock().advance(Duration::from_millis(5));
    host.shutdown();
    assert_eq!(host.timeline().callbacks().last(), Some(&Callback::Done));
    host.clock().advance(Duration::from_millis(5));
    assert_eq!(
        host.timeline().callbacks()[4..],
        [Callback::Done, Callback::HttpCallResponse, Callback::Delete]
    );
}

#[test]
fn a_root_context_with_nothing_left_to_do_is_deleted_at_once() {
    let host = Host::builder::<Several>().root_id("block").start();
    host.shutdown();
    assert_eq!(host.timeline().callbacks()[3..], [Callback::Done, Callback::Delete]);
}

#[test]
fn a_vm_that_does_not_start_says_why() {
    let error = Host::builder::<Several>().root_id("block").vm_config("broken").try_start().unwrap_err();
    assert_eq!(error.refused_by(), Some(Callback::VmStart));
    error.logs().assert_contains("on_vm_start (context 1): the VM is configured as broken");
}
