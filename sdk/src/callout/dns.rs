//! DNS lookups.

use crate::abi::call;
use crate::abi::guest::Callback;
use crate::attributes::Address;
use crate::dispatcher::{Kind, Owner};
use crate::view::Cx;
use crate::{Error, Result, timer};
use core::net::SocketAddr;
use core::time::Duration;
use core::{fmt, slice};

/// Which DNS lookup it is: `resolve_dns` of a view gives it, and the answer comes with it.
///
/// The answer comes to `on_dns_resolved` of the context in whose callback the lookup was begun, and to no other: of
/// [`HttpContext`](crate::HttpContext), [`StreamContext`](crate::StreamContext) or
/// [`RootCallbacks`](crate::RootCallbacks). Until then the proxy goes on; a stream that needs the addresses first returns
/// [`Action::Pause`](crate::Action::Pause).
///
/// ```
/// use waxwing::prelude::*;
///
/// # struct Root;
/// # impl RootContext for Root {
/// #     type Config = ();
/// #     fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> { Ok(Root) }
/// # }
/// struct Stream;
///
/// #[callbacks]
/// impl HttpContext for Stream {
///     type Root = Root;
///     fn new(_root: &Root) -> Self {
///         Stream
///     }
///     fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
///         request.resolve_dns("origin.internal")?;
///         Ok(Action::Pause)
///     }
///     fn on_dns_resolved(
///         &mut self,
///         _lookup: DnsLookupId,
///         answer: &DnsAnswer<'_>,
///         stream: &mut StreamView<'_>,
///     ) -> Result<Action> {
///         if let Some(ip) = answer.addresses()?.find_map(|found| found.address().ip()) {
///             stream.request_headers_mut().set("x-origin", ip.to_string())?;
///         }
///         Ok(Action::Continue)
///     }
/// }
/// ```
///
/// # Answers at once
///
/// Envoy has the answer to some names without asking anybody, `localhost` and addresses among them, and gives it while the
/// lookup is being begun: before its id is known, in the middle of a callback of the very stream that waits. The SDK keeps
/// such an answer until that callback has returned, and hands it over at the next tick, about a millisecond later, like
/// one that took its time. So a callback is never entered while another one of its context runs. That is what a module
/// with `on_dns_resolved` exports `proxy_on_tick` for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DnsLookupId(pub(crate) u32);

impl DnsLookupId {
    /// The number by which the host knows it.
    pub const fn as_u32(self) -> u32 {
        self.0
    }
}

/// Begins a lookup for the context whose callback this is, which is of that kind.
pub(crate) fn resolve(cx: Cx<'_>, owner: Owner, name: &str) -> Result<DnsLookupId> {
    // Ticks come to all that implement the callback.
    if !cx.vm.hears(Callback::ResolveDns) || !cx.vm.timers.come_to(owner) {
        return Err(Error::new(
            "nobody would be told of these addresses: implement `on_dns_resolved`, below `#[callbacks]`",
        ));
    }
    let lookups = &cx.vm.lookups;
    lookups.begin();
    let token = call::resolve_dns(name.as_bytes());
    let early = lookups.end(token.as_ref().ok().copied());
    let token = token?;
    if let Some(answer) = early {
        lookups.keep(cx.context, timer::start(cx, owner, Duration::ZERO, false)?, token, answer);
    }
    cx.vm.pending.add(Kind::Dns, token, cx.context);
    Ok(DnsLookupId(token))
}

/// What came of a DNS lookup: addresses, or that there are none to be had.
#[derive(Clone, Copy)]
pub struct DnsAnswer<'cb> {
    bytes: &'cb [u8],
}

impl<'cb> DnsAnswer<'cb> {
    /// The answer in these bytes, as the host gives them; none are a failure.
    pub(crate) fn new(bytes: &'cb [u8]) -> Self {
        DnsAnswer { bytes }
    }

    /// Whether the host has an answer, be it that the name has no address. Why it has none, no host says.
    pub fn is_resolved(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// The addresses of the name, in the order of the host. Envoy gives those of IP version 6 if there are any, else those
    /// of version 4, and none for a name that does not exist.
    ///
    /// # Errors
    ///
    /// [`Error::Unresolved`] if the lookup failed: nobody answered who would know.
    /// [`Error::Malformed`] if the host's answer is not a list of addresses.
    pub fn addresses(&self) -> Result<DnsAddresses<'cb>> {
        if !self.is_resolved() {
            return Err(Error::unresolved());
        }
        parse(self.bytes).ok_or(Error::Malformed {
            call: "envoy_on_resolve_dns",
            problem: "not a list of addresses with their times to live",
        })
    }
}

impl fmt::Debug for DnsAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.addresses() {
            Ok(addresses) => f.debug_list().entries(addresses).finish(),
            Err(error) => error.fmt(f),
        }
    }
}

