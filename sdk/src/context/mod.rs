//! The traits that an extension implements. They contain callbacks only; what a callback can do is on the
//! view that it gets.

mod http;
mod root;
mod tcp;

pub use http::HttpContext;
pub use root::{DeriveWithoutRoot, RootCallbacks, RootContext};
pub use tcp::StreamContext;

use crate::abi::guest::Callbacks;
use crate::dispatcher::{Dispatcher, Part};
use crate::exchange::TaskOf;
use core::marker::PhantomData;

/// A root context that can be loaded by a host: what `#[derive(Extension)]` implements.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an extension",
    label = "needs `#[derive(Extension)]`",
    note = "put `#[derive(Extension)]` and `#[extension(http = …)]`, or `tcp = …`, on `{Self}`"
)]
pub trait Extension: RootContext + RootCallbacks {
    /// Its HTTP streams.
    type Http: HttpContext<Root = Self>;

    /// Its TCP connections.
    type Tcp: StreamContext<Root = Self>;

    /// Whether its root contexts have a task.
    #[doc(hidden)]
    type Task: TaskOf<Self>;

    /// Which of several extensions of a module it is: the `root_id` of its derive.
    const ROOT_ID: &'static str = "";
}

/// What a host loads: an extension, or several that [`extensions!`](crate::extensions) puts into one module.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an extension",
    label = "needs `#[derive(Extension)]`",
    note = "put `#[derive(Extension)]` and `#[extension(http = …)]`, or `tcp = …`, on `{Self}`"
)]
pub trait Module: 'static {
    /// What the host calls.
    #[doc(hidden)]
    #[cfg(not(target_arch = "wasm32"))]
    type Guest: Part + crate::abi::host::Memory;
    /// What the host calls.
    #[doc(hidden)]
    #[cfg(target_arch = "wasm32")]
    type Guest: Part;

    /// A guest without contexts.
    #[doc(hidden)]
    const GUEST: Self::Guest;
}

impl<R: Extension> Module for R {
    type Guest = Dispatcher<R>;

    #[allow(clippy::declare_interior_mutable_const, reason = "each use is a guest of its own")]
    const GUEST: Dispatcher<R> = Dispatcher::new();
}

/// Whether no text is there twice; at compile time.
#[doc(hidden)]
pub const fn are_distinct(texts: &[&str]) -> bool {
    let mut rest = texts;
    while let Some((text, others)) = rest.split_first() {
        let mut left = others;
        while let Some((other, more)) = left.split_first() {
            if are_equal(text.as_bytes(), other.as_bytes()) {
                return false;
            }
            left = more;
        }
        rest = others;
    }
    true
}

const fn are_equal(mut left: &[u8], mut right: &[u8]) -> bool {
    while let (Some((a, more_left)), Some((b, more_right))) = (left.split_first(), right.split_first()) {
        if *a != *b {
            return false;
        }
        (left, right) = (more_left, more_right);
    }
    left.is_empty() && right.is_empty()
}

/// The streams of a kind that an extension does not have.
#[doc(hidden)]
#[derive(Debug)]
pub struct NoStreams<R>(PhantomData<R>);

impl<R: 'static> HttpContext for NoStreams<R> {
    type Root = R;

    const IS_NONE: bool = true;

    const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks = Callbacks::NONE;

    fn new(_root: &R) -> Self {
        NoStreams(PhantomData)
    }
}

impl<R: 'static> StreamContext for NoStreams<R> {
    type Root = R;

    const IS_NONE: bool = true;

    const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks = Callbacks::NONE;

    fn new(_root: &R) -> Self {
        NoStreams(PhantomData)
    }
}
