//! What becomes of a stream whose callback failed.

use super::Dispatcher;
use crate::abi::call;
use crate::abi::guest::Callback;
use crate::abi::wire::{StreamType, action};
use crate::context::{Extension, RootContext};
use crate::{Error, ErrorPolicy};

impl<R: Extension> Dispatcher<R> {
    /// Applies the policy where the stream can still be answered.
    #[cold]
    #[inline(never)]
    pub(super) fn fail(&self, callback: Callback, context: u32, error: &Error) -> u32 {
        self.vm.report(callback, context, error);
        match <R as RootContext>::ON_ERROR {
            ErrorPolicy::FailOpen => action::CONTINUE,
            ErrorPolicy::Reset => reset(),
            // What passes now is the extension's own answer, which must get through.
            ErrorPolicy::FailClosed if self.streams.has_replied(context) => action::CONTINUE,
            ErrorPolicy::FailClosed => {
                match call::send_local_response(500, b"extension_error", &[], &[], None) {
                    Ok(()) => self.streams.set_replied(context),
                    Err(error) => self.vm.report(callback, context, &error),
                }
                action::PAUSE
            }
        }
    }

    /// Applies the policy where the response has begun, and there is more of it to come.
    #[cold]
    #[inline(never)]
    pub(super) fn fail_late(&self, callback: Callback, context: u32, error: &Error) -> u32 {
        self.vm.report(callback, context, error);
        match <R as RootContext>::ON_ERROR {
            ErrorPolicy::FailOpen => action::CONTINUE,
            ErrorPolicy::FailClosed | ErrorPolicy::Reset => reset(),
        }
    }

    /// Applies the policy at the end of the response.
    ///
    /// What is held back stays so until the proxy's own time limit: Envoy (1.40) crashes if a stream is reset
    /// in this callback.
    #[cold]
    #[inline(never)]
    pub(super) fn fail_at_end(&self, callback: Callback, context: u32, error: &Error) -> u32 {
        self.vm.report(callback, context, error);
        hold_back::<R>()
    }

    /// Applies the policy where there is no stream to run.
    ///
    /// Without a call to the host: Envoy (1.40) asks about contexts that it has deleted, and crashes if such
    /// a one is answered.
    #[cold]
    #[inline(never)]
    pub(super) fn fail_absent(&self, callback: Callback, context: u32) -> u32 {
        self.report_absent(callback, context);
        hold_back::<R>()
    }
}

fn hold_back<R: RootContext>() -> u32 {
    match R::ON_ERROR {
        ErrorPolicy::FailOpen => action::CONTINUE,
        ErrorPolicy::FailClosed | ErrorPolicy::Reset => action::PAUSE,
    }
}

fn reset() -> u32 {
    // Held back in any case: a host that cannot reset a stream has its own time limit.
    let _ = call::close_stream(StreamType::HTTP_RESPONSE);
    action::PAUSE
}
