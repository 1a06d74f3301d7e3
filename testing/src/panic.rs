//! Panics of native guests, which become traps.
//!
//! The panic hook is the one thing here that belongs to the process. It is installed once, and hands every
//! panic outside a guest to the hook that was there before.

use crate::trap::Trap;
use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, resume_unwind};
use std::sync::Once;

/// A guest's panic.
#[derive(Debug)]
pub(crate) struct Panic {
    pub(crate) trap: Trap,
    /// Message and place, as a panic hook writes them.
    pub(crate) text: String,
    /// The host has ended the guest, which has no hook for that.
    pub(crate) by_host: bool,
}

/// Why a host ends a guest in the middle of a call. It unwinds the guest, past the panic hook.
pub(crate) struct Stopped(pub(crate) String);

/// Ends the guest that is calling, which traps with this message.
pub(crate) fn stop(message: String) -> ! {
    resume_unwind(Box::new(Stopped(message)))
}

/// Runs a host function for a guest that cannot be unwound; the error is that the host ends it.
#[cfg(any(feature = "wasm", feature = "link"))]
pub(crate) fn catch_stop<T>(call: impl FnOnce() -> T) -> Result<T, Stopped> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| match payload.downcast() {
        Ok(stopped) => *stopped,
        Err(payload) => resume_unwind(payload),
    })
}

impl Panic {
    /// What a hook is told of it.
    pub(crate) fn of(info: &PanicHookInfo<'_>) -> Self {
        let trap = Trap {
            location: info.location().map(ToString::to_string),
            backtrace: backtrace(),
            ..Trap::new(message(info.payload()))
        };
        Panic { trap, text: info.to_string(), by_host: false }
    }

    /// The end of a guest that the host ends.
    pub(crate) fn by_host(message: impl Into<String>) -> Self {
        let trap = Trap::new(message);
        Panic { text: trap.message.clone(), trap, by_host: true }
    }
}

/// Runs a guest; its panic is silent, and becomes the error.
pub(crate) fn catch<T>(guest: impl FnOnce() -> T) -> Result<T, Panic> {
    install_hook();
    GUESTS.with_borrow_mut(|guests| guests.push(None));
    // What it leaves half done is never looked at again: the VM is dead after a panic.
    let result = catch_unwind(AssertUnwindSafe(guest));
    let panic = GUESTS.with_borrow_mut(Vec::pop).flatten();
    result.map_err(|payload| panic.unwrap_or_else(|| unhooked(&*payload)))
}

thread_local! {
    /// The guests that run on this thread, innermost last, and their panics.
    static GUESTS: RefCell<Vec<Option<Panic>>> = const { RefCell::new(Vec::new()) };
}

/// Installs the hook, once for the process.
pub(crate) fn install_hook() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            #[cfg(feature = "link")]
            if crate::link::is_guest_thread() {
                crate::link::on_panic(info);
                return;
            }
            let painted = crate::failure::painted(info);
            if record(info) {
                return;
            }
            match painted {
                Some(painted) => crate::failure::print(info, &painted),
                None => previous(info),
            }
        }));
    });
}

/// Keeps the panic of the innermost guest. False if there is none, or if it has panicked before: then the
/// process aborts, and that should not be silent.
fn record(info: &PanicHookInfo<'_>) -> bool {
    let recorded = GUESTS.try_with(|guests| {
        let Ok(mut guests) = guests.try_borrow_mut() else { return false };
        let Some(slot @ None) = guests.last_mut() else { return false };
        *slot = Some(Panic::of(info));
        true
    });
    recorded.unwrap_or(false)
}

/// A panic that no hook has seen: `resume_unwind` starts one, or a test has set a hook of its own.
fn unhooked(payload: &(dyn Any + Send)) -> Panic {
    if let Some(Stopped(message)) = payload.downcast_ref() {
        return Panic::by_host(message);
    }
    let trap = Trap::new(message(payload));
    Panic { text: format!("panicked: {}", trap.message), trap, by_host: false }
}

/// What a panic says.
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    match payload.downcast_ref::<&str>() {
        Some(text) => (*text).to_owned(),
        None => {
            payload.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic without a text".to_owned())
        }
    }
}

/// Where the panic is, if that is wanted: the frames from the one that panicked to the first of the harness, or of the test.
pub(crate) fn backtrace() -> Option<String> {
    let wanted = std::env::var("RUST_BACKTRACE").ok().filter(|value| value != "0")?;
    let whole = Backtrace::force_capture().to_string();
    Some(if wanted == "full" { whole } else { own_frames(&whole) })
}

/// The SDK's way to an extension, wherever its code is.
fn is_of_sdk(frame: &str) -> bool {
    let frame = frame.replace('\\', "/");
    frame.contains("/src/dispatcher/") && (frame.contains("/sdk/src/") || frame.contains("/waxwing-"))
}

/// A backtrace without the frames of the panic itself and those that are around the guest or the test.
fn own_frames(backtrace: &str) -> String {
    let mut frames: Vec<String> = Vec::new();
    for line in backtrace.lines() {
        match frames.last_mut() {
            // The place of the frame before.
            Some(frame) if line.trim_start().starts_with("at ") => {
                frame.push('\n');
                *frame += line;
            }
            _ => frames.push(line.to_owned()),
        }
    }
    let is_of = |names: &[&str], frame: &str| names.iter().any(|name| frame.contains(name));
    let panics =
        ["core::panicking::", "std::panicking::", "rust_begin_unwind", "core::option::", "core::result::"];
    let begin = frames.iter().position(|frame| is_of(&["core::panicking::", "rust_begin_unwind"], frame));
    let own = frames.iter().skip(begin.unwrap_or(0)).skip_while(|frame| is_of(&panics, frame));
    let around =
        ["waxwing_testing::native::", "waxwing_testing::panic::catch", "__rust_begin_short_backtrace"];
    let is_around = |frame: &str| is_of(&around, frame) || is_of_sdk(frame);
    let own: Vec<&str> = own.take_while(|frame| !is_around(frame)).map(String::as_str).collect();
    if own.is_empty() { backtrace.to_owned() } else { own.join("\n") }
}
