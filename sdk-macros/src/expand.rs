//! The code.
//!
//! How the derive learns which callbacks a type implements: `#[callbacks]` writes a macro that hands their
//! names on, and gives it the type's own name, in the namespace of macros. A path to the type is then a path
//! to that macro too, from wherever the derive stands.

use crate::errors::Errors;
use crate::model::{CallbacksImpl, Extension};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{Path, parse_quote};

/// The path of the SDK's door for macros.
fn private(krate: Option<&Path>) -> TokenStream {
    match krate {
        Some(krate) => quote!(#krate::__private),
        None => quote!(::waxwing::__private),
    }
}

pub(crate) fn extension(extension: &Extension, errors: &Errors) -> TokenStream {
    let private = private(extension.args.krate.as_ref());
    let name = &extension.name;
    let (Some(http), true) = (&extension.args.http, errors.is_empty()) else {
        return inert(extension, &private);
    };
    quote! {
        impl #private::Extension for #name {
            type Http = #http;
        }
        // Not natively, where nothing is exported and a missing macro would be a second error.
        #[cfg(target_arch = "wasm32")]
        #http! { #private::exports, [] #name }
        // Natively nobody but a test uses the extension; without this, rustc would call it dead code.
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn() -> #private::Dispatcher<#name> = #private::Dispatcher::<#name>::new;
    }
}

/// An extension without streams, so that what uses it does not fail as well.
fn inert(extension: &Extension, private: &TokenStream) -> TokenStream {
    let name = &extension.name;
    let mut generics = extension.generics.clone();
    if !generics.params.is_empty() {
        let (_, arguments, _) = extension.generics.split_for_impl();
        generics.make_where_clause().predicates.push(parse_quote!(#name #arguments: #private::RootContext));
    }
    let (generics, arguments, bounds) = generics.split_for_impl();
    quote! {
        impl #generics #private::Extension for #name #arguments #bounds {
            type Http = #private::NoStreams<Self>;
        }
    }
}

pub(crate) fn callbacks(input: CallbacksImpl) -> TokenStream {
    if !input.is_of_http_context() {
        return input.item.into_token_stream();
    }
    let private = private(input.args.krate.as_ref());
    let hidden_macro = input.type_name().map(|name| hidden_macro(name, &input));
    let variants = input.callbacks.iter().map(|callback| format_ident!("{}", callback.variant));
    let mut item = input.item;
    item.items.push(parse_quote! {
        const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: #private::Callbacks =
            #private::Callbacks::NONE #(.with(#private::Callback::#variants))*;
    });
    let mut code = item.into_token_stream();
    code.extend(hidden_macro);
    code
}

/// The macro that appends the names of the callbacks to a list, and hands it to the macro named first.
fn hidden_macro(name: &syn::Ident, input: &CallbacksImpl) -> TokenStream {
    let hidden = format_ident!("__waxwing_callbacks_of_{}", name);
    let methods = input.callbacks.iter().map(|callback| format_ident!("{}", callback.method));
    quote! {
        #[doc(hidden)]
        #[allow(unused_macros)]
        macro_rules! #hidden {
            ($next:path, [$($earlier:ident)*] $($rest:tt)*) => {
                $next! { [$($earlier)* #(#methods)*] $($rest)* }
            };
        }
        #[doc(hidden)]
        #[allow(unused_imports)]
        pub(crate) use #hidden as #name;
    }
}
