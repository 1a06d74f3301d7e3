//! A stream, as every row of the budgets means it.

use crate::host::{REQUEST_HEADERS, RESPONSE_HEADERS, TOKEN};
use waxwing::__private::{Callback, Guest};

/// The root context of all streams.
pub(crate) const ROOT: u32 = 1;

/// The callbacks of a stream, in their order.
pub(crate) const CALLBACKS: [Callback; 8] = [
    Callback::ContextCreate,
    Callback::RequestHeaders,
    Callback::HttpCallResponse,
    Callback::ResponseHeaders,
    Callback::ResponseBody,
    Callback::Log,
    Callback::Done,
    Callback::Delete,
];

/// What comes before the first stream. The context, with an empty configuration.
pub(crate) fn configure(guest: &dyn Guest) {
    guest.on_context_create(ROOT, 0);
    assert!(guest.on_vm_start(ROOT, 0), "the guest refuses to start");
    assert!(guest.on_configure(ROOT, 0), "the guest refuses an empty configuration");
}

/// Calls one callback of a stream, if the guest exports it, which must continue, unless it is one of those that hold
/// the stream back.
pub(crate) fn call(guest: &dyn Guest, callback: Callback, context: u32, holds: &[Callback]) {
    let expected = u32::from(holds.contains(&callback));
    assert_eq!(try_call(guest, callback, context), expected, "the guest decides otherwise in {callback}");
}

/// Calls one callback of a stream, if the guest exports it; what it answers, 0 if it continues.
pub(crate) fn try_call(guest: &dyn Guest, callback: Callback, context: u32) -> u32 {
    if !guest.callbacks().contains(callback) {
        return 0;
    }
    match callback {
        Callback::ContextCreate => {
            guest.on_context_create(context, ROOT);
            0
        }
        Callback::RequestHeaders => guest.on_request_headers(context, REQUEST_HEADERS, true),
        Callback::HttpCallResponse => {
            guest.on_http_call_response(ROOT, TOKEN, 1, 0, 0);
            0
        }
        Callback::ResponseHeaders => guest.on_response_headers(context, RESPONSE_HEADERS, false),
        Callback::ResponseBody => guest.on_response_body(context, BODY_SIZE, true),
        Callback::Log => {
            guest.on_log(context);
            0
        }
        Callback::Done => u32::from(!guest.on_done(context)),
        Callback::Delete => {
            guest.on_delete(context);
            0
        }
        other => unreachable!("{other} is not a callback of the measured streams"),
    }
}

const BODY_SIZE: usize = 100;
