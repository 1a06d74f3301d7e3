//! A module as a whole: what it exports, and several extensions in one.
//!
//! The lists of callbacks reach these macros at the end of a chain; see `expand`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::parse::{Nothing, Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, Path, Token, Visibility, bracketed, parenthesized};

/// The end of a chain of lists: the callbacks, and what comes behind them.
pub(crate) struct List<T> {
    callbacks: Vec<Ident>,
    rest: T,
}

impl<T: Parse> Parse for List<T> {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (none, list);
        bracketed!(none in input);
        none.parse::<Nothing>()?;
        bracketed!(list in input);
        let mut callbacks = Vec::new();
        while !list.is_empty() {
            callbacks.push(list.parse()?);
        }
        Ok(List { callbacks, rest: input.parse()? })
    }
}

/// A macro, and the type of the module that it is to export.
pub(crate) struct Export {
    next: Path,
    module: Path,
}

impl Parse for Export {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let next = input.parse()?;
        input.parse::<Token![,]>()?;
        Ok(Export { next, module: input.parse()? })
    }
}

/// Hands each callback on once, however many traits have it: an export can be there once only.
pub(crate) fn exports(list: List<Export>) -> TokenStream {
    let Export { next, module } = list.rest;
    let mut distinct: Vec<Ident> = Vec::new();
    for callback in list.callbacks {
        // Every module has it.
        if callback != "on_vm_start" && !distinct.contains(&callback) {
            distinct.push(callback);
        }
    }
    quote!(#next! { [#(#distinct)*] #module })
}

/// Keeps the list of an extension, as a macro beside it, until a module takes it up.
pub(crate) fn keep_exports(list: List<Ident>) -> TokenStream {
    let List { callbacks, rest: name } = list;
    let kept = kept(&name);
    quote! {
        #[doc(hidden)]
        macro_rules! #kept {
            ([$next:path $(, $more:path)*] [$($earlier:ident)*] $($rest:tt)*) => {
                $next! { [$($more),*] [$($earlier)* #(#callbacks)*] $($rest)* }
            };
        }
        #[doc(hidden)]
        #[allow(unused_imports)]
        pub(crate) use #kept;
    }
}

/// The name of the macro that keeps an extension's list. What rustc says of one that is not used, it says with this:
/// the module would export nothing.
fn kept(name: &Ident) -> Ident {
    format_ident!("put_{}_into_an_extensions_macro", name)
}

/// `extensions! { pub struct Name(A, B); }`, with the path of the SDK before it.
pub(crate) struct Module {
    krate: Path,
    attributes: Vec<Attribute>,
    visibility: Visibility,
    name: Ident,
    extensions: Vec<Path>,
}

impl Parse for Module {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let krate = input.parse()?;
        input.parse::<Token![,]>()?;
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        input.parse::<Token![struct]>()?;
        let name: Ident = input.parse()?;
        let list;
        parenthesized!(list in input);
        let extensions: Vec<Path> =
            Punctuated::<Path, Token![,]>::parse_terminated(&list)?.into_iter().collect();
        input.parse::<Token![;]>()?;
        if extensions.len() < 2 {
            return Err(syn::Error::new(
                name.span(),
                "a module of several extensions has two or more; a single one needs no `extensions!`, and no `root_id`",
            ));
        }
        Ok(Module { krate, attributes, visibility, name, extensions })
    }
}

pub(crate) fn module(module: &Module) -> TokenStream {
    let Module { krate, attributes, visibility, name, extensions } = module;
    let private = quote!(#krate::__private);
    let mut ty = TokenStream::new();
    let mut value = TokenStream::new();
    for extension in extensions.iter().rev() {
        let (dispatcher, new) =
            (quote!(#private::Dispatcher<#extension>), quote!(#private::Dispatcher::<#extension>::new()));
        (ty, value) = if ty.is_empty() {
            (dispatcher, new)
        } else {
            (quote!(#private::Bundle<#dispatcher, #ty>), quote!(#private::Bundle::new(#new, #value)))
        };
    }
    let mut lists = extensions.iter().map(|extension| {
        let mut path = extension.clone();
        if let Some(last) = path.segments.last_mut() {
            last.ident = kept(&last.ident);
        }
        path
    });
    let first = lists.next();
    quote! {
        #(#attributes)*
        #[derive(Debug)]
        #visibility enum #name {}

        impl #private::Module for #name {
            type Guest = #ty;
            #[allow(clippy::declare_interior_mutable_const)]
            const GUEST: Self::Guest = #value;
        }

        const _: () = assert!(
            #private::are_distinct(&[#(<#extensions as #private::Extension>::ROOT_ID),*]),
            "two extensions of this module have the same `root_id`, or none: give each its own in `#[extension(…)]`"
        );

        #[cfg(target_arch = "wasm32")]
        #first! { [#(#lists,)* #private::exports] [] #private::export_all, #name }
        // Natively nobody but a test uses the module; without this, rustc would call it dead code.
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn() -> <#name as #private::Module>::Guest = || <#name as #private::Module>::GUEST;
    }
}
