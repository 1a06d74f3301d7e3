use super::*;
use std::time::{Duration, SystemTime};
use waxwing::attributes::{Float, List, Path, connection, request, source, upstream, xds};

extension!(Knows, KnowsStream {
    fn on_request_headers(&mut self, headers: &mut RequestHeaders<'_>) -> Result<Action> {
        let score = Path::metadata("scores").then("of").then("client");
        let names = Path::new(["names"]);
        let facts = format!(
            "{} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            headers.attribute(source::ADDRESS)?.is_some_and(|address| address.port() == Some(7)),
            headers.attribute(connection::MTLS)?,
            headers.attribute(connection::URI_SAN_PEER_CERTIFICATE)?,
            headers.attribute(request::TIME)?.map(|time| time.as_secs()),
            headers.attribute(xds::NODE_ID)?,
            headers.attribute(score.of::<Float>())?,
            headers.attribute(names.of::<List>())?.map(|names| names.count()),
            headers.attribute(upstream::PORT)?,
        );
        let metadata = headers.attribute(xds::UPSTREAM_HOST_METADATA)?.map(<[u8]>::len);
        headers.log(LogLevel::Info, &format!("{metadata:?}"));
        headers.log(LogLevel::Info, &facts);
        Ok(Action::Continue)
    }
});

#[test]
fn an_attribute_is_given_by_its_type_for_the_host_or_one_request() {
    let host = Host::builder::<Knows>()
        .attribute(connection::MTLS, true)
        .attribute(xds::NODE_ID, "edge-1")
        .attribute(Path::metadata("scores").then("of").then("client").of::<Float>(), 0.5)
        .start();
    let request = Request::get("/")
        .attribute(source::ADDRESS, "[::1]:7")
        .attribute(connection::URI_SAN_PEER_CERTIFICATE, "spiffe://a/b")
        .attribute(request::TIME, SystemTime::UNIX_EPOCH + Duration::from_secs(9))
        .attribute(Path::new(["names"]).of::<List>(), ["a", "b"]);
    host.exchange(request).logs().assert_contains(
        "true Some(true) Some(\"spiffe://a/b\") Some(9) Some(\"edge-1\") Some(0.5) Some(2) None",
    );
    host.exchange(Request::get("/"))
        .logs()
        .assert_contains("false Some(true) None Some(1767225600) Some(\"edge-1\") Some(0.5) None None");
}

#[test]
fn an_attribute_of_another_type_is_an_error_that_names_it() {
    let host = Host::builder::<Knows>().property(["connection", "mtls"], "perhaps").start();
    let exchange = host.exchange(Request::get("/"));
    exchange.response().assert_status(500);
    exchange.logs().assert_contains("connection.mtls: malformed answer: not a truth value");
}

#[test]
fn an_attribute_is_found_by_the_name_that_it_had_before() {
    let host = Host::builder::<Knows>().property(["upstream_host_metadata"], "old").start();
    host.exchange(Request::get("/")).logs().assert_contains("Some(3)");
    let host = host_with_both();
    host.exchange(Request::get("/")).logs().assert_contains("Some(5)");
}

fn host_with_both() -> Host {
    Host::builder::<Knows>()
        .property(["upstream_host_metadata"], "old")
        .property(["xds", "upstream_host_metadata"], "newer")
        .start()
}
