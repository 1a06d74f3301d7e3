//! Decisions, from the bytes of a case.

use std::cell::Cell;

/// Hands the bytes out one by one; zeros when there are no more, which are the harmless decisions.
#[derive(Clone)]
pub(crate) struct Chaos {
    bytes: Vec<u8>,
    next: Cell<usize>,
}

impl Chaos {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Chaos { bytes, next: Cell::new(0) }
    }

    pub(crate) fn byte(&self) -> u8 {
        let at = self.next.get();
        self.next.set(at + 1);
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// A number below `end`; 0 is the harmless one.
    pub(crate) fn below(&self, end: u8) -> u8 {
        self.byte() % end
    }

    /// True once in `n` times.
    pub(crate) fn rarely(&self, n: u8) -> bool {
        self.below(n) == n - 1
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        (0..self.below(40)).map(|_| self.byte()).collect()
    }
}
