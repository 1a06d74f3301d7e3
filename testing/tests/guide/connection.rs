use super::extension::Lines;
use waxwing_testing::Host;

#[test]
fn a_request_is_held_back_until_it_is_whole() {
    let connection = Host::builder::<Lines>().start().connect();

    connection.send("HELO exa");
    connection.assert_paused().assert_upstream_received("");
    connection.send("mple.com\n");
    connection.assert_upstream_received("HELO example.com\n");

    connection.upstream_sends("250 OK\n");
    connection.assert_received("250 OK\n");
    connection.end();
    connection.upstream_ends();
    connection.assert_closed();
}
