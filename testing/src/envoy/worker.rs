//! Which of Envoy's workers takes a connection.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::Error;
use super::admin::Admin;
use super::config::LISTENER;

/// How long Envoy may take to take a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// The workers of an Envoy, and how to reach them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Workers {
    pub(super) listener: SocketAddr,
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
            return self.dial();
        }
        for _ in 0..=self.count {
            let before = self.taken()?;
            let stream = self.dial()?;
            if self.await_more(&before)? == worker {
                return Ok(stream);
            }
            held.push(stream);
        }
        Err(Error::new(format!("Envoy's worker {worker} did not take any of {} connections", held.len())))
    }

    /// Has each worker take a connection and close it again: what each had begun before is over then.
    pub(super) fn pass(&self) -> Result<(), Error> {
        let before = self.taken()?;
        let mut held = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        while self.taken()?.iter().zip(&before).any(|(now, before)| now == before) {
            if Instant::now() > deadline {
                return Err(Error::new(format!(
                    "not each of Envoy's workers took a connection within {PATIENCE:?}"
                )));
            }
            let taken = self.taken()?;
            held.push(self.dial()?);
            self.await_more(&taken)?;
        }
        drop(held);
        self.admin
            .await_stat(&format!("http.{LISTENER}.downstream_cx_active"), PATIENCE, |active| active == 0)
    }

    fn dial(&self) -> Result<TcpStream, Error> {
        let dialled = TcpStream::connect_timeout(&self.listener, PATIENCE);
        dialled.map_err(|error| Error::new(format!("Envoy does not listen: {error}")))
    }

    /// How many connections each worker has taken.
    fn taken(&self) -> Result<Vec<u64>, Error> {
        let count =
            |worker| self.admin.stat(&format!("listener.{LISTENER}.worker_{worker}.downstream_cx_total"));
        (0..self.count).map(count).collect()
    }

    /// The worker that takes one more.
    fn await_more(&self, before: &[u64]) -> Result<usize, Error> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let now = self.taken()?;
            if let Some(worker) = now.iter().zip(before).position(|(now, before)| now > before) {
                return Ok(worker);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Err(Error::new(format!("no worker of Envoy's took a connection within {PATIENCE:?}")))
    }
}
