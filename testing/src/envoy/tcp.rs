//! TCP connections through Envoy.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::admin::Admin;
use super::config::LISTENER;
use super::instance::{Instance, cannot_listen};
use super::upstream::Upstream;
use super::{Config, Error, Start};
use crate::scenario::ORIGIN;
use crate::{TcpExchange, TcpScript, TcpSide, TcpStep};

/// How long a step may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a connection may take to end when both sides have ended theirs; it stays open while an extension holds it.
const LAST_PATIENCE: Duration = Duration::from_millis(500);

/// An Envoy with an extension in the way of connections, between a client and an upstream of this process.
#[derive(Debug)]
pub(super) struct TcpProxy {
    instance: Instance,
    socket: TcpListener,
}

impl TcpProxy {
    pub(super) fn start(start: &Start, config: &Config) -> Result<TcpProxy, Error> {
        let socket = Upstream::socket().map_err(cannot_listen)?;
        let address = socket.local_addr().map_err(cannot_listen)?;
        socket.set_nonblocking(true).map_err(cannot_listen)?;
        Ok(TcpProxy { instance: Instance::start(start, config, address)?, socket })
    }

    pub(super) fn reconfigure(&mut self, configuration: &[u8]) -> Result<bool, Error> {
        self.instance.reconfigure(configuration)
    }

    pub(super) fn into_instance(self) -> Instance {
        self.instance
    }

    /// Opens a connection, and does what the script says.
    pub(super) fn connect(&mut self, script: &TcpScript) -> Result<TcpExchange, Error> {
        self.instance.take_logs()?;
        let played = self.play(script);
        self.instance.resume_panic();
        let (client, upstream) = played.map_err(|error| self.instance.failure(&error.to_string()))?;
        let logs = self.instance.take_logs()?;
        Ok(TcpExchange::new(client, upstream, logs))
    }

    fn play(&self, script: &TcpScript) -> Result<(TcpSide, TcpSide), Error> {
        // One of before, which no step needed.
        while self.accept(Duration::ZERO)?.is_some() {}
        let admin = self.instance.admin();
        let side = |name, stream, counter, already_read| {
            Side::new(name, stream, counter, already_read)
                .map_err(|error| Error::new(format!("the connection of the {name} does not work: {error}")))
        };
        let read_from = |prefix: &str, direction: &str| format!("{prefix}.{direction}_cx_rx_bytes_total");
        let counter = read_from(&format!("tcp.{LISTENER}"), "downstream");
        let stat = admin.stat(&counter)?;
        let mut client = side("client", self.instance.workers.connect(0)?, counter, stat)?;
        let counter = read_from(&format!("cluster.{ORIGIN}"), "upstream");
        let already_read = admin.stat(&counter)?;
        let mut upstream = None;
        for step in script.steps() {
            if let TcpStep::UpstreamSends(_)
            | TcpStep::UpstreamEnds
            | TcpStep::AwaitUpstream(_)
            | TcpStep::AwaitUpstreamEnd = step
                && upstream.is_none()
            {
                let accepted = self.accept(PATIENCE)?.ok_or_else(|| {
                    Error::new(format!("Envoy did not connect to the upstream, for the step {step:?}"))
                })?;
                upstream = Some(side("upstream", accepted, counter.clone(), already_read)?);
            }
            // Only steps of the upstream need it, and for those it is there.
            match (step, &mut upstream) {
                (TcpStep::ClientSends(bytes), _) => client.send(bytes, admin)?,
                (TcpStep::ClientEnds, _) => client.end(),
                (TcpStep::AwaitClient(count), _) => client.await_bytes(*count)?,
                (TcpStep::AwaitClientEnd, _) => client.await_end()?,
                (TcpStep::UpstreamSends(bytes), Some(upstream)) => upstream.send(bytes, admin)?,
                (TcpStep::UpstreamEnds, Some(upstream)) => upstream.end(),
                (TcpStep::AwaitUpstream(count), Some(upstream)) => upstream.await_bytes(*count)?,
                (TcpStep::AwaitUpstreamEnd, Some(upstream)) => upstream.await_end()?,
                (TcpStep::Wait(time), _) => thread::sleep(*time),
                (_, None) => {}
            }
        }
        client.end();
        let start = Instant::now();
        // Envoy may have connected without a step that needed it.
        while upstream.is_none() && !client.has_ended() && start.elapsed() < LAST_PATIENCE {
            if let Some(accepted) = self.accept(Duration::from_millis(1))? {
                upstream = Some(side("upstream", accepted, counter.clone(), already_read)?);
            }
        }
        let mut over = true;
        if let Some(upstream) = &mut upstream {
            over = upstream.ends_within(LAST_PATIENCE);
            if over {
                upstream.end();
            }
        }
        over = over && client.ends_within(LAST_PATIENCE);
        let client = client.close();
        // A connection that there never was is over, too.
        let upstream = upstream.map_or(TcpSide { received: Vec::new(), ended: true }, Side::close);
        if over {
            self.instance.workers.await_closed(LISTENER)?;
        }
        Ok((client, upstream))
    }

