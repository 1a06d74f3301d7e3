//! Bodies, in the way that a stream wants them.
//!
//! A stream is asked for its mode in each callback of a message. The default is a constant, so of all this nothing
//! but the plain call is left in a module whose streams do not say.

use super::Dispatcher;
use super::slot::State;
use crate::abi::call;
use crate::abi::guest::{Callback, Entry};
use crate::abi::wire::{ALL_BYTES, BufferType, MapType, action};
use crate::body_mode::is_above;
use crate::context::{Extension, HttpContext, RootContext};
use crate::hold::{COLLECT, Hold};
use crate::view::{
    Cx, RequestBody, RequestHeaders, RequestTrailers, ResponseBody, ResponseHeaders, ResponseTrailers,
};
use crate::{Action, BodyMode, Error, ErrorPolicy, Flow, LocalResponse, Result};

impl<R: Extension> Dispatcher<R> {
    #[inline(always)]
    pub(super) fn request_headers(&self, context: u32, end_of_stream: bool) -> u32 {
        let callback = Callback::RequestHeaders.entry();
        self.decide_and(
            callback,
            context,
            #[inline(always)]
            |stream, cx| stream.on_request_headers(&mut RequestHeaders::new(cx, end_of_stream)),
            #[inline(always)]
            |stream, cx, decided| match stream.request_body_mode() {
                mode @ (BodyMode::Transform | BodyMode::Buffer { .. }) if !end_of_stream => {
                    match self.remove_length(cx, REQUEST, mode, decided) {
                        Err(Error::BodyTooLarge { limit, .. }) => {
                            match self.refuse_request(callback, context, limit)? {
                                Action::Respond(response) => self.respond(context, &response, cx),
                                _ => Ok(action::PAUSE),
                            }
                        }
                        decided => decided,
                    }
                }
                _ => decided,
            },
        )
    }

    #[inline(always)]
    pub(super) fn response_headers(&self, context: u32, end_of_stream: bool) -> u32 {
        self.decide_and(
            Callback::ResponseHeaders.entry(),
            context,
            #[inline(always)]
            |stream, cx| stream.on_response_headers(&mut ResponseHeaders::new(cx, end_of_stream)),
            #[inline(always)]
            |stream, cx, decided| match stream.response_body_mode() {
                mode @ (BodyMode::Transform | BodyMode::Buffer { .. }) if !end_of_stream => {
                    self.remove_length(cx, RESPONSE, mode, decided)
                }
                _ => decided,
            },
        )
    }

    #[inline(always)]
    pub(super) fn request_body(&self, context: u32, size: usize, end_of_stream: bool) -> u32 {
        let callback = Callback::RequestBody.entry();
        let action = self.decide(
            callback,
            context,
            #[inline(always)]
            |stream, cx| {
                let mut body = RequestBody::new(cx, size, end_of_stream);
                match stream.request_body_mode() {
                    BodyMode::Chunks => stream.on_request_body(&mut body),
                    BodyMode::Skip => Ok(Action::Continue),
                    BodyMode::Inspect => match stream.inspect_request_body(&body) {
                        Ok(None) => Ok(Action::Continue),
                        Ok(Some(response)) => Ok(Action::Respond(response)),
                        Err(error) => Err(error),
                    },
                    BodyMode::Transform if self.is_done(context, REQUEST) => Ok(Action::Continue),
                    BodyMode::Transform => match stream.on_request_body(&mut body) {
                        Ok(Action::Pause) => Err(pause_while_transforming()),
                        decision => decision,
                    },
                    BodyMode::Buffer { limit } => {
                        match self.step(context, REQUEST, size, limit, end_of_stream) {
                            Step::Pass => Ok(Action::Continue),
                            Step::Hold => Ok(Action::Hold(Hold::COLLECT)),
                            Step::Refuse => self.refuse_request(callback, context, limit),
                            Step::Show => {
                                let decision = stream.on_request_body(&mut body);
                                self.note_shown(context, REQUEST, decision.is_ok());
                                decision
                            }
                        }
                    }
                }
            },
        );
        for_host(action)
    }

