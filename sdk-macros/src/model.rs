//! What the author wrote, as far as it matters.

use crate::attr::{CallbacksArgs, ExtensionArgs};
use crate::errors::Errors;
use proc_macro2::TokenStream;
use syn::{
    Data, DeriveInput, GenericArgument, Generics, Ident, ImplItem, ImplItemFn, ItemImpl, Path, PathArguments,
    ReturnType, Type,
};

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
#[derive(PartialEq)]
pub(crate) struct Callback {
    pub(crate) method: &'static str,
    pub(crate) variant: &'static str,
    /// Whether it is too late for another response.
    pub(crate) is_late: bool,
}

/// Every callback that an `impl HttpContext` may contain.
pub(crate) const CALLBACKS: &[Callback] = &[
    Callback { method: "on_request_headers", variant: "RequestHeaders", is_late: false },
    Callback { method: "on_request_body", variant: "RequestBody", is_late: false },
    Callback { method: "on_request_trailers", variant: "RequestTrailers", is_late: false },
    Callback { method: "on_response_headers", variant: "ResponseHeaders", is_late: false },
    Callback { method: "on_response_body", variant: "ResponseBody", is_late: true },
    Callback { method: "on_response_trailers", variant: "ResponseTrailers", is_late: true },
    Callback { method: "on_done", variant: "Done", is_late: false },
    Callback { method: "on_log", variant: "Log", is_late: false },
];

/// The `impl` with `#[callbacks]`.
pub(crate) struct CallbacksImpl {
    /// Without the methods in `strangers` and `too_late`, which would only give rustc more to say.
    pub(crate) item: ItemImpl,
    pub(crate) args: CallbacksArgs,
    /// The callbacks in it.
    pub(crate) callbacks: Vec<&'static Callback>,
    /// The methods that are not of the trait.
    pub(crate) strangers: Vec<ImplItemFn>,
    /// The callbacks that want to answer where it is too late.
    pub(crate) too_late: Vec<ImplItemFn>,
}

impl CallbacksImpl {
    pub(crate) fn from_item(item: ItemImpl, args: CallbacksArgs) -> Self {
        let mut this =
            CallbacksImpl { item, args, callbacks: Vec::new(), strangers: Vec::new(), too_late: Vec::new() };
        if this.is_of_http_context() {
            this.sort_methods();
        }
        this
    }

    fn sort_methods(&mut self) {
        for part in std::mem::take(&mut self.item.items) {
            let ImplItem::Fn(method) = part else {
                self.item.items.push(part);
                continue;
            };
            let name = &method.sig.ident;
            match CALLBACKS.iter().find(|callback| name == callback.method) {
                None if name != "new" => self.strangers.push(method),
                Some(callback) if callback.is_late && returns_action(&method) => self.too_late.push(method),
                callback => {
                    // One that is there twice is rustc's to report, and exported once.
                    self.callbacks.extend(callback.filter(|new| !self.callbacks.contains(new)));
                    self.item.items.push(ImplItem::Fn(method));
                }
            }
        }
    }

    /// Whether it is on the trait that it belongs on, as far as a name can tell.
    pub(crate) fn is_of_http_context(&self) -> bool {
        let path = self.item.trait_.as_ref().map(|(path, _)| path);
        path.and_then(|path| path.segments.last()).is_some_and(|segment| segment.ident == "HttpContext")
    }

    /// The path of the type that it is for, if that has one.
    pub(crate) fn self_path(&self) -> Option<&Path> {
        match &*self.item.self_ty {
            Type::Path(ty) if ty.qself.is_none() => Some(&ty.path),
            _ => None,
        }
    }

    /// The name of that type.
    pub(crate) fn type_name(&self) -> Option<&Ident> {
        self.self_path()?.segments.last().map(|segment| &segment.ident)
    }
}

/// Whether a method says that it returns `Result<Action>`.
fn returns_action(method: &ImplItemFn) -> bool {
    let ReturnType::Type(_, ty) = &method.sig.output else { return false };
    let Type::Path(ty) = &**ty else { return false };
    let Some(PathArguments::AngleBracketed(arguments)) = ty.path.segments.last().map(|last| &last.arguments)
    else {
        return false;
    };
    let Some(GenericArgument::Type(Type::Path(ok))) = arguments.args.first() else { return false };
    ok.path.segments.last().is_some_and(|last| last.ident == "Action")
}
