//! The connections of scenarios, on the host model.

use crate::attempt::{Hang, Stop};
use crate::connection::TcpConnection;
use crate::core::Sender;
use crate::host::Host;
use crate::{TcpExchange, TcpScript, TcpStep};
use std::time::Duration;

/// How long a connection may take to end when both sides have ended theirs, as in Envoy.
const LAST_PATIENCE: Duration = Duration::from_millis(500);

/// Does what the script says on a connection, which a client has just opened.
///
/// # Errors
///
/// If something does not happen that the script waits for.
pub(crate) fn play(host: &Host, connection: &TcpConnection, script: &TcpScript) -> Result<TcpExchange, Stop> {
    for step in script.steps() {
        match step {
            TcpStep::ClientSends(bytes) => connection.send(bytes),
            TcpStep::ClientEnds => connection.end(),
            TcpStep::UpstreamSends(bytes) => {
                check_connected(connection)?;
                connection.upstream_sends(bytes);
            }
            TcpStep::UpstreamEnds => {
                check_connected(connection)?;
                connection.upstream_ends();
            }
            TcpStep::AwaitClient(count) => {
                wait(host, connection, step, || connection.client().received().len() >= *count)?;
            }
            TcpStep::AwaitUpstream(count) => {
                wait(host, connection, step, || connection.upstream().received().len() >= *count)?;
            }
            TcpStep::AwaitClientEnd => wait(host, connection, step, || connection.client().ended())?,
            TcpStep::AwaitUpstreamEnd => wait(host, connection, step, || connection.upstream().ended())?,
            TcpStep::Wait(time) => host.clock().advance(*time),
        }
    }
    Ok(finish(host, connection))
}

/// Lets time pass until something has happened.
fn wait(
    host: &Host,
    connection: &TcpConnection,
    step: &TcpStep,
    done: impl Fn() -> bool,
) -> Result<(), Stop> {
    host.process().wait(&done);
    if let Some(problem) = host.process().failure() {
        return Err(Stop::Failed(problem));
    }
    if done() {
        return Ok(());
    }
    let why = format!("{step:?}: that does not happen, and nothing is pending that could lead to it");
    let hang = Hang { why, evidence: connection.to_string() };
    Err(if connection.is_closed() { Stop::Closed(hang) } else { Stop::Hang(hang) })
}

/// Fails if there is no upstream yet that could send.
fn check_connected(connection: &TcpConnection) -> Result<(), Stop> {
    connection
        .why_not_connected()
        .map_or(Ok(()), |why| Err(Stop::Hang(Hang { why: why.to_owned(), evidence: connection.to_string() })))
}

/// Both sides end theirs.
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
