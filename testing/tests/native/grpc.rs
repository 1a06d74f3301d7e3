//! gRPC of root contexts and of TCP connections; HTTP streams are in the conformance tests, and in `examples/grpc-auth`.

use std::cell::RefCell;
use std::rc::Rc;
use waxwing::prelude::*;
use waxwing_testing::matching::grpc::{any, method};
use waxwing_testing::{GrpcAnswer, GrpcUpstream, Host, Request};

/// Opens a stream when it is configured, and one call for each request; all that comes is logged.
#[derive(Extension)]
#[extension(http = Silent, root)]
struct Watcher {
    watch: GrpcStream,
    asked: Rc<RefCell<Vec<GrpcCallId>>>,
}

impl RootContext for Watcher {
    type Config = ();

    fn configure(_: (), cx: &mut Configure<'_>) -> Result<Self> {
        let watch = GrpcCall::new("rules", "acme.Rules", "Watch").message("all").open(cx)?;
        let call = GrpcCall::new("rules", "acme.Rules", "Get").send(cx)?;
        Ok(Watcher { watch, asked: Rc::new(RefCell::new(vec![call])) })
    }
}

#[callbacks]
impl RootCallbacks for Watcher {
    fn on_grpc_call_response(
        &mut self,
        call: GrpcCallId,
        response: &GrpcCallResponse<'_>,
        root: &mut RootView<'_>,
    ) -> Result<()> {
        assert_eq!(*self.asked.borrow(), [call]);
        root.log(LogLevel::Info, &format!("got {}", String::from_utf8_lossy(response.message()?)));
        Ok(())
    }

    fn on_grpc_stream_message(
        &mut self,
        grpc: GrpcStream,
        message: &GrpcMessage<'_>,
        root: &mut RootView<'_>,
    ) -> Result<()> {
        assert_eq!(grpc, self.watch);
        let bytes = message.bytes()?;
        root.log(LogLevel::Info, &format!("watched {}", String::from_utf8_lossy(bytes)));
        if bytes == b"enough" { grpc.send_last("thanks") } else { grpc.send(bytes) }
    }

    fn on_grpc_stream_close(
        &mut self,
        grpc: GrpcStream,
        close: &GrpcClose<'_>,
        _: &mut RootView<'_>,
    ) -> Result<()> {
        assert_eq!(grpc, self.watch);
        close.result()
    }
}

struct Silent;

#[callbacks]
impl HttpContext for Silent {
    type Root = Watcher;

    fn new(_: &Watcher) -> Self {
        Silent
    }
}

fn watcher(rules: &GrpcUpstream) -> Host {
    Host::builder::<Watcher>().grpc_upstream(rules).start()
}

#[test]
fn a_root_context_gets_the_answers_to_its_own_calls_and_streams() {
    let rules = GrpcUpstream::grpc("rules");
    rules.on(method("Get")).reply("rule 1");
    let watch = GrpcAnswer::stream().message("one").message("enough").await_end().end(9, "over");
    rules.on(method("Watch")).then(watch);
    let host = watcher(&rules);
    host.logs().assert_contains("got rule 1");
    host.logs().assert_contains("watched one");
    host.logs().assert_contains("on_grpc_close (context 1): failed precondition");
    let watched = rules.calls().into_iter().find(|call| call.method() == "Watch").unwrap();
    assert_eq!(watched.messages(), [&b"all"[..], b"one", b"thanks"]);
    // The SDK has given up its place.
    assert!(host.timeline().to_string().contains("grpc_close 6"), "{}", host.timeline());
}

#[test]
fn a_stream_of_a_root_context_outlives_requests_and_ends_with_it() {
    let rules = GrpcUpstream::grpc("rules");
    rules.on(any()).hang();
    let host = watcher(&rules);
    host.exchange(Request::get("/")).response().assert_status(200);
    assert!(!host.timeline().to_string().contains("grpc_cancel"), "{}", host.timeline());
    host.shutdown();
    assert!(host.timeline().to_string().contains("grpc_cancel 6"), "{}", host.timeline());
}
