//! The arguments of the attributes, as typed values.

use crate::errors::Errors;
use proc_macro2::TokenStream;
use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, Parser};
use syn::{Attribute, LitStr, Path, Token};

/// What `#[extension(…)]` says.
#[derive(Default)]
pub(crate) struct ExtensionArgs {
    pub(crate) http: Option<Path>,
    pub(crate) tcp: Option<Path>,
    /// Where it says that its HTTP streams are exchanges.
    pub(crate) exchange: Option<Path>,
    /// Whether it has root callbacks.
    pub(crate) root: bool,
    /// Whether its root contexts have a task.
    pub(crate) task: bool,
    /// Which of several extensions of a module it is.
    pub(crate) root_id: Option<LitStr>,
    pub(crate) krate: Option<Path>,
}

impl ExtensionArgs {
    pub(crate) fn from_attributes(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut args = ExtensionArgs::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("extension")) {
            let parsed = attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("http") {
                    set(&mut args.http, &meta, errors)
                } else if meta.path.is_ident("tcp") {
                    set(&mut args.tcp, &meta, errors)
                } else if meta.path.is_ident("exchange") {
                    args.exchange = Some(meta.path.clone());
                    Ok(())
                } else if meta.path.is_ident("root") {
                    args.root = true;
                    Ok(())
                } else if meta.path.is_ident("task") {
                    args.task = true;
                    Ok(())
                } else if meta.path.is_ident("root_id") {
                    set(&mut args.root_id, &meta, errors)
                } else if meta.path.is_ident("crate") {
                    set(&mut args.krate, &meta, errors)
                } else {
                    Err(meta.error(
                        "unknown key: write `http = Type`, the type of the HTTP streams, `exchange`, if a function handles them, `tcp = Type`, the type of the TCP connections, \
                         `root`, if there are root callbacks, `task`, if root contexts have one, `root_id = \"…\"`, for one of several in a module, or `crate = path`",
                    ))
                }
            });
            if let Err(error) = parsed {
                errors.add(error);
            }
        }
        args
    }
}

/// What `#[callbacks(…)]` says.
#[derive(Default)]
pub(crate) struct CallbacksArgs {
    pub(crate) krate: Option<Path>,
}

impl CallbacksArgs {
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut args = CallbacksArgs::default();
        let parser = syn::meta::parser(|meta| {
            if meta.path.is_ident("crate") {
                set(&mut args.krate, &meta, errors)
            } else {
                Err(meta.error("unknown key: `#[callbacks]` takes `crate = path`, or nothing"))
            }
        });
        if let Err(error) = parser.parse2(tokens) {
            errors.add(error);
        }
        args
    }
}

/// Takes the value of `key = value`, once.
fn set<T: Parse>(place: &mut Option<T>, meta: &ParseNestedMeta<'_>, errors: &mut Errors) -> syn::Result<()> {
    meta.input.parse::<Token![=]>()?;
    let value = meta.input.parse()?;
    if place.is_some() {
        errors.at(&meta.path, "this key is there twice: keep one of them");
    } else {
        *place = Some(value);
    }
    Ok(())
}
