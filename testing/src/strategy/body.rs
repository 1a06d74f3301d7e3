//! Bodies, and how they are cut.

use proptest::collection::vec;
use proptest::prelude::*;

/// Bodies: none, text, and bytes, of up to some kilobytes.
pub fn bodies() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        1 => Just(Vec::new()),
        3 => "[ -~]{1,60}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 1..300),
        1 => (any::<u8>(), 1_000_usize..5_000).prop_map(|(byte, len)| vec![byte; len]),
    ]
}

/// Ways to cut a body into pieces, none of which is empty: all of it in one, single bytes, and anything in between.
///
/// One without bytes has no pieces.
pub fn chunkings(body: impl Into<Vec<u8>>) -> impl Strategy<Value = Vec<Vec<u8>>> {
    let body = body.into();
    let len = body.len();
    // Behind which bytes it is cut.
    let cuts = match len {
        0 | 1 => Just(Vec::new()).boxed(),
        _ => vec(1..len, 0..8).boxed(),
    };
    cuts.prop_map(move |mut cuts| {
        cuts.sort_unstable();
        cuts.dedup();
        cuts.push(len);
        let mut start = 0;
        let mut pieces = Vec::new();
        for end in cuts {
            pieces.push(body[start..end].to_vec());
            start = end;
        }
        pieces.retain(|piece| !piece.is_empty());
        pieces
    })
}
