//! TCP connections.

use super::{Cx, sealed::Sealed};
use crate::Result;
use crate::abi::call;
use crate::abi::wire::{ALL_BYTES, BufferType, PeerType};

/// A view without anything of its own.
macro_rules! view {
    ($view:ident) => {
        impl<'cb> $view<'cb> {
            #[inline(always)]
            pub(crate) fn new(cx: Cx<'cb>) -> Self {
                $view { cx }
            }
        }

        sealed! { $view }
    };
}

macro_rules! sealed {
    ($view:ident) => {
        impl<'cb> Sealed<'cb> for $view<'cb> {
            #[inline(always)]
            fn cx(&self) -> Cx<'cb> {
                self.cx
            }
        }
    };
}

/// A client that has connected, and of which no bytes have arrived.
#[derive(Debug)]
pub struct NewConnection<'cb> {
    cx: Cx<'cb>,
}

view! { NewConnection }
super::control::close! { NewConnection }

/// A view of the bytes of one direction.
macro_rules! data_view {
    ($(#[$doc:meta])* $view:ident: $buffer:ident, $from:literal) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $view<'cb> {
            cx: Cx<'cb>,
            size: usize,
            end_of_stream: bool,
        }

        impl<'cb> $view<'cb> {
            #[inline(always)]
            pub(crate) fn new(cx: Cx<'cb>, size: usize, end_of_stream: bool) -> Self {
                $view { cx, size, end_of_stream }
            }

            #[doc = concat!("Whether the ", $from, " sends nothing after these bytes, of which there may be none.")]
            #[inline(always)]
            pub fn end_of_stream(&self) -> bool {
                self.end_of_stream
            }
        }

        super::buffer::buffer! { $view, $buffer }
        super::control::close! { $view }
        sealed! { $view }
    };
}

data_view! {
    /// Bytes that a TCP client has sent.
    ///
    /// What is visible is what has just arrived; after a callback of this direction paused, it is all that was held
    /// back and what has just arrived. Where one piece ends and the next begins is up to the network.
    DownstreamData: DOWNSTREAM_DATA, "client"
}
data_view! {
    /// Bytes that a TCP upstream has sent.
    ///
    /// What is visible is what has just arrived; after a callback of this direction paused, it is all that was held
    /// back and what has just arrived. Where one piece ends and the next begins is up to the network.
    ///
    /// What is held back here can only be let go by a later callback of this direction, because no host resumes
    /// it: if the upstream sends nothing more, it stays where it is.
    UpstreamData: UPSTREAM_DATA, "upstream"
}

super::control::resume_downstream! { UpstreamData }

/// A view of a connection that is closed.
macro_rules! close_view {
    ($(#[$doc:meta])* $view:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $view<'cb> {
            cx: Cx<'cb>,
            peer: PeerType,
        }

        impl<'cb> $view<'cb> {
            #[inline(always)]
            pub(crate) fn new(cx: Cx<'cb>, peer: u32) -> Self {
                $view { cx, peer: PeerType(peer) }
            }

            /// Who closed it.
            pub fn peer(&self) -> PeerType {
                self.peer
            }
        }

        sealed! { $view }
    };
}

close_view! {
    /// The connection to a TCP client is closed: nothing can be sent or received any more.
    DownstreamClose
}
close_view! {
    /// The upstream of a TCP connection sends nothing more.
    UpstreamClose
}

super::control::close! { UpstreamClose }
super::control::resume_downstream! { UpstreamClose }

/// A TCP connection when something else comes than its bytes: the answer to a callout, a timer.
#[derive(Debug)]
pub struct ConnectionView<'cb> {
    cx: Cx<'cb>,
}

view! { ConnectionView }
super::control::close! { ConnectionView }
super::control::resume_downstream! { ConnectionView }

impl<'cb> ConnectionView<'cb> {
    /// What the client has sent and [`on_downstream_data`](crate::StreamContext::on_downstream_data) has held back;
    /// empty if it did not.
    ///
    /// # Errors
    ///
    /// [`Error::Host`](crate::Error::Host) if the host refuses.
    #[doc(alias = "proxy_get_buffer_bytes")]
    pub fn held_data(&self) -> Result<&'cb [u8]> {
        call::buffer_bytes(self.cx.scope, BufferType::DOWNSTREAM_DATA, 0, ALL_BYTES)
    }

    /// Puts these bytes in place of what is held back of what the client has sent.
    ///
    /// # Errors
    ///
    /// [`Error::Host`](crate::Error::Host) if the host refuses: Envoy does if none is held back.
    #[doc(alias = "proxy_set_buffer_bytes")]
    pub fn replace_held_data(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        call::set_buffer_bytes(BufferType::DOWNSTREAM_DATA, 0, ALL_BYTES, bytes.as_ref())
    }
}

/// A TCP connection that is over and can be logged: its properties can be read once more.
///
/// Envoy calls for it between [`on_done`](crate::StreamContext::on_done) and the end of the context.
#[derive(Debug)]
pub struct ConnectionLog<'cb> {
    cx: Cx<'cb>,
}

view! { ConnectionLog }
