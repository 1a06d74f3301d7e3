//! What `#[test]` gives to its function.

#[cfg(feature = "wasm")]
use crate::Wasm;
use crate::host::Host;
use crate::{HostBuilder, Native, Runner};
use waxwing::Module;

/// What a function under `#[waxwing_testing::test]` can take, if its test runs on this host.
#[diagnostic::on_unimplemented(
    message = "a test on the host `{R}` cannot take `{Self}`",
    label = "the function takes this",
    note = "`HostBuilder` is for the hosts `native` and `wasm`, `&dyn Runner` for each host"
)]
pub trait Given<'a, R>: Sized {
    #[doc(hidden)]
    fn given(runner: &'a R) -> Self;
}

impl<'a, R: Runner> Given<'a, R> for &'a dyn Runner {
    fn given(runner: &'a R) -> Self {
        runner
    }
}

impl<E: Module> Given<'_, Native<E>> for HostBuilder {
    fn given(_: &Native<E>) -> Self {
        Host::builder::<E>()
    }
}

#[cfg(feature = "wasm")]
impl Given<'_, Wasm> for HostBuilder {
    fn given(runner: &Wasm) -> Self {
        Host::wasm(runner.module())
    }
}

/// What the expansion of `#[test]` calls.
#[doc(hidden)]
pub mod __private {
    use super::{Given, Module, Native};

    pub fn given<'a, R, T: Given<'a, R>>(runner: &'a R) -> T {
        T::given(runner)
    }

    pub fn native<E: Module>() -> Native<E> {
        Native::new()
    }

    #[cfg(feature = "insta")]
    pub use insta;

    #[cfg(feature = "wasm")]
    #[track_caller]
    pub fn wasm(package: &str) -> crate::Wasm {
        crate::Wasm::new(crate::wasm::WasmModule::built(package))
    }

    #[cfg(all(feature = "wasm", feature = "envoy"))]
    #[track_caller]
    pub fn envoy(package: &str) -> crate::envoy::Envoy {
        crate::envoy::Envoy::new(crate::wasm::WasmModule::built(package).name())
    }
}
