//! Extensions written with the SDK, on the host model, through the public API: one file per subject.

mod attribute;
mod body;
mod buffer;
mod connection;
mod dns;
mod error_policy;
mod fault;
mod foreign;
mod grpc;
mod header;
mod host_level;
mod lifecycle;
mod local_response;
mod logging;
mod metadata;
mod metric;
mod pause;
mod property;
mod queue;
mod scenario;
mod shared_data;
mod strict;
mod timeline;
mod timer;
mod trap;

use std::cell::RefCell;
use std::rc::Rc;
use waxwing::prelude::*;
use waxwing_testing::{EndOfStream, Host, Outcome, Phase, Request, Response};

/// Declares an extension without state: its stream type, and the callbacks that it has.
macro_rules! extension {
    ($root:ident, $stream:ident { $($callbacks:item)* }) => {
        #[derive(Extension)]
        #[extension(http = $stream)]
        struct $root;

        impl RootContext for $root {
            type Config = ();
            fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
                Ok($root)
            }
        }

        struct $stream;

        #[callbacks]
        impl HttpContext for $stream {
            type Root = $root;
            fn new(_: &$root) -> Self {
                $stream
            }
            $($callbacks)*
        }
    };
}
use extension;

/// The message of the panic of a failing assertion.
fn failure(assertion: impl FnOnce()) -> String {
    let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(assertion)).unwrap_err();
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => (*payload.downcast::<&str>().unwrap()).to_owned(),
    }
}
