//! Metadata of gRPC streams.

use super::Headers;
use super::grpc::GrpcStream;
use super::kept::Source;
use super::task::{Awaited, Shared};
use crate::abi::wire::MapType;
use crate::headers::read_pairs;
use crate::{Pairs, Result, Values};
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

/// The metadata that a server has sent at the start, or at the end, of its answer to a gRPC stream.
///
/// They are copied out of the proxy when they come, so they may be held across an await, and as long as the function likes. A
/// clone is the same copy.
///
/// Each method fails with [`Error::Malformed`](crate::Error::Malformed) if the host has given something else than a list of pairs.
#[derive(Clone, Default)]
pub struct GrpcMetadata {
    block: Rc<Vec<u8>>,
}

impl GrpcMetadata {
    /// The value of the first entry of that name, in any case; `None` if there is none. A name that ends in `-bin` has the
    /// value as gRPC sends it, in Base64.
    pub fn get(&self, name: impl AsRef<[u8]>) -> Result<Option<&[u8]>> {
        self.entries().get(name)
    }

    /// The same as text; [`Error::NotText`](crate::Error::NotText) if the value is not UTF-8.
    pub fn get_str(&self, name: impl AsRef<[u8]>) -> Result<Option<&str>> {
        self.entries().get_str(name)
    }

    /// The values of all entries of that name, in order.
    pub fn get_all<'n>(&self, name: &'n (impl AsRef<[u8]> + ?Sized)) -> Result<Values<'_, 'n>> {
        self.entries().get_all(name)
    }

    /// All entries, in order, as names and values.
    pub fn iter(&self) -> Result<Pairs<'_>> {
        read_pairs(&self.block)
    }

    fn entries(&self) -> Headers<'_> {
        Headers::of_block(&self.block)
    }
}

impl fmt::Debug for GrpcMetadata {
    /// No value: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcMetadata").field("len", &self.block.len()).finish_non_exhaustive()
    }
}

/// Metadata at the start of an answer that have not come yet: await them.
#[must_use = "metadata come when they are awaited"]
pub struct InitialMetadata<'g> {
    pub(super) stream: &'g mut GrpcStream,
    pub(super) awaited: Awaited,
}

impl Future for InitialMetadata<'_> {
    type Output = Result<GrpcMetadata>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.stream.poll_initial() {
            None => {
                self.stream.shared().wait(context);
                Poll::Pending
            }
            Some(Ok(metadata)) => Poll::Ready(Ok(metadata)),
            Some(Err(error)) => Poll::Ready(Err(self.stream.shared().fail(self.awaited, error))),
        }
    }
}

impl fmt::Debug for InitialMetadata<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InitialMetadata").field("stream", &self.stream).finish_non_exhaustive()
    }
}

/// Takes the metadata of a stream that are kept.
pub(super) fn take(shared: &Shared, stream: u32, map: MapType) -> Option<Result<GrpcMetadata>> {
    let kept = shared.take_kept(Source::GrpcMetadata(stream, map))?;
    Some(kept.into_body().map(|block| GrpcMetadata { block: Rc::new(block) }))
}
