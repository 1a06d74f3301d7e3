//! Envoy's own pages.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::Error;
use super::wire::Reader;

/// How often Envoy is asked while something is awaited.
const INTERVAL: Duration = Duration::from_millis(1);

/// For how long nothing has to move so that nothing will.
const QUIET: Duration = Duration::from_millis(40);

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Envoy's admin interface.
#[derive(Clone, Copy, Debug)]
pub(super) struct Admin {
    address: SocketAddr,
}

impl Admin {
    pub(super) fn new(address: SocketAddr) -> Self {
        Admin { address }
    }

    /// Whether Envoy has started.
    pub(super) fn ready(self) -> bool {
        self.page("/ready").is_ok_and(|page| page.trim() == "LIVE")
    }

    /// Where a listener listens.
    pub(super) fn listener(self, name: &str) -> Result<SocketAddr, Error> {
        let page = self.page("/listeners")?;
        let address =
            page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix("::")?.trim().parse().ok());
        address.ok_or_else(|| Error::new(format!("Envoy does not say where it listens: {page:?}")))
    }

    /// The value of a counter or gauge; 0 if it was never touched.
    pub(super) fn stat(self, name: &str) -> Result<u64, Error> {
        let page = self.page(&format!("/stats?filter=^{name}$"))?;
        let value =
            page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')?.trim().parse().ok());
        Ok(value.unwrap_or(0))
    }

    /// Waits until the value of a counter or gauge is right; an error if that takes more than this long.
    pub(super) fn await_stat(
        self,
        name: &str,
        patience: Duration,
        mut right: impl FnMut(u64) -> bool,
    ) -> Result<(), Error> {
        let start = Instant::now();
        loop {
            let value = self.stat(name)?;
            if right(value) {
                return Ok(());
            }
            if start.elapsed() > patience {
                return Err(Error::new(format!("Envoy's {name} was still {value} after {patience:?}")));
            }
            thread::sleep(INTERVAL);
        }
    }

    /// Waits until no more bytes have come or gone for a while: what follows from something at once has happened then. An
    /// error if there is no such time.
    pub(super) fn await_quiet(self) -> Result<(), Error> {
        let start = Instant::now();
        let (mut since, mut last) = (start, String::new());
        while start.elapsed() < PATIENCE {
            let page = self.page("/stats?filter=_bytes_total$")?;
            // Asking moves bytes as well.
            let moved = |line: &&str| !line.starts_with("http.admin.");
            let now: String = page.lines().filter(moved).collect();
            if now != last {
                (since, last) = (Instant::now(), now);
            } else if since.elapsed() >= QUIET {
                return Ok(());
            }
            thread::sleep(INTERVAL);
        }
        Err(Error::new(format!("bytes have come and gone through Envoy for {PATIENCE:?}")))
    }

    pub(super) fn page(self, path: &str) -> Result<String, Error> {
        let problem = |problem: String| {
            Error::new(format!("Envoy's admin page {path} at {} cannot be read: {problem}", self.address))
        };
        let read = || {
            let mut stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            write!(stream, "GET {path} HTTP/1.1\r\nhost: admin\r\n\r\n")?;
            Reader::new(stream).response("GET")
        };
        let answer = read().map_err(|error| problem(error.to_string()))?;
        let page =
            answer.filter(|answer| answer.complete).ok_or_else(|| problem("no answer".into()))?.message;
        Ok(String::from_utf8_lossy(&page.body_bytes()).into_owned())
    }
}
