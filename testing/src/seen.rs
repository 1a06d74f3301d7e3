//! Messages with assertions.

use crate::evidence::Evidence;
use crate::excerpt::{Form, excerpt, first_difference};
use crate::quoted::Quoted;
use crate::style::{self, ADDED, REMOVED};
use crate::timeline::Written;
use crate::{Request, Response};
use std::ops::Deref;
use std::sync::Arc;
use waxwing::__private::{BufferType, MapType};

/// A request or a response that came out of a host, with assertions.
///
/// It derefs to the message. A failed assertion prints the exchange before and after the extension, side by
/// side, and the timeline, with the last call that wrote the header in question marked.
#[derive(Clone, Debug)]
pub struct Seen<M> {
    message: M,
    evidence: Arc<Evidence>,
    details: String,
}

impl<M> Seen<M> {
    pub(crate) fn new(message: M, evidence: Arc<Evidence>, details: &str) -> Self {
        Seen { message, evidence, details: details.to_owned() }
    }

    /// The message itself.
    pub fn into_inner(self) -> M {
        self.message
    }
}

impl<M> Deref for Seen<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.message
    }
}

/// What requests and responses have in common, once for both.
macro_rules! seen {
    ($message:ident, $kind:literal, $headers:ident, $trailers:ident, $body:ident) => {
        impl Seen<$message> {
            /// Asserts that the header is there exactly once, with this value.
            #[track_caller]
            pub fn assert_header(&self, name: &str, value: impl AsRef<[u8]>) -> &Self {
                self.assert_values(concat!($kind, " header"), MapType::$headers, name, &[value])
            }

            /// Asserts that the header is there with these values, in this order.
            #[track_caller]
            pub fn assert_header_all<V: AsRef<[u8]>>(
                &self,
                name: &str,
                values: impl IntoIterator<Item = V>,
            ) -> &Self {
                let values: Vec<V> = values.into_iter().collect();
                self.assert_values(concat!($kind, " header"), MapType::$headers, name, &values)
            }

            /// Asserts that there is no such header.
            #[track_caller]
            pub fn assert_no_header(&self, name: &str) -> &Self {
                self.assert_values::<&[u8]>(concat!($kind, " header"), MapType::$headers, name, &[])
            }

            /// Asserts that the trailer is there exactly once, with this value.
            #[track_caller]
            pub fn assert_trailer(&self, name: &str, value: impl AsRef<[u8]>) -> &Self {
                self.assert_values(concat!($kind, " trailer"), MapType::$trailers, name, &[value])
            }

            /// Asserts that there is no such trailer.
            #[track_caller]
            pub fn assert_no_trailer(&self, name: &str) -> &Self {
                self.assert_values::<&[u8]>(concat!($kind, " trailer"), MapType::$trailers, name, &[])
            }

            /// Asserts that the whole body is this, however it was cut into pieces.
            #[track_caller]
            pub fn assert_body(&self, body: impl AsRef<[u8]>) -> &Self {
                let (expected, actual) = (body.as_ref(), self.message.body_bytes());
                if actual != expected {
                    let problem = mismatch(concat!($kind, " body"), expected, &actual);
                    self.evidence.fail(&problem, Some(&Written::Buffer(BufferType::$body)));
                }
                self
            }

            #[track_caller]
            fn assert_values<V: AsRef<[u8]>>(
                &self,
                kind: &str,
                map: MapType,
                name: &str,
                values: &[V],
            ) -> &Self {
                let list =
                    if map == MapType::$trailers { &self.message.trailers } else { &self.message.headers };
                let actual: Vec<&[u8]> = list.get_all(name).collect();
                let expected: Vec<&[u8]> = values.iter().map(AsRef::as_ref).collect();
                if actual != expected {
                    let what = format!("{kind} {name:?}");
                    let problem = match (&expected[..], &actual[..]) {
                        (&[expected], &[actual]) => mismatch(&what, expected, actual),
                        _ => format!("{what}: expected {}, got {}", Values(&expected), Values(&actual)),
                    };
                    self.evidence.fail(&problem, Some(&Written::Header(map, name.as_bytes())));
                }
                self
            }
        }
    };
}

seen!(Request, "request", HTTP_REQUEST_HEADERS, HTTP_REQUEST_TRAILERS, HTTP_REQUEST_BODY);
seen!(Response, "response", HTTP_RESPONSE_HEADERS, HTTP_RESPONSE_TRAILERS, HTTP_RESPONSE_BODY);

impl Seen<Request> {
    /// Asserts the path with its query.
    #[track_caller]
    pub fn assert_path(&self, path: &str) -> &Self {
        self.assert_header(":path", path)
    }

    /// Asserts the method.
    #[track_caller]
    pub fn assert_method(&self, method: &str) -> &Self {
        self.assert_header(":method", method)
    }
}

impl Seen<Response> {
    /// Asserts the status.
    #[track_caller]
    pub fn assert_status(&self, status: u16) -> &Self {
        let actual: Vec<_> = self.message.headers.get_all(":status").collect();
        if actual != [status.to_string().as_bytes()] {
            let actual = actual.iter().map(|status| status.escape_ascii().to_string()).collect::<Vec<_>>();
            let actual = if actual.is_empty() { "none".to_owned() } else { actual.join(", ") };
            let written = Written::Header(MapType::HTTP_RESPONSE_HEADERS, b":status");
            let problem = format!("response status: expected {status}, got {actual}");
            self.evidence.fail(&problem, Some(&written));
        }
        self
    }

    /// Asserts what the extension, or the proxy, gave as the reason for a local response. The proxy replaces
    /// white space in it by underscores.
    #[track_caller]
    pub fn assert_details(&self, details: &str) -> &Self {
        if self.details != details {
            self.evidence.fail(
                &format!("response details: expected {details:?}, got {:?}", self.details),
                Some(&Written::LocalResponse),
            );
        }
        self
    }
}

/// What is wrong with a value: in a line if there is room, else with the place where it begins to differ.
pub(crate) fn mismatch(what: &str, expected: &[u8], actual: &[u8]) -> String {
    let [short, other] = [expected, actual].map(|value| Quoted(value).to_string());
    let line = format!("{what}: expected {short}, got {other}");
    if line.chars().count() <= LINE && expected.len().max(actual.len()) <= LINE {
        return line;
    }
    let at = first_difference(expected, actual);
    let [expected, actual] =
        [expected, actual].map(|value| excerpt(value, Form::Quoted, at, LINE - "  expected ".len()));
    let expected = style::painted(ADDED, &format!("  expected {expected}"));
    let actual = style::painted(REMOVED, &format!("  got      {actual}"));
    format!("{what}: expected another one, from byte {at} on\n{expected}\n{actual}")
}

/// How many columns there are.
const LINE: usize = 110;

/// The values of one name in a message.
struct Values<'a>(&'a [&'a [u8]]);

impl std::fmt::Display for Values<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            [] => f.write_str("none"),
            [value] => Quoted(value).fmt(f),
            values => f
                .debug_list()
                .entries(values.iter().map(|value| format_args!("{}", Quoted(value)).to_string()))
                .finish(),
        }
    }
}
