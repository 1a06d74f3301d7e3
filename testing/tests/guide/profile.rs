use super::extension::{Auth, Gate, Patient};
use std::time::Duration;
use waxwing_testing::matching::any;
use waxwing_testing::{Host, Profile, Request, Response, json};

#[test]
fn strips_internal_headers_on_each_host() {
    Profile::each(|profile| {
        let host = Host::builder::<Gate>().profile(profile).config(json!({ "user": "ana" })).start();

        let exchange = host.exchange(Request::get("/cart").header("x-token", "t").header("x-internal", "1"));

        exchange.upstream_request().assert_header("x-user", "ana").assert_no_header("x-internal");
    });
}

#[test]
fn in_nginx_a_request_is_checked_by_the_host_of_that_name() {
    let host = Host::builder::<Auth>().profile(Profile::NGX_WASM_MODULE).start();
    host.upstream("authz")
        .on(any())
        .reply(Response::new(200).header("x-user", "ana"))
        .then(Response::new(403));

    let exchange = host.exchange(Request::get("/orders").header("x-token", "t0"));
    exchange.upstream_request().assert_header("x-user", "ana");

    host.exchange(Request::get("/orders").header("x-token", "t1")).local_response().assert_status(403);
}

#[test]
fn where_there_are_no_timers_a_request_is_refused_and_does_not_hang() {
    for profile in [Profile::APISIX, Profile::GOOGLE_SERVICE_EXTENSIONS] {
        let host = Host::builder::<Patient>().profile(profile).start();

        let stream = host.open(Request::get("/"));
        host.clock().advance(Duration::from_millis(50));

        let exchange = stream.finish();
        exchange.local_response().assert_status(500);
        exchange.logs().assert_contains("proxy_set_tick_period_milliseconds: unimplemented");
    }
}
