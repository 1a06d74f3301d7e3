//! Closes TCP connections whose first bytes are not of an allowed protocol.
//!
//! What a client sends is held back until it is known which protocol it speaks, and then goes on as it is. A client
//! that does not say enough, in bytes or in time, is refused: nobody knows what it is.
#![forbid(unsafe_code)]

mod protocol;

use core::time::Duration;
use protocol::{Protocol, Verdict};
use serde::Deserialize;
use std::rc::Rc;
use waxwing::prelude::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The protocols that may pass.
    allow: Vec<Protocol>,
    /// How many bytes may be held back to find out.
    #[serde(default = "eight_kib")]
    max_bytes: usize,
    /// How long that may take.
    #[serde(default = "five_seconds")]
    max_wait_milliseconds: u64,
}

fn eight_kib() -> usize {
    8 * 1024
}

fn five_seconds() -> u64 {
    5_000
}

impl Config {
    /// What is known from the first bytes of a client that sends more, or not.
    fn judge(&self, first: &[u8], is_all: bool) -> Verdict {
        let mut verdict = Verdict::No;
        for protocol in &self.allow {
            match protocol.judge(first) {
                Verdict::Yes => return Verdict::Yes,
                Verdict::Unclear if !is_all && first.len() < self.max_bytes => verdict = Verdict::Unclear,
                Verdict::Unclear | Verdict::No => {}
            }
        }
        verdict
    }
}

#[derive(Extension)]
#[extension(tcp = TcpSniffConnection)]
struct TcpSniff {
    config: Rc<Config>,
}

impl RootContext for TcpSniff {
    type Config = Json<Config>;

    fn configure(Json(config): Json<Config>, _cx: &mut Configure<'_>) -> Result<Self> {
        if config.allow.is_empty() {
            return Err(Error::new("`allow` must have a protocol: without one, nothing could pass"));
        }
        Ok(TcpSniff { config: Rc::new(config) })
    }
}

struct TcpSniffConnection {
    config: Rc<Config>,
    /// Until the protocol is known: what ends the patience.
    patience: Option<TimerId>,
    is_allowed: bool,
}

#[callbacks]
impl StreamContext for TcpSniffConnection {
    type Root = TcpSniff;

    fn new(root: &TcpSniff) -> Self {
        TcpSniffConnection { config: root.config.clone(), patience: None, is_allowed: false }
    }

    fn on_new_connection(&mut self, connection: &mut NewConnection<'_>) -> Result<Flow> {
        self.patience = Some(connection.set_timer(Duration::from_millis(self.config.max_wait_milliseconds))?);
        Ok(Flow::Continue)
    }

    fn on_downstream_data(&mut self, data: &mut DownstreamData<'_>) -> Result<Flow> {
        if self.is_allowed {
            return Ok(Flow::Continue);
        }
        let first = data.range(..self.config.max_bytes)?;
        match self.config.judge(first, data.end_of_stream()) {
            Verdict::Yes => {
                self.is_allowed = true;
                if let Some(patience) = self.patience.take() {
                    data.cancel_timer(patience);
                }
                Ok(Flow::Continue)
            }
            Verdict::Unclear => Ok(Flow::Pause),
            Verdict::No => {
                data.log(LogLevel::Info, "refused: it is not an allowed protocol");
                data.close()?;
                Ok(Flow::Pause)
            }
        }
    }

    fn on_timer(&mut self, _timer: TimerId, connection: &mut ConnectionView<'_>) -> Result<Flow> {
        connection.log(LogLevel::Info, "refused: it does not say what it is");
        connection.close()?;
        Ok(Flow::Pause)
    }
}

#[cfg(test)]
mod tests {
    use super::TcpSniff;
    use std::time::Duration;
    use waxwing_testing::{
        Host, Native, Scenario, TcpConnection, TcpScript, Value, explore, json, on_every_host,
    };

    const TLS: &[u8] = b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03";
    const POSTGRES: &[u8] = b"\x00\x00\x00\x08\x04\xd2\x16\x2f";
    const HTTP: &[u8] = b"GET /orders?page=1 HTTP/1.1\r\nhost: example.com\r\n\r\n";

    fn all() -> Value {
        json!({ "allow": ["tls", "http1", "postgres"] })
    }

    fn connect(config: Value) -> (Host, TcpConnection) {
        let host = Host::builder::<TcpSniff>().config(config).start();
        let connection = host.connect();
        (host, connection)
    }

    #[test]
    fn an_allowed_protocol_passes_wherever_its_first_bytes_are_cut() {
        for first in [TLS, POSTGRES, HTTP] {
            for cut in 1..first.len() {
                let (_host, connection) = connect(all());
                connection.send(&first[..cut]);
                connection.send(&first[cut..]);
                connection.assert_open().assert_upstream_received(first);
            }
        }
    }

