//! The macros of the `waxwing` crate, which re-exports and documents them. Do not depend on this crate.
//!
//! `attr` and `model` parse what the author wrote, `check` says what is wrong with it, `expand` writes code.
//! Mistakes are collected, so that all are reported at once, and code is written in any case, so that one
//! mistake gives one error.

mod attr;
mod check;
mod errors;
mod expand;
mod model;
mod module;

use attr::CallbacksArgs;
use errors::Errors;
use model::{CallbacksImpl, Extension};
use module::{Export, List, Module};
use proc_macro::TokenStream;
use syn::{DeriveInput, ItemImpl, parse_macro_input};

/// Makes a root context an extension: a host can load it.
///
/// On wasm it exports what the ABI asks for and the callbacks that its streams implement, and no others.
/// Natively it is what a mock host starts. A crate has one, or puts several together with `extensions!`.
///
/// | key | meaning |
/// |---|---|
/// | `http = Type` | the type of its HTTP streams, by a path to it in this crate: an alias does not do |
/// | `exchange` | in place of `http`: a function handles each exchange, an `impl HttpExchange` |
/// | `tcp = Type` | the type of its TCP connections, in the same way; at least one of the three is there |
/// | `root` | it has callbacks of its own: an `impl RootCallbacks` |
/// | `task` | it has a task, which awaits: an `impl RootTask` |
/// | `root_id = "…"` | which of several extensions of a module it is; `extensions!` puts them together |
/// | `crate = path` | the path of the `waxwing` crate, if the dependency has another name |
///
/// ```ignore
/// #[derive(Extension)]
/// #[extension(http = AddHeaderStream)]
/// struct AddHeader { /* … */ }
/// ```
#[proc_macro_derive(Extension, attributes(extension))]
pub fn derive_extension(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let mut errors = Errors::default();
    let extension = Extension::from_input(input, &mut errors);
    check::extension(&extension, &mut errors);
    let code = expand::extension(&extension, &errors);
    errors.with(code).into()
}

/// Exports the callbacks that an `impl` of `HttpContext`, `StreamContext` or `RootCallbacks` contains, and no others.
///
/// A proxy does not enter the module for a callback that it does not export, so the default ones of the
/// trait cost nothing. An `impl` without the attribute does not compile.
///
/// | key | meaning |
/// |---|---|
/// | `crate = path` | the path of the `waxwing` crate, if the dependency has another name |
///
/// ```ignore
/// #[callbacks]
/// impl HttpContext for AddHeaderStream { /* … */ }
/// ```
#[proc_macro_attribute]
pub fn callbacks(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let args = CallbacksArgs::parse(args.into(), &mut errors);
    let Ok(parsed) = syn::parse::<ItemImpl>(item.clone()) else {
        // The item stays, so that what uses it does not fail as well.
        errors.at(first_token(item.clone()), check::BELONGS);
        return errors.with(item.into()).into();
    };
    let item = CallbacksImpl::from_item(parsed, args);
    check::callbacks(&item, &mut errors);
    let code = expand::callbacks(item);
    errors.with(code).into()
}

/// Hands a list of callbacks on, each of them once. For the other macros.
#[doc(hidden)]
#[proc_macro]
pub fn exports(input: TokenStream) -> TokenStream {
    module::exports(parse_macro_input!(input as List<Export>)).into()
}

/// Keeps a list of callbacks for `bundle!`. For the other macros.
#[doc(hidden)]
#[proc_macro]
pub fn keep_exports(input: TokenStream) -> TokenStream {
    module::keep_exports(parse_macro_input!(input as List<syn::Ident>)).into()
}

/// Several extensions in one module. For `waxwing::extensions!`.
#[doc(hidden)]
#[proc_macro]
pub fn bundle(input: TokenStream) -> TokenStream {
    module::module(&parse_macro_input!(input as Module)).into()
}

fn first_token(item: TokenStream) -> Option<proc_macro2::TokenTree> {
    proc_macro2::TokenStream::from(item).into_iter().next()
}
