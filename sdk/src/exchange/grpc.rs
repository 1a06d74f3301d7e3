//! Answers to gRPC calls, and gRPC streams.

use super::kept::{Kept, Outside, Source};
use super::metadata::{self, GrpcMetadata, InitialMetadata};
use super::task::{self, Awaited, Handle, Shared};
use crate::abi::call;
use crate::abi::wire::MapType;
use crate::callout::{GrpcCallResponse, GrpcClose, GrpcMessage};
use crate::dispatcher::Kind;
use crate::view::Cx;
use crate::{Error, GrpcCallId, Result};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll};

/// The answer to a unary gRPC call that has not come yet: await it.
///
/// The call was made when it was sent. When this is dropped, the call is cancelled on the host.
///
/// It gives a [`GrpcReply`], or an error: [`Error::Call`] if the call was not made or has failed, with the status that the
/// server gave; see [`GrpcCall::send`](crate::GrpcCall::send).
#[must_use = "await the answer: a call is cancelled when this is dropped"]
pub struct GrpcReplied {
    task: Handle,
    call: Option<Result<u32>>,
    awaited: Awaited,
}

impl GrpcReplied {
    #[track_caller]
    #[inline(always)]
    pub(super) fn new(task: &Handle, start: impl FnOnce(Cx<'_>) -> Result<GrpcCallId>) -> Self {
        let call = task::with(task, |cx| start(cx).map(|call| call.0));
        task.shared.keep_grpc.set(Some(keep_grpc));
        GrpcReplied { task: task.clone(), call: Some(call), awaited: Awaited::here("a gRPC call") }
    }

    fn answer(&self, call: u32) -> Option<Result<Vec<u8>>> {
        let shared = &self.task.shared;
        let source = Source::GrpcCall(call);
        if let Some(outside) = shared.take_outside(source) {
            let _ = self.task.with(|cx| keep_grpc(shared, cx, outside));
        }
        shared.take_kept(source).map(|kept| kept.into_body())
    }
}

impl Future for GrpcReplied {
    type Output = Result<GrpcReply>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let result = match self.call {
            Some(Ok(token)) => match self.answer(token) {
                Some(answer) => answer,
                None => {
                    self.task.shared.wait(context);
                    return Poll::Pending;
                }
            },
            Some(Err(_)) | None => match self.call.take() {
                Some(Err(error)) => Err(error),
                _ => Err(Error::stage_over()),
            },
        };
        self.call = None;
        Poll::Ready(match result {
            Ok(message) => Ok(GrpcReply { message }),
            Err(error) => Err(self.task.shared.fail(self.awaited, error)),
        })
    }
}

impl Drop for GrpcReplied {
    fn drop(&mut self) {
        let Some(Ok(call)) = self.call else { return };
        let shared = &self.task.shared;
        shared.take_outside(Source::GrpcCall(call));
        shared.take_kept(Source::GrpcCall(call));
        let _ = self.task.with(|cx| cancel(cx, Kind::GrpcCall, call));
    }
}

impl fmt::Debug for GrpcReplied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcReplied").finish_non_exhaustive()
    }
}

/// Cancels what has not ended. What the host says to that does not matter any more.
fn cancel(cx: Cx<'_>, kind: Kind, token: u32) {
    if cx.vm.pending.take(kind, token).is_some() {
        let _ = call::grpc_cancel(token);
    }
}

/// The message that a server has answered to a unary gRPC call.
///
/// Envoy shows no metadata of unary calls. Where they matter, open a stream: its [`GrpcStream`] has them.
pub struct GrpcReply {
    message: Vec<u8>,
}

impl GrpcReply {
    /// Its bytes, without the length that gRPC writes in front of them.
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// The message as that type.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if the bytes are no such message.
    #[cfg(feature = "prost")]
    #[cfg_attr(docsrs, doc(cfg(feature = "prost")))]
    pub fn decode<M: prost::Message + Default>(&self) -> Result<M> {
        M::decode(&*self.message).map_err(Error::Decode)
    }
}

impl fmt::Debug for GrpcReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcReply").field("len", &self.message.len()).finish_non_exhaustive()
    }
}

