//! The macro of the `waxwing-testing` crate, which re-exports and documents it. Do not depend on this crate.
//!
//! `attr` reads what is said in the attribute, `expand` writes the tests.

mod attr;
mod expand;

use attr::Arguments;
use proc_macro::TokenStream;
use syn::{ItemFn, parse_macro_input};

/// Makes a test for each host of one function: natively, as `.wasm`, and in a real Envoy.
///
/// The function takes a `HostBuilder` to start from, or a `&dyn Runner` to run scenarios with; the second can be any host,
/// the first the hosts of the model. The tests are in a module of the function's name: `adds_the_header::native`,
/// `adds_the_header::wasm` and `adds_the_header::envoy`, so that `cargo test native` runs the fast ones. None is left out
/// silently: a host whose feature of `waxwing-testing` is missing is an error of the compiler.
///
/// | key | meaning |
/// |---|---|
/// | `extension = Type` | the extension, or the module that `extensions!` made |
/// | `package = "name"` | the package that is built to `.wasm`; by default the one that the test is in |
/// | `hosts(native, wasm, envoy)` | the hosts; by default `native` and `wasm` |
/// | `crate = path` | the path of the `waxwing_testing` crate, if the dependency has another name |
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as Arguments);
    let function = parse_macro_input!(item as ItemFn);
    expand::tests(&arguments, function).unwrap_or_else(|error| error.to_compile_error()).into()
}
