//! TCP connections: what passes, what is held back, who closes, and what can be read when.

use std::time::Duration;

use waxwing_testing::{Answer, TcpScript};

use super::*;

/// Logs each callback of a connection, with the sizes of both buffers.
const TRACE: &str = "* buffer-size 2\n* buffer-size 3\n";

/// A connection of the probe with this script.
fn traced(name: impl Into<String>, script: &str) -> Scenario {
    Scenario::new(name).config(format!("{TRACE}{script}"))
}

fn nothing() -> TcpScript {
    TcpScript::new()
}

fn both_ways() -> TcpScript {
    nothing().client_sends("hello").await_upstream(5).upstream_sends("world").await_client(5)
}

/// Time for the proxy to see an end.
fn pause(script: TcpScript) -> TcpScript {
    script.wait(Duration::from_millis(30))
}

#[test]
fn connections_pass_and_end_on_every_host_alike() {
    compare([traced("connections that pass and end", "")
        .connection(both_ways())
        .connection(nothing())
        .connection(nothing().client_sends("a").client_ends())
        .connection(
            both_ways()
                .client_ends()
                .await_upstream_end()
                .upstream_sends("more")
                .upstream_ends()
                .await_client_end(),
        )
        .connection(
            both_ways()
                .upstream_ends()
                .await_client_end()
                .client_sends("more")
                .await_upstream(9)
                .client_ends(),
        )]);
}

#[test]
fn what_is_held_back_is_shown_again_with_what_follows_on_every_host_alike() {
    let pieces = || pause(nothing().client_sends("a").client_sends("b").client_ends()).await_upstream_end();
    let upstream_pieces =
        || pause(nothing().upstream_sends("a").upstream_sends("b").upstream_ends()).await_client_end();
    compare([
        traced("what the client sends is held back", "downstream-data pause-until-end").connection(pieces()),
        traced("what the upstream sends is held back", "upstream-data pause-until-end").connection(upstream_pieces()),
        traced("what the client sends is held back and changed", "downstream-data pause-until-end\ndownstream-data set-bytes 2 0 0 <\ndownstream-data set-bytes 2 9 0 >")
            .connection(pieces()),
        traced("what the upstream sends is held back and changed", "upstream-data pause-until-end\nupstream-data set-bytes 3 0 0 <\nupstream-data set-bytes 3 9 0 >")
            .connection(upstream_pieces()),
    ]);
}

#[test]
fn data_is_read_and_changed_on_every_host_alike() {
    compare([Scenario::new("what passes on a connection is changed")
        .config(
            "* bytes 2 0 9
            * bytes 3 1 2
            * bytes 3 9 2
            downstream-data set-bytes 2 0 0 <
            downstream-data set-bytes 2 99 0 >
            downstream-data set-bytes 2 1 0 x
            downstream-data set-bytes 3 0 0 x
            upstream-data set-bytes 3 0 2 WO
            upstream-data set-bytes 3 3 1 x
            upstream-data set-bytes 2 0 0 x
            new-connection set-bytes 2 0 0 x
            log set-bytes 3 0 0 x",
        )
        .connection(both_ways())]);
}

#[test]
fn what_the_client_sends_is_resumed_on_every_host_alike() {
    let stepwise = pause(
        pause(nothing().upstream_sends("hi").await_client(2).client_sends("hello").client_sends("x"))
            .upstream_sends("go")
            .await_upstream(6)
            .client_sends("y")
            .upstream_sends("go")
            .await_upstream(7)
            .client_ends(),
    )
    .upstream_sends("bye")
    .await_upstream_end();
    compare([
        traced(
            "what the client sends is resumed by what the upstream sends",
            "downstream-data pause\nupstream-data continue 2",
        )
        .connection(stepwise),
        traced("what the client sends is resumed from its own callback", "downstream-data continue 2")
            .connection(both_ways()),
        traced(
            "what the client sends is resumed from its own callback, which pauses",
            "downstream-data continue 2\ndownstream-data pause",
        )
        .connection(both_ways().client_sends("x")),
        traced("a new connection is resumed from its own callback", "new-connection continue 2")
            .connection(both_ways()),
        traced(
            "a new connection is resumed from its own callback, which pauses",
            "new-connection continue 2\nnew-connection pause",
        )
        .connection(both_ways()),
        traced(
            "what the upstream sends cannot be resumed",
            "upstream-data continue 3\nupstream-data continue 4\nupstream-data close 4",
        )
        .connection(both_ways()),
    ]);
}

