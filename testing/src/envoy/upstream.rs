//! The servers behind Envoy.

use std::io::{self, Read};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Error;
use super::admin::Admin;
use super::pace::Pace;
use super::wire::{Reader, response_pieces};
use crate::{Answer, Request, Response};

/// How long Envoy may take to send the rest of a request.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a server does with what it receives; on a thread for each connection.
pub(super) trait Service: Send + Sync + 'static {
    /// Answers a whole request. If Envoy says it, the client has connected from this port.
    fn answer(&self, request: Request, from: Option<u16>) -> Answer;

    /// Takes a part of a request whose rest will not come.
    fn broken_off(&self, part: Request, from: Option<u16>);
}

/// A server on loopback that takes one request per connection; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Upstream {
    address: SocketAddr,
    /// What its cluster's statistics are called.
    stat_name: String,
    connections: Arc<Connections>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Connections {
    /// How many carry a request.
    busy: AtomicU64,
    /// How many are done with.
    closed: AtomicU64,
    ended: AtomicBool,
}

impl Upstream {
    /// A socket for a server. Envoy's configuration needs its address before the server can ask Envoy.
    pub(super) fn socket() -> io::Result<TcpListener> {
        TcpListener::bind(("127.0.0.1", 0))
    }

    /// Serves on this socket; `identified` if Envoy says in front of each request who its client is.
    pub(super) fn serve(
        socket: TcpListener,
        stat_name: impl Into<String>,
        admin: Admin,
        service: impl Service,
        identified: bool,
    ) -> io::Result<Upstream> {
        let (address, stat_name) = (socket.local_addr()?, stat_name.into());
        let connections = Arc::new(Connections::default());
        let counter = format!("cluster.{stat_name}.upstream_cx_rx_bytes_total");
        let connection = Connection {
            service: Arc::new(service),
            pace: Arc::new(Pace::new(admin, counter)),
            identified,
            of: Arc::clone(&connections),
        };
        let acceptor = thread::spawn(move || accept(&socket, &connection));
        Ok(Upstream { address, stat_name, connections, acceptor: Some(acceptor) })
    }

    /// Whether it carries no request, and every connection is over for both sides, or idle.
    pub(super) fn is_at_rest(&self, admin: Admin) -> Result<bool, Error> {
        let stat = |name| admin.stat(&format!("cluster.{}.{name}", self.stat_name));
        let (opened, failed) = (stat("upstream_cx_total")?, stat("upstream_cx_connect_fail")?);
        let idle = stat("upstream_cx_active")?;
        let closed = self.connections.closed.load(Ordering::Acquire);
        Ok(self.connections.busy.load(Ordering::Acquire) == 0 && closed + idle == opened - failed)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.connections.ended.store(true, Ordering::Release);
        // Wakes the acceptor; if even that fails, it is left alone rather than waited for.
        if TcpStream::connect(self.address).is_ok() {
            let _ = self.acceptor.take().map(JoinHandle::join);
        }
    }
}

/// What serves a connection.
struct Connection<S> {
    service: Arc<S>,
    pace: Arc<Pace>,
    /// Whether Envoy says who the client is.
    identified: bool,
    of: Arc<Connections>,
}

impl<S> Clone for Connection<S> {
    fn clone(&self) -> Self {
        Connection {
            service: Arc::clone(&self.service),
            pace: Arc::clone(&self.pace),
            identified: self.identified,
            of: Arc::clone(&self.of),
        }
    }
}

fn accept<S: Service>(socket: &TcpListener, connection: &Connection<S>) {
    for stream in socket.incoming() {
        if connection.of.ended.load(Ordering::Acquire) {
            break;
        }
        let connection = connection.clone();
        thread::spawn(move || {
            // What goes wrong on a connection, Envoy notices, and the test sees what Envoy makes of it.
            let _ = stream.and_then(|stream| {
                let from = if connection.identified { identity(&stream)? } else { None };
                // Envoy may open a connection and then not need it; the next stream gets it.
                stream.peek(&mut [0])?;
                connection.of.busy.fetch_add(1, Ordering::AcqRel);
                let result = connection.serve(&stream, from);
                connection.of.busy.fetch_sub(1, Ordering::AcqRel);
                result
            });
            connection.of.closed.fetch_add(1, Ordering::AcqRel);
        });
    }
}

impl<S: Service> Connection<S> {
    fn serve(&self, stream: &TcpStream, from: Option<u16>) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let Some(incoming) = Reader::new(stream).request()? else { return Ok(()) };
        if !incoming.complete {
            self.service.broken_off(incoming.message, from);
            return Ok(());
        }
        let method = incoming.message.method();
        if let Some((response, pause)) = wait(stream, self.service.answer(incoming.message, from))? {
            let pieces = response_pieces(&response, &method);
            self.pace.send(stream, &pieces, pause, &AtomicBool::new(false))?;
        }
        stream.shutdown(Shutdown::Both)
    }
}

/// The line in front of a request, as far as it is of use: the port of the client. Read byte by byte, because the rest
/// belongs to the request.
fn identity(mut stream: &TcpStream) -> io::Result<Option<u16>> {
    let mut line = Vec::new();
    let mut byte = [0];
    while !line.ends_with(b"\r\n") && line.len() < PROXY_LINE_MAX {
        stream.read_exact(&mut byte)?;
        line.extend(byte);
    }
    let line = String::from_utf8_lossy(&line).into_owned();
    // PROXY TCP4 SOURCE DESTINATION SOURCE_PORT DESTINATION_PORT
    Ok(line.split_whitespace().nth(4).and_then(|port| port.parse().ok()))
}

/// The longest line of that protocol, in bytes.
const PROXY_LINE_MAX: usize = 107;

/// The response and its pauses, when its time has come; `None` if there will be none, or Envoy has gone meanwhile.
fn wait(stream: &TcpStream, mut answer: Answer) -> io::Result<Option<(Response, Duration)>> {
    loop {
        answer = match answer {
            Answer::Respond(response) => return Ok(Some((response, Duration::ZERO))),
            Answer::Slowly(response, pause) => return Ok(Some((response, pause))),
            Answer::BreakOff(response) => return Ok(Some((Answer::begun(response), Duration::ZERO))),
            Answer::After(delay, then) if is_open_for(stream, Some(delay))? => *then,
            Answer::Hang => {
                is_open_for(stream, None)?;
                return Ok(None);
            }
            // That a connection is refused was said before there was one.
            Answer::After(..) | Answer::Reset | Answer::Refuse => return Ok(None),
        };
    }
}

/// Whether the other side keeps the connection open for that long, or for ever.
fn is_open_for(stream: &TcpStream, time: Option<Duration>) -> io::Result<bool> {
    if time.is_some_and(|time| time.is_zero()) {
        return Ok(true);
    }
    stream.set_read_timeout(time)?;
    match stream.peek(&mut [0]) {
        Ok(length) => Ok(length > 0),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => Ok(true),
        Err(_) => Ok(false),
    }
}
