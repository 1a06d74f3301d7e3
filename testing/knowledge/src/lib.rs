//! An extension that logs what it knows: attributes of each type, and the addresses of names.
//!
//! Its configuration is a list of names, which its root context looks up when it is configured. A request with the header
//! `x-resolve` is held back until that name has been looked up, and one with `x-forget` as well is answered at once.

mod attributes;

use std::net::IpAddr;
use waxwing::prelude::*;

/// The extension.
#[derive(Debug, Extension)]
#[extension(http = KnowingStream, tcp = KnowingConnection, root)]
pub struct Knowing {
    names: Vec<(DnsLookupId, String)>,
}

impl RootContext for Knowing {
    type Config = String;

    fn configure(names: String, cx: &mut Configure<'_>) -> Result<Self> {
        let look_up = |name: &str| Ok((cx.resolve_dns(name)?, name.to_owned()));
        Ok(Knowing { names: names.lines().map(look_up).collect::<Result<_>>()? })
    }
}

#[callbacks]
impl RootCallbacks for Knowing {
    fn on_dns_resolved(
        &mut self,
        lookup: DnsLookupId,
        answer: &DnsAnswer<'_>,
        root: &mut RootView<'_>,
    ) -> Result<()> {
        let at = self.names.iter().position(|(other, _)| *other == lookup);
        let at = at.ok_or_else(|| Error::new("nobody has asked for this name"))?;
        let (_, name) = self.names.swap_remove(at);
        root.log(LogLevel::Info, &format!("{name}: {}", addresses(answer)?));
        Ok(())
    }
}

/// A stream of the extension.
#[derive(Debug)]
pub struct KnowingStream {
    lookup: Option<DnsLookupId>,
}

#[callbacks]
impl HttpContext for KnowingStream {
    type Root = Knowing;

    fn new(_root: &Knowing) -> Self {
        KnowingStream { lookup: None }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let headers = request.headers();
        if headers.get("x-attributes")?.is_some() {
            attributes::of_request(request)?;
        }
        let Some(name) = headers.get_str("x-resolve")? else { return Ok(Action::Continue) };
        self.lookup = Some(request.resolve_dns(name)?);
        match headers.get("x-forget")? {
            Some(_) => Ok(LocalResponse::new(202).into()),
            None => Ok(Action::Pause),
        }
    }

    fn on_dns_resolved(
        &mut self,
        lookup: DnsLookupId,
        answer: &DnsAnswer<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        if self.lookup.take() != Some(lookup) {
            return Err(Error::new("nobody has asked for this name"));
        }
        let addresses = addresses(answer)?;
        stream.log(LogLevel::Info, &format!("the addresses are {addresses}"));
        stream.request_headers_mut().set("x-addresses", &addresses)?;
        Ok(Action::Continue)
    }

    fn on_log(&mut self, stream: &mut StreamLog<'_>) -> Result<()> {
        if stream.request_headers().get("x-attributes")?.is_some() {
            attributes::of_log(stream)?;
        }
        Ok(())
    }
}

/// A connection of the extension: its first bytes are a name, and those that follow wait for its addresses.
#[derive(Debug)]
pub struct KnowingConnection {
    is_asked: bool,
}

#[callbacks]
impl StreamContext for KnowingConnection {
    type Root = Knowing;

    fn new(_root: &Knowing) -> Self {
        KnowingConnection { is_asked: false }
    }

    fn on_downstream_data(&mut self, data: &mut DownstreamData<'_>) -> Result<Flow> {
        if self.is_asked || data.size() == 0 {
            return Ok(Flow::Continue);
        }
        self.is_asked = true;
        data.resolve_dns(std::str::from_utf8(data.bytes()?)?)?;
        Ok(Flow::Pause)
    }

    fn on_dns_resolved(
        &mut self,
        _lookup: DnsLookupId,
        answer: &DnsAnswer<'_>,
        connection: &mut ConnectionView<'_>,
    ) -> Result<Flow> {
        connection.replace_held_data(addresses(answer)?)?;
        Ok(Flow::Continue)
    }
}

/// An answer in words, the same whatever order a resolver gives the addresses in.
fn addresses(answer: &DnsAnswer<'_>) -> Result<String> {
    let mut addresses: Vec<IpAddr> = match answer.addresses() {
        Ok(addresses) => addresses.filter_map(|found| found.address().ip()).collect(),
        Err(Error::Unresolved { .. }) => return Ok("failure".to_owned()),
        Err(error) => return Err(error),
    };
    if addresses.is_empty() {
        return Ok("none".to_owned());
    }
    addresses.sort_unstable();
    Ok(addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(" "))
}
