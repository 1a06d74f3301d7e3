//! DNS lookups, which are answered with what the test says.

use super::HostCore;
use super::answering::number;
use super::schedule::Due;
use crate::host_call::HostCall;
use crate::timeline::Arguments;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;
use waxwing::__private::{Answer, Callback};

/// The DNS lookups of a worker.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    begun: Cell<u32>,
    /// The names of those that have no answer yet, by their token, and the context that asked.
    open: RefCell<BTreeMap<u32, (String, u32)>>,
    /// The answer that the guest is being told of.
    delivered: RefCell<Vec<u8>>,
}

impl HostCore {
    /// Begins a lookup. Envoy answers some while it begins them; the model never does, because it enters no guest that
    /// is calling it.
    pub(super) fn begin_lookup(&self, name: &[u8]) -> Answer<u32> {
        self.answer(HostCall::ResolveDns { name: name.to_vec() }, number, |_| {
            let lookups = &self.lookups;
            lookups.begun.set(lookups.begun.get() + 1);
            let token = FIRST_TOKEN + lookups.begun.get() - 1;
            let name = String::from_utf8_lossy(name).into_owned();
            let context = self.vm.acting().unwrap_or_default();
            lookups.open.borrow_mut().insert(token, (name, context));
            self.process.schedule.after(Duration::ZERO, self.key, Due::DnsAnswer(token));
            Ok(token)
        })
    }

    /// Tells the guest of the answer; no guest is running.
    pub(super) fn answer_lookup(self: &Rc<Self>, token: u32) {
        let Some((name, context)) = self.lookups.open.borrow_mut().remove(&token) else { return };
        let addresses = self.addresses(&name);
        let answer = addresses.map(|addresses| encode(&addresses)).unwrap_or_default();
        let arguments = Arguments::Grpc { token, size: answer.len() };
        self.lookups.delivered.replace(answer);
        self.call(Callback::ResolveDns, self.root_of(context), arguments, drop);
        self.lookups.delivered.take();
    }

    /// Gives up all lookups of this root context and its streams; the guest hears nothing of them.
    pub(super) fn cancel_lookups(&self, root: u32) {
        self.lookups.open.borrow_mut().retain(|_, (_, context)| self.root_of(*context) != root);
    }

    /// Reads the answer that the guest is being told of; nothing if it is told of none.
    pub(super) fn with_dns_answer<T>(&self, read: impl FnOnce(&[u8]) -> T) -> T {
        read(&self.lookups.delivered.borrow())
    }

    pub(super) fn describe_lookup(&self, token: u32) -> String {
        match self.lookups.open.borrow().get(&token) {
            Some((name, _)) => format!("the answer to the lookup of {name:?}"),
            None => "the answer to a lookup that was given up".to_owned(),
        }
    }

    /// What a test has said, and what needs no asking; `None` if the lookup fails.
    fn addresses(&self, name: &str) -> Option<Vec<IpAddr>> {
        let given = self.settings().names.iter().rev().find(|(other, _)| other == name);
        if let Some((_, addresses)) = given {
            return addresses.clone();
        }
        if name == "localhost" {
            // Of both versions of IP, Envoy asks for the sixth first.
            return Some(vec![Ipv6Addr::LOCALHOST.into()]);
        }
        let Ok(address) = name.parse() else {
            self.root_journal.host(format!(
                "there is no name {name:?} in DNS, so it has no addresses: `.dns({name:?}, …)` gives it some"
            ));
            return Some(Vec::new());
        };
        Some(vec![address])
    }
}

/// Envoy's first.
const FIRST_TOKEN: u32 = 2;

/// How long all addresses can be relied on, in seconds.
const TIME_TO_LIVE: u32 = 60;

fn encode(addresses: &[IpAddr]) -> Vec<u8> {
    let count = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    let mut bytes = count.to_le_bytes().to_vec();
    addresses.iter().for_each(|_| bytes.extend(TIME_TO_LIVE.to_le_bytes()));
    for address in addresses {
        bytes.extend(SocketAddr::new(*address, 0).to_string().into_bytes());
        bytes.push(0);
    }
    bytes
}
