//! Sending pieces so that they stay pieces.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::admin::Admin;

/// How long Envoy may leave a piece unread; it does so while an extension holds more than it may buffer.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often a pause is interrupted to see whether it still matters.
const INTERVAL: Duration = Duration::from_millis(5);

/// What is sent to Envoy from one side, on however many connections, and what it has read of it.
#[derive(Debug)]
pub(super) struct Pace {
    pub(super) admin: Admin,
    /// The statistic of the bytes that Envoy has read from this side.
    counter: String,
    sent: AtomicU64,
}

impl Pace {
    pub(super) fn new(admin: Admin, counter: impl Into<String>) -> Self {
        Pace { admin, counter: counter.into(), sent: AtomicU64::new(0) }
    }

    /// Sends pieces one after the other, each once Envoy has read those before, and then after a pause.
    ///
    /// What Envoy reads at once reaches an extension at once, so without this a body would arrive in other
    /// pieces in each run. Ends early once `stop` is set.
    pub(super) fn send(
        &self,
        mut stream: &TcpStream,
        pieces: &[Vec<u8>],
        pause: Duration,
        stop: &AtomicBool,
    ) -> io::Result<()> {
        let offset = if pieces.len() > 1 { self.offset()? } else { 0 };
        for (index, piece) in pieces.iter().enumerate() {
            if index > 0 {
                self.await_read(offset, stop);
                sleep(pause, stop);
            }
            if stop.load(Ordering::Relaxed) {
                break;
            }
            self.sent.fetch_add(piece.len() as u64, Ordering::Relaxed);
            stream.write_all(piece)?;
        }
        Ok(())
    }

    /// How much more Envoy has read than was sent by this: what went before it.
    pub(super) fn offset(&self) -> io::Result<u64> {
        let sent = self.sent.load(Ordering::Relaxed);
        let read = self.admin.stat(&self.counter).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(read.wrapping_sub(sent))
    }

    /// Waits until all that was sent since then has been read, or Envoy does not want it now.
    pub(super) fn await_read(&self, offset: u64, stop: &AtomicBool) {
        let read_all = |read| read >= offset.wrapping_add(self.sent.load(Ordering::Relaxed));
        let _ = self
            .admin
            .await_stat(&self.counter, PATIENCE, |read| read_all(read) || stop.load(Ordering::Relaxed));
    }
}

/// Lets time pass, unless `stop` is set meanwhile.
pub(super) fn sleep(time: Duration, stop: &AtomicBool) {
    let start = Instant::now();
    while let Some(rest) = time.checked_sub(start.elapsed()).filter(|rest| !rest.is_zero()) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        thread::sleep(rest.min(INTERVAL));
    }
}
