//! Protocols, and how they begin.

use serde::Deserialize;

/// A protocol that can be told by its first bytes.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Protocol {
    /// TLS: the record of a client hello.
    Tls,
    /// HTTP/1.0 and HTTP/1.1: a request line.
    Http1,
    /// PostgreSQL: a start-up message, or the request for encryption or to cancel that comes in its place.
    Postgres,
}

/// Whether it is that protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Yes,
    No,
    /// More bytes have to tell.
    Unclear,
}

impl Protocol {
    /// What is known from the first bytes of a client.
    pub(crate) fn judge(self, first: &[u8]) -> Verdict {
        match self {
            Protocol::Tls => tls(first),
            Protocol::Http1 => http1(first),
            Protocol::Postgres => postgres(first),
        }
    }
}

/// Type 22 (handshake), version 3.0 to 3.4, the length, and type 1 (client hello).
fn tls(first: &[u8]) -> Verdict {
    let is_right = |(at, byte): (usize, &u8)| match at {
        0 => *byte == 22,
        1 => *byte == 3,
        2 => *byte <= 4,
        5 => *byte == 1,
        _ => true,
    };
    all_right(first, 6, is_right)
}

/// A method, a target, and the version, up to the end of the line.
fn http1(first: &[u8]) -> Verdict {
    let line = first.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_whole = line.len() < first.len();
    let line = if is_whole { line.strip_suffix(b"\r").unwrap_or(line) } else { line };
    let mut words = line.split(|byte| *byte == b' ');
    let method = words.next().unwrap_or_default();
    let is_method = method.len() <= LONGEST_METHOD && method.iter().all(u8::is_ascii_uppercase);
    let has_control_byte = line.iter().any(|byte| *byte < b' ' && *byte != b'\r');
    if !is_method || has_control_byte || (method.is_empty() && !line.is_empty()) {
        return Verdict::No;
    }
    if !is_whole {
        return Verdict::Unclear;
    }
    match (words.next(), words.next(), words.next()) {
        (Some(target), Some(b"HTTP/1.0" | b"HTTP/1.1"), None) if !target.is_empty() => Verdict::Yes,
        _ => Verdict::No,
    }
}

/// The length of the message, and what it is; both are numbers of four bytes, of which the first is the largest part.
fn postgres(first: &[u8]) -> Verdict {
    let is_right = |(at, byte): (usize, &u8)| match at {
        // It is not longer than 10,000 bytes.
        0 | 1 => *byte == 0,
        2 => *byte <= 39,
        _ => true,
    };
    match (all_right(first, 8, is_right), first.get(4..8)) {
        (Verdict::Yes, Some(code)) if POSTGRES_CODES.iter().any(|known| known == code) => Verdict::Yes,
        (Verdict::Yes, _) => Verdict::No,
        (verdict, _) => verdict,
    }
}

/// Whether each of the first `count` bytes is right.
fn all_right(first: &[u8], count: usize, is_right: impl Fn((usize, &u8)) -> bool) -> Verdict {
    if !first.iter().take(count).enumerate().all(is_right) {
        Verdict::No
    } else if first.len() < count {
        Verdict::Unclear
    } else {
        Verdict::Yes
    }
}

/// The longest registered method is `UPDATEREDIRECTREF`.
const LONGEST_METHOD: usize = 17;

/// Version 3.0 and 3.2 of the protocol, to cancel, TLS, GSSAPI.
const POSTGRES_CODES: [[u8; 4]; 5] = [
    [0, 3, 0, 0],
    [0, 3, 0, 2],
    80_877_102_u32.to_be_bytes(),
    80_877_103_u32.to_be_bytes(),
    80_877_104_u32.to_be_bytes(),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_told_by_their_first_bytes() {
        for (protocol, first, verdict) in [
            (Protocol::Tls, &b""[..], Verdict::Unclear),
            (Protocol::Tls, b"\x16\x03\x03\x01\x00", Verdict::Unclear),
            (Protocol::Tls, b"\x16\x03\x03\x01\x00\x01", Verdict::Yes),
            (Protocol::Tls, b"\x16\x03\x03\x01\x00\x02", Verdict::No),
            (Protocol::Tls, b"\x15", Verdict::No),
            (Protocol::Http1, b"", Verdict::Unclear),
            (Protocol::Http1, b"OPTIONS * HTTP/1.", Verdict::Unclear),
            (Protocol::Http1, b"OPTIONS * HTTP/1.0\r\n", Verdict::Yes),
            (Protocol::Http1, b"GET / HTTP/1.1\nhost: x", Verdict::Yes),
            (Protocol::Http1, b"GET  HTTP/1.1\r\n", Verdict::No),
            (Protocol::Http1, b"GET / a HTTP/1.1\r\n", Verdict::No),
            (Protocol::Http1, b"PRI * HTTP/2.0\r\n", Verdict::No),
            (Protocol::Http1, b"get / HTTP/1.1\r\n", Verdict::No),
            (Protocol::Http1, b" / HTTP/1.1\r\n", Verdict::No),
            (Protocol::Http1, b"GET /\x00", Verdict::No),
            (Protocol::Http1, b"AMETHODTHATISTOOLONG", Verdict::No),
            (Protocol::Postgres, b"\x00\x00\x00\x08\x04\xd2\x16", Verdict::Unclear),
            (Protocol::Postgres, b"\x00\x00\x00\x08\x04\xd2\x16\x2f", Verdict::Yes),
            (Protocol::Postgres, b"\x00\x00\x00\x54\x00\x03\x00\x00user\x00", Verdict::Yes),
            (Protocol::Postgres, b"\x00\x00\x00\x54\x00\x02\x00\x00", Verdict::No),
            (Protocol::Postgres, b"\x00\x01", Verdict::No),
        ] {
            assert_eq!(protocol.judge(first), verdict, "{protocol:?} {}", first.escape_ascii());
        }
    }
}
