//! Answers to HTTP callouts.

use super::Headers;
use super::head::keep;
use super::kept::{Kept, Outside, Source};
use super::task::{self, Awaited, Handle, Shared};
use super::values::find;
use crate::abi::call;
use crate::abi::wire::{ALL_BYTES, BufferType, MapType};
use crate::callout::HttpCallResponse;
use crate::dispatcher::Kind;
use crate::view::Cx;
use crate::{Error, HttpCallId, Result};
use alloc::boxed::Box;
use alloc::vec::Vec;
use bumpalo::Bump;
use core::cell::OnceCell;
use core::fmt;
use core::future::Future;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll};

/// The answer to an HTTP callout that has not come yet: await it.
///
/// The callout was made when it was sent, so that several that are sent one after the other run at once. When this is
/// dropped, the answer is ignored: that is how to send what needs none.
///
/// It gives an [`HttpReply`], or an error:
/// [`Error::Call`] if the host does not make the call or there is no response of the upstream, and
/// [`Error::InvalidHeader`] for a header that is none; see [`HttpCall::send`](crate::HttpCall::send).
#[must_use = "await the answer, or drop it to ignore it"]
pub struct HttpReplied {
    task: Handle,
    call: Call,
    at: &'static Location<'static>,
}

/// A callout that was to be made.
enum Call {
    Made(u32),
    /// It was not, and that is not told yet.
    Refused(Box<Error>),
    Over,
}

impl HttpReplied {
    #[track_caller]
    #[inline(always)]
    pub(super) fn new(task: &Handle, start: impl FnOnce(Cx<'_>) -> Result<HttpCallId>) -> Self {
        let call = match task::with(task, start) {
            Ok(call) => Call::Made(call.0),
            Err(error) => Call::Refused(Box::new(error)),
        };
        task.shared.keep_http.set(Some(keep_reply));
        HttpReplied { task: task.clone(), call, at: Location::caller() }
    }

    /// What came of it; `None` if nothing has.
    #[inline]
    fn answer(&mut self) -> Option<Result<HttpReply>> {
        let token = match core::mem::replace(&mut self.call, Call::Over) {
            Call::Made(token) => token,
            Call::Refused(error) => return Some(Err(*error)),
            Call::Over => return Some(Err(Error::stage_over())),
        };
        let shared = &self.task.shared;
        let (status, answer) = if shared.show_reply(token) {
            (task::with(&self.task, status), None)
        } else if let Some(mut kept) = shared.take_kept(Source::HttpCall(token)) {
            (core::mem::replace(&mut kept.status, Ok(0)), Some(kept))
        } else {
            self.call = Call::Made(token);
            return None;
        };
        match status {
            Ok(status) => {
                let answer = answer.map_or_else(OnceCell::new, OnceCell::from);
                Some(Ok(HttpReply { task: self.task.clone(), token, status, answer, values: Bump::new() }))
            }
            Err(error) => {
                if answer.is_none() {
                    shared.hide_reply();
                }
                Some(Err(error))
            }
        }
    }
}

/// The status of the answer that the host shows.
#[inline(never)]
fn status(cx: Cx<'_>) -> Result<u16> {
    HttpCallResponse::new(cx).status()
}

impl Future for HttpReplied {
    type Output = Result<HttpReply>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.answer() {
            None => {
                self.task.shared.wait(context);
                Poll::Pending
            }
            Some(Ok(reply)) => Poll::Ready(Ok(reply)),
            Some(Err(error)) => {
                let awaited = Awaited { what: "an HTTP callout", at: self.at };
                Poll::Ready(Err(self.task.shared.fail(awaited, error)))
            }
        }
    }
}

impl Drop for HttpReplied {
    #[inline]
    fn drop(&mut self) {
        if let Call::Made(token) = self.call {
            ignore(&self.task, token);
        }
    }
}

/// Lets an answer that may come, or has come, reach nobody.
#[inline(never)]
fn ignore(task: &Handle, call: u32) {
    // If it cannot be told now, the stream ends, and its callouts with it.
    let _ = task.with(|cx| cx.vm.pending.take(Kind::Http, call));
    let shared = &task.shared;
    shared.take_outside(Source::HttpCall(call));
    shared.take_kept(Source::HttpCall(call));
}

impl fmt::Debug for HttpReplied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpReplied").finish_non_exhaustive()
    }
}