#[test]
fn an_extension_closes_a_connection_on_every_host_alike() {
    let ends = |script: TcpScript| script.await_client_end();
    let mut scenarios = Vec::new();
    for flow in ["", " pause"] {
        let paused =
            |callback: &str| if flow.is_empty() { String::new() } else { format!("{callback}{flow}\n") };
        for (callback, script) in [
            ("new-connection", nothing()),
            ("downstream-data", nothing().client_sends("hello")),
            ("upstream-data", nothing().upstream_sends("hello")),
        ] {
            let config = format!("{callback} close 2\n{}", paused(callback));
            scenarios.push(
                traced(format!("a connection is closed in {callback}{flow}"), &config)
                    .connection(ends(script)),
            );
        }
    }
    scenarios.push(
        traced("a connection is closed at the end of its upstream", "upstream-close close 2")
            .connection(ends(nothing().upstream_sends("hello").upstream_ends())),
    );
    scenarios.push(
        traced("the upstream's side is closed", "downstream-data close 3")
            .connection(ends(nothing().client_sends("hello"))),
    );
    scenarios.push(
        traced(
            "what is of HTTP is closed on a connection",
            "downstream-data close 0\ndownstream-data close 1",
        )
        .connection(both_ways()),
    );
    compare(scenarios);
}

#[test]
fn what_is_of_http_is_refused_for_a_connection_on_every_host_alike() {
    compare([Scenario::new("what is of HTTP, on a connection")
        .config(
            "downstream-data reply 403 x -
            downstream-data value 0 :path
            downstream-data add 0 a b
            downstream-data bytes 0 0 9
            downstream-data pairs 0
            downstream-data size 0
            downstream-data continue 0
            * property request.path
            * property source
            * property plugin_name
            * set-property a b
            * property a",
        )
        .plugin_name("probe")
        .connection(both_ways())]);
}

#[test]
fn a_callout_of_a_connection_is_answered_on_every_host_alike() {
    let serving = |scenario: Scenario| {
        scenario.cluster("authz", |_| Answer::from(Response::new(200)).after(Duration::from_millis(20)))
    };
    compare([
        serving(traced(
            "a new connection waits for a callout", "new-connection call authz GET / 1000\nnew-connection pause\ncall-response value 6 :status",
        ))
        .connection(both_ways()),
        serving(traced(
            "what the client sends waits for a callout", "downstream-data call authz GET / 1000\ndownstream-data pause\ncall-response bytes 2 0 9\ncall-response set-bytes 2 0 1 J",
        ))
        .connection(nothing().client_sends("hello").await_upstream(5)),
        serving(traced("a callout closes a new connection", "new-connection call authz GET / 1000\nnew-connection pause\ncall-response close 2"))
            .connection(nothing().await_client_end()),
    ]);
}

#[test]
fn what_is_held_back_is_lost_when_both_sides_have_ended_on_every_host_alike() {
    compare([
        traced("what the client sends is lost", "downstream-data pause").connection(
            pause(nothing().client_sends("hello").upstream_ends())
                .await_client_end()
                .client_ends()
                .await_upstream_end(),
        ),
        traced("what the upstream sends is lost", "upstream-data pause").connection(
            pause(nothing().upstream_sends("hello").upstream_ends()).client_ends().await_client_end(),
        ),
        // Nothing is logged, because it is not over when it is looked at.
        Scenario::new("what the client sends is held back for ever")
            .config("downstream-data pause")
            .connection(nothing().client_sends("hello")),
    ]);
}

#[test]
fn a_trap_closes_its_connection_on_every_host_alike() {
    let scripts = [
        ("new-connection", nothing().await_client_end()),
        ("downstream-data", nothing().client_sends("hello").await_client_end()),
        ("upstream-data", nothing().upstream_sends("hello").await_client_end()),
        ("upstream-close", nothing().upstream_sends("hello").upstream_ends().await_client_end()),
        ("downstream-close", both_ways()),
        ("log", both_ways()),
    ];
    let scenario = |policy: &str, (callback, script): (&str, TcpScript)| {
        Scenario::new(format!("a trap in {callback} of a connection, failing {policy}"))
            .config(format!("{callback} panic"))
            .expect_trap("the script says so")
            .connection(script)
    };
    let closed =
        scripts.clone().map(|script| scenario("closed", script).connection(nothing().await_client_end()));
    compare(closed);
    // What is open fails all the same.
    compare(scripts.map(|script| scenario("open", script).fail_open().connection(both_ways())));
}

#[test]
fn an_extension_closes_a_connection_at_the_upstreams_end_on_every_host_alike() {
    let ends = || nothing().upstream_sends("hello").await_client(5).upstream_ends().await_client_end();
    compare([Scenario::new("a connection is closed where its upstream's end is shown")
        .config(format!("{TRACE}upstream-data close-at-end 2\n"))
        .connection(ends())]);
}
