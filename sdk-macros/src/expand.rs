//! The code.
//!
//! How the derive learns which callbacks a type implements: `#[callbacks]` writes a macro that hands their
//! names on, and gives it the type's own name, in the namespace of macros. A path to the type is then a path
//! to that macro too, from wherever the derive stands.

use crate::errors::Errors;
use crate::model::{CallbacksImpl, Extension, HELD, MESSAGES, OUTSIDE};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{Generics, Ident, Path, parse_quote};

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
    if !errors.is_empty() {
        return inert(extension, &private);
    }
    let none = || parse_quote!(#private::NoStreams<Self>);
    let is_exchange = extension.args.exchange.is_some();
    let [http, tcp] =
        [&extension.args.http, &extension.args.tcp].map(|stream| stream.clone().unwrap_or_else(none));
    let http = if is_exchange { parse_quote!(#private::Exchanges<Self>) } else { http };
    // The macros with the names of the callbacks, the first of which calls the next, until all are in the list.
    let root = extension.args.root.then(|| Path::from(name.clone()));
    let lists: Vec<_> = extension.streams().chain(&root).collect();
    // What no list has. With both kinds of streams, the first callback of a connection has to say that it is one.
    let kinds = extension.streams().count().saturating_add(usize::from(is_exchange));
    let telling = (kinds > 1).then_some("on_new_connection");
    let messages = if is_exchange { MESSAGES } else { &[] };
    let outside = if is_exchange || extension.args.task { OUTSIDE } else { &[] };
    let held = (extension.args.task && extension.args.http.is_some()).then_some(HELD);
    let more =
        telling.iter().chain(messages).chain(outside).chain(&held).map(|export| format_ident!("{}", export));
    let has_task = if extension.args.task { quote!(HasTask) } else { quote!(NoTask) };
    let absent = absent(extension, &extension.generics, &private);
    // What the last of them calls: the exports, or, for one of several, what keeps the list for `extensions!`.
    let (last, arguments, root_id) = match &extension.args.root_id {
        None => (quote!(#private::exports), quote!(#private::export_all, #name), TokenStream::new()),
        Some(root_id) => {
            (quote!(#private::keep_exports), quote!(#name), quote!(const ROOT_ID: &'static str = #root_id;))
        }
    };
    let mut chain = lists.iter().map(|list| list.to_token_stream()).chain([last]);
    let (chain, rest) = (chain.next(), chain.collect::<Vec<_>>());
    quote! {
        impl #private::Extension for #name {
            type Http = #http;
            #root_id
            type Tcp = #tcp;
            type Task = #private::#has_task;
        }
        #absent
        // Not natively, where nothing is exported and a missing macro would be a second error.
        #[cfg(target_arch = "wasm32")]
        #chain! { [#(#rest),*] [#(#more)*] #arguments }
        // Natively nobody but a test uses the extension; without this, rustc would call it dead code.
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn(&#private::Dispatcher<#name>) = |_| ();
    }
}

/// Says that an extension has no root callbacks, or no task.
fn absent(extension: &Extension, generics: &Generics, private: &TokenStream) -> TokenStream {
    let name = &extension.name;
    let (generics, arguments, bounds) = generics.split_for_impl();
    let root = (!extension.args.root).then(|| quote!(DeriveWithoutRoot));
    let task = (!extension.args.task).then(|| quote!(DeriveWithoutTask));
    let absent = root.iter().chain(&task);
    quote! {
        #( impl #generics #private::#absent for #name #arguments #bounds {} )*
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
    let absent = absent(extension, &generics, private);
    let (generics, arguments, bounds) = generics.split_for_impl();
    quote! {
        impl #generics #private::Extension for #name #arguments #bounds {
            type Http = #private::NoStreams<Self>;
            type Tcp = #private::NoStreams<Self>;
            type Task = #private::NoTask;
        }
        #absent
    }
}

pub(crate) fn callbacks(input: CallbacksImpl) -> TokenStream {
    if input.of.is_none() {
        return input.item.into_token_stream();
    }
    let private = private(input.args.krate.as_ref());
    let hidden_macro = input.type_name().map(|name| hidden_macro(name, &input));
    let variants = exports(&input).map(variant);
    let mut item = input.item;
    item.items.push(parse_quote! {
        const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: #private::Callbacks =
            #private::Callbacks::NONE #(.with(#private::Callback::#variants))*;
    });
    let mut code = item.into_token_stream();
    code.extend(hidden_macro);
    code
}

/// The exports that lead to the callbacks of an `impl`.
fn exports(input: &CallbacksImpl) -> impl Iterator<Item = &'static str> + use<> {
    input.callbacks.clone().into_iter().flat_map(|callback| callback.exports).copied()
}

/// The `Callback` of an export: `on_request_headers` is `RequestHeaders`.
fn variant(export: &str) -> Ident {
    let words = export.trim_start_matches("on_").split('_');
    let name: String = words
        .flat_map(|word| word.chars().enumerate())
        .map(|(at, letter)| if at == 0 { letter.to_ascii_uppercase() } else { letter })
        .collect();
    format_ident!("{name}")
}

/// The macro that appends the names of the callbacks to a list, and hands it to the macro named first.
fn hidden_macro(name: &Ident, input: &CallbacksImpl) -> TokenStream {
    let hidden = format_ident!("__waxwing_callbacks_of_{}", name);
    let exports = exports(input).map(|export| format_ident!("{}", export));
    quote! {
        #[doc(hidden)]
        #[allow(unused_macros)]
        macro_rules! #hidden {
            ([$next:path $(, $more:path)*] [$($earlier:ident)*] $($rest:tt)*) => {
                $next! { [$($more),*] [$($earlier)* #(#exports)*] $($rest)* }
            };
        }
        #[doc(hidden)]
        #[allow(unused_imports)]
        pub(crate) use #hidden as #name;
    }
}
