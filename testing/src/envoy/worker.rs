//! Which of Envoy's workers takes a connection.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::Error;
use super::admin::Admin;
use super::config::LISTENER;

/// How long Envoy may take to take a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many connections are tried for each worker: requests in flight have theirs as well.
const TRIES: usize = 8;

/// The workers of an Envoy, and how to reach them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Workers {
    pub(super) listener: SocketAddr,
    /// A listener whose connections alone do not bother the extension, and its name.
    pub(super) side_door: (SocketAddr, &'static str),
    pub(super) admin: Admin,
    pub(super) count: usize,
}

impl Workers {
    /// A connection that this worker has taken.
    ///
    /// Envoy gives each to the worker that has the fewest, so those that others take are held until this one's turn
    /// has come.
    pub(super) fn connect(&self, worker: usize) -> Result<TcpStream, Error> {
        let mut held = Vec::new();
        if self.count == 1 {
            return dial(self.listener);
        }
        for _ in 0..self.count * TRIES {
            let before = self.taken(LISTENER)?;
            let stream = dial(self.listener)?;
            if self.await_more(LISTENER, &before)? == worker {
                return Ok(stream);
            }
            held.push(stream);
        }
        Err(Error::new(format!("Envoy's worker {worker} did not take any of {} connections", held.len())))
    }

    /// Has each worker take a connection and close it again: what each had begun before is over then.
    pub(super) fn pass(&self) -> Result<(), Error> {
        let (address, listener) = self.side_door;
        let before = self.taken(listener)?;
        let mut held = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let taken = self.taken(listener)?;
            if taken.iter().zip(&before).all(|(now, before)| now > before) {
                break;
            }
            if Instant::now() > deadline {
                return Err(Error::new(format!(
                    "not each of Envoy's workers took a connection within {PATIENCE:?}"
                )));
            }
            held.push(dial(address)?);
            self.await_more(listener, &taken)?;
        }
        drop(held);
        self.await_closed(listener)
    }

    /// Waits until a listener has no connections any more.
    pub(super) fn await_closed(&self, listener: &str) -> Result<(), Error> {
        let count = format!("listener.{listener}.downstream_cx_active");
        self.admin.await_stat(&count, PATIENCE, |active| active == 0)
    }

    /// How many connections each worker has taken.
    fn taken(&self, listener: &str) -> Result<Vec<u64>, Error> {
        let count =
            |worker| self.admin.stat(&format!("listener.{listener}.worker_{worker}.downstream_cx_total"));
        (0..self.count).map(count).collect()
    }

    /// The worker that takes one more.
    fn await_more(&self, listener: &str, before: &[u64]) -> Result<usize, Error> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let now = self.taken(listener)?;
            if let Some(worker) = now.iter().zip(before).position(|(now, before)| now > before) {
                return Ok(worker);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Err(Error::new(format!("no worker of Envoy's took a connection within {PATIENCE:?}")))
    }
}

fn dial(address: SocketAddr) -> Result<TcpStream, Error> {
    TcpStream::connect_timeout(&address, PATIENCE)
        .map_err(|error| Error::new(format!("Envoy does not listen: {error}")))
}
