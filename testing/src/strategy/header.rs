//! Headers.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::Union;

/// What extensions read.
const KNOWN: &[&str] = &[
    "accept",
    "authorization",
    "cache-control",
    "content-type",
    "cookie",
    "user-agent",
    "x-forwarded-for",
    "x-request-id",
];

/// Names of headers: those that extensions read, and others. None is a pseudo-header, or says how a message is framed.
pub fn header_names() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => proptest::sample::select(KNOWN).prop_map(str::to_owned),
        1 => "x-[a-z0-9_-]{1,20}",
    ]
}

/// Values of headers: text, nothing, bytes that are not UTF-8, and long ones. No byte of them ends a line, and none begins or
/// ends with white space, which a proxy takes off.
pub fn header_values() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![0x21_u8..=0x7e, 0x80_u8..=0xff];
    Union::new_weighted(vec![
        (6, "[!-~]{0,20}".prop_map(String::into_bytes).boxed()),
        (2, "[!-~]{1,8}( [!-~]{1,8}){0,3}".prop_map(String::into_bytes).boxed()),
        (1, vec(byte, 1..20).boxed()),
        (1, (0x21_u8..=0x7e, 200_usize..2000).prop_map(|(byte, len)| vec![byte; len]).boxed()),
    ])
}

/// Up to eight headers; some come more than once.
pub fn headers() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    vec((header_names(), header_values()), 0..8)
}
