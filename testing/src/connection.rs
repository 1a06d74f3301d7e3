//! A TCP connection, step by step.

use crate::callout::Callout;
use crate::core::{Connection, HostCore, Sender};
use crate::failure;
use crate::log::Logs;
use crate::quoted::Quoted;
use crate::seen::mismatch;
use crate::style::{self, MARK};
use crate::tcp::TcpSide;
use crate::timeline::Timeline;
use crate::trap::{Sighting, Trap};
use crate::worker::Worker;
use std::fmt;
use std::rc::Rc;

/// A TCP connection through a [`Host`](crate::Host), of which the test plays both the client and the upstream.
///
/// The proxy connects to the upstream when the extension lets the new connection pass, and reads nothing of what the
/// client sends until then. It closes both connections when either has ended in both directions, whatever an extension
/// holds back; so does Envoy.
///
/// Dropping it leaves the connection open.
///
/// ```
/// # use waxwing::prelude::*;
/// # #[derive(Extension)]
/// # #[extension(tcp = Connection)]
/// # struct Shout;
/// # impl RootContext for Shout {
/// #     type Config = ();
/// #     fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> { Ok(Shout) }
/// # }
/// # struct Connection;
/// # #[callbacks]
/// # impl StreamContext for Connection {
/// #     type Root = Shout;
/// #     fn new(_: &Shout) -> Self { Connection }
/// #     fn on_downstream_data(&mut self, data: &mut DownstreamData<'_>) -> Result<Flow> {
/// #         let loud = data.bytes()?.to_ascii_uppercase();
/// #         data.replace(loud)?;
/// #         Ok(Flow::Continue)
/// #     }
/// # }
/// use waxwing_testing::Host;
///
/// let connection = Host::builder::<Shout>().start().connect();
/// connection.send("hello");
/// connection.assert_upstream_received("HELLO");
/// connection.upstream_sends("hi");
/// connection.assert_received("hi");
/// ```
#[derive(Clone)]
pub struct TcpConnection {
    worker: Worker,
    vm: Rc<HostCore>,
    connection: Rc<Connection>,
}

impl TcpConnection {
    #[track_caller]
    pub(crate) fn new(worker: Worker) -> Self {
        assert!(
            worker.core().vm().is_running(),
            "this host has been shut down: it takes no more connections"
        );
        let (vm, connection) = worker.core().accept_connection();
        let this = TcpConnection { worker, vm, connection };
        this.drive(|_| {});
        this
    }

    /// The client sends bytes, which the proxy reads at once. On a connection that is closed, they go nowhere.
    ///
    /// # Panics
    ///
    /// If the client has ended its side.
    #[track_caller]
    pub fn send(&self, bytes: impl AsRef<[u8]>) {
        self.play(Sender::Client, bytes.as_ref(), false);
    }

    /// The client ends its side: it sends no more, but still receives.
    ///
    /// # Panics
    ///
    /// If it has before.
    #[track_caller]
    pub fn end(&self) {
        self.play(Sender::Client, b"", true);
    }

    /// The client goes away, and takes nothing any more: the connection is reset.
    #[track_caller]
    pub fn disconnect(&self) {
        self.drive(|core| core.reset_connection(&self.connection));
    }

    /// The upstream sends bytes, which the proxy reads at once. On a connection that is closed, they go nowhere.
    ///
    /// # Panics
    ///
    /// If the upstream has ended its side, or the extension has kept the proxy from connecting to it.
    #[track_caller]
    pub fn upstream_sends(&self, bytes: impl AsRef<[u8]>) {
        self.play(Sender::Upstream, bytes.as_ref(), false);
    }

    /// The upstream ends its side: it sends no more, but still receives.
    ///
    /// # Panics
    ///
    /// If it has before, or the extension has kept the proxy from connecting to it.
    #[track_caller]
    pub fn upstream_ends(&self) {
        self.play(Sender::Upstream, b"", true);
    }

    /// The id of its context.
    pub fn context(&self) -> u32 {
        self.connection.context
    }

    /// What the client has seen so far.
    pub fn client(&self) -> TcpSide {
        self.side(Sender::Upstream)
    }

    /// What the upstream has seen so far.
    pub fn upstream(&self) -> TcpSide {
        self.side(Sender::Client)
    }

    /// Asserts that the client has received these bytes so far, and no others.
    #[track_caller]
    pub fn assert_received(&self, bytes: impl AsRef<[u8]>) -> &Self {
        self.assert_side("client", &self.client(), bytes.as_ref())
    }

    /// Asserts that the upstream has received these bytes so far, and no others.
    #[track_caller]
    pub fn assert_upstream_received(&self, bytes: impl AsRef<[u8]>) -> &Self {
        self.assert_side("upstream", &self.upstream(), bytes.as_ref())
    }

    /// Whether the proxy has connected to the upstream.
    pub fn is_connected(&self) -> bool {
        self.connection.is_connected()
    }

    /// Whether the connection is over: the extension or a peer has closed it.
    pub fn is_closed(&self) -> bool {
        self.connection.is_closed()
    }

