use super::extension::{Auth, Vouch};
use std::time::Duration;
use waxwing_testing::matching::{any, grpc, header, method, path};
use waxwing_testing::{Answer, Host, Phase, Request, Response};

#[test]
fn a_token_is_checked_before_the_request_goes_on() {
    let host = Host::builder::<Auth>().start();
    let authz = host.upstream("authz");
    authz
        .on(method("GET").and(path("/check")).and(header("x-token", "t0")))
        .named("a known token")
        .reply(Response::new(200).header("x-user", "ana"))
        .delay(Duration::from_millis(30))
        .times(1);
    authz.on(any()).reply(Response::new(403));

    let stream = host.open(Request::post("/orders").header("x-token", "t0").body("apples"));
    stream.assert_paused(Phase::RequestHeaders);
    assert_eq!(stream.waiting_on()[0].request().path(), "/check");
    host.clock().advance(Duration::from_millis(30));
    stream.finish().upstream_request().assert_header("x-user", "ana").assert_body("apples");

    host.exchange(Request::get("/orders").header("x-token", "t1")).local_response().assert_status(403);
}

#[test]
fn without_an_answer_nothing_reaches_the_upstream() {
    let host = Host::builder::<Auth>().start();
    host.upstream("authz").on(any()).hang().then(Answer::Reset).then(Answer::Refuse);

    for _ in 0..3 {
        let exchange = host.exchange(Request::get("/orders").header("x-token", "t0"));
        exchange.local_response().assert_status(503);
        exchange.assert_not_forwarded();
    }
}

#[test]
fn a_token_that_the_server_does_not_know_is_denied() {
    let host = Host::builder::<Vouch>().start();
    let authz = host.grpc_upstream("authz");
    authz.on(grpc::method("Check").and(grpc::message("t0"))).reply("ana").times(1);
    authz.on(grpc::any()).error(16, "who is this?").delay(Duration::from_millis(30));

    let exchange = host.exchange(Request::get("/orders").header("x-token", "t0"));
    exchange.upstream_request().assert_header("x-user", "ana");

    let exchange = host.exchange(Request::get("/orders").header("x-token", "t1"));
    exchange.local_response().assert_status(401);
    assert_eq!(authz.calls().len(), 2);
}
