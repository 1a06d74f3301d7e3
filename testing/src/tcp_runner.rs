//! The connections of scenarios, on the host model.

use crate::connection::TcpConnection;
use crate::core::Sender;
use crate::host::Host;
use crate::{TcpExchange, TcpScript, TcpStep};
use std::time::Duration;

/// How long a connection may take to end when both sides have ended theirs, as in Envoy.
const LAST_PATIENCE: Duration = Duration::from_millis(500);

/// Opens a connection, and does what the script says.
#[track_caller]
pub(crate) fn play(host: &Host, script: &TcpScript) -> TcpExchange {
    let connection = host.connect();
    for step in script.steps() {
        match step {
            TcpStep::ClientSends(bytes) => connection.send(bytes),
            TcpStep::ClientEnds => connection.end(),
            TcpStep::UpstreamSends(bytes) => connection.upstream_sends(bytes),
            TcpStep::UpstreamEnds => connection.upstream_ends(),
            TcpStep::AwaitClient(count) => {
                wait(host, &connection, step, || connection.client().received().len() >= *count);
            }
            TcpStep::AwaitUpstream(count) => {
                wait(host, &connection, step, || connection.upstream().received().len() >= *count);
            }
            TcpStep::AwaitClientEnd => wait(host, &connection, step, || connection.client().ended()),
            TcpStep::AwaitUpstreamEnd => wait(host, &connection, step, || connection.upstream().ended()),
            TcpStep::Wait(time) => host.clock().advance(*time),
        }
    }
    finish(host, &connection)
}

/// Lets time pass until something has happened.
#[track_caller]
fn wait(host: &Host, connection: &TcpConnection, step: &TcpStep, done: impl Fn() -> bool) {
    host.process().wait(&done);
    host.process().check();
    assert!(
        done(),
        "{step:?}: that does not happen, and nothing is pending that could lead to it{connection}"
    );
}

/// Both sides end theirs.
#[track_caller]
fn finish(host: &Host, connection: &TcpConnection) -> TcpExchange {
    let patience = |done: bool| {
        if !done {
            host.clock().advance(LAST_PATIENCE);
        }
    };
    if !connection.has_ended(Sender::Client) {
        connection.end();
    }
    patience(connection.upstream().ended());
    if connection.upstream().ended() && connection.is_connected() && !connection.has_ended(Sender::Upstream) {
        connection.upstream_ends();
    }
    patience(connection.client().ended());
    let (client, mut upstream) = (connection.client(), connection.upstream());
    // A connection that there never was is over, too.
    upstream.ended |= !connection.is_connected();
    if !connection.is_closed() {
        // What the extension holds for ever goes when both have gone.
        connection.disconnect();
    }
    TcpExchange::new(client, upstream, connection.logs().lines().to_vec())
}