/// An open gRPC stream of an exchange: [`GrpcCall::open`](crate::GrpcCall::open) gives it.
///
/// Messages that come while the function awaits something else are kept, in their order, and so are the metadata of the answer.
/// When it is dropped, the stream is cancelled on the host.
///
/// ```
/// use waxwing::exchange::Request;
/// use waxwing::prelude::*;
///
/// async fn ask(request: &Request) -> Result<Vec<u8>> {
///     let mut talk = GrpcCall::new("chat", "acme.Chat", "Talk").message("first").open(request)?;
///     talk.send_last("last")?;
///     let mut heard = Vec::new();
///     while let Some(message) = talk.next_message().await? {
///         heard.extend(message);
///     }
///     Ok(heard)
/// }
/// ```
pub struct GrpcStream {
    task: Handle,
    stream: crate::GrpcStream,
    has_ended: bool,
    initial: Option<GrpcMetadata>,
    trailing: Option<GrpcMetadata>,
}

impl GrpcStream {
    #[inline(always)]
    pub(super) fn new(task: &Handle, open: impl FnOnce(Cx<'_>) -> Result<crate::GrpcStream>) -> Result<Self> {
        let stream = task::with(task, open)?;
        task.shared.keep_grpc.set(Some(keep_grpc));
        Ok(GrpcStream { task: task.clone(), stream, has_ended: false, initial: None, trailing: None })
    }

    /// Sends a message: encoded, without the length that gRPC writes in front of it.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the host refuses: in Envoy with "not found" if the stream has ended.
    #[doc(alias = "proxy_grpc_send")]
    pub fn send(&mut self, message: impl AsRef<[u8]>) -> Result<()> {
        task::with(&self.task, |_| self.stream.send(message))
    }

    /// Sends a message, behind which none follows. The server may still send its own.
    ///
    /// # Errors
    ///
    /// Those of [`send`](GrpcStream::send).
    #[doc(alias = "proxy_grpc_send")]
    pub fn send_last(&mut self, message: impl AsRef<[u8]>) -> Result<()> {
        task::with(&self.task, |_| self.stream.send_last(message))
    }

    /// Sends a message of a type, encoded.
    ///
    /// # Errors
    ///
    /// Those of [`send`](GrpcStream::send).
    #[cfg(feature = "prost")]
    #[cfg_attr(docsrs, doc(cfg(feature = "prost")))]
    pub fn send_encoded(&mut self, message: &impl prost::Message) -> Result<()> {
        self.send(message.encode_to_vec())
    }

    /// Sends no more messages. The server may still send its own.
    ///
    /// # Errors
    ///
    /// Those of [`send`](GrpcStream::send).
    #[doc(alias = "proxy_grpc_close")]
    pub fn close(&mut self) -> Result<()> {
        task::with(&self.task, |_| self.stream.close())
    }

    /// The next message of the server; `None` when it has ended the stream with success.
    ///
    /// It gives [`Error::Call`] when the stream has failed, with the status that the server gave.
    #[track_caller]
    pub fn next_message(&mut self) -> NextMessage<'_> {
        NextMessage {
            stream: self,
            awaited: Awaited { what: "a message of a gRPC stream", at: Location::caller() },
        }
    }

