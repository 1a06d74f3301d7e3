//! The callbacks of exchanges.
//!
//! All of them lead to one function, whose code they share: a function of the extension decides what it waits for, and
//! not which callbacks there are.

use super::Dispatcher;
use super::outside::EffectiveContext;
use super::slot::State;
use crate::abi::call;
use crate::abi::guest::Entry;
use crate::abi::wire::action;
use crate::context::{Extension, HttpContext, RootContext};
use crate::exchange::{Direction, Event, Outside, Part, Running};
use crate::{Error, ErrorPolicy};

/// Why a function has ended with an error.
struct Failure {
    is_too_large: bool,
    response_has_begun: bool,
    error: Error,
}

impl<R: Extension> Dispatcher<R> {
    /// Whether its HTTP streams are exchanges.
    pub(super) const EXCHANGES: bool = <R::Http as HttpContext>::IS_EXCHANGE;

    /// A part of a message has arrived, or the exchange is over.
    #[inline(always)]
    pub(super) fn exchange_part(
        &self,
        callback: &'static Entry,
        context: u32,
        direction: Direction,
        part: Part,
    ) -> u32 {
        self.settle::<super::protocol::Http>(context);
        // Of most exchanges the function has ended at the request, and this is all that the rest costs.
        if self.has_passed(context) {
            return action::CONTINUE;
        }
        self.exchange(callback, context, context, Event::Part(direction, part))
    }

    /// Whether everything of an exchange passes.
    #[inline(never)]
    fn has_passed(&self, context: u32) -> bool {
        self.streams.is(context, State::PASSES)
    }

    /// Something else has come for an exchange.
    pub(super) fn exchange_outside(
        &self,
        callback: &'static Entry,
        called: u32,
        owner: u32,
        outside: Outside,
    ) {
        self.exchange(callback, called, owner, Event::Outside(outside));
    }

    /// Something has come for an exchange, for which the host calls the context `called`. What it is to do with it.
    #[inline(never)]
    fn exchange(&self, callback: &'static Entry, called: u32, context: u32, event: Event) -> u32 {
        let state = self.streams.state(context);
        match event {
            Event::Outside(_) if state.has(State::PASSES) => return action::CONTINUE,
            // What passes in the response is the extension's own answer.
            Event::Part(Direction::Response, _) if state.has(State::REPLIED) => return action::CONTINUE,
            Event::Part(Direction::Request, _) if state.has(State::REPLIED) => return action::PAUSE,
            _ => {}
        }
        let Some(mut stream) = self.streams.take(context) else {
            return match event {
                Event::Part(_, Part::End) if self.roots.contains(context) => action::CONTINUE,
                _ => self.fail_absent(callback, context),
            };
        };
        let Some(running) = stream.exchange() else { return action::CONTINUE };
        let effective = match EffectiveContext::enter(called, context) {
            Ok(effective) => effective,
            Err(error) => {
                // The host does not know the stream any more: there is nothing to resume, and nobody to answer.
                self.streams.put_back(context, stream);
                self.vm.report(callback, context, &error);
                return action::CONTINUE;
            }
        };
        let result = self.vm.enter(context, |cx| running.run(callback, event, cx));
        self.note_progress(context, running);
        let result = result.map_err(|error| Failure {
            is_too_large: matches!(error, Error::BodyTooLarge { .. }),
            response_has_begun: running.response_has_begun(),
            error: running.name(error),
        });
        self.streams.put_back(context, stream);
        let action = match result {
            Ok(true) => action::CONTINUE,
            Ok(false) => action::PAUSE,
            Err(failure) => self.fail_exchange(callback, context, event, &failure),
        };
        drop(effective);
        action
    }

    /// Ends the function of an exchange that is about to be deleted, while the host still knows it.
    #[inline]
    pub(super) fn exchange_delete(&self, context: u32) {
        // The function has ended.
        if self.has_passed(context) {
            return;
        }
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

    /// Applies the policy to an exchange whose function has failed.
    #[cold]
    #[inline(never)]
    fn fail_exchange(
        &self,
        callback: &'static Entry,
        context: u32,
        event: Event,
        Failure { is_too_large, response_has_begun, error }: &Failure,
    ) -> u32 {
        let fails_closed = matches!(<R as RootContext>::ON_ERROR, ErrorPolicy::FailClosed);
        let action = match event {
            Event::Part(Direction::Request, _) | Event::Outside(Outside::Admitted)
                if *is_too_large && fails_closed =>
            {
                self.vm.report(callback, context, error);
                self.answer_too_large(callback, context);
                action::PAUSE
            }
            Event::Part(_, Part::End) => {
                self.vm.report(callback, context, error);
                return action::CONTINUE;
            }
            Event::Part(Direction::Response, Part::Trailers) => self.fail_at_end(callback, context, error),
            Event::Part(Direction::Response, Part::Body { .. }) => self.fail_late(callback, context, error),
            Event::Outside(_)
                if *response_has_begun && fails_closed && !self.streams.is(context, State::REPLIED) =>
            {
                self.fail_late(callback, context, error)
            }
            Event::Part(..) | Event::Outside(_) => self.fail(callback, context, error),
        };
        if matches!(<R as RootContext>::ON_ERROR, ErrorPolicy::FailOpen) {
            self.let_exchange_pass(callback, context);
        }
        action
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
    pub(super) fn let_exchange_pass(&self, callback: &'static Entry, context: u32) {
        let Some(mut stream) = self.streams.take(context) else { return };
        if let Some(running) = stream.exchange() {
            self.vm.enter(context, |cx| running.release(callback, cx));
            self.note_progress(context, running);
        }
        self.streams.put_back(context, stream);
    }
}
