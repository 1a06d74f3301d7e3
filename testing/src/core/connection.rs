//! A TCP connection: how it begins, what passes, how it ends.

use super::vm::Called;
use super::{HostCore, Journal};
use crate::log::LogLine;
use crate::timeline::Arguments;
use crate::trap::Sighting;
use std::cell::{Ref, RefCell, RefMut};
use std::collections::HashMap;
use std::rc::Rc;
use waxwing::__private::{Callback, PeerType};

/// A connection of a client, and the one to the upstream.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) context: u32,
    pub(crate) journal: Rc<Journal>,
    state: RefCell<State>,
}

/// What is known of a connection.
#[derive(Debug)]
pub(super) struct State {
    /// The extension is in the way at all.
    pub(super) installed: bool,
    /// The proxy has connected to the upstream. Until then it reads nothing of what the client sends.
    pub(super) connected: bool,
    /// Something is being read: whether the connection is over is looked at afterwards.
    reading: bool,
    pub(super) from_client: Way,
    pub(super) from_upstream: Way,
    /// The connection is over, on both sides.
    pub(super) closed: bool,
    /// What the guest has set, by raw path.
    pub(super) filter_state: HashMap<Vec<u8>, Vec<u8>>,
    pub(super) logs: Vec<LogLine>,
    trap: Option<Sighting>,
}

/// The bytes of one direction.
#[derive(Debug, Default)]
pub(super) struct Way {
    /// All that was sent.
    sent: Vec<u8>,
    sent_end: bool,
    /// What the proxy has not read of it yet.
    unread: Vec<u8>,
    unread_end: bool,
    /// What it has read, and not handed on.
    held: Vec<u8>,
    read_end: bool,
    /// What has arrived on the other side.
    arrived: Vec<u8>,
    arrived_end: bool,
    /// The guest can reach what is held: from a callback that sees it, until one lets it pass.
    shown: bool,
    /// Its callback has paused.
    paused: bool,
}

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    Client,
    Upstream,
}

impl Sender {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Sender::Client => "client",
            Sender::Upstream => "upstream",
        }
    }

    fn other(self) -> Sender {
        match self {
            Sender::Client => Sender::Upstream,
            Sender::Upstream => Sender::Client,
        }
    }
}

impl State {
    fn way(&self, sender: Sender) -> &Way {
        match sender {
            Sender::Client => &self.from_client,
            Sender::Upstream => &self.from_upstream,
        }
    }

    fn way_mut(&mut self, sender: Sender) -> &mut Way {
        match sender {
            Sender::Client => &mut self.from_client,
            Sender::Upstream => &mut self.from_upstream,
        }
    }

    /// What the guest can read and change of what a side has sent.
    pub(super) fn visible_mut(&mut self, sender: Sender) -> Option<&mut Vec<u8>> {
        let way = self.way_mut(sender);
        way.shown.then_some(&mut way.held)
    }
}

impl Connection {
    pub(super) fn state(&self) -> Ref<'_, State> {
        self.state.borrow()
    }

    pub(super) fn state_mut(&self) -> RefMut<'_, State> {
        self.state.borrow_mut()
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.state().connected
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// Whether the callback of what this side sends has paused, or that of the new connection for the client.
    pub(crate) fn is_paused(&self, sender: Sender) -> bool {
        let state = self.state();
        !state.closed && (state.way(sender).paused || (sender == Sender::Client && !state.connected))
    }

    /// What this side has sent, and whether it has ended.
    pub(crate) fn sent(&self, sender: Sender) -> (Vec<u8>, bool) {
        let state = self.state();
        (state.way(sender).sent.clone(), state.way(sender).sent_end)
    }

    /// What is held back of it.
    pub(crate) fn held(&self, sender: Sender) -> Vec<u8> {
        self.state().way(sender).held.clone()
    }

    /// What of it has arrived on the other side, and whether that has seen the end.
    pub(crate) fn arrived(&self, sender: Sender) -> (Vec<u8>, bool) {
        let state = self.state();
        (state.way(sender).arrived.clone(), state.closed || state.way(sender).arrived_end)
    }

    pub(crate) fn logs(&self) -> Vec<LogLine> {
        self.state().logs.clone()
    }

    pub(crate) fn trap(&self) -> Option<Sighting> {
        self.state().trap.clone()
    }
}

