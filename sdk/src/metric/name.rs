//! Names with labels in them.

use crate::abi::arena::Scope;
use crate::pairs::put;
use crate::{Error, Result};
use core::fmt;

/// Why the name or a label of a metric was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidMetric {
    /// The name is empty, or has `;.` or `=.=` or a control byte in it.
    Name,
    /// The name of a label has something else than ASCII letters, digits and `_`, or begins with a digit, or is empty.
    Label,
    /// The value of a label has `;.` or `=.=` or a control byte in it, and could be taken for another label.
    Value,
}

impl InvalidMetric {
    #[cold]
    fn text(self) -> &'static str {
        match self {
            InvalidMetric::Name => "a metric's name is empty, or has `;.` or `=.=` or a control byte",
            InvalidMetric::Label => "a label's name is not made of letters, digits and `_`",
            InvalidMetric::Value => "a label's value has `;.` or `=.=` or a control byte",
        }
    }
}

impl fmt::Display for InvalidMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl From<InvalidMetric> for Error {
    #[cold]
    fn from(error: InvalidMetric) -> Self {
        Error::InvalidMetric { error, text: error.text() }
    }
}

const IS: &[u8] = b"=.=";
const END: &[u8] = b";.;";

/// A name with its labels in front of it, as Istio's extensions write it.
pub(super) fn encode<'cb, 'a>(
    scope: Scope<'cb>,
    name: &str,
    labels: impl Iterator<Item = (&'a str, &'a str)> + Clone,
) -> Result<&'cb [u8]> {
    if name.is_empty() || !is_plain(name) {
        return Err(InvalidMetric::Name.into());
    }
    let mut size = name.len();
    for (label, value) in labels.clone() {
        if !is_label(label) {
            return Err(InvalidMetric::Label.into());
        }
        if !is_plain(value) {
            return Err(InvalidMetric::Value.into());
        }
        for part in [label.len(), IS.len(), value.len(), END.len()] {
            size = size.checked_add(part).ok_or(Error::OutOfMemory)?;
        }
    }
    let encoded = scope.build(size, |mut rest| {
        for (label, value) in labels {
            for part in [label.as_bytes(), IS, value.as_bytes(), END] {
                put(&mut rest, part);
            }
        }
        put(&mut rest, name.as_bytes());
    });
    encoded.ok_or(Error::OutOfMemory)
}

fn is_label(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().next().is_some_and(|first| !first.is_ascii_digit()) && name.bytes().all(is_part)
}

/// Whether none of it can be taken for the end of a label, or the beginning of one.
fn is_plain(text: &str) -> bool {
    // `;.` and not only the whole end, of which the rest may come after the text.
    let bytes = text.as_bytes();
    bytes.iter().all(|byte| !byte.is_ascii_control())
        && !bytes.windows(2).any(|pair| pair == b";.")
        && !bytes.windows(IS.len()).any(|three| three == IS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::arena::Arena;

    fn encoded(name: &str, labels: &[(&str, &str)]) -> Result<alloc::string::String> {
        Arena::new().enter(|scope| {
            let encoded = encode(scope, name, labels.iter().copied())?;
            Ok(core::str::from_utf8(encoded)?.into())
        })
    }

    #[test]
    fn labels_come_in_front_of_the_name_in_their_order() {
        assert_eq!(encoded("requests_total", &[]).as_deref(), Ok("requests_total"));
        let labels = [("method", "GET"), ("class", ""), ("_x1", "a=b;c.d é")];
        assert_eq!(
            encoded("requests_total", &labels).as_deref(),
            Ok("method=.=GET;.;class=.=;.;_x1=.=a=b;c.d é;.;requests_total")
        );
    }

    #[test]
    fn what_could_be_taken_for_another_label_is_refused() {
        let refused = |error: InvalidMetric| Err(Error::from(error));
        for name in ["", "a;.b", "a=.=b", "a\nb", "\u{7f}"] {
            assert_eq!(encoded(name, &[]), refused(InvalidMetric::Name), "{name:?}");
        }
        for label in ["", "1a", "a-b", "a.b", "é", "a b"] {
            assert_eq!(encoded("m", &[(label, "v")]), refused(InvalidMetric::Label), "{label:?}");
        }
        for value in ["GET;.;code=.=200", "x;.", ";.;", "code=.=500", "a\0", "\n"] {
            assert_eq!(encoded("m", &[("l", value)]), refused(InvalidMetric::Value), "{value:?}");
        }
    }
}