    /// Asserts that the connection is over.
    #[track_caller]
    pub fn assert_closed(&self) -> &Self {
        if !self.is_closed() {
            self.fail("the connection is open");
        }
        self
    }

    /// Asserts that the connection is not over.
    #[track_caller]
    pub fn assert_open(&self) -> &Self {
        if self.is_closed() {
            self.fail("the connection is closed");
        }
        self
    }

    /// Whether the extension holds back what the client sends.
    pub fn is_paused(&self) -> bool {
        self.connection.is_paused(Sender::Client)
    }

    /// Asserts that the extension holds back what the client sends: after a pause in `on_new_connection` or
    /// `on_downstream_data`.
    #[track_caller]
    pub fn assert_paused(&self) -> &Self {
        if !self.is_paused() {
            self.fail("what the client sends is not held back");
        }
        self
    }

    /// What the client has sent and the extension holds back.
    pub fn held_data(&self) -> Vec<u8> {
        self.connection.held(Sender::Client)
    }

    /// What the upstream has sent and the extension holds back.
    pub fn held_upstream_data(&self) -> Vec<u8> {
        self.connection.held(Sender::Upstream)
    }

    /// The callouts that it has made and that have not been answered.
    pub fn waiting_on(&self) -> Vec<Callout> {
        self.vm.open_callouts(Some(self.context()))
    }

    /// What the extension has logged for this connection so far.
    pub fn logs(&self) -> Logs {
        Logs::new(self.connection.logs())
    }

    /// The trap that this connection met, in its own callbacks or as a VM that was dead already.
    ///
    /// A trap that a test has not looked at fails it; see [`Host::expect_trap`](crate::Host::expect_trap).
    pub fn trap(&self) -> Option<Trap> {
        self.connection.trap().as_ref().map(Sighting::look).cloned()
    }

    /// The callbacks and host calls so far.
    pub fn timeline(&self) -> Timeline {
        Timeline::new(self.connection.journal.events())
    }

    /// Whether this side has ended what it sends.
    pub(crate) fn has_ended(&self, sender: Sender) -> bool {
        self.connection.sent(sender).1
    }

    /// Why there is no connection to the upstream that could send something; `None` if there is, or all is over.
    pub(crate) fn why_not_connected(&self) -> Option<&'static str> {
        (!self.is_connected() && !self.is_closed()).then_some(
            "the proxy has not connected to the upstream: the extension has paused the new connection, and has not \
             resumed it",
        )
    }

    fn side(&self, sender: Sender) -> TcpSide {
        let (received, ended) = self.connection.arrived(sender);
        TcpSide { received, ended }
    }

    #[track_caller]
    fn play(&self, sender: Sender, bytes: &[u8], end: bool) {
        let name = sender.name();
        if self.has_ended(sender) {
            self.fail(&format!("the {name} has ended its side: it sends nothing any more"));
        }
        if sender == Sender::Upstream
            && let Some(why) = self.why_not_connected()
        {
            self.fail(why);
        }
        self.drive(|core| core.receive_bytes(&self.connection, sender, bytes, end));
    }

    /// Lets something happen, and all that follows from it at once.
    #[track_caller]
    fn drive(&self, happen: impl FnOnce(&Rc<HostCore>)) {
        happen(&self.vm);
        self.worker.process().settle();
        if let Some(trap) = self.vm.trap() {
            trap.keep(self.timeline().events(), || self.to_text());
        }
        self.worker.process().check();
    }

    #[track_caller]
    fn assert_side(&self, name: &str, side: &TcpSide, expected: &[u8]) -> &Self {
        let actual = side.received();
        if actual != expected {
            self.fail(&mismatch(&format!("the {name} received"), expected, actual));
        }
        self
    }

    /// What was sent, held back and received in both directions, and the timeline, with styles.
    fn to_text(&self) -> String {
        let mut text = String::new();
        for (sender, receiver) in [(Sender::Client, "upstream"), (Sender::Upstream, "client")] {
            let mark = |end: bool| if end { ", and the end" } else { "" };
            let (sent, sent_end) = self.connection.sent(sender);
            let (arrived, arrived_end) = self.connection.arrived(sender);
            let name = sender.name();
            text += &format!("\n\n  the {name} sent {}{}", Quoted(&sent), mark(sent_end));
            let held = self.connection.held(sender);
            if !held.is_empty() {
                text += &style::painted(MARK, &format!("\n  held back {}", Quoted(&held)));
            }
            text += &format!("\n  the {receiver} received {}{}", Quoted(&arrived), mark(arrived_end));
        }
        text + &format!("\n\ntimeline:{}", self.timeline().shown())
    }

    #[track_caller]
    fn fail(&self, problem: &str) -> ! {
        failure::fail(&format!("{problem}{}", self.to_text()));
    }
}

/// What was sent, held back and received in both directions, and the timeline.
impl fmt::Display for TcpConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&style::plain(&self.to_text()))
    }
}

impl fmt::Debug for TcpConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpConnection").field("context", &self.context()).finish_non_exhaustive()
    }
}
