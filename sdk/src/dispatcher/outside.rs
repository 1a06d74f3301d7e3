//! Callbacks of a context that come from outside of its own messages: answers to callouts, timers.

use super::contexts::Streams;
use super::grpc::METADATA;
use super::protocol::{Http, Protocol, Tcp};
use super::slot::State;
use super::{Dispatcher, Kind};
use crate::abi::call;
use crate::abi::guest::{Callback, Callbacks, Entry};
use crate::abi::wire::{StreamType, action};
use crate::callout::{HttpCallId, HttpCallResponse};
use crate::context::{Extension, HttpContext, RootCallbacks, RootContext, StreamContext};
use crate::exchange::Outside;
use crate::hold::COLLECT;
use crate::view::{ConnectionView, Cx, RootView, StreamView};
use crate::{Action, Error, ErrorPolicy, Flow, Result};

/// The callbacks for which a stream waits. Only streams that implement one pay for what is needed to go on.
pub(super) const AWAITED: Callbacks = CALLOUTS.with(Callback::ForeignFunction).with(Callback::Tick);

/// Those that come from outside: some of them a stream need not have to get what it waits for.
pub(super) const FROM_OUTSIDE: Callbacks = AWAITED.union(METADATA);

/// Those that answer callouts.
pub(super) const CALLOUTS: Callbacks = Callbacks::NONE
    .with(Callback::HttpCallResponse)
    .with(Callback::GrpcReceive)
    .with(Callback::GrpcClose)
    .with(Callback::ResolveDns);

impl<R: Extension> Dispatcher<R> {
    /// Whether root contexts of this type can wait for callouts.
    pub(super) const ROOT_CALLS_OUT: bool =
        <R as RootCallbacks>::PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL.intersects(CALLOUTS) || Self::HAS_TASK;

    /// Whether a context of any kind can wait for callouts: then those of all are noted, and have to be forgotten.
    pub(super) const CALLS_OUT: bool = Self::ROOT_CALLS_OUT
        || <Http as Protocol<R>>::CALLBACKS.intersects(CALLOUTS)
        || <Tcp as Protocol<R>>::CALLBACKS.intersects(CALLOUTS);

    /// Notes where a stream is held back, to resume it when what it waits for has come.
    #[inline(always)]
    pub(super) fn note_pause(&self, callback: &'static Entry, context: u32, action: u32) {
        if !<Http as Protocol<R>>::WAITS {
            return;
        }
        let (paused, begun) = match callback.callback {
            Callback::RequestHeaders | Callback::RequestBody | Callback::RequestTrailers => {
                (State::REQUEST_PAUSED, State::NEW)
            }
            _ => (State::RESPONSE_PAUSED, State::RESPONSE_BEGUN),
        };
        self.streams.change(context, |state| match action {
            action::CONTINUE => state.without(paused).with(begun),
            // Nothing that comes from outside may resume a body that is not complete.
            COLLECT => state.without(paused),
            _ => state.with(paused),
        });
    }

    /// The answer to an HTTP callout, for the context that made it.
    pub(super) fn http_call_response(&self, called: u32, token: u32, outside: Outside) {
        let callback = Callback::HttpCallResponse.entry();
        let is_of_task = self.is_of_task(Kind::Http, token);
        // One that nobody waits for any more is nothing odd: its stream has ended.
        let Some(owner) = self.vm.pending.take(Kind::Http, token) else { return };
        let call = HttpCallId(token);
        if is_of_task {
            self.task_outside(callback, called, owner, outside);
        } else if self.roots.contains(owner) {
            self.wake_root(callback, owner, |root, cx| {
                root.on_http_call_response(call, &HttpCallResponse::new(cx), &mut RootView::new(cx))
            });
        } else if Self::EXCHANGES && !self.is_connection(owner) {
            self.exchange_outside(callback, called, owner, outside);
        } else {
            self.wake(
                callback,
                called,
                owner,
                |stream, cx| {
                    stream.on_http_call_response(call, &HttpCallResponse::new(cx), &mut StreamView::new(cx))
                },
                |connection, cx| {
                    let view = &mut ConnectionView::new(cx);
                    connection.on_http_call_response(call, &HttpCallResponse::new(cx), view)
                },
            );
        }
    }