    /// The connection that Envoy opens to the upstream.
    fn accept(&self, patience: Duration) -> Result<Option<TcpStream>, Error> {
        let start = Instant::now();
        loop {
            if let Ok((stream, _)) = self.socket.accept() {
                stream.set_nonblocking(false).map_err(cannot_listen)?;
                return Ok(Some(stream));
            }
            if start.elapsed() >= patience {
                return Ok(None);
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// One side of a connection.
#[derive(Debug)]
struct Side {
    name: &'static str,
    stream: TcpStream,
    seen: Arc<Seen>,
    reader: JoinHandle<()>,
    /// The statistic of the bytes that Envoy has read from this side of all connections.
    counter: String,
    already_read: u64,
}

/// What a side has seen so far.
#[derive(Debug, Default)]
struct Seen {
    side: Mutex<TcpSide>,
    changed: Condvar,
}

impl Seen {
    fn lock(&self) -> MutexGuard<'_, TcpSide> {
        self.side.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads until the end.
    fn read(&self, mut stream: TcpStream) {
        let mut space = [0; 16 * 1024];
        loop {
            // A connection that is reset has ended as well.
            let length = stream.read(&mut space).unwrap_or(0);
            let mut side = self.lock();
            side.received.extend_from_slice(&space[..length]);
            side.ended |= length == 0;
            self.changed.notify_all();
            if length == 0 {
                break;
            }
        }
    }

    /// Waits until this holds; false if it takes too long.
    fn becomes(&self, patience: Duration, right: impl Fn(&TcpSide) -> bool) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), patience, |side| !right(side));
        right(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }
}

impl Side {
    fn new(name: &'static str, stream: TcpStream, counter: String, already_read: u64) -> io::Result<Side> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let seen = Arc::new(Seen::default());
        let reader = thread::spawn({
            let (seen, stream) = (Arc::clone(&seen), stream.try_clone()?);
            move || seen.read(stream)
        });
        Ok(Side { name, stream, seen, reader, counter, already_read })
    }

    /// Sends bytes, and waits until Envoy has read them: what it reads at once reaches an extension at once. An extension
    /// can keep it from reading.
    fn send(&mut self, bytes: &[u8], admin: Admin) -> Result<(), Error> {
        // An error means that Envoy has closed the connection, which the side sees.
        if self.stream.write_all(bytes).is_ok() {
            self.already_read += bytes.len() as u64;
            let _ = admin.await_stat(&self.counter, LAST_PATIENCE, |read| read >= self.already_read);
        }
        Ok(())
    }

    fn end(&self) {
        // An error means that it has ended already.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    fn await_bytes(&self, count: usize) -> Result<(), Error> {
        if self.seen.becomes(PATIENCE, |side| side.received.len() >= count) {
            return Ok(());
        }
        let received = self.seen.lock().received.len();
        Err(Error::new(format!(
            "the {} has received {received} bytes of {count} after {PATIENCE:?}; does the extension hold the rest?",
            self.name
        )))
    }

    fn await_end(&self) -> Result<(), Error> {
        if self.ends_within(PATIENCE) {
            return Ok(());
        }
        Err(Error::new(format!("the {} has not seen the end after {PATIENCE:?}", self.name)))
    }

    fn has_ended(&self) -> bool {
        self.seen.lock().ended
    }

    fn ends_within(&self, patience: Duration) -> bool {
        self.seen.becomes(patience, |side| side.ended)
    }

    /// Closes the connection, and tells what was seen until then.
    fn close(self) -> TcpSide {
        let side = self.seen.lock().clone();
        let _ = self.stream.shutdown(Shutdown::Both);
        // It cannot panic.
        let _ = self.reader.join();
        side
    }
}
