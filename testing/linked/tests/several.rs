//! Several extensions in one test binary, in tests that run at the same time.
#![allow(missing_docs, reason = "a test")]

use std::thread;
use waxwing_linked::{auth, body, header};
use waxwing_testing::{Host, Request, Response, link};

link! {
    fn tagging = header::start;
    /// Starts as a closure says.
    fn authorizing = || proxy_wasm::set_root_context(|_| Box::<auth::Root>::default());
    fn shouting = || proxy_wasm::set_root_context(|_| Box::new(body::Root));
}

#[test]
fn each_host_has_its_own_extension() {
    let tagging = Host::linked(&tagging()).config("blue").start();
    let shouting = Host::linked(&shouting()).start();
    let authorizing = Host::linked(&authorizing()).config("authz").start();
    authorizing.upstream("authz").on(|_: &Request| true).reply(Response::new(200).body("Ana"));

    tagging.exchange(Request::get("/")).response().assert_header("x-tag", "blue");
    shouting.exchange(Request::post("/").body("a")).upstream_request().assert_body("A");
    authorizing.exchange(Request::get("/")).upstream_request().assert_header("x-user", "Ana");
    tagging.exchange(Request::get("/")).response().assert_header("x-tag", "blue");
}

#[test]
fn hosts_on_several_threads_share_nothing() {
    thread::scope(|scope| {
        for number in 0..8 {
            scope.spawn(move || {
                let host = Host::linked(&tagging()).config(number.to_string()).workers(2).start();
                for _ in 0..20 {
                    let exchange = host.worker(1).exchange(Request::get("/"));
                    exchange.response().assert_header("x-tag", number.to_string());
                    exchange.logs().assert_contains("request headers");
                }
            });
        }
    });
}
