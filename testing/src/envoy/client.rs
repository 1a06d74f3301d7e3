//! The client in front of Envoy.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::admin::Admin;
use super::config::LISTENER;
use super::pace;
use super::wire::{Reader, request_pieces};
use crate::{Request, Response};

/// How long Envoy may be silent.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends a request and reads the response; `None` if the connection ends before the response does.
pub(super) fn exchange(stream: &TcpStream, admin: Admin, request: &Request) -> io::Result<Option<Response>> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let pieces = request_pieces(request);
    let counter = format!("http.{LISTENER}.downstream_cx_rx_bytes_total");
    let answered = AtomicBool::new(false);
    thread::scope(|scope| {
        // A response may come before the request has ended, and ends it.
        scope.spawn(|| pace::send(stream, &pieces, admin, &counter, &answered));
        let response = Reader::new(stream).response(&request.method());
        answered.store(true, Ordering::Relaxed);
        let _ = stream.shutdown(Shutdown::Both);
        Ok(response?.filter(|response| response.complete).map(|response| response.message))
    })
}
