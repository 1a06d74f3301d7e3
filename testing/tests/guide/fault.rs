use super::extension::Auth;
use waxwing::Status;
use waxwing_testing::fault::{Failure, Fault};
use waxwing_testing::matching::any;
use waxwing_testing::{Answer, Host, HostCall, Native, Request, Response, Scenario, explore};

#[test]
fn a_callout_that_the_host_refuses_denies() {
    let host = Host::builder::<Auth>().start();
    host.fault(Fault::new("http_call", Status::INTERNAL_FAILURE).nth(1));
    host.exchange(Request::get("/orders")).local_response().assert_status(500);
}

#[test]
fn an_answer_that_is_cut_off_denies() {
    let host = Host::builder::<Auth>().start();
    host.upstream("authz").on(any());
    host.fault_with(|call| match call {
        HostCall::HeaderMapValue { key, .. } if key == b":status" => Some(Failure::Short(1)),
        _ => None,
    });
    host.exchange(Request::get("/orders")).assert_not_forwarded();
}

#[test]
fn no_failure_lets_a_request_in() {
    let decide = |request: &Request| {
        let known = request.headers().get("x-token") == Some(b"t0");
        Answer::from(Response::new(if known { 200 } else { 403 }).header("x-user", "ana"))
    };
    let scenario = Scenario::new("one is known, and one is not")
        .cluster("authz", decide)
        .request(Request::get("/orders").header("x-token", "t0"))
        .request(Request::get("/orders").header("x-token", "t1"));
    explore::faults(&Native::<Auth>::new(), &scenario)
        .fail_closed()
        .claim("nobody is answered with 404", |run| {
            run.exchanges()
                .iter()
                .all(|exchange| !exchange.reached_client() || exchange.response().status() != 404)
        })
        .check();
}