    #[inline(always)]
    pub(super) fn response_body(&self, context: u32, size: usize, end_of_stream: bool) -> u32 {
        let action = self.decide_late(
            Callback::ResponseBody.entry(),
            context,
            #[inline(always)]
            |stream, cx| {
                let mut body = ResponseBody::new(cx, size, end_of_stream);
                match stream.response_body_mode() {
                    BodyMode::Chunks => stream.on_response_body(&mut body),
                    BodyMode::Skip => Ok(Flow::Continue),
                    BodyMode::Inspect => stream.inspect_response_body(&body).map(|()| Flow::Continue),
                    BodyMode::Transform if self.is_done(context, RESPONSE) => Ok(Flow::Continue),
                    BodyMode::Transform => match stream.on_response_body(&mut body) {
                        Ok(Flow::Pause) => Err(pause_while_transforming()),
                        decision => decision,
                    },
                    BodyMode::Buffer { limit } => {
                        match self.step(context, RESPONSE, size, limit, end_of_stream) {
                            Step::Pass => Ok(Flow::Continue),
                            Step::Hold => Ok(Flow::Hold(Hold::COLLECT)),
                            Step::Refuse => Err(self.too_large(context, RESPONSE, limit)),
                            Step::Show => {
                                let decision = stream.on_response_body(&mut body);
                                self.note_shown(context, RESPONSE, decision.is_ok());
                                decision
                            }
                        }
                    }
                }
            },
            Self::fail_late,
        );
        for_host(action)
    }

    #[inline(always)]
    pub(super) fn request_trailers(&self, context: u32) -> u32 {
        let callback = Callback::RequestTrailers.entry();
        self.decide(
            callback,
            context,
            #[inline(always)]
            |stream, cx| {
                let mut held = false;
                if let BodyMode::Buffer { limit } = stream.request_body_mode() {
                    let size = self.held_size(context, cx, REQUEST)?;
                    match size.map(|size| (size, self.step(context, REQUEST, size, limit, true))) {
                        None => {}
                        Some((_, Step::Refuse)) => return self.refuse_request(callback, context, limit),
                        Some((size, _)) => {
                            let decision = stream.on_request_body(&mut RequestBody::new(cx, size, false));
                            self.note_shown(context, REQUEST, decision.is_ok());
                            match decision {
                                Ok(Action::Continue) => {}
                                Ok(Action::Pause) => held = true,
                                Ok(Action::Hold(hold)) => {
                                    held = hold.number(callback.callback).map(|_| true)?
                                }
                                Err(error) if fails_open::<R>() => self.vm.report(callback, context, &error),
                                decision => return decision,
                            }
                        }
                    }
                }
                match stream.on_request_trailers(&mut RequestTrailers::new(cx)) {
                    Ok(Action::Continue) if held => Ok(Action::Pause),
                    decision => decision,
                }
            },
        )
    }

    #[inline(always)]
    pub(super) fn response_trailers(&self, context: u32) -> u32 {
        let callback = Callback::ResponseTrailers.entry();
        self.decide_late(
            callback,
            context,
            #[inline(always)]
            |stream, cx| {
                let mut held = false;
                if let BodyMode::Buffer { limit } = stream.response_body_mode() {
                    let size = self.held_size(context, cx, RESPONSE)?;
                    match size.map(|size| (size, self.step(context, RESPONSE, size, limit, true))) {
                        None => {}
                        Some((_, Step::Refuse)) => return Err(self.too_large(context, RESPONSE, limit)),
                        Some((size, _)) => {
                            let decision = stream.on_response_body(&mut ResponseBody::new(cx, size, false));
                            self.note_shown(context, RESPONSE, decision.is_ok());
                            match decision {
                                Ok(Flow::Continue) => {}
                                Ok(Flow::Pause) => held = true,
                                Ok(Flow::Hold(hold)) => {
                                    held = hold.number(callback.callback).map(|_| true)?
                                }
                                Err(error) if fails_open::<R>() => self.vm.report(callback, context, &error),
                                decision => return decision,
                            }
                        }
                    }
                }
                match stream.on_response_trailers(&mut ResponseTrailers::new(cx)) {
                    Ok(Flow::Continue) if held => Ok(Flow::Pause),
                    decision => decision,
                }
            },
            Self::fail_at_end,
        )
    }

