//! What becomes of a stream whose callback failed.

use super::Dispatcher;
use super::slot::State;
use crate::abi::call;
use crate::abi::guest::{Callback, Entry};
use crate::abi::wire::{StreamType, action};
use crate::context::{Extension, RootContext};
use crate::{Error, ErrorPolicy};

impl<R: Extension> Dispatcher<R> {
    /// Applies the policy where the stream can still be answered.
    #[cold]
    #[inline(never)]
    pub(super) fn fail(&self, callback: &'static Entry, context: u32, error: &Error) -> u32 {
        self.vm.report(callback, context, error);
        match <R as RootContext>::ON_ERROR {
            ErrorPolicy::FailOpen => self.go_on(callback, context),
            ErrorPolicy::Reset => reset(),
            // What passes in the response is the extension's own answer, which must get through; nothing more
            // of the request must.
            ErrorPolicy::FailClosed if self.streams.is(context, State::REPLIED) => {
                if callback.callback == Callback::ResponseHeaders { action::CONTINUE } else { action::PAUSE }
            }
            ErrorPolicy::FailClosed => {
                self.answer_500(callback, context);
                action::PAUSE
            }
        }
    }

    /// Answers the client that the extension has failed.
    pub(super) fn answer_500(&self, callback: &'static Entry, context: u32) {
        match call::send_local_response(500, b"extension_error", &[], &[], None) {
            Ok(()) => self.streams.raise(context, State::REPLIED),
            Err(error) => self.vm.report(callback, context, &error),
        }
    }

    /// Applies the policy where the response has begun, and there is more of it to come.
    #[cold]
    #[inline(never)]
    pub(super) fn fail_late(&self, callback: &'static Entry, context: u32, error: &Error) -> u32 {
        self.vm.report(callback, context, error);
        match <R as RootContext>::ON_ERROR {
            ErrorPolicy::FailOpen => self.go_on(callback, context),
            ErrorPolicy::FailClosed | ErrorPolicy::Reset => reset(),
        }
    }

    /// Applies the policy at the end of the response.
    ///
    /// What is held back stays so until the proxy's own time limit: Envoy (1.40) crashes if a stream is reset
    /// in this callback.
    #[cold]
    #[inline(never)]
    pub(super) fn fail_at_end(&self, callback: &'static Entry, context: u32, error: &Error) -> u32 {
        self.vm.report(callback, context, error);
        match <R as RootContext>::ON_ERROR {
            ErrorPolicy::FailOpen => self.go_on(callback, context),
            ErrorPolicy::FailClosed | ErrorPolicy::Reset => action::PAUSE,
        }
    }

    /// Lets a message pass, what an earlier callback of it has paused included.
    #[inline]
    fn go_on(&self, callback: &'static Entry, context: u32) -> u32 {
        self.note_pause(callback, context, action::CONTINUE);
        action::CONTINUE
    }

    /// Applies the policy where there is no stream to run.
    ///
    /// Without a call to the host: Envoy (1.40) asks about contexts that it has deleted, and crashes if such
    /// a one is answered.
    #[cold]
    #[inline(never)]
    pub(super) fn fail_absent(&self, callback: &'static Entry, context: u32) -> u32 {
        self.report_absent(callback, context);
        hold_back::<R>()
    }
}

/// What a callback returns where nothing is asked of the host.
pub(super) fn hold_back<R: RootContext>() -> u32 {
    match R::ON_ERROR {
        ErrorPolicy::FailOpen => action::CONTINUE,
        ErrorPolicy::FailClosed | ErrorPolicy::Reset => action::PAUSE,
    }
}

fn reset() -> u32 {
    reset_stream();
    action::PAUSE
}

/// Resets the stream. Where the host cannot, it stays held back: the host has its own time limit.
pub(super) fn reset_stream() {
    let _ = call::close_stream(StreamType::HTTP_RESPONSE);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::guest::{Callbacks, Guest};
    use crate::abi::host::{self, Answer, Host, LocalResponseParts};
    use crate::dispatcher::tests::Plain;
    use crate::view::{RequestBody, RequestHeaders, ResponseHeaders};
    use crate::{Action, HttpContext, LocalResponse, Result};
    use alloc::rc::Rc;

    /// Answers the request, and fails afterwards.
    struct Stream;

    impl HttpContext for Stream {
        type Root = Plain<Stream>;

        const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks = Callbacks::NONE;

        fn new(_root: &Plain<Stream>) -> Self {
            Stream
        }

        fn on_request_headers(&mut self, _request: &mut RequestHeaders<'_>) -> Result<Action> {
            Ok(LocalResponse::new(403).into())
        }

        fn on_request_body(&mut self, _body: &mut RequestBody<'_>) -> Result<Action> {
            Err(Error::NotText)
        }

        fn on_response_headers(&mut self, _response: &mut ResponseHeaders<'_>) -> Result<Action> {
            Err(Error::NotText)
        }
    }

    struct Accepting;

    impl Host for Accepting {
        fn send_local_response(&self, _response: LocalResponseParts<'_>) -> Answer {
            Ok(())
        }
    }

    #[test]
    fn after_an_answer_failing_closed_lets_the_answer_through_and_nothing_of_the_request() {
        let guest = Rc::new(Dispatcher::<Plain<Stream>>::new());
        host::enter(Rc::new(Accepting), guest.clone(), || {
            guest.on_context_create(1, 0);
            assert!(guest.on_configure(1, 0));
            guest.on_context_create(2, 1);
            assert_eq!(guest.on_request_headers(2, 0, false), action::PAUSE);
            assert_eq!(guest.on_request_body(2, 0, true), action::PAUSE);
            assert_eq!(guest.on_response_headers(2, 0, true), action::CONTINUE);
        });
    }
}
