//! Values in failures: as much of them as there is room for.

use std::fmt::Write as _;

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Quoted, as text in any language if it is that.
    Quoted,
    /// As they are, with everything but ASCII escaped.
    Bare,
}

/// A value in this form, if it is not wider than `room`; else the part of it around the byte `around`, with its length.
pub(crate) fn excerpt(value: &[u8], form: Form, around: usize, room: usize) -> String {
    // A character is at least as wide as it has bytes, but for those that are more than one.
    let whole = (value.len() <= room.saturating_mul(4)).then(|| written(value, form, usize::MAX));
    if let Some((text, _)) = whole.filter(|(text, _)| text.chars().count() <= room) {
        return text;
    }
    let length = format!("… ({} bytes)", value.len());
    // With the quotes, and the sign that something is left out before.
    let room = room.saturating_sub(length.chars().count() + 3).max(LEAST);
    let start = beginning(value, form, around.min(value.len()), room / 2);
    let before = if start > 0 { "…" } else { "" };
    let (text, shown) = written(&value[start..], form, room);
    let after = if start + shown < value.len() { length } else { format!(" ({} bytes)", value.len()) };
    format!("{before}{text}{after}")
}

/// Where two values begin to differ.
pub(crate) fn first_difference(left: &[u8], right: &[u8]) -> usize {
    left.iter().zip(right).take_while(|(left, right)| left == right).count()
}

/// So much is shown, however little room there is.
const LEAST: usize = 12;

/// Where to begin, so that what is before `around` is not wider than `room`.
fn beginning(value: &[u8], form: Form, around: usize, room: usize) -> usize {
    let is_text = form == Form::Quoted && std::str::from_utf8(value).is_ok();
    let width = |byte: &u8| if is_text && *byte >= 0x80 { 1 } else { byte.escape_ascii().len() };
    let mut left = room;
    let before = value[..around].iter().rev().take_while(|byte| {
        let enough = left.checked_sub(width(byte));
        left = enough.unwrap_or(0);
        enough.is_some()
    });
    let start = around - before.count();
    if start == 0 { 0 } else { (start..value.len()).find(|&at| is_border(value, at)).unwrap_or(value.len()) }
}

/// No character is cut there.
fn is_border(value: &[u8], at: usize) -> bool {
    value[at] & 0b1100_0000 != 0b1000_0000
}

/// The beginning of a value that is not wider than `room`, and how many bytes that is.
fn written(value: &[u8], form: Form, room: usize) -> (String, usize) {
    let mut text = String::new();
    let (mut width, mut shown) = (0, 0);
    let mut add = |piece: &str, bytes: usize| {
        width += piece.chars().count();
        if width <= room {
            text += piece;
            shown += bytes;
        }
        width <= room
    };
    match form {
        Form::Bare => {
            let mut bytes = value.iter();
            while bytes.next().is_some_and(|byte| add(&byte.escape_ascii().to_string(), 1)) {}
        }
        Form::Quoted => {
            'value: for chunk in value.utf8_chunks() {
                for character in chunk.valid().chars() {
                    let piece = match character {
                        '\'' => "'".to_owned(),
                        _ => character.escape_debug().to_string(),
                    };
                    if !add(&piece, character.len_utf8()) {
                        break 'value;
                    }
                }
                let mut piece = String::new();
                for byte in chunk.invalid() {
                    piece.clear();
                    // Writing to a string does not fail.
                    let _ = write!(piece, "\\x{byte:02x}");
                    if !add(&piece, 1) {
                        break 'value;
                    }
                }
            }
        }
    }
    match form {
        Form::Quoted => (format!("\"{text}\""), shown),
        Form::Bare => (text, shown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_room_for_is_whole() {
        assert_eq!(excerpt(b"it's \"so\"\n", Form::Quoted, 0, 40), r#""it's \"so\"\n""#);
        assert_eq!(excerpt("é\0".as_bytes(), Form::Quoted, 0, 40), r#""é\0""#);
        assert_eq!(excerpt("é\0".as_bytes(), Form::Bare, 0, 40), r"\xc3\xa9\x00");
        assert_eq!(excerpt(b"a\xff\xc3", Form::Quoted, 0, 40), r#""a\xff\xc3""#);
    }

    #[test]
    fn the_rest_is_cut_and_its_length_named() {
        assert_eq!(
            excerpt(&[b'x'; 100], Form::Quoted, 0, 30),
            format!("\"{}\"… (100 bytes)", "x".repeat(14))
        );
        assert_eq!(excerpt(&[0; 100], Form::Quoted, 0, 30), r#""\0\0\0\0\0\0\0"… (100 bytes)"#);
    }

    #[test]
    fn a_cut_is_around_the_place_that_matters_and_through_no_character() {
        let value = format!("{}DIFFERENT{}", "é".repeat(100), "y".repeat(100));
        let text = excerpt(value.as_bytes(), Form::Quoted, 200, 50);
        assert_eq!(text, "…\"ééééééééDIFFERENTyyyyyyyyyyyyyyyyy\"… (309 bytes)");
        let end = excerpt(value.as_bytes(), Form::Bare, 309, 40);
        assert_eq!(end, format!("…{} (309 bytes)", "y".repeat(12)));
    }

    #[test]
    fn values_differ_from_the_first_byte_that_one_has_alone() {
        assert_eq!(first_difference(b"abc", b"abd"), 2);
        assert_eq!(first_difference(b"ab", b"abc"), 2);
        assert_eq!(first_difference(b"ab", b"ab"), 2);
    }
}
