//! What views whose context goes on can do with names.

use super::{
    ConnectionView, DownstreamData, NewConnection, RequestBody, RequestHeaders, RequestTrailers,
    ResponseBody, ResponseHeaders, ResponseTrailers, RootView, StreamView, UpstreamData, sealed::Sealed,
};
use crate::callout::{DnsLookupId, dns};
use crate::dispatcher::Owner;
use crate::{Configure, Result};

macro_rules! resolves {
    ($owner:ident: $($view:ident)*) => {
        $(
            impl $view<'_> {
                /// Has the addresses of a name looked up in DNS, for `on_dns_resolved`. See [`DnsLookupId`] for whose
                /// it is called.
                ///
                /// Envoy and its relatives only: a module that uses it loads nowhere else. They ask the resolver of the
                /// system, and have a limit of their own for how long that may take.
                ///
                /// # Errors
                ///
                /// [`Error::Host`](crate::Error::Host) if the host refuses. A name that has no address, or is none, is a
                /// lookup like others: its answer is empty, or that it failed.
                #[cfg_attr(docsrs, doc(cfg(feature = "envoy-dns")))]
                #[doc(alias = "envoy_resolve_dns")]
                pub fn resolve_dns(&self, name: &str) -> Result<DnsLookupId> {
                    dns::resolve(self.cx(), Owner::$owner, name)
                }
            }
        )*
    };
}

resolves! { Root: Configure RootView }
resolves! {
    Http: StreamView RequestHeaders RequestBody RequestTrailers ResponseHeaders ResponseBody ResponseTrailers
}
resolves! { Tcp: ConnectionView NewConnection DownstreamData UpstreamData }