/// What an upstream has answered to an HTTP callout.
///
/// While its callback lasts it is read from the host, as far as it is asked for; one that is still there when the
/// function awaits the next thing is copied first, which is one allocation for each part that it has. So let go of what
/// is not needed any more.
///
/// ```
/// use waxwing::exchange::Request;
/// use waxwing::prelude::*;
///
/// async fn user(request: &Request) -> Result<Option<String>> {
///     let reply = HttpCall::get("authz", "/user").send(request).await?;
///     match reply.status() {
///         200 => Ok(reply.headers().get_str("x-user")?.map(str::to_owned)),
///         _ => Ok(None),
///     }
/// }
/// ```
pub struct HttpReply {
    task: Handle,
    token: u32,
    status: u16,
    /// What the host showed in its callback, once that is over.
    answer: OnceCell<Box<Kept>>,
    values: Bump,
}

impl Kept {
    fn block(&self, map: MapType) -> &[u8] {
        if map == MapType::HTTP_CALL_RESPONSE_TRAILERS { &self.trailers } else { &self.headers }
    }
}

impl HttpReply {
    /// The status of the response.
    #[inline]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Reads the headers of the response.
    #[inline]
    pub fn headers(&self) -> Headers<'_> {
        Headers::of_reply(self, MapType::HTTP_CALL_RESPONSE_HEADERS)
    }

    /// Reads the trailers of the response.
    pub fn trailers(&self) -> Headers<'_> {
        Headers::of_reply(self, MapType::HTTP_CALL_RESPONSE_TRAILERS)
    }

    /// The whole body of the response. Within the callback it is one call to the host, each time, and a copy.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the host refuses.
    #[doc(alias = "proxy_get_buffer_bytes")]
    pub fn body(&self) -> Result<&[u8]> {
        match self.kept() {
            Some(answer) => Ok(&answer.body),
            None => task::with(&self.task, |cx| keep(&self.values, body(cx)?)),
        }
    }

    #[inline]
    pub(super) fn header(&self, map: MapType, name: &[u8]) -> Result<Option<&[u8]>> {
        match self.kept() {
            Some(answer) => find(answer.block(map), name),
            None => task::with(&self.task, |cx| match call::header_map_value(cx.scope, map, name)? {
                Some(value) => keep(&self.values, value).map(Some),
                None => Ok(None),
            }),
        }
    }

    pub(super) fn block(&self, map: MapType) -> Result<&[u8]> {
        match self.kept() {
            Some(answer) => Ok(answer.block(map)),
            None => task::with(&self.task, |cx| keep(&self.values, call::header_map_pairs(cx.scope, map)?)),
        }
    }

    /// The answer, if its callback is over.
    #[inline]
    fn kept(&self) -> Option<&Kept> {
        if self.task.shared.shows_reply(self.token) { None } else { self.find_kept() }
    }

    #[inline(never)]
    fn find_kept(&self) -> Option<&Kept> {
        if self.answer.get().is_none() {
            let _ = self.answer.set(self.task.shared.take_kept(Source::HttpCall(self.token))?);
        }
        self.answer.get().map(|answer| &**answer)
    }
}

impl Drop for HttpReply {
    #[inline]
    fn drop(&mut self) {
        let shared = &self.task.shared;
        if shared.shows_reply(self.token) {
            shared.hide_reply();
        } else if self.answer.get().is_none() {
            shared.take_kept(Source::HttpCall(self.token));
        }
    }
}

impl fmt::Debug for HttpReply {
    /// Neither values nor the body: they may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpReply").field("status", &self.status).finish_non_exhaustive()
    }
}

fn body(cx: Cx<'_>) -> Result<&[u8]> {
    call::buffer_bytes(cx.scope, BufferType::HTTP_CALL_RESPONSE_BODY, 0, ALL_BYTES)
}

/// Keeps an answer that the host shows in this callback.
fn keep_reply(shared: &Shared, cx: Cx<'_>, outside: Outside) {
    let Outside::HttpReply { has_body, has_trailers, .. } = outside else { return };
    let pairs = |map| copy(call::header_map_pairs(cx.scope, map));
    shared.keep(Box::new(Kept {
        source: outside.source(),
        status: status(cx),
        headers: pairs(MapType::HTTP_CALL_RESPONSE_HEADERS),
        body: if has_body { copy(body(cx)) } else { Vec::new() },
        trailers: if has_trailers { pairs(MapType::HTTP_CALL_RESPONSE_TRAILERS) } else { Vec::new() },
    }));
}

/// What cannot be read is empty: the status says whether there is an answer.
#[inline(never)]
fn copy(bytes: Result<&[u8]>) -> Vec<u8> {
    bytes.unwrap_or_default().to_vec()
}
