//! The upstream server behind Envoy.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::admin::Admin;
use super::config::ORIGIN;
use super::event::Event;
use super::pace;
use super::wire::{Reader, response_pieces};

/// How long Envoy may take to send the rest of a request.
const PATIENCE: Duration = Duration::from_secs(5);

/// A server on loopback that takes one request per connection; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Origin {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    /// How many connections carry a request.
    busy: AtomicU64,
    /// How many connections are done with.
    closed: AtomicU64,
    ended: AtomicBool,
}

impl Origin {
    /// A socket for an origin. Envoy's configuration needs its address before the origin can ask Envoy.
    pub(super) fn socket() -> io::Result<TcpListener> {
        TcpListener::bind(("127.0.0.1", 0))
    }

    /// Serves on this socket; each request is an event.
    pub(super) fn serve(socket: TcpListener, admin: Admin, events: Sender<Event>) -> io::Result<Origin> {
        let address = socket.local_addr()?;
        let shared = Arc::new(Shared::default());
        let acceptor = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&socket, &shared, admin, &events)
        });
        Ok(Origin { address, shared, acceptor: Some(acceptor) })
    }

    /// How many connections carry a request.
    pub(super) fn busy(&self) -> u64 {
        self.shared.busy.load(Ordering::Acquire)
    }

    /// How many connections are done with.
    pub(super) fn closed(&self) -> u64 {
        self.shared.closed.load(Ordering::Acquire)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        // Wakes the acceptor; if even that fails, it is left alone rather than waited for.
        if TcpStream::connect(self.address).is_ok() {
            let _ = self.acceptor.take().map(JoinHandle::join);
        }
    }
}

fn accept(socket: &TcpListener, shared: &Arc<Shared>, admin: Admin, events: &Sender<Event>) {
    for stream in socket.incoming() {
        if shared.ended.load(Ordering::Acquire) {
            break;
        }
        let (shared, events) = (Arc::clone(shared), events.clone());
        thread::spawn(move || {
            // What goes wrong on a connection, Envoy notices, and the test sees what Envoy makes of it.
            let _ = stream.and_then(|stream| {
                // Envoy may open a connection and then not need it; the next stream gets it.
                stream.peek(&mut [0])?;
                shared.busy.fetch_add(1, Ordering::AcqRel);
                let result = serve(&stream, admin, &events);
                shared.busy.fetch_sub(1, Ordering::AcqRel);
                result
            });
            shared.closed.fetch_add(1, Ordering::AcqRel);
        });
    }
}

fn serve(stream: &TcpStream, admin: Admin, events: &Sender<Event>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let Some(incoming) = Reader::new(stream).request()? else { return Ok(()) };
    if !incoming.complete {
        let _ = events.send(Event::BrokeOff(incoming.message));
        return Ok(());
    }
    let method = incoming.message.method();
    let (reply, answer) = mpsc::channel();
    let _ = events.send(Event::Arrived { request: incoming.message, reply });
    // No answer at all means that the test has ended.
    if let Ok(Some(response)) = answer.recv() {
        let counter = format!("cluster.{ORIGIN}.upstream_cx_rx_bytes_total");
        let pieces = response_pieces(&response, &method);
        pace::send(stream, &pieces, admin, &counter, &AtomicBool::new(false))?;
    }
    stream.shutdown(Shutdown::Both)
}
