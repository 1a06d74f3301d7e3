//! TCP connections: both kinds of streams in one extension, error policies, callouts and timers, and what a failed
//! assertion shows.

use super::*;
use std::time::Duration;
use waxwing_testing::{Callback, FailurePolicy, matching::any};

/// Declares an extension without state: the type of its connections, its error policy, and its callbacks.
macro_rules! tcp_extension {
    ($root:ident, $policy:expr, $connection:ident { $($callbacks:item)* }) => {
        #[derive(Extension)]
        #[extension(tcp = $connection)]
        struct $root;

        impl RootContext for $root {
            type Config = ();
            const ON_ERROR: ErrorPolicy = $policy;
            fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
                Ok($root)
            }
        }

        struct $connection;

        #[callbacks]
        impl StreamContext for $connection {
            type Root = $root;
            fn new(_: &$root) -> Self {
                $connection
            }
            $($callbacks)*
        }
    };
}

tcp_extension!(Whole, ErrorPolicy::FailClosed, WholeConnection {
    fn on_downstream_data(&mut self, data: &mut DownstreamData<'_>) -> Result<Flow> {
        Ok(if data.end_of_stream() { Flow::Continue } else { Flow::Pause })
    }

    fn on_upstream_data(&mut self, data: &mut UpstreamData<'_>) -> Result<Flow> {
        if data.end_of_stream() {
            data.append("!")?;
            data.prepend(">")?;
        }
        data.drain(1)?;
        Ok(Flow::Continue)
    }
});

#[test]
fn a_pause_holds_all_back_and_shows_it_again() {
    let connection = Host::builder::<Whole>().start().connect();
    connection.send("ab");
    connection.send("cd");
    connection.assert_paused().assert_upstream_received("");
    assert_eq!(connection.held_data(), b"abcd");
    connection.end();
    connection.assert_upstream_received("abcd").assert_open();
    assert!(connection.upstream().ended() && !connection.is_paused());
    connection.upstream_sends("xyz");
    connection.assert_received("yz");
    connection.upstream_ends();
    connection.assert_received("yz!").assert_closed();
    assert!(connection.client().ended());
}

#[test]
fn a_failed_assertion_shows_both_directions_and_the_timeline() {
    let connection = Host::builder::<Whole>().start().connect();
    connection.send("hello");
    connection.upstream_sends("world");
    let text = failure(|| {
        connection.assert_upstream_received("hello");
    });
    let expected = "the upstream received: expected \"hello\", got \"\"\n\n  \
                    the client sent \"hello\"\n  held back \"hello\"\n  the upstream received \"\"\n\n  \
                    the upstream sent \"world\"\n  the client received \"orld\"\n\ntimeline:\n   1 ";
    assert!(text.starts_with(expected), "{text}");
    assert!(text.contains("on_downstream_data #2 5 bytes") && text.contains("= Pause"), "{text}");
}

#[test]
fn what_a_test_cannot_do_is_said() {
    let host = Host::builder::<Whole>().start();
    let connection = host.connect();
    connection.end();
    let text = failure(|| connection.send("x"));
    assert!(text.starts_with("the client has ended its side: it sends nothing any more"), "{text}");
    host.shutdown();
    connection.assert_closed();
    let text = failure(|| drop(host.connect()));
    assert_eq!(text, "this host has been shut down: it takes no more connections");
}

tcp_extension!(Closed, ErrorPolicy::FailClosed, ClosedConnection {
    fn on_downstream_data(&mut self, data: &mut DownstreamData<'_>) -> Result<Flow> {
        if data.bytes()? == b"panic" { panic!("asked to") }
        Err(Error::new("not that"))
    }

    fn on_upstream_close(&mut self, _: &mut UpstreamClose<'_>) -> Result<()> {
        Err(Error::new("a pity"))
    }
});
tcp_extension!(Open, ErrorPolicy::FailOpen, OpenConnection {
    fn on_downstream_data(&mut self, _: &mut DownstreamData<'_>) -> Result<Flow> {
        Err(Error::new("not that"))
    }
});

#[test]
fn an_error_closes_the_connection_or_lets_it_go_on() {
    let connection = Host::builder::<Closed>().start().connect();
    connection.send("hello");
    connection.assert_closed().assert_upstream_received("");
    connection.logs().assert_contains("on_downstream_data (context 2): not that");

    let connection = Host::builder::<Open>().start().connect();
    connection.send("hello");
    connection.assert_open().assert_upstream_received("hello");
}

#[test]
fn an_error_where_nothing_passes_is_logged() {
    let connection = Host::builder::<Closed>().start().connect();
    connection.upstream_ends();
    connection.assert_open();
    connection.logs().assert_contains("on_upstream_connection_close (context 2): a pity");
}