    #[test]
    fn nothing_of_another_protocol_reaches_the_upstream() {
        for first in [&b"SSH-2.0-OpenSSH_9.6\r\n"[..], b"\x16\x03\x01\x00\xc8\x02", b"GET / HTTP/2.0\r\n"] {
            let (_host, connection) = connect(all());
            connection.send(first);
            connection.assert_closed().assert_upstream_received("");
            connection.logs().assert_contains("refused: it is not an allowed protocol");
        }
        let (_host, connection) = connect(json!({ "allow": ["tls"] }));
        connection.send(HTTP);
        connection.assert_closed().assert_upstream_received("");
    }

    #[test]
    fn what_follows_the_first_bytes_is_not_looked_at() {
        let (host, connection) = connect(all());
        connection.send(TLS);
        connection.send("SSH-2.0");
        host.clock().advance(Duration::from_secs(60));
        connection.assert_open().assert_upstream_received([TLS, b"SSH-2.0"].concat());
    }

    #[test]
    fn a_client_that_does_not_say_enough_is_refused() {
        let config = json!({ "allow": ["http1"], "max_bytes": 20, "max_wait_milliseconds": 200 });
        let (_host, connection) = connect(config.clone());
        connection.send("GET /a-path-that-is-too-long");
        connection.assert_closed();

        let (_host, connection) = connect(config.clone());
        connection.send("GET /");
        connection.assert_paused();
        connection.end();
        connection.assert_closed().assert_upstream_received("");

        let (host, connection) = connect(config);
        connection.send("GET /");
        host.clock().advance(Duration::from_millis(199));
        connection.assert_open();
        host.clock().advance(Duration::from_millis(10));
        connection.assert_closed().assert_upstream_received("");
        connection.logs().assert_contains("refused: it does not say what it is");
    }

    #[test]
    fn a_configuration_without_protocols_is_refused() {
        let refusal = Host::builder::<TcpSniff>().config(json!({ "allow": [] })).try_start();
        refusal.unwrap_err().logs().assert_contains("`allow` must have a protocol");
        let refusal = Host::builder::<TcpSniff>().config(json!({ "allow": ["ssh"] })).try_start();
        refusal
            .unwrap_err()
            .logs()
            .assert_contains("unknown variant, expected one of `tls`, `http1`, `postgres`");
    }

    #[test]
    fn it_does_the_same_on_every_host() {
        let client = |pieces: &[&[u8]]| {
            pieces.iter().fold(TcpScript::new(), |script, piece| script.client_sends(*piece))
        };
        let passes = |pieces: &[&[u8]]| {
            let length = pieces.iter().map(|piece| piece.len()).sum();
            client(pieces).await_upstream(length).upstream_sends("hello").await_client(5)
        };
        let runs = on_every_host::<TcpSniff>(
            "tcp-sniff",
            [
                Scenario::new("what passes, and what does not")
                    .config(all())
                    .connection(passes(&[TLS]))
                    .connection(passes(&[&TLS[..3], &TLS[3..], b"more"]))
                    .connection(passes(&[POSTGRES]))
                    .connection(passes(&[b"GET /", b" HTTP/1.1\r", b"\n"]))
                    .connection(client(&[b"SSH-2.0-OpenSSH_9.6\r\n"]).await_client_end())
                    .connection(client(&[b"GET /"]).client_ends().await_client_end())
                    .connection(TcpScript::new()),
                Scenario::new("a client that says nothing")
                    .config(json!({ "allow": ["tls"], "max_wait_milliseconds": 150 }))
                    .connection(client(&[b"\x16"]).await_client_end()),
            ],
        );
        let received: Vec<usize> =
            runs[0].connections().iter().map(|connection| connection.upstream().received().len()).collect();
        assert_eq!(received, [11, 15, 8, 16, 0, 0, 0]);
        runs[1].connections()[0].logs().assert_contains("refused: it does not say what it is");
    }

    #[test]
    fn survives_each_failure_of_each_call() {
        let says = |bytes: &[u8]| TcpScript::new().client_sends(bytes);
        let scenario = Scenario::new("one passes, one does not, and one says nothing")
            .config(all())
            .connection(
                says(&TLS[..3]).client_sends(&TLS[3..]).await_upstream(TLS.len()).upstream_sends("hello"),
            )
            .connection(says(b"SSH-2.0-OpenSSH_9.6\r\n"))
            .connection(TcpScript::new());
        explore::faults(&Native::<TcpSniff>::new(), &scenario).fail_closed().hostile().check();
    }
}
