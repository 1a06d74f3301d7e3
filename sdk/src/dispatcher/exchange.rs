//! The callbacks of exchanges.
//!
//! All of them lead to one function, whose code they share: a function of the extension decides what it waits for, and
//! not which callbacks there are.

use super::Dispatcher;
use super::failure::reset_stream;
use super::outside::EffectiveContext;
use super::slot::State;
use crate::abi::call;
use crate::abi::guest::Entry;
use crate::abi::wire::action;
use crate::context::{Extension, HttpContext, RootContext};
use crate::exchange::{Direction, Outside, Part, Running};
use crate::{Error, ErrorPolicy};

impl<R: Extension> Dispatcher<R> {
    /// Whether its HTTP streams are exchanges.
    pub(super) const EXCHANGES: bool = <R::Http as HttpContext>::IS_EXCHANGE;

    /// A part of a message has arrived.
    #[inline(never)]
    pub(super) fn exchange_part(
        &self,
        callback: &'static Entry,
        context: u32,
        direction: Direction,
        part: Part,
    ) -> u32 {
        self.settle::<super::protocol::Http>(context);
        let state = self.streams.state(context);
        if state.has(State::PASSES) {
            return action::CONTINUE;
        }
        if state.has(State::REPLIED) {
            // What passes in the response is the extension's own answer.
            return match direction {
                Direction::Request => action::PAUSE,
                Direction::Response => action::CONTINUE,
            };
        }
        let Some(mut stream) = self.streams.take(context) else { return self.fail_absent(callback, context) };
        let Some(running) = stream.exchange() else { return action::CONTINUE };
        let result = self.vm.enter(context, |cx| running.arrive(callback, direction, part, cx));
        self.note_progress(context, running);
        let failure =
            result.map_err(|error| (matches!(error, Error::BodyTooLarge { .. }), running.name(error)));
        self.streams.put_back(context, stream);
        match failure {
            Ok(true) => action::CONTINUE,
            Ok(false) => action::PAUSE,
            Err((is_too_large, error)) => {
                self.fail_exchange(callback, context, direction, part, is_too_large, &error)
            }
        }
    }

    /// Something else has come for an exchange than its messages.
    #[inline(never)]
    pub(super) fn exchange_outside(
        &self,
        callback: &'static Entry,
        called: u32,
        owner: u32,
        outside: Outside,
    ) {
        let Some(mut stream) = self.streams.take(owner) else { return self.report_absent(callback, owner) };
        let Some(running) = stream.exchange() else { return };
        let effective = match EffectiveContext::enter(called, owner) {
            Ok(effective) => effective,
            Err(error) => {
                // The host does not know the stream any more: there is nothing to resume, and nobody to answer.
                self.streams.put_back(owner, stream);
                return self.vm.report(callback, owner, &error);
            }
        };
        let result = self.vm.enter(owner, |cx| running.wake(callback, outside, cx));
        self.note_progress(owner, running);
        let error = result.map_err(|error| running.name(error)).err();
        let has_begun = running.response_has_begun();
        self.streams.put_back(owner, stream);
        if let Some(error) = error {
            self.fail_outside(callback, owner, has_begun, &error);
        }
        drop(effective);
    }

    /// The exchange is over, and can be logged.
    pub(super) fn exchange_end(&self, callback: &'static Entry, context: u32) {
        if self.streams.is(context, State::PASSES) || self.roots.contains(context) {
            return;
        }
        let Some(mut stream) = self.streams.take(context) else {
            return self.report_absent(callback, context);
        };
        let Some(running) = stream.exchange() else { return };
        let error = self.vm.enter(context, |cx| running.end(cx)).map_err(|error| running.name(error)).err();
        self.streams.put_back(context, stream);
        if let Some(error) = error {
            self.vm.report(callback, context, &error);
        }
    }

    /// Ends the function of an exchange that is about to be deleted, while the host still knows it.
    #[inline]
    pub(super) fn exchange_delete(&self, context: u32) {
        let Some(mut stream) = self.streams.take(context) else { return };
        if let Some(running) = stream.exchange().filter(|running| !running.is_over()) {
            self.vm.enter(context, |cx| running.drop_function(cx));
        }
        self.streams.put_back(context, stream);
    }

    /// Notes what the next callback need not ask the function for.
    #[inline]
    fn note_progress(&self, context: u32, running: &Running) {
        if running.is_replied() {
            self.streams.raise(context, State::REPLIED);
        }
        if running.passes() {
            self.streams.raise(context, State::PASSES);
        }
    }

    /// Applies the policy in the callback of a message.
    #[cold]
    #[inline(never)]
    fn fail_exchange(
        &self,
        callback: &'static Entry,
        context: u32,
        direction: Direction,
        part: Part,
        is_too_large: bool,
        error: &Error,
    ) -> u32 {
        let action = match (direction, part) {
            (Direction::Request, _)
                if is_too_large && matches!(<R as RootContext>::ON_ERROR, ErrorPolicy::FailClosed) =>
            {
                self.vm.report(callback, context, error);
                self.answer_too_large(callback, context);
                action::PAUSE
            }
            (Direction::Request, _) | (Direction::Response, Part::Headers { .. }) => {
                self.fail(callback, context, error)
            }
            (Direction::Response, Part::Body { .. }) => self.fail_late(callback, context, error),
            (Direction::Response, Part::Trailers) => self.fail_at_end(callback, context, error),
        };
        if matches!(<R as RootContext>::ON_ERROR, ErrorPolicy::FailOpen) {
            self.let_exchange_pass(callback, context);
        }
        action
    }

    /// Applies the policy where something else has come than the messages.
    #[cold]
    #[inline(never)]
    fn fail_outside(&self, callback: &'static Entry, context: u32, has_begun: bool, error: &Error) {
        self.vm.report(callback, context, error);
        match <R as RootContext>::ON_ERROR {
            ErrorPolicy::FailOpen => self.let_exchange_pass(callback, context),
            ErrorPolicy::Reset => reset_stream(),
            ErrorPolicy::FailClosed if self.streams.is(context, State::REPLIED) => {}
            ErrorPolicy::FailClosed if has_begun => reset_stream(),
            ErrorPolicy::FailClosed => self.answer_500(callback, context),
        }
    }

    #[cold]
    fn answer_too_large(&self, callback: &'static Entry, context: u32) {
        match call::send_local_response(413, b"extension_body_too_large", &[], &[], None) {
            Ok(()) => self.streams.raise(context, State::REPLIED),
            Err(error) => self.vm.report(callback, context, &error),
        }
    }

    /// Lets everything of an exchange pass whose function has failed.
    #[cold]
    fn let_exchange_pass(&self, callback: &'static Entry, context: u32) {
        let Some(mut stream) = self.streams.take(context) else { return };
        if let Some(running) = stream.exchange() {
            self.vm.enter(context, |cx| running.release(callback, cx));
            self.note_progress(context, running);
        }
        self.streams.put_back(context, stream);
    }
}
