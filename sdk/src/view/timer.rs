//! What views whose context goes on can do with timers.

use super::{
    ConnectionView, DownstreamData, NewConnection, RequestBody, RequestHeaders, RequestTrailers,
    ResponseBody, ResponseHeaders, ResponseTrailers, RootView, StreamView, UpstreamData, sealed::Sealed,
};
use crate::dispatcher::Owner;
use crate::{Configure, Result, TimerId, timer};
use core::time::Duration;

macro_rules! timers {
    ($owner:ident: $($view:ident)*) => {
        $(
            impl $view<'_> {
                /// Has `on_timer` called once, after this time, in whole milliseconds, rounded up. See [`TimerId`]
                /// for whose it is, and how exact.
                ///
                /// # Errors
                ///
                /// [`Error::Host`](crate::Error::Host) if the host has no ticks; APISIX and Google Service Extensions
                /// have none. ngx_wasm_module traps instead.
                #[doc(alias = "proxy_set_tick_period_milliseconds")]
                pub fn set_timer(&self, after: Duration) -> Result<TimerId> {
                    timer::start(self.cx(), Owner::$owner, after, false)
                }

                /// Has `on_timer` called again and again, each time that this has passed since the last; otherwise
                /// like [`set_timer`](Self::set_timer).
                ///
                /// # Errors
                ///
                /// Those of [`set_timer`](Self::set_timer).
                #[doc(alias = "proxy_set_tick_period_milliseconds")]
                pub fn set_interval(&self, every: Duration) -> Result<TimerId> {
                    timer::start(self.cx(), Owner::$owner, every, true)
                }

                /// Ends a timer of this context. False if it has ended already, or is not one of this context.
                ///
                /// The host is not asked: its next tick finds nothing to do.
                pub fn cancel_timer(&self, timer: TimerId) -> bool {
                    let cx = self.cx();
                    cx.vm.timers.cancel(cx.context, timer)
                }
            }
        )*
    };
}

timers! { Root: Configure RootView }
timers! {
    Http: StreamView RequestHeaders RequestBody RequestTrailers ResponseHeaders ResponseBody ResponseTrailers
}
timers! { Tcp: ConnectionView NewConnection DownstreamData UpstreamData }
