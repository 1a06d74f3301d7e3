//! What an extension does with gRPC.

use crate::behaviour::{met, note, perhaps, read_headers};
use crate::case::case;
use std::time::Duration;
use waxwing::prelude::*;

/// One of the ways to make a call; mostly none.
pub(crate) fn call<'cb>(view: &impl View<'cb>) {
    let chaos = case().chaos;
    let bytes = chaos.bytes();
    match chaos.below(9) {
        1 => drop(note(GrpcCall::new("authz", "a", "b").metadata("x", &bytes).message(&bytes).send(view))),
        2 => {
            let call = GrpcCall::with_grpc_service(&bytes, "a", "b").timeout(Duration::MAX);
            let _ = note(call.metadata(&bytes, "y").send(view));
        }
        3 => open(view),
        4 => drop(note(GrpcCall::new("authz", "a", "b").message(&bytes).open(view))),
        _ => {}
    }
}

/// Makes a call, or opens a stream.
pub(crate) fn open<'cb>(view: &impl View<'cb>) {
    if case().chaos.rarely(3) {
        let _ = note(GrpcCall::new("authz", "a", "b").send(view));
    } else if let Ok(grpc) = note(GrpcCall::new("authz", "a", "b").metadata("x", "y").open(view)) {
        send(grpc, view);
    }
}

/// Uses a stream that may be open.
fn send<'cb>(grpc: GrpcStream, view: &impl View<'cb>) {
    perhaps(|| grpc.send("one"));
    perhaps(|| grpc.send_last(case().chaos.bytes()));
    perhaps(|| grpc.close());
    if case().chaos.rarely(4) {
        perhaps(|| grpc.cancel(view));
    }
}

pub(crate) fn response<'cb>(
    of: &str,
    response: &GrpcCallResponse<'_>,
    view: &impl View<'cb>,
) -> Result<usize> {
    met(&format!("callback on_grpc_call_response of {of}"));
    call(view);
    let words = note(response.status_message());
    let _ = format!("{:?} {:?}", response.status(), response.error());
    Ok(note(response.message())?.len() + words?.len())
}

pub(crate) fn metadata<'cb>(
    which: &str,
    of: &str,
    grpc: GrpcStream,
    metadata: Headers<'_>,
    view: &impl View<'cb>,
) -> Result<usize> {
    met(&format!("callback on_grpc_stream_{which}_metadata of {of}"));
    send(grpc, view);
    read_headers(metadata)
}

pub(crate) fn message<'cb>(
    of: &str,
    grpc: GrpcStream,
    message: &GrpcMessage<'_>,
    view: &impl View<'cb>,
) -> Result<usize> {
    met(&format!("callback on_grpc_stream_message of {of}"));
    let bytes = note(message.bytes());
    send(grpc, view);
    Ok(bytes?.len() + message.size())
}

pub(crate) fn close<'cb>(
    of: &str,
    grpc: GrpcStream,
    close: &GrpcClose<'_>,
    view: &impl View<'cb>,
) -> Result<usize> {
    met(&format!("callback on_grpc_stream_close of {of}"));
    call(view);
    send(grpc, view);
    let words = note(close.status_message());
    let _ = format!("{:?} {:?}", close.status(), close.error());
    note(close.result())?;
    words.map(<[u8]>::len)
}
