use super::*;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;
use waxwing_knowledge::Knowing;
use waxwing_testing::{HostBuilder, HostCall};

fn builder() -> HostBuilder {
    Host::builder::<Knowing>()
        .dns("four", [Ipv4Addr::new(10, 0, 0, 7), Ipv4Addr::new(10, 0, 0, 6)])
        .dns("six", [Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 7)])
        .dns_failure("lost")
}

#[test]
fn a_stream_goes_on_with_the_addresses_that_the_test_has_given() {
    let host = builder().start();
    for (name, addresses) in
        [("four", "10.0.0.6 10.0.0.7"), ("six", "fd00::7"), ("lost", "failure"), ("no-such", "none")]
    {
        let exchange = host.exchange(Request::get("/").header("x-resolve", name));
        exchange.upstream_request().assert_header("x-addresses", addresses);
        let call = HostCall::ResolveDns { name: name.into() };
        assert!(exchange.timeline().calls().any(|(made, _)| *made == call), "{}", exchange.timeline());
    }
    assert!(
        host.timeline().to_string().contains("there is no name \"no-such\" in DNS"),
        "{}",
        host.timeline()
    );
}

#[test]
fn a_root_context_and_a_connection_look_names_up() {
    let host = builder().config("four\nlost").start();
    host.logs().assert_contains("four: 10.0.0.6 10.0.0.7");
    host.logs().assert_contains("lost: failure");
    let connection = host.connect();
    connection.send("six");
    connection.assert_upstream_received("fd00::7");
}

#[test]
fn an_answer_to_a_stream_that_has_ended_reaches_nobody() {
    let host = builder().start();
    let exchange = host.exchange(Request::get("/").header("x-resolve", "four").header("x-forget", "1"));
    exchange.local_response().assert_status(202);
    host.clock().advance(Duration::from_millis(1));
    host.logs().assert_lacks("the addresses are");
}
