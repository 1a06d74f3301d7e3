//! The client in front of Envoy.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use super::pace::{self, Pace};
use super::wire::{Reader, request_pieces};
use crate::{Client, Response};

/// How long Envoy may be silent when it has everything.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends the request and reads the response; `None` if the connection ends before the response does, or if the client goes
/// away. `begun` is told, or dropped, when Envoy has read the first of it.
pub(super) fn exchange(
    stream: &TcpStream,
    client: &Client,
    pace: &Pace,
    begun: Sender<()>,
) -> io::Result<Option<Response>> {
    let mut pieces = request_pieces(client.request());
    if let Some(stop) = client.stop {
        pieces.truncate(stop + 1);
    }
    let pauses = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
    let patience = PATIENCE + client.pause * pauses + client.leave.unwrap_or_default();
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let answered = AtomicBool::new(false);
    thread::scope(|scope| {
        // A response may come before the request has ended, and ends it.
        scope.spawn(|| -> io::Result<()> {
            let offset = pace.offset()?;
            pace.send(stream, &pieces[..1], Duration::ZERO, &answered)?;
            pace.await_read(offset, &answered);
            drop(begun);
            if pieces.len() > 1 {
                pace::sleep(client.pause, &answered);
                pace.send(stream, &pieces[1..], client.pause, &answered)?;
            }
            if let Some(leave) = client.leave {
                pace.await_read(offset, &answered);
                let _ = pace.admin.await_quiet();
                pace::sleep(leave, &answered);
                if !answered.load(Ordering::Relaxed) {
                    stream.shutdown(Shutdown::Both)?;
                }
            }
            Ok(())
        });
        let response = Reader::new(stream).response(&client.request().method());
        answered.store(true, Ordering::Relaxed);
        let _ = stream.shutdown(Shutdown::Both);
        Ok(response?.filter(|response| response.complete).map(|response| response.message))
    })
}