    /// Runs such a callback of a root context.
    pub(super) fn wake_root(
        &self,
        callback: &'static Entry,
        owner: u32,
        run: impl for<'cb> FnOnce(&mut R, Cx<'cb>) -> Result<()>,
    ) {
        let Some(mut root) = self.roots.take(owner) else {
            return self.report_absent_root(callback, owner);
        };
        let result = self.vm.enter(owner, |cx| run(&mut root, cx));
        self.roots.put_back(owner, root);
        if let Err(error) = result {
            self.vm.report(callback, owner, &error);
        }
    }

    /// Runs such a callback of a stream, of whichever kind that is, and resumes, answers or fails it as that says.
    ///
    /// The host calls for the context `called`, which with most of them is the root context.
    pub(super) fn wake(
        &self,
        callback: &'static Entry,
        called: u32,
        owner: u32,
        http: impl for<'cb> FnOnce(&mut R::Http, Cx<'cb>) -> Result<Action>,
        tcp: impl for<'cb> FnOnce(&mut R::Tcp, Cx<'cb>) -> Result<Flow>,
    ) {
        // Nothing of that is in a module whose root context alone has such callbacks.
        if self.is_connection(owner) {
            if <Tcp as Protocol<R>>::IS_WOKEN {
                self.wake_as::<Tcp>(callback, called, owner, tcp);
            }
        } else if <Http as Protocol<R>>::IS_WOKEN {
            self.wake_as::<Http>(callback, called, owner, http);
        }
    }

    fn wake_as<P: Protocol<R>>(
        &self,
        callback: &'static Entry,
        called: u32,
        owner: u32,
        run: impl for<'cb> FnOnce(&mut P::Stream, Cx<'cb>) -> Result<P::Decision>,
    ) {
        let Some(mut stream) = P::streams(self).take(owner) else {
            return self.report_absent(callback, owner);
        };
        let decision = match EffectiveContext::enter(called, owner) {
            Ok(effective) => {
                let decision = self.vm.enter(owner, |cx| P::send(self, owner, run(&mut stream, cx)?, cx));
                P::streams(self).put_back(owner, stream);
                P::conclude(self, callback, owner, decision);
                drop(effective);
                return;
            }
            Err(error) => error,
        };
        // The host does not know the stream any more: there is nothing to resume, and nobody to answer.
        P::streams(self).put_back(owner, stream);
        self.vm.report(callback, owner, &decision);
    }

    fn respond_from_outside(
        &self,
        context: u32,
        response: &crate::LocalResponse,
        cx: Cx<'_>,
    ) -> Result<Flow> {
        // What has begun may be the stream's own answer: that it is the second one is what is wrong then.
        let state = self.streams.state(context);
        if state.has(State::RESPONSE_BEGUN) && !state.has(State::REPLIED) {
            return Err(Error::response_begun());
        }
        self.respond(context, response, cx)?;
        Ok(Flow::Pause)
    }

    /// Does what such a callback decided.
    fn conclude(&self, callback: &'static Entry, context: u32, decision: Result<Flow>) {
        let error = match decision {
            Ok(Flow::Continue) => return self.resume(callback, context),
            Ok(_) => return,
            Err(error) => error,
        };
        self.vm.report(callback, context, &error);
        match <R as RootContext>::ON_ERROR {
            ErrorPolicy::FailOpen => self.resume(callback, context),
            ErrorPolicy::Reset => super::failure::reset_stream(),
            ErrorPolicy::FailClosed if self.streams.is(context, State::REPLIED) => {}
            ErrorPolicy::FailClosed if self.streams.is(context, State::RESPONSE_BEGUN) => {
                super::failure::reset_stream();
            }
            ErrorPolicy::FailClosed => self.answer_500(callback, context),
        }
    }

    /// Resumes each direction that the stream has paused; one that was answered, or goes on already, is left alone.
    fn resume(&self, callback: &'static Entry, context: u32) {
        let state = self.streams.state(context);
        if state.has(State::REPLIED) {
            return;
        }
        for (paused, begun, direction) in [
            (State::REQUEST_PAUSED, State::NEW, StreamType::HTTP_REQUEST),
            (State::RESPONSE_PAUSED, State::RESPONSE_BEGUN, StreamType::HTTP_RESPONSE),
        ] {
            if state.has(paused) {
                self.streams.change(context, |state| state.without(paused).with(begun));
                if let Err(error) = call::continue_stream(direction) {
                    self.vm.report(callback, context, &error);
                }
            }
        }
    }
}

