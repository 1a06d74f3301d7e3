//! A guest that does what a test says: any return code, any host call, at any time.

use crate::backend::Backend;
use crate::builder::HostBuilder;
use crate::panic;
use crate::timeline::Arguments;
use crate::trap::Trap;
use std::cell::RefCell;
use std::rc::Rc;
use waxwing::__private::{Callback, Callbacks, Guest, Host, LocalResponseParts, PeerType};

type Handler = Rc<dyn Fn(&dyn Host, u32, Arguments) -> u32>;

/// A guest made of closures. It exports the callbacks that have one.
#[derive(Default)]
pub(super) struct Script {
    handlers: Vec<(Callback, Handler)>,
    /// The host, while a callback runs.
    host: RefCell<Option<Rc<dyn Host>>>,
}

impl Script {
    /// A guest that exports nothing.
    pub(super) fn new() -> Self {
        Script::default()
    }

    /// Adds a callback, which returns the number that goes to the host.
    pub(super) fn on(
        mut self,
        callback: Callback,
        handler: impl Fn(&dyn Host, u32, Arguments) -> u32 + 'static,
    ) -> Self {
        self.handlers.push((callback, Rc::new(handler)));
        self
    }

    /// Adds callbacks that do nothing but return the number.
    pub(super) fn returning(self, value: u32, callbacks: impl IntoIterator<Item = Callback>) -> Self {
        callbacks.into_iter().fold(self, |script, callback| script.on(callback, move |_, _, _| value))
    }

    /// A host for it. All workers share the closures.
    pub(super) fn host(self) -> HostBuilder {
        let handlers = self.handlers;
        HostBuilder::new(move |_| {
            Ok(Rc::new(Script { handlers: handlers.clone(), host: RefCell::default() }))
        })
        .lenient()
    }

    fn run(&self, callback: Callback, context: u32, arguments: Arguments) -> u32 {
        let host = self.host.borrow().clone().expect("the host entered the guest");
        let (_, handler) =
            self.handlers.iter().find(|(other, _)| *other == callback).expect("it is exported");
        handler(&*host, context, arguments)
    }
}

impl Backend for Script {
    fn guest(&self) -> &dyn Guest {
        self
    }

    fn enter(&self, host: Rc<dyn Host>, callback: &mut dyn FnMut(&dyn Guest)) -> Result<(), Trap> {
        assert!(self.host.replace(Some(host)).is_none(), "the guest was re-entered");
        let entered = panic::catch(|| callback(self));
        self.host.replace(None);
        entered.map_err(|panic| panic.trap)
    }
}

impl Guest for Script {
    fn callbacks(&self) -> Callbacks {
        self.handlers.iter().fold(Callbacks::NONE, |set, (callback, _)| set.with(*callback))
    }

    fn on_context_create(&self, context: u32, parent: u32) {
        self.run(Callback::ContextCreate, context, Arguments::Parent(parent));
    }

    fn on_vm_start(&self, root: u32, size: usize) -> bool {
        self.run(Callback::VmStart, root, Arguments::Size(size)) != 0
    }

    fn on_configure(&self, root: u32, size: usize) -> bool {
        self.run(Callback::Configure, root, Arguments::Size(size)) != 0
    }

    fn on_tick(&self, root: u32) {
        self.run(Callback::Tick, root, Arguments::None);
    }

    fn on_queue_ready(&self, root: u32, queue: u32) {
        self.run(Callback::QueueReady, root, Arguments::Queue(queue));
    }

    fn on_request_headers(&self, context: u32, count: usize, end_of_stream: bool) -> u32 {
        self.run(Callback::RequestHeaders, context, Arguments::Headers { count, end_of_stream })
    }

    fn on_request_body(&self, context: u32, size: usize, end_of_stream: bool) -> u32 {
        self.run(Callback::RequestBody, context, Arguments::Body { size, end_of_stream })
    }

