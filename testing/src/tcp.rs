//! A TCP connection through a proxy: what both sides do, and what they see.

use crate::log::{LogLine, Logs};
use std::time::Duration;

/// Something that happens on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TcpStep {
    /// The client sends bytes, which the proxy reads at once.
    ClientSends(Vec<u8>),
    /// The upstream sends bytes, which the proxy reads at once.
    UpstreamSends(Vec<u8>),
    /// The client ends its side: it sends no more, but still receives.
    ClientEnds,
    /// The upstream ends its side.
    UpstreamEnds,
    /// Waits until the client has received so many bytes in all.
    AwaitClient(usize),
    /// Waits until the upstream has received so many bytes in all.
    AwaitUpstream(usize),
    /// Waits until the client sees the end.
    AwaitClientEnd,
    /// Waits until the upstream sees the end.
    AwaitUpstreamEnd,
    /// Lets time pass.
    Wait(Duration),
}

/// What a client and an upstream do with a connection, one step after the other.
///
/// When the steps are over, the client ends its side, if it has not, and the upstream ends its own when it sees that.
///
/// ```
/// use waxwing_testing::{Scenario, TcpScript};
///
/// let script = TcpScript::new()
///     .client_sends("HELO ")
///     .client_sends("example.com\r\n")
///     .await_upstream(18)
///     .upstream_sends("250 OK\r\n")
///     .await_client(8);
/// let scenario = Scenario::new("greets").connection(script);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[must_use]
pub struct TcpScript {
    steps: Vec<TcpStep>,
}

impl TcpScript {
    /// A connection on which nobody says anything.
    pub fn new() -> Self {
        TcpScript::default()
    }

    /// The client sends bytes. A proxy has read what it sent before by then, unless it does not want to.
    pub fn client_sends(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(TcpStep::ClientSends(bytes.into()))
    }

    /// The upstream sends bytes, in the same way.
    pub fn upstream_sends(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(TcpStep::UpstreamSends(bytes.into()))
    }

    /// The client ends its side: it sends no more, but still receives.
    pub fn client_ends(self) -> Self {
        self.step(TcpStep::ClientEnds)
    }

    /// The upstream ends its side.
    pub fn upstream_ends(self) -> Self {
        self.step(TcpStep::UpstreamEnds)
    }

    /// Waits until the client has received so many bytes in all.
    pub fn await_client(self, bytes: usize) -> Self {
        self.step(TcpStep::AwaitClient(bytes))
    }

    /// Waits until the upstream has received so many bytes in all.
    pub fn await_upstream(self, bytes: usize) -> Self {
        self.step(TcpStep::AwaitUpstream(bytes))
    }

    /// Waits until the client sees the end.
    pub fn await_client_end(self) -> Self {
        self.step(TcpStep::AwaitClientEnd)
    }

    /// Waits until the upstream sees the end.
    pub fn await_upstream_end(self) -> Self {
        self.step(TcpStep::AwaitUpstreamEnd)
    }

    /// Lets time pass, virtual time in the model and real time in Envoy.
    pub fn wait(self, time: Duration) -> Self {
        self.step(TcpStep::Wait(time))
    }

    /// What happens, in order.
    pub fn steps(&self) -> &[TcpStep] {
        &self.steps
    }

    fn step(mut self, step: TcpStep) -> Self {
        self.steps.push(step);
        self
    }
}

/// What one side of a connection has seen.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TcpSide {
    pub(crate) received: Vec<u8>,
    pub(crate) ended: bool,
}

impl TcpSide {
    /// The bytes that it received.
    pub fn received(&self) -> &[u8] {
        &self.received
    }

    /// Whether it saw the end: the other side ended, or the proxy closed the connection. A connection that an extension
    /// holds for ever has none.
    pub fn ended(&self) -> bool {
        self.ended
    }
}

/// A connection that is over: what both sides saw, and what the extension logged.
#[derive(Clone, Debug)]
pub struct TcpExchange {
    pub(crate) client: TcpSide,
    pub(crate) upstream: TcpSide,
    pub(crate) logs: Logs,
}

impl TcpExchange {
    pub(crate) fn new(client: TcpSide, upstream: TcpSide, logs: Vec<LogLine>) -> Self {
        TcpExchange { client, upstream, logs: Logs::new(logs) }
    }

    /// What the client saw.
    pub fn client(&self) -> &TcpSide {
        &self.client
    }

    /// What the upstream saw. If the proxy opened no connection to it, that is the end and nothing else.
    pub fn upstream(&self) -> &TcpSide {
        &self.upstream
    }

    /// What the extension logged for this connection.
    pub fn logs(&self) -> &Logs {
        &self.logs
    }
}
