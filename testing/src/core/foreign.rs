//! Foreign functions: those of a test, and those of Envoy that can be modelled.

use super::HostCore;
use super::stream::Stream;
use crate::misuse::Misuse;
use miniz_oxide::{deflate, inflate};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::rc::Rc;
use waxwing::__private::Answer;
use waxwing::Status;

/// What a test has in place of a function of the host.
pub(crate) type ForeignFunction = Rc<dyn Fn(&[u8]) -> Result<Vec<u8>, Status>>;

/// What the functions keep for a root context.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    /// The declared properties, and whether they are read-only.
    declared: RefCell<HashMap<Vec<u8>, bool>>,
    expressions: RefCell<Expressions>,
}

/// The expressions that the guest has made.
#[derive(Debug, Default)]
struct Expressions {
    made: u32,
    /// Their values.
    values: BTreeMap<u32, Vec<u8>>,
}

/// An object of Envoy's filter state, as an attribute shows it.
#[derive(Clone, Debug)]
pub(super) enum Object {
    Text(Vec<u8>),
    /// Fields by name, of which none can be listed.
    Fields,
    Hidden,
}

impl Foreign {
    pub(super) fn forget(&self) {
        self.declared.borrow_mut().clear();
    }

    pub(super) fn is_read_only(&self, property: &[u8]) -> bool {
        self.declared.borrow().get(property).copied().unwrap_or(false)
    }
}

/// What there is without a test's doing.
const NAMES: [&str; 8] = [
    "clear_route_cache",
    "set_envoy_filter_state",
    "declare_property",
    "compress",
    "uncompress",
    "expr_create",
    "expr_evaluate",
    "expr_delete",
];

/// As zlib's default has it.
const COMPRESSION_LEVEL: u8 = 6;

impl HostCore {
    pub(super) fn foreign_function(
        &self,
        stream: Option<&Stream>,
        name: &[u8],
        argument: &[u8],
    ) -> Answer<Vec<u8>> {
        let given = &self.settings().foreign_functions;
        if let Some((_, function)) = given.iter().rev().find(|(other, _)| other.as_bytes() == name) {
            return function(argument);
        }
        match name {
            b"clear_route_cache" => {
                if let Some(stream) = stream {
                    stream.state_mut().route_choices += 1;
                }
                Ok(Vec::new())
            }
            b"set_envoy_filter_state" => self.set_filter_state(stream, argument),
            b"declare_property" => self.declare_property(stream, argument),
            b"compress" => Ok(deflate::compress_to_vec_zlib(argument, COMPRESSION_LEVEL)),
            b"uncompress" => {
                inflate::decompress_to_vec_zlib(argument).map_err(|_| Status::SERIALIZATION_FAILURE)
            }
            b"expr_create" => self.create_expression(stream, argument),
            b"expr_evaluate" => {
                let token = token(argument)?;
                let values = &self.foreign.expressions.borrow().values;
                values.get(&token).cloned().ok_or(Status::NOT_FOUND)
            }
            b"expr_delete" => {
                let token = token(argument)?;
                self.foreign.expressions.borrow_mut().values.remove(&token);
                Ok(Vec::new())
            }
            _ => {
                let names: Vec<&str> = given.iter().map(|(name, _)| name.as_str()).chain(NAMES).collect();
                self.note_foreign(
                    stream,
                    format!(
                        "there is no foreign function {:?}: there are {}; .foreign_function(…) adds another",
                        String::from_utf8_lossy(name),
                        names.join(", ")
                    ),
                );
                Err(Status::NOT_FOUND)
            }
        }
    }

    /// Notes something where the guest's author sees it.
    fn note_foreign(&self, stream: Option<&Stream>, text: String) {
        match stream {
            Some(stream) => stream.journal.host(text),
            None => self.root_journal.host(text),
        }
    }

    fn declare_property(&self, stream: Option<&Stream>, argument: &[u8]) -> Answer<Vec<u8>> {
        let message = Message::parse(argument)?;
        let (name, read_only) = (message.bytes(1).to_vec(), message.number(2) == 1);
        match stream {
            None if self.acting_connection().is_some() => {}
            Some(stream) => {
                let declared = &mut stream.state_mut().declared;
                if declared.contains(&name) {
                    return Err(Status::BAD_ARGUMENT);
                }
                declared.push(name);
                stream.journal.host("a property declared by a stream: without effect");
            }
            None => {
                let mut declared = self.foreign.declared.borrow_mut();
                if declared.contains_key(&name) {
                    return Err(Status::BAD_ARGUMENT);
                }
                declared.insert(name, read_only);
            }
        }
        Ok(Vec::new())
    }

