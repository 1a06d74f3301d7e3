//! Sending pieces so that they stay pieces.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::admin::Admin;

/// How long Envoy may leave a piece unread; it does so while an extension holds more than it may buffer.
const PATIENCE: Duration = Duration::from_millis(500);

/// Sends pieces one after the other, each once Envoy has read those before.
///
/// What Envoy reads at once reaches an extension at once, so without this a body would arrive in other
/// pieces in each run. `counter` names the statistic of the bytes that Envoy has read from this side. Ends early
/// once `stop` is set.
pub(super) fn send(
    mut stream: &TcpStream,
    pieces: &[Vec<u8>],
    admin: Admin,
    counter: &str,
    stop: &AtomicBool,
) -> io::Result<()> {
    let ask = |error: super::Error| io::Error::other(error.to_string());
    let before = if pieces.len() > 1 { admin.stat(counter).map_err(ask)? } else { 0 };
    let mut sent = before;
    for (index, piece) in pieces.iter().enumerate() {
        if index > 0 {
            // Whether all of it was read or Envoy does not want it now: the next piece goes.
            let _ = admin.await_stat(counter, PATIENCE, |read| read >= sent || stop.load(Ordering::Relaxed));
        }
        if stop.load(Ordering::Relaxed) {
            break;
        }
        stream.write_all(piece)?;
        sent += piece.len() as u64;
    }
    Ok(())
}