impl HostCore {
    /// A client connects.
    pub(crate) fn accept_connection(self: &Rc<Self>) -> Rc<Connection> {
        let dead = self.vm.trap();
        let installed = !self.vm.is_dead() || !self.passes_dead_vm();
        let state = State {
            installed,
            connected: false,
            reading: false,
            from_client: Way::default(),
            from_upstream: Way::default(),
            closed: false,
            filter_state: HashMap::new(),
            logs: Vec::new(),
            trap: dead,
        };
        let context = self.vm.new_context();
        let connection = Rc::new(Connection { context, journal: Rc::default(), state: RefCell::new(state) });
        self.roots.adopt(context, self.root());
        self.connections.borrow_mut().insert(context, connection.clone());
        if !installed {
            self.connect_upstream(&connection);
            return connection;
        }
        if !self.vm.is_dead() {
            self.call(Callback::ContextCreate, context, Arguments::Parent(self.root_of(context)), drop);
        }
        if self.passes(&connection, Callback::NewConnection, Arguments::None) {
            self.connect_upstream(&connection);
        }
        connection
    }

    /// One side sends bytes, or ends what it sends.
    pub(crate) fn receive_bytes(
        self: &Rc<Self>,
        connection: &Rc<Connection>,
        sender: Sender,
        bytes: &[u8],
        end: bool,
    ) {
        {
            let mut state = connection.state_mut();
            if state.closed {
                return;
            }
            let way = state.way_mut(sender);
            way.sent.extend_from_slice(bytes);
            way.unread.extend_from_slice(bytes);
            way.sent_end |= end;
            way.unread_end |= end;
        }
        let (name, size) = (sender.name(), bytes.len());
        connection.journal.host(match end {
            false => format!("the {name} sends {size} bytes"),
            true => format!("the {name} ends what it sends"),
        });
        self.read(connection, sender);
    }

    /// The client goes away, without an end of what it sends.
    pub(crate) fn reset_connection(self: &Rc<Self>, connection: &Rc<Connection>) {
        if !connection.is_closed() {
            connection.journal.host("the client resets the connection");
            self.close_connection(connection, PeerType::REMOTE);
        }
    }

    /// Goes on with what the client sends.
    pub(super) fn continue_reading(self: &Rc<Self>, connection: &Rc<Connection>) {
        if connection.is_closed() {
            connection.journal.host("the connection is closed: nothing is resumed");
        } else if !connection.is_connected() {
            self.connect_upstream(connection);
        } else {
            self.hand_on(connection, Sender::Client);
            if !connection.state().reading {
                self.close_if_over(connection, PeerType::LOCAL);
            }
        }
    }

    /// Closes both connections, and ends the context.
    pub(super) fn close_connection(self: &Rc<Self>, connection: &Rc<Connection>, by: PeerType) {
        if std::mem::replace(&mut connection.state_mut().closed, true) {
            return;
        }
        connection.journal.host("the connection is closed");
        let context = connection.context;
        if connection.state().installed {
            self.call(Callback::DownstreamConnectionClose, context, Arguments::Peer(by), drop);
            // What a connection answers here is ignored: it is deleted at once.
            self.call(Callback::Done, context, Arguments::None, drop);
            self.call(Callback::Log, context, Arguments::None, drop);
            self.call(Callback::Delete, context, Arguments::None, drop);
            if self.vm.is_dead() {
                connection.state_mut().trap = self.vm.trap();
            }
        }
        if !connection.state().reading {
            self.connections.borrow_mut().remove(&context);
            self.end_replaced_roots();
        }
    }

    /// The proxy connects to the upstream, and begins to read.
    fn connect_upstream(self: &Rc<Self>, connection: &Rc<Connection>) {
        {
            let mut state = connection.state_mut();
            if state.closed || state.connected {
                return;
            }
            state.connected = true;
        }
        connection.journal.host("connected to the upstream");
        self.read(connection, Sender::Client);
    }