    fn on_request_trailers(&self, context: u32, count: usize) -> u32 {
        self.run(Callback::RequestTrailers, context, Arguments::Trailers(count))
    }

    fn on_request_metadata(&self, context: u32, count: usize) -> u32 {
        self.run(Callback::RequestMetadata, context, Arguments::Metadata(count))
    }

    fn on_response_headers(&self, context: u32, count: usize, end_of_stream: bool) -> u32 {
        self.run(Callback::ResponseHeaders, context, Arguments::Headers { count, end_of_stream })
    }

    fn on_response_body(&self, context: u32, size: usize, end_of_stream: bool) -> u32 {
        self.run(Callback::ResponseBody, context, Arguments::Body { size, end_of_stream })
    }

    fn on_response_trailers(&self, context: u32, count: usize) -> u32 {
        self.run(Callback::ResponseTrailers, context, Arguments::Trailers(count))
    }

    fn on_response_metadata(&self, context: u32, count: usize) -> u32 {
        self.run(Callback::ResponseMetadata, context, Arguments::Metadata(count))
    }

    fn on_new_connection(&self, context: u32) -> u32 {
        self.run(Callback::NewConnection, context, Arguments::None)
    }

    fn on_downstream_data(&self, context: u32, size: usize, end_of_stream: bool) -> u32 {
        self.run(Callback::DownstreamData, context, Arguments::Body { size, end_of_stream })
    }

    fn on_upstream_data(&self, context: u32, size: usize, end_of_stream: bool) -> u32 {
        self.run(Callback::UpstreamData, context, Arguments::Body { size, end_of_stream })
    }

    fn on_downstream_connection_close(&self, context: u32, peer: u32) {
        self.run(Callback::DownstreamConnectionClose, context, Arguments::Peer(PeerType(peer)));
    }

    fn on_upstream_connection_close(&self, context: u32, peer: u32) {
        self.run(Callback::UpstreamConnectionClose, context, Arguments::Peer(PeerType(peer)));
    }

    fn on_http_call_response(
        &self,
        context: u32,
        token: u32,
        headers: usize,
        body_size: usize,
        trailers: usize,
    ) {
        let arguments = Arguments::HttpCall { token, headers, body_size, trailers };
        self.run(Callback::HttpCallResponse, context, arguments);
    }

    fn on_grpc_receive_initial_metadata(&self, context: u32, token: u32, count: usize) {
        self.run(Callback::GrpcReceiveInitialMetadata, context, Arguments::Grpc { token, size: count });
    }

    fn on_grpc_receive(&self, context: u32, token: u32, size: usize) {
        self.run(Callback::GrpcReceive, context, Arguments::Grpc { token, size });
    }

    fn on_grpc_receive_trailing_metadata(&self, context: u32, token: u32, count: usize) {
        self.run(Callback::GrpcReceiveTrailingMetadata, context, Arguments::Grpc { token, size: count });
    }

    fn on_grpc_close(&self, context: u32, token: u32, status: u32) {
        self.run(Callback::GrpcClose, context, Arguments::GrpcClose { token, status });
    }

    fn on_foreign_function(&self, context: u32, function: u32, size: usize) {
        self.run(Callback::ForeignFunction, context, Arguments::Foreign { function, size });
    }

    fn on_resolve_dns(&self, root: u32, token: u32, size: usize) {
        self.run(Callback::ResolveDns, root, Arguments::Grpc { token, size });
    }

    fn on_done(&self, context: u32) -> bool {
        self.run(Callback::Done, context, Arguments::None) != 0
    }

    fn on_log(&self, context: u32) {
        self.run(Callback::Log, context, Arguments::None);
    }

    fn on_delete(&self, context: u32) {
        self.run(Callback::Delete, context, Arguments::None);
    }
}

/// A local response without headers.
pub(super) fn reply(status: u32, body: &[u8]) -> LocalResponseParts<'_> {
    LocalResponseParts { status, details: b"", body, headers: b"", grpc_status: u32::MAX }
}