    fn create_expression(&self, stream: Option<&Stream>, source: &[u8]) -> Answer<Vec<u8>> {
        let known = &self.settings().expressions;
        let Some((_, value)) = known.iter().rev().find(|(other, _)| other.as_bytes() == source) else {
            self.note_foreign(
                stream,
                "the value of this expression is not known: .expression(…) sets it".to_owned(),
            );
            return Err(Status::BAD_ARGUMENT);
        };
        let mut expressions = self.foreign.expressions.borrow_mut();
        let token = expressions.made;
        expressions.made += 1;
        expressions.values.insert(token, value.clone());
        Ok(token.to_le_bytes().to_vec())
    }
}

fn token(argument: &[u8]) -> Answer<u32> {
    argument.try_into().map(u32::from_le_bytes).map_err(|_| Status::BAD_ARGUMENT)
}

impl HostCore {
    fn set_filter_state(&self, stream: Option<&Stream>, argument: &[u8]) -> Answer<Vec<u8>> {
        let message = Message::parse(argument)?;
        let (name, value) = (message.bytes(1), message.bytes(2));
        let stream = stream.ok_or(Status::NOT_FOUND)?;
        let (object, span) = (object(name, value)?, message.number(3));
        let is_other = stream.state().objects.get(name).is_some_and(|(other, _)| *other != span);
        if is_other {
            let name = String::from_utf8_lossy(name);
            let text = format!("{name} is set with another life span than before: ignored");
            self.flag(stream, Misuse::ChangedLifeSpan, text);
        } else {
            stream.state_mut().objects.insert(name.to_vec(), (span, object));
        }
        Ok(Vec::new())
    }
}

/// The object that Envoy 1.40 makes of a text, of those kinds that it has.
fn object(name: &[u8], value: &[u8]) -> Answer<Object> {
    let text = std::str::from_utf8(value).map_err(|_| Status::BAD_ARGUMENT)?;
    let parses = match name {
        b"envoy.string"
        | b"envoy.hashable_string"
        | b"envoy.network.upstream_server_name"
        | b"envoy.network.upstream_subject_alt_names"
        | b"envoy.tcp_proxy.cluster"
        | b"envoy.upstream.dynamic_host" => true,
        b"envoy.network.application_protocols" => return Ok(Object::Hidden),
        b"envoy.tcp_proxy.disable_tunneling" => {
            return Ok(Object::Text((text == "true").to_string().into_bytes()));
        }
        b"envoy.upstream.dynamic_port" => text.parse::<u16>().is_ok(),
        b"envoy.ratelimit.hits_addend" => text.parse::<u32>().is_ok(),
        b"envoy.tcp_proxy.per_connection_idle_timeout_ms" => text.parse::<u64>().is_ok(),
        b"envoy.filters.listener.original_dst.local_ip"
        | b"envoy.network.transport_socket.original_dst_address" => {
            return text.parse::<SocketAddr>().map(|_| Object::Fields).map_err(|_| Status::BAD_ARGUMENT);
        }
        _ => return Err(Status::NOT_FOUND),
    };
    if parses { Ok(Object::Text(value.to_vec())) } else { Err(Status::BAD_ARGUMENT) }
}

/// The fields of a message of protocol buffers that functions take: numbers, and what has a length.
struct Message<'a> {
    numbers: HashMap<u64, u64>,
    bytes: HashMap<u64, &'a [u8]>,
}

impl<'a> Message<'a> {
    fn parse(message: &'a [u8]) -> Answer<Self> {
        Message::read(message).ok_or(Status::BAD_ARGUMENT)
    }

    fn read(mut rest: &'a [u8]) -> Option<Self> {
        let mut message = Message { numbers: HashMap::new(), bytes: HashMap::new() };
        while !rest.is_empty() {
            let tag = varint(&mut rest)?;
            match tag & 7 {
                0 => {
                    let number = varint(&mut rest)?;
                    message.numbers.insert(tag >> 3, number);
                }
                2 => {
                    let len = usize::try_from(varint(&mut rest)?).ok()?;
                    let (bytes, behind) = rest.split_at_checked(len)?;
                    rest = behind;
                    message.bytes.insert(tag >> 3, bytes);
                }
                _ => return None,
            }
        }
        Some(message)
    }

    fn number(&self, field: u64) -> u64 {
        self.numbers.get(&field).copied().unwrap_or_default()
    }

    fn bytes(&self, field: u64) -> &'a [u8] {
        self.bytes.get(&field).copied().unwrap_or_default()
    }
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, behind) = rest.split_first()?;
        *rest = behind;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