    /// The metadata at the start of the server's answer, which come before its first message. They can be asked for at any time,
    /// and more than once.
    ///
    /// In Envoy they have `:status` and `content-type` among them, and are empty for an answer that is only its end. Where a host
    /// shows none, they are empty as soon as something else of the stream has come.
    ///
    /// A stream that has failed before has empty ones as well; [`next_message`](GrpcStream::next_message) tells of the failure.
    ///
    /// It gives [`Error::Host`] if the host does not let them be read.
    ///
    /// ```
    /// use waxwing::exchange::Request;
    /// use waxwing::prelude::*;
    ///
    /// async fn shard(request: &Request) -> Result<Option<String>> {
    ///     let mut talk = GrpcCall::new("chat", "acme.Chat", "Talk").message("hello").open(request)?;
    ///     let metadata = talk.initial_metadata().await?;
    ///     Ok(metadata.get_str("x-shard")?.map(str::to_owned))
    /// }
    /// ```
    #[doc(alias = "proxy_on_grpc_receive_initial_metadata")]
    #[track_caller]
    pub fn initial_metadata(&mut self) -> InitialMetadata<'_> {
        let awaited = Awaited { what: "the metadata of a gRPC stream", at: Location::caller() };
        InitialMetadata { stream: self, awaited }
    }

    /// The metadata at the end of the server's answer; `None` until [`next_message`](GrpcStream::next_message) has given the end,
    /// or the failure, of the stream.
    ///
    /// In Envoy they have `grpc-status` and `grpc-message` among them, and all headers of an answer that is only its end. There are
    /// none where the host has shown none, as of a stream that breaks after it had begun.
    #[doc(alias = "proxy_on_grpc_receive_trailing_metadata")]
    pub fn trailing_metadata(&self) -> Option<&GrpcMetadata> {
        self.trailing.as_ref()
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.task.shared
    }

    /// Keeps what has come of it in this callback, behind what has come before.
    fn keep(&self) {
        let stream = self.stream.as_u32();
        let shared = self.shared();
        for source in sources(stream) {
            if let Some(outside) = shared.take_outside(source) {
                let _ = self.task.with(|cx| keep_grpc(shared, cx, outside));
            }
        }
    }

    pub(super) fn poll_initial(&mut self) -> Option<Result<GrpcMetadata>> {
        self.keep();
        let stream = self.stream.as_u32();
        if let Some(initial) = &self.initial {
            return Some(Ok(initial.clone()));
        }
        let initial = match metadata::take(self.shared(), stream, MapType::GRPC_INITIAL_METADATA) {
            Some(Ok(initial)) => initial,
            Some(Err(error)) => return Some(Err(error)),
            // They do not come behind what has come already.
            None if self.has_ended || self.shared().has_kept(&sources(stream)) => GrpcMetadata::default(),
            None => return None,
        };
        Some(Ok(self.initial.insert(initial).clone()))
    }

    fn poll_next(&mut self) -> Option<Result<Option<Vec<u8>>>> {
        if self.has_ended {
            return Some(Ok(None));
        }
        self.keep();
        let stream = self.stream.as_u32();
        match self.shared().take_kept(Source::GrpcMessage(stream)) {
            Some(message) => Some(message.into_body().map(Some)),
            // It comes behind all messages.
            None => self.end().map(|end| end.map(|()| None)),
        }
    }

    /// How it has ended, if it has.
    fn end(&mut self) -> Option<Result<()>> {
        let stream = self.stream.as_u32();
        let end = self.shared().take_kept(Source::GrpcClose(stream))?;
        self.has_ended = true;
        let trailing = metadata::take(self.shared(), stream, MapType::GRPC_TRAILING_METADATA);
        self.trailing = trailing.and_then(Result::ok);
        Some(end.into_body().map(|_| ()))
    }
}

/// What comes of a stream.
fn sources(stream: u32) -> [Source; 4] {
    [
        Source::GrpcMessage(stream),
        Source::GrpcMetadata(stream, MapType::GRPC_INITIAL_METADATA),
        Source::GrpcMetadata(stream, MapType::GRPC_TRAILING_METADATA),
        Source::GrpcClose(stream),
    ]
}

impl Drop for GrpcStream {
    fn drop(&mut self) {
        let stream = self.stream.as_u32();
        let shared = &self.task.shared;
        for source in sources(stream) {
            shared.take_outside(source);
            while shared.take_kept(source).is_some() {}
        }
        let _ = self.task.with(|cx| cancel(cx, Kind::GrpcStream, stream));
    }
}

impl fmt::Debug for GrpcStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcStream").field("stream", &self.stream).finish_non_exhaustive()
    }
}

/// A message that has not come yet: await it.
#[must_use = "a message comes when it is awaited"]
pub struct NextMessage<'g> {
    stream: &'g mut GrpcStream,
    awaited: Awaited,
}

impl Future for NextMessage<'_> {
    type Output = Result<Option<Vec<u8>>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.stream.poll_next() {
            None => {
                self.stream.task.shared.wait(context);
                Poll::Pending
            }
            Some(Ok(message)) => Poll::Ready(Ok(message)),
            Some(Err(error)) => {
                let error = self.stream.task.shared.fail(self.awaited, error);
                Poll::Ready(Err(error))
            }
        }
    }
}

impl fmt::Debug for NextMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NextMessage").field("stream", &self.stream).finish_non_exhaustive()
    }
}

/// Keeps what the host shows of a call or a stream in this callback.
fn keep_grpc(shared: &Shared, cx: Cx<'_>, outside: Outside) {
    let body = match outside {
        Outside::GrpcCall { failure, .. } => GrpcCallResponse::new(cx, failure).message().map(<[u8]>::to_vec),
        Outside::GrpcMessage { .. } => GrpcMessage::new(cx, 0).bytes().map(<[u8]>::to_vec),
        Outside::GrpcClose { status, .. } => GrpcClose::new(cx, status).result().map(|()| Vec::new()),
        Outside::GrpcMetadata { map, .. } => call::header_map_pairs(cx.scope, map).map(<[u8]>::to_vec),
        Outside::HttpReply { .. } | Outside::Timer(_) | Outside::Admitted => return,
    };
    shared.keep(Box::new(Kept::new(outside.source(), body)));
}
