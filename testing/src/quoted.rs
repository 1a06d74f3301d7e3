//! Bytes and numbers in timelines and failures.

use std::fmt;

/// Bytes as a test's author wants to see them: quoted, escaped, and not endless.
pub(crate) struct Quoted<'a>(pub(crate) &'a [u8]);

const SHOWN: usize = 120;

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.0[..self.0.len().min(SHOWN)];
        match std::str::from_utf8(shown) {
            Ok(text) => write!(f, "{text:?}")?,
            Err(_) => write!(f, "\"{}\"", shown.escape_ascii())?,
        }
        if shown.len() < self.0.len() {
            write!(f, "… ({} bytes)", self.0.len())?;
        }
        Ok(())
    }
}

/// Headers: `[name: "value", …]`.
pub(crate) struct QuotedPairs<'a>(pub(crate) &'a [(Vec<u8>, Vec<u8>)]);

impl fmt::Display for QuotedPairs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (at, (key, value)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{}: {}", key.escape_ascii(), Quoted(value))?;
        }
        f.write_str("]")
    }
}

/// A number of the ABI as words: `HTTP_REQUEST_HEADERS` reads "request headers".
pub(crate) struct Words(pub(crate) Option<&'static str>, pub(crate) u32);

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => {
                f.write_str(&name.strip_prefix("HTTP_").unwrap_or(name).to_lowercase().replace('_', " "))
            }
            None => write!(f, "type {}", self.1),
        }
    }
}

/// A length, of which the largest ones mean "all".
pub(crate) struct Len(pub(crate) usize);

impl fmt::Display for Len {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 >= u32::MAX as usize { f.write_str("all") } else { self.0.fmt(f) }
    }
}

/// The path of a property, with dots between its segments.
pub(crate) struct Path<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy(self.0).replace('\0', ".");
        write!(f, "{text:?}")
    }
}