#[test]
fn a_trap_closes_its_connection_and_later_ones_are_as_the_policy_says() {
    for (policy, is_closed) in [(FailurePolicy::Closed, true), (FailurePolicy::Open, false)] {
        let host = Host::builder::<Closed>().failure_policy(policy).start();
        let connection = host.connect();
        connection.send("panic");
        connection.assert_closed().assert_upstream_received("");
        assert!(connection.trap().is_some_and(|trap| trap.message.contains("asked to")));
        let later = host.connect();
        assert_eq!(later.is_closed(), is_closed);
        later.send("panic");
        later.assert_upstream_received(if is_closed { "" } else { "panic" });
        assert!(later.trap().is_some());
    }
}

tcp_extension!(Asking, ErrorPolicy::FailClosed, AskingConnection {
    fn on_new_connection(&mut self, connection: &mut NewConnection<'_>) -> Result<Flow> {
        let address = connection.property(&["source", "address"])?.unwrap_or_default();
        HttpCall::get("authz", "/").header("x-address", address).send(connection)?;
        Ok(Flow::Pause)
    }

    fn on_http_call_response(
        &mut self,
        _: HttpCallId,
        response: &HttpCallResponse<'_>,
        connection: &mut ConnectionView<'_>,
    ) -> Result<Flow> {
        if response.status()? != 200 {
            connection.close()?;
            return Ok(Flow::Pause);
        }
        Ok(Flow::Continue)
    }
});

#[test]
fn a_callout_decides_about_a_new_connection() {
    let host = Host::builder::<Asking>().property(["source", "address"], "10.0.0.7:4711").start();
    let authz = host.upstream("authz");
    let delay = Duration::from_millis(5);
    authz.on(any()).reply(Response::new(200)).delay(delay).then(Response::new(403));

    let connection = host.connect();
    connection.send("hello");
    connection.assert_paused().assert_upstream_received("");
    assert_eq!(connection.waiting_on()[0].request().headers().get("x-address"), Some(&b"10.0.0.7:4711"[..]));
    let text = failure(|| connection.upstream_sends("x"));
    assert!(text.starts_with("the proxy has not connected to the upstream"), "{text}");
    host.clock().advance(delay);
    connection.assert_open().assert_upstream_received("hello");

    let refused = host.connect();
    host.clock().advance(delay);
    refused.assert_closed();
    assert!(!refused.is_connected());
}

#[test]
fn an_answer_to_a_connection_that_is_gone_goes_nowhere() {
    let host = Host::builder::<Asking>().start();
    host.upstream("authz").on(any()).reply(Response::new(403)).delay(Duration::from_millis(5));
    let connection = host.connect();
    connection.disconnect();
    let callbacks = connection.timeline().callbacks();
    assert_eq!(
        callbacks,
        [Callback::ContextCreate, Callback::NewConnection, Callback::Delete],
        "{}",
        connection.timeline()
    );
    host.clock().advance(Duration::from_millis(5));
    assert!(host.logs().lines().is_empty(), "{:?}", host.logs());
}

/// Both kinds of streams.
#[derive(Extension)]
#[extension(http = BothStream, tcp = BothConnection)]
struct Both;

impl RootContext for Both {
    type Config = ();
    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(Both)
    }
}

struct BothStream;

#[callbacks]
impl HttpContext for BothStream {
    type Root = Both;
    fn new(_: &Both) -> Self {
        BothStream
    }
    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        request.headers_mut().set("x-kind", "stream")?;
        Ok(Action::Continue)
    }
    fn on_log(&mut self, stream: &mut StreamLog<'_>) -> Result<()> {
        stream.log(LogLevel::Info, "a stream is over");
        Ok(())
    }
}

struct BothConnection;

#[callbacks]
impl StreamContext for BothConnection {
    type Root = Both;
    fn new(_: &Both) -> Self {
        BothConnection
    }
    fn on_log(&mut self, connection: &mut ConnectionLog<'_>) -> Result<()> {
        connection.log(LogLevel::Info, "a connection is over");
        Ok(())
    }
}

#[test]
fn an_extension_with_both_kinds_of_streams_tells_them_apart() {
    let host = Host::builder::<Both>().start();
    host.exchange(Request::get("/")).upstream_request().assert_header("x-kind", "stream");
    let connection = host.connect();
    connection.disconnect();
    let lines: Vec<String> = host.logs().lines().iter().map(|line| line.message.clone()).collect();
    assert_eq!(lines, ["a stream is over", "a connection is over"]);
    assert_eq!(host.open_streams(), 0);
}