    /// Removes the length of a body that may change, and refuses one that is stated to be too large, unless the
    /// stream was answered or goes no further.
    ///
    /// Where that fails and the stream goes on all the same, the body passes as it is.
    #[inline(never)]
    fn remove_length(
        &self,
        cx: Cx<'_>,
        message: Message,
        mode: BodyMode,
        decided: Result<u32>,
    ) -> Result<u32> {
        let is_replied = self.streams.is(cx.context, State::REPLIED);
        // Nothing follows a request that was answered; but the answer itself passes here, as a response.
        let ends = match decided {
            Ok(_) => is_replied && message.headers == REQUEST.headers,
            Err(_) => !fails_open::<R>(),
        };
        if ends {
            return decided;
        }
        let removed = match call::header_map_value(cx.scope, message.headers, LENGTH) {
            Ok(None) => return decided,
            Ok(Some(length)) => match mode {
                BodyMode::Buffer { limit } if !is_replied && is_above(length, limit) => {
                    Err(Error::body_too_large(limit))
                }
                _ => call::remove_header_map_value(message.headers, LENGTH),
            },
            Err(error) => Err(error),
        };
        if removed.is_err() {
            self.note_shown(cx.context, message, false);
        }
        removed.and(decided)
    }

    /// What to do with a body of which so much can be seen.
    fn step(&self, context: u32, message: Message, size: usize, limit: usize, is_complete: bool) -> Step {
        if self.is_done(context, message) {
            Step::Pass
        } else if size > limit {
            Step::Refuse
        } else if is_complete {
            Step::Show
        } else {
            Step::Hold
        }
    }

    /// How large the body is that is held back when its trailers come; `None` if it was shown already, or there is
    /// none: hosts refuse to put bytes in the place of nothing.
    fn held_size(&self, context: u32, cx: Cx<'_>, message: Message) -> Result<Option<usize>> {
        if self.is_done(context, message) {
            return Ok(None);
        }
        // Read as a whole: not every host can say how much it is.
        let size = call::buffer_bytes(cx.scope, message.body, 0, ALL_BYTES)?.len();
        Ok(if size == 0 { None } else { Some(size) })
    }

    fn is_done(&self, context: u32, message: Message) -> bool {
        self.streams.is(context, message.done)
    }

    /// Notes that a body was shown; after an error only if the stream goes on, so that no host gets the rest of one
    /// that was refused.
    fn note_shown(&self, context: u32, message: Message, is_ok: bool) {
        if is_ok || fails_open::<R>() {
            self.streams.raise(context, message.done);
        }
    }

    /// The error of a body that is too large.
    #[cold]
    fn too_large(&self, context: u32, message: Message, limit: usize) -> Error {
        self.note_shown(context, message, false);
        Error::body_too_large(limit)
    }

    /// Refuses a request whose body is too large, as the policy says.
    #[cold]
    #[inline(never)]
    fn refuse_request(&self, callback: &'static Entry, context: u32, limit: usize) -> Result<Action> {
        let error = self.too_large(context, REQUEST, limit);
        match <R as RootContext>::ON_ERROR {
            ErrorPolicy::FailClosed => {
                self.vm.report(callback, context, &error);
                Ok(LocalResponse::new(413).details("extension_body_too_large").into())
            }
            ErrorPolicy::FailOpen | ErrorPolicy::Reset => Err(error),
        }
    }
}

/// What to do with a part of a body that is wanted as a whole.
enum Step {
    /// Let it go: it was shown already, or was given up.
    Pass,
    /// Hold it back: there is more to come.
    Hold,
    /// Show it.
    Show,
    /// Refuse it: it is too large.
    Refuse,
}

/// What belongs to one direction.
#[derive(Clone, Copy)]
struct Message {
    headers: MapType,
    body: BufferType,
    done: State,
}

const REQUEST: Message = Message {
    headers: MapType::HTTP_REQUEST_HEADERS,
    body: BufferType::HTTP_REQUEST_BODY,
    done: State::REQUEST_BODY_DONE,
};

const RESPONSE: Message = Message {
    headers: MapType::HTTP_RESPONSE_HEADERS,
    body: BufferType::HTTP_RESPONSE_BODY,
    done: State::RESPONSE_BODY_DONE,
};

/// What a host is told: it does not know who pauses.
#[inline(always)]
fn for_host(action: u32) -> u32 {
    if action == COLLECT { action::PAUSE } else { action }
}

const LENGTH: &[u8] = b"content-length";

fn fails_open<R: RootContext>() -> bool {
    matches!(R::ON_ERROR, ErrorPolicy::FailOpen)
}

#[cold]
fn pause_while_transforming() -> Error {
    Error::Misplaced {
        text: "a body that is transformed on its way cannot be paused: it would be shown again",
    }
}
