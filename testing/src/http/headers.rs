//! An ordered list of headers.

use std::fmt;

/// Headers in the order in which they are sent, duplicates included; values are bytes.
///
/// Names are compared without regard to case. Pseudo-headers (`:path`, `:status`) are entries as well.
///
/// ```
/// use waxwing_testing::HeaderList;
///
/// let headers: HeaderList = [("accept", "text/html"), ("accept", "text/plain")].into_iter().collect();
/// assert_eq!(headers.get("Accept"), Some(&b"text/html"[..]));
/// assert_eq!(headers.get_all("accept").count(), 2);
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct HeaderList {
    entries: Vec<(Vec<u8>, Vec<u8>)>,
}

impl HeaderList {
    /// No headers.
    pub const fn new() -> Self {
        HeaderList { entries: Vec::new() }
    }

    /// Adds a header behind the others.
    pub fn add(&mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.entries.push((name.into(), value.into()));
    }

    /// Removes all headers of that name, and adds this one behind the others.
    pub fn set(&mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        let name = name.into();
        self.remove(&name);
        self.add(name, value);
    }

    /// Removes all headers of that name; false if there is none.
    pub fn remove(&mut self, name: impl AsRef<[u8]>) -> bool {
        let before = self.entries.len();
        self.entries.retain(|(other, _)| !other.eq_ignore_ascii_case(name.as_ref()));
        self.entries.len() != before
    }

    /// The value of the first header of that name.
    pub fn get(&self, name: impl AsRef<[u8]>) -> Option<&[u8]> {
        let name = name.as_ref();
        self.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The values of all headers of that name, in order.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name.as_bytes())).map(|(_, v)| v)
    }

    /// All headers, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
        self.entries.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// The number of headers.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no header.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn insert(&mut self, at: usize, name: Vec<u8>, value: Vec<u8>) {
        self.entries.insert(at, (name, value));
    }

    /// The first value of that name, to change it in place.
    pub(crate) fn value_mut(&mut self, name: &[u8]) -> Option<&mut Vec<u8>> {
        self.entries.iter_mut().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl<N: Into<Vec<u8>>, V: Into<Vec<u8>>> FromIterator<(N, V)> for HeaderList {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(headers: I) -> Self {
        HeaderList { entries: headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect() }
    }
}

impl fmt::Debug for HeaderList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(
                self.iter().map(|(name, value)| format!("{}: {}", name.escape_ascii(), value.escape_ascii())),
            )
            .finish()
    }
}
