//! The traits that an extension implements. They contain callbacks only; what a callback can do is on the
//! view that it gets.

mod http;
mod root;

pub use http::HttpContext;
pub use root::{RootCallbacks, RootContext};

use crate::abi::guest::Callbacks;
use core::marker::PhantomData;

/// A root context that can be loaded by a host: what `#[derive(Extension)]` implements.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an extension",
    label = "needs `#[derive(Extension)]`",
    note = "put `#[derive(Extension)]` and `#[extension(http = …)]` on `{Self}`"
)]
pub trait Extension: RootContext + RootCallbacks {
    /// Its streams.
    type Http: HttpContext<Root = Self>;
}

/// The streams of an extension whose derive found a mistake, so that it is the only one reported.
#[doc(hidden)]
#[derive(Debug)]
pub struct NoStreams<R>(PhantomData<R>);

impl<R: 'static> HttpContext for NoStreams<R> {
    type Root = R;

    const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks = Callbacks::NONE;

    fn new(_root: &R) -> Self {
        NoStreams(PhantomData)
    }
}