/// The count, so many times to live, and so many texts with a NUL behind each, and nothing else.
fn parse(bytes: &[u8]) -> Option<DnsAddresses<'_>> {
    let (count, rest) = bytes.split_first_chunk()?;
    let count = usize::try_from(u32::from_le_bytes(*count)).ok()?;
    let (times, texts) = rest.split_at_checked(count.checked_mul(size_of::<u32>())?)?;
    let ends = texts.iter().filter(|byte| **byte == 0).count();
    let is_whole = texts.last().is_none_or(|last| *last == 0);
    (ends == count && is_whole).then_some(DnsAddresses { times: times.chunks_exact(size_of::<u32>()), texts })
}

/// The addresses of a [`DnsAnswer`], which are as many as its `len`.
#[derive(Clone, Debug)]
pub struct DnsAddresses<'cb> {
    times: slice::ChunksExact<'cb, u8>,
    texts: &'cb [u8],
}

impl<'cb> Iterator for DnsAddresses<'cb> {
    type Item = DnsAddress<'cb>;

    fn next(&mut self) -> Option<DnsAddress<'cb>> {
        let ttl = self.times.next()?.try_into().map(u32::from_le_bytes).ok()?;
        let end = self.texts.iter().position(|byte| *byte == 0)?;
        let (text, rest) = self.texts.split_at_checked(end)?;
        self.texts = rest.get(1..)?;
        Some(DnsAddress { text, ttl })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.times.size_hint()
    }
}

impl ExactSizeIterator for DnsAddresses<'_> {}

/// An address of a name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DnsAddress<'cb> {
    text: &'cb [u8],
    ttl: u32,
}

impl<'cb> DnsAddress<'cb> {
    /// The address, as the host writes it. Names have no ports: Envoy writes port 0.
    pub const fn address(self) -> Address<'cb> {
        Address::new(self.text)
    }

    /// The address and the port; `None` if the host writes it in another way.
    pub fn socket_addr(self) -> Option<SocketAddr> {
        self.address().socket_addr()
    }

    /// How long it can be relied on, in whole seconds.
    pub const fn ttl(self) -> Duration {
        Duration::from_secs(self.ttl as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn encode(addresses: &[(&str, u32)]) -> Vec<u8> {
        let mut bytes = u32::try_from(addresses.len()).unwrap().to_le_bytes().to_vec();
        addresses.iter().for_each(|(_, ttl)| bytes.extend(ttl.to_le_bytes()));
        addresses.iter().for_each(|(text, _)| {
            bytes.extend(text.as_bytes());
            bytes.push(0);
        });
        bytes
    }

    #[test]
    fn an_answer_has_addresses_with_their_times_to_live() {
        let bytes = encode(&[("10.0.0.7:0", 60), ("[::1]:0", u32::MAX), ("", 0)]);
        let addresses = DnsAnswer::new(&bytes).addresses().unwrap();
        assert_eq!(addresses.len(), 3);
        let addresses: Vec<_> = addresses.collect();
        assert_eq!(addresses[0].socket_addr(), Some("10.0.0.7:0".parse().unwrap()));
        assert_eq!(addresses[0].ttl(), Duration::from_secs(60));
        assert_eq!(addresses[1].address().ip().unwrap().to_string(), "::1");
        assert_eq!(addresses[1].ttl(), Duration::from_secs(4_294_967_295));
        assert_eq!((addresses[2].socket_addr(), addresses[2].address().as_bytes()), (None, &b""[..]));
    }

    #[test]
    fn no_bytes_are_a_failure_and_no_addresses_are_an_answer() {
        assert_eq!(DnsAnswer::new(b"").addresses().unwrap_err(), Error::unresolved());
        let none = encode(&[]);
        let none = DnsAnswer::new(&none);
        assert!(none.is_resolved());
        assert_eq!(none.addresses().unwrap().count(), 0);
    }

    #[test]
    fn an_answer_that_is_cut_or_goes_on_is_refused() {
        let whole = encode(&[("10.0.0.7:0", 60), ("10.0.0.8:0", 60)]);
        for len in 1..whole.len() {
            let cut = DnsAnswer::new(&whole[..len]).addresses();
            assert!(matches!(cut, Err(Error::Malformed { .. })), "{len}");
        }
        for more in ["x", "\0", "x\0"] {
            let longer = [&whole[..], more.as_bytes()].concat();
            assert!(DnsAnswer::new(&longer).addresses().is_err(), "{more:?}");
        }
        assert!(DnsAnswer::new(&[0xFF; 64]).addresses().is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_or_an_error(count in 0u8..6, rest in prop::collection::vec(0u8..4, 0..64)) {
            let bytes = [&[count, 0, 0, 0], &rest[..]].concat();
            if let Ok(addresses) = DnsAnswer::new(&bytes).addresses() {
                prop_assert_eq!(addresses.count(), usize::from(count));
            }
        }
    }
}