impl<R: Extension> Protocol<R> for Http {
    type Stream = R::Http;
    type Decision = Action;
    const CALLBACKS: Callbacks = <R::Http as HttpContext>::PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL;
    const EXCHANGES: bool = <R::Http as HttpContext>::IS_EXCHANGE;

    #[inline(always)]
    fn streams(dispatcher: &Dispatcher<R>) -> &Streams<R::Http> {
        &dispatcher.streams
    }

    #[inline(always)]
    fn new(root: &R) -> R::Http {
        R::Http::new(root)
    }

    #[inline(always)]
    fn renew(stream: &mut R::Http, root: &R) {
        stream.renew(root);
    }

    #[inline(always)]
    fn begin(stream: &mut R::Http, root: u32) {
        if let Some(exchange) = stream.exchange() {
            exchange.set_root(root);
        }
    }

    #[inline(always)]
    fn send(dispatcher: &Dispatcher<R>, context: u32, decision: Action, cx: Cx<'_>) -> Result<Flow> {
        match decision {
            Action::Continue => Ok(Flow::Continue),
            Action::Respond(response) => dispatcher.respond_from_outside(context, &response, cx),
            Action::Pause | Action::Hold(_) => Ok(Flow::Pause),
        }
    }

    fn conclude(dispatcher: &Dispatcher<R>, callback: &'static Entry, context: u32, decision: Result<Flow>) {
        dispatcher.conclude(callback, context, decision);
    }
}

/// While it lives, what is asked of the host is asked for a stream, and not for the context that the host called for.
pub(super) struct EffectiveContext {
    /// What to go back to.
    called: Option<u32>,
}

impl EffectiveContext {
    pub(super) fn enter(called: u32, context: u32) -> Result<Self> {
        if called == context {
            return Ok(EffectiveContext { called: None });
        }
        call::set_effective_context(context)?;
        Ok(EffectiveContext { called: Some(called) })
    }
}

impl Drop for EffectiveContext {
    fn drop(&mut self) {
        if let Some(called) = self.called {
            // Hosts go back by themselves when the callback has returned; this is for those that do not.
            let _ = call::set_effective_context(called);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HttpCall;
    use crate::abi::guest::Guest;
    use crate::abi::host::{self, Answer, Host, HttpCallParts};
    use crate::dispatcher::tests::Plain;
    use crate::view::RequestHeaders;
    use alloc::rc::Rc;
    use core::cell::Cell;

    /// Reports each request, and does not want to know what became of that.
    struct Stream;

    impl HttpContext for Stream {
        type Root = Plain<Stream>;

        const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks =
            Callbacks::NONE.with(Callback::RequestHeaders);

        fn new(_root: &Plain<Stream>) -> Self {
            Stream
        }

        fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
            HttpCall::get("reports", "/").send(request)?;
            Ok(Action::Continue)
        }
    }

    #[derive(Default)]
    struct Calling(Cell<u32>);

    impl Host for Calling {
        fn http_call(&self, _call: HttpCallParts<'_>) -> Answer<u32> {
            self.0.set(self.0.get() + 4);
            Ok(self.0.get())
        }
    }

    #[test]
    fn a_callout_whose_answer_nobody_wants_is_not_waited_for() {
        let host = Rc::new(Calling::default());
        let guest = Rc::new(Dispatcher::<Plain<Stream>>::new());
        host::enter(host.clone(), guest.clone(), || {
            guest.on_context_create(1, 0);
            assert!(guest.on_configure(1, 0));
            for context in 2..1000 {
                guest.on_context_create(context, 1);
                assert_eq!(guest.on_request_headers(context, 0, true), action::CONTINUE);
                guest.on_delete(context);
            }
        });
        assert_eq!(host.0.get(), 998 * 4);
        assert!((0..5000).all(|token| guest.vm.pending.take(Kind::Http, token).is_none()));
    }
}