    /// Reads what has come, shows it to the guest, and hands it on if that lets it pass.
    fn read(self: &Rc<Self>, connection: &Rc<Connection>, sender: Sender) {
        {
            let mut state = connection.state_mut();
            let State { connected, closed, .. } = *state;
            let way = state.way_mut(sender);
            if closed || !connected || (way.unread.is_empty() && !way.unread_end) {
                return;
            }
            let unread = std::mem::take(&mut way.unread);
            way.held.extend(unread);
            way.read_end |= std::mem::take(&mut way.unread_end);
        }
        connection.state_mut().reading = true;
        self.show(connection, sender);
        connection.state_mut().reading = false;
        if connection.is_closed() {
            self.connections.borrow_mut().remove(&connection.context);
            self.end_replaced_roots();
        }
        let trigger = if sender == Sender::Client { PeerType::REMOTE } else { PeerType::LOCAL };
        self.close_if_over(connection, trigger);
    }

    fn show(self: &Rc<Self>, connection: &Rc<Connection>, sender: Sender) {
        let (size, end_of_stream, installed) = {
            let mut state = connection.state_mut();
            let installed = state.installed;
            let way = state.way_mut(sender);
            way.shown = true;
            (way.held.len(), way.read_end, installed)
        };
        let callback = match sender {
            Sender::Client => Callback::DownstreamData,
            Sender::Upstream => Callback::UpstreamData,
        };
        let arguments = Arguments::Body { size, end_of_stream };
        let passes = !installed || self.passes(connection, callback, arguments);
        if !connection.is_closed() {
            let mut state = connection.state_mut();
            let way = state.way_mut(sender);
            way.paused = !passes;
            way.shown = !passes;
        }
        if sender == Sender::Upstream && end_of_stream && installed {
            // Whether or not the end passes, and also for a context that the guest has just been told to delete.
            let arguments = Arguments::Peer(PeerType::UNKNOWN);
            let callback = Callback::UpstreamConnectionClose;
            let failed = |called| called == Called::Failed;
            if self.call(callback, connection.context, arguments, failed) {
                self.fail_connection(connection);
            }
        }
        if passes {
            self.hand_on(connection, sender);
        }
    }

    /// Runs a callback on the way of bytes. True lets them pass.
    fn passes(
        self: &Rc<Self>,
        connection: &Rc<Connection>,
        callback: Callback,
        arguments: Arguments,
    ) -> bool {
        let called = self.call(callback, connection.context, arguments, |called| called);
        match called {
            Called::Absent => true,
            Called::Returned { value, .. } => value == 0,
            Called::Failed => {
                self.fail_connection(connection);
                false
            }
        }
    }

    /// What becomes of a connection whose guest has trapped, whatever the policy is: that is for later ones.
    fn fail_connection(self: &Rc<Self>, connection: &Rc<Connection>) {
        connection.state_mut().trap = self.vm.trap();
        self.close_connection(connection, PeerType::LOCAL);
    }

    /// Hands on what is held.
    fn hand_on(&self, connection: &Connection, sender: Sender) {
        let (size, end) = {
            let mut state = connection.state_mut();
            if state.closed {
                return;
            }
            let way = state.way_mut(sender);
            way.paused = false;
            let held = std::mem::take(&mut way.held);
            let end = way.read_end && !std::mem::replace(&mut way.arrived_end, way.read_end);
            let size = held.len();
            way.arrived.extend(held);
            (size, end)
        };
        if size > 0 || end {
            let end = if end { ", and the end" } else { "" };
            let to = sender.other().name();
            connection.journal.host(format!("{size} bytes{end} handed on to the {to}"));
        }
    }

    /// Closes both connections if one of them has ended in both directions. What is held back then is lost.
    fn close_if_over(self: &Rc<Self>, connection: &Rc<Connection>, by: PeerType) {
        let (clients, upstreams) = {
            let state = connection.state();
            let (client, upstream) = (&state.from_client, &state.from_upstream);
            (client.read_end && upstream.arrived_end, upstream.read_end && client.arrived_end)
        };
        if clients {
            self.close_connection(connection, by);
        } else if upstreams {
            self.close_connection(connection, PeerType::LOCAL);
        }
    }
}
