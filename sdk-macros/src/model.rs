//! What the author wrote, as far as it matters.

use crate::attr::{CallbacksArgs, ExtensionArgs};
use crate::errors::Errors;
use proc_macro2::TokenStream;
use syn::{Data, DeriveInput, Generics, Ident, ImplItem, ImplItemFn, ItemImpl, Type};

/// The type with `#[derive(Extension)]`.
pub(crate) struct Extension {
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    /// The keyword of a declaration that is not a struct.
    pub(crate) not_a_struct: Option<TokenStream>,
    pub(crate) args: ExtensionArgs,
}

impl Extension {
    pub(crate) fn from_input(input: DeriveInput, errors: &mut Errors) -> Self {
        let not_a_struct = match &input.data {
            Data::Struct(_) => None,
            Data::Enum(data) => Some(quote::ToTokens::to_token_stream(&data.enum_token)),
            Data::Union(data) => Some(quote::ToTokens::to_token_stream(&data.union_token)),
        };
        Extension {
            args: ExtensionArgs::from_attributes(&input.attrs, errors),
            name: input.ident,
            generics: input.generics,
            not_a_struct,
        }
    }
}

/// A callback of `HttpContext`: the method's name, and that of its `Callback`.
pub(crate) struct Callback {
    pub(crate) method: &'static str,
    pub(crate) variant: &'static str,
}

/// Every callback that an `impl HttpContext` may contain.
pub(crate) const CALLBACKS: &[Callback] = &[
    Callback { method: "on_request_headers", variant: "RequestHeaders" },
    Callback { method: "on_request_body", variant: "RequestBody" },
    Callback { method: "on_request_trailers", variant: "RequestTrailers" },
    Callback { method: "on_response_headers", variant: "ResponseHeaders" },
    Callback { method: "on_response_body", variant: "ResponseBody" },
    Callback { method: "on_response_trailers", variant: "ResponseTrailers" },
    Callback { method: "on_done", variant: "Done" },
    Callback { method: "on_log", variant: "Log" },
];

/// The `impl` with `#[callbacks]`.
pub(crate) struct CallbacksImpl {
    pub(crate) item: ItemImpl,
    pub(crate) args: CallbacksArgs,
    /// The callbacks in it.
    pub(crate) callbacks: Vec<&'static Callback>,
    /// The methods that are not of the trait. They are not part of `item` any more.
    pub(crate) strangers: Vec<ImplItemFn>,
}

impl CallbacksImpl {
    pub(crate) fn from_item(mut item: ItemImpl, args: CallbacksArgs) -> Self {
        let mut callbacks = Vec::new();
        let mut strangers = Vec::new();
        item.items.retain(|part| {
            let ImplItem::Fn(method) = part else { return true };
            let name = &method.sig.ident;
            if let Some(callback) = CALLBACKS.iter().find(|callback| name == callback.method) {
                callbacks.push(callback);
            } else if name != "new" {
                strangers.push(method.clone());
                return false;
            }
            true
        });
        CallbacksImpl { item, args, callbacks, strangers }
    }

    /// The name of the trait that it implements.
    pub(crate) fn trait_name(&self) -> Option<&Ident> {
        let (path, _) = self.item.trait_.as_ref()?;
        path.segments.last().map(|segment| &segment.ident)
    }

    /// The name of the type that it is for, if that has one.
    pub(crate) fn type_name(&self) -> Option<&Ident> {
        let Type::Path(ty) = &*self.item.self_ty else { return None };
        ty.path.segments.last().map(|segment| &segment.ident)
    }
}
