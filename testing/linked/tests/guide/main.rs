//! The code of `docs/testing.md` about extensions on the crate `proxy-wasm`.
#![allow(missing_docs, reason = "a test")]

use waxwing_linked as my_extension;
use waxwing_testing::wasm::WasmModule;
use waxwing_testing::{Host, Linked, Request, Response, Scenario, Wasm, link};

link! {
    fn extension = my_extension::_initialize;
}

#[test]
fn the_user_is_told_to_the_upstream() {
    let host = Host::linked(&extension()).root_id("auth").config("authz").start();
    host.upstream("authz").on(waxwing_testing::matching::any()).reply(Response::new(200).body("ana"));

    let exchange = host.exchange(Request::get("/cart").header("authorization", "t"));

    exchange.upstream_request().assert_header("x-user", "ana");
}

#[test]
fn the_module_does_the_same() {
    let module = WasmModule::build("waxwing-linked").unwrap();
    Scenario::new("a tag")
        .config("blue")
        .request(Request::get("/cart").header("x-internal", "1"))
        .compare(&[&Linked::new(extension()), &Wasm::new(module)]);
}

#[test]
fn a_panic_takes_the_linked_vm_down() {
    let host = Host::linked(&extension()).root_id("flaw").start();

    host.exchange(Request::get("/").header("x-flaw", "panic")).local_response().assert_status(503);

    host.expect_trap("a flaw");
}
