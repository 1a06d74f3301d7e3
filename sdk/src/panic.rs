//! What happens with a panic: it is written to the host's log, and then the VM traps.

use crate::LogLevel;
use crate::abi::call;
use core::fmt::{self, Write};

/// Logs a panic's message and place at [`LogLevel::Critical`].
///
/// With the feature `std` a hook does this by itself on wasm. An extension without `std` calls it in its
/// panic handler, before it traps. It allocates nothing, because the panic may be about memory.
pub fn log_panic(panic: &impl fmt::Display) {
    let mut line = Line { text: [0; LINE_SIZE], len: 0 };
    // What does not fit is cut off.
    let _ = write!(line, "{panic}");
    call::log(LogLevel::Critical.as_u32(), line.written());
}

/// Makes [`log_panic`] the process's panic hook. wasm only: there a module is the process.
#[cfg(all(feature = "std", target_arch = "wasm32"))]
pub(crate) fn install_hook() {
    std::panic::set_hook(alloc::boxed::Box::new(|panic| log_panic(panic)));
}

const LINE_SIZE: usize = 1024;

/// A line of limited length.
struct Line {
    text: [u8; LINE_SIZE],
    len: usize,
}

impl Line {
    /// The text, which may end in the middle of a character if it was cut off.
    fn written(&self) -> &[u8] {
        self.text.get(..self.len).unwrap_or_default()
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.text.get_mut(self.len..).unwrap_or_default();
        let len = text.len().min(room.len());
        if let (Some(to), Some(from)) = (room.get_mut(..len), text.as_bytes().get(..len)) {
            to.copy_from_slice(from);
            self.len = self.len.saturating_add(len);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_off() {
        let mut line = Line { text: [0; LINE_SIZE], len: 0 };
        for _ in 0..LINE_SIZE {
            line.write_str("a\u{e4}").unwrap();
        }
        assert_eq!(line.written().len(), LINE_SIZE);
        assert!(line.written().starts_with("a\u{e4}a\u{e4}".as_bytes()));
    }
}
