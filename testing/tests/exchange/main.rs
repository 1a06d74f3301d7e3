//! Exchanges, functions that await, on the host model: one file per subject.

mod callout;
mod combinator;
mod failure;
mod grpc;
mod interleaving;
mod response;
mod stage;
mod time;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use waxwing::exchange::{Either, join, select};
use waxwing::prelude::*;
use waxwing_testing::matching::any;
use waxwing_testing::{EndOfStream, Host, Outcome, Phase, Request, Response};

/// Declares an extension that is this function.
macro_rules! exchange {
    ($name:ident $(, $policy:ident)?, |$exchange:ident| $handle:block) => {
        #[derive(Extension, Clone)]
        #[extension(exchange)]
        struct $name;

        impl RootContext for $name {
            type Config = ();
            $( const ON_ERROR: ErrorPolicy = ErrorPolicy::$policy; )?
            fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
                Ok($name)
            }
        }

        impl HttpExchange for $name {
            async fn handle(self, $exchange: Exchange) -> Result<()> $handle
        }
    };
}
use exchange;

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
