//! The end of a test that fails.
//!
//! The message of the panic has no colours: whoever catches it, as `#[should_panic]` and proptest do, reads plain text. What
//! the panic hook prints has them, where they are wanted.

use crate::style;
use std::cell::RefCell;
use std::panic::PanicHookInfo;

thread_local! {
    /// The text of the failure that is about to be a panic, with colours.
    static PAINTED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Fails the test with a text that may have styles; its first line, which says what is wrong, gets one.
#[track_caller]
pub(crate) fn fail(text: &str) -> ! {
    let plain = style::plain(text);
    if style::is_wanted() {
        let (first, rest) = text.split_at(text.find('\n').unwrap_or(text.len()));
        let painted = style::painted(style::PROBLEM, first) + rest;
        PAINTED.set(Some(painted));
        crate::panic::install_hook();
    }
    panic!("{plain}");
}

/// The text of this panic with colours, if it is a failure that has them.
pub(crate) fn painted(info: &PanicHookInfo<'_>) -> Option<String> {
    let painted = PAINTED.try_with(|painted| painted.try_borrow_mut().ok()?.take()).ok().flatten()?;
    (style::plain(&painted) == crate::panic::message(info.payload())).then_some(painted)
}

/// Prints it, as the hook of the standard library prints a panic.
pub(crate) fn print(info: &PanicHookInfo<'_>, painted: &str) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("<unnamed>");
    let place = info.location().map(|place| format!(" at {place}")).unwrap_or_default();
    eprintln!("\nthread '{name}' panicked{place}:\n{painted}");
    if let Some(backtrace) = crate::panic::backtrace() {
        eprintln!("stack backtrace:\n{backtrace}");
    }
}
