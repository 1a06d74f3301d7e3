//! What a message must be like to go on, as Envoy checks it where it leaves.

use super::direction::Side;
use crate::HeaderList;

/// Why a message does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It lacks this header.
    Missing(&'static str),
    /// A header is not of HTTP: the sentence that says so.
    Invalid(String),
}

impl Flaw {
    /// What Envoy says of it.
    pub(super) fn text(&self) -> String {
        match self {
            Flaw::Missing(name) => format!("missing required header: {name}"),
            Flaw::Invalid(sentence) => sentence.clone(),
        }
    }
}

/// The first thing that keeps a message from going on.
pub(super) fn flaw(side: Side, headers: &HeaderList) -> Option<Flaw> {
    match side {
        // The path first: without one there is no route, and nobody looks further.
        Side::Request if headers.get(":path").is_none_or(<[u8]>::is_empty) => Some(Flaw::Missing(":path")),
        Side::Request if headers.get(":method").is_none() => Some(Flaw::Missing(":method")),
        Side::Request => invalid(headers).map(Flaw::Invalid),
        Side::Response => {
            let status = headers.get(":status").and_then(|status| std::str::from_utf8(status).ok());
            let is_number = status.is_some_and(|status| status.parse::<u64>().is_ok());
            (!is_number).then_some(Flaw::Missing(":status"))
        }
    }
}

/// The first header of a request whose name or value is not of HTTP. Those of responses are not looked at.
pub(super) fn invalid(headers: &HeaderList) -> Option<String> {
    headers.iter().find_map(|(name, value)| {
        if !is_name(name) {
            Some(format!("invalid header name: {}", escaped(name)))
        } else if !value.iter().all(|byte| is_of_value(*byte)) {
            Some(format!("invalid header value for: {}", escaped(name)))
        } else {
            None
        }
    })
}

/// A name in lower case, maybe of a pseudo-header. Nobody minds one without bytes.
fn is_name(name: &[u8]) -> bool {
    let name = name.strip_prefix(b":").unwrap_or(name);
    let is_of_name =
        |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(byte);
    name.iter().all(is_of_name)
}

/// A name as in a text of JSON.
fn escaped(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    let escape = |character: char| match character {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '"' | '\\' => format!("\\{character}"),
        control if u32::from(control) < 0x20 => format!("\\u{:04x}", u32::from(control)),
        other => other.to_string(),
    };
    text.chars().map(escape).collect()
}

/// Text of any encoding, without control characters but the tab.
fn is_of_value(byte: u8) -> bool {
    byte == b'\t' || !byte.is_ascii_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&'static str, &'static str)]) -> Option<Flaw> {
        let complete = [(":method", "GET"), (":path", "/")];
        flaw(Side::Request, &complete.iter().chain(headers).copied().collect())
    }

    #[test]
    fn a_request_has_names_and_values_of_http() {
        assert_eq!(
            request(&[("x-a_b.c!", "a\tb \u{e9}"), (":authority", ""), ("cookie", ""), ("", "")]),
            None
        );
        for (name, shown) in [
            ("X-Upper", "X-Upper"),
            ("a b", "a b"),
            ("a:b", "a:b"),
            ("a\r\nb", "a\\r\\nb"),
            ("a\0", "a\\u0000"),
            ("\"", "\\\""),
            ("\u{e9}", "\u{e9}"),
        ] {
            let expected = format!("invalid header name: {shown}");
            assert_eq!(request(&[(name, "1")]), Some(Flaw::Invalid(expected)), "{name:?}");
        }
        for value in ["a\r\nb", "a\0b", "\u{7f}"] {
            let expected = Flaw::Invalid("invalid header value for: x-a".to_owned());
            assert_eq!(request(&[("x-a", value)]), Some(expected), "{value:?}");
        }
    }

    #[test]
    fn a_message_has_what_it_cannot_do_without() {
        let of =
            |side, headers: &[(&'static str, &'static str)]| flaw(side, &headers.iter().copied().collect());
        assert_eq!(of(Side::Request, &[(":method", "GET")]), Some(Flaw::Missing(":path")));
        assert_eq!(of(Side::Request, &[(":method", "GET"), (":path", "")]), Some(Flaw::Missing(":path")));
        assert_eq!(of(Side::Request, &[(":path", "/")]), Some(Flaw::Missing(":method")));
        for status in ["", "abc", "-1"] {
            assert_eq!(
                of(Side::Response, &[(":status", status)]),
                Some(Flaw::Missing(":status")),
                "{status}"
            );
        }
        assert_eq!(of(Side::Response, &[(":status", "200"), ("a b", "\r\n")]), None);
    }
}
