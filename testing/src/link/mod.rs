//! Runs extensions that are written on the crate `proxy-wasm`, natively and unmodified, on the host model (feature `link`).
//!
//! A [`LinkedModule`] is the extension; [`link!`](crate::link!) makes it, and [`Host::linked`](crate::Host::linked) runs it. The
//! model sees the same guest as for a module:
//!
//! ```text
//!  host model ──► LinkedGuest ──► thread of the VM ──► proxy_on_* ──► dispatcher of the crate ──► extension
//!  host model ◄── thread of the test ◄── RemoteHost ◄── imports of the SDK ◄── proxy_*, as symbols ◄── extension
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | `symbols` | what the crate imports, defined, and what it exports, declared |
//! | `thread` | the thread of a VM, and how a panic on it becomes a trap |
//! | `allocator` | where a thread that has panicked stays |
//! | `remote` | the host, on that thread |
//! | `guest` | the VM, on the test's thread |
//! | `turn` | whose turn it is, of all linked VMs of the process |
//! | `hook` | the panic hook and the logger that the crate installs |

mod allocator;
mod guest;
mod hook;
mod remote;
mod symbols;
mod thread;
mod turn;

pub use allocator::Allocator;
pub(crate) use guest::LinkedGuest;
pub(crate) use hook::prepare;
pub(crate) use thread::{is_guest_thread, on_panic};

use std::fmt;
use std::sync::Arc;
use symbols::Exports;

/// An extension on the crate `proxy-wasm` that is linked into the test; [`link!`](crate::link!) makes one.
#[derive(Clone)]
pub struct LinkedModule {
    start: Arc<dyn Fn() + Send + Sync>,
    exports: Arc<Exports>,
    hook: Result<(), String>,
}

impl LinkedModule {
    /// What [`link!`](crate::link!) calls.
    #[doc(hidden)]
    pub fn new<S: Fn() + Send + Sync + 'static>(start: S, set_log_level: fn()) -> Self {
        symbols::keep_definitions();
        LinkedModule {
            exports: Arc::new(Exports::linked_with(&start)),
            start: Arc::new(start),
            hook: hook::install(set_log_level),
        }
    }

    fn start(&self) -> Arc<dyn Fn() + Send + Sync> {
        self.start.clone()
    }

    fn exports(&self) -> Arc<Exports> {
        self.exports.clone()
    }

    fn check_hook(&self) -> Result<(), String> {
        self.hook.clone()
    }
}

impl fmt::Debug for LinkedModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkedModule").finish_non_exhaustive()
    }
}

/// Makes functions that give a [`LinkedModule`](crate::link::LinkedModule), of extensions that are written on the crate
/// `proxy-wasm`. Once in a test binary.
///
/// Behind each name is the function that starts a VM: the `_initialize` that `proxy_wasm::main!` defines, or whatever else
/// registers the contexts. Each VM runs it once. The crate that uses the macro depends on `proxy-wasm` 0.2.5.
///
/// It also installs a global [allocator](crate::link::Allocator), the system's but for what it does with a panic, which is a
/// [trap](crate::Host::expect_trap) then and not the end of the test binary.
///
/// ```no_run
/// # extern crate self as proxy_wasm;
/// # extern crate self as my_extension;
/// # pub fn set_log_level(_: types::LogLevel) {}
/// # pub mod types {
/// #     pub enum LogLevel { Critical }
/// # }
/// # pub extern "C" fn _initialize() {}
/// use waxwing_testing::{Host, Request, link};
///
/// link! {
///     fn extension = my_extension::_initialize;
/// }
///
/// # fn main() {
/// let host = Host::linked(&extension()).config("blue").start();
/// host.exchange(Request::get("/")).response().assert_header("x-tag", "blue");
/// # }
/// ```
#[macro_export]
macro_rules! link {
    ($( $(#[$attribute:meta])* $visibility:vis fn $name:ident = $start:expr; )+) => {
        #[global_allocator]
        static WAXWING_LINK: $crate::link::Allocator = $crate::link::Allocator::new(waxwing_link_without_level);

        /// Installs the logger, at the level that the `log` crate has by itself.
        fn waxwing_link_without_level() {
            ::proxy_wasm::set_log_level(::proxy_wasm::types::LogLevel::Critical);
        }

        $(
            $(#[$attribute])*
            $visibility fn $name() -> $crate::link::LinkedModule {
                $crate::link::LinkedModule::new(|| ($start)(), waxwing_link_without_level)
            }
        )+
    };
}
