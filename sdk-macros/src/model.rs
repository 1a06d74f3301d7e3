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
    /// Whether it has streams of any kind.
    pub(crate) fn has_streams(&self) -> bool {
        self.args.exchange.is_some() || self.streams().next().is_some()
    }

    /// The types of its streams.
    pub(crate) fn streams(&self) -> impl Iterator<Item = &Path> {
        self.args.http.iter().chain(&self.args.tcp)
    }

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

/// A trait with callbacks, and which they are: the tables of this folder's one list of names.
pub(crate) struct CallbacksTrait {
    pub(crate) name: &'static str,
    /// What a message calls the type that implements it.
    pub(crate) noun: &'static str,
    pub(crate) callbacks: &'static [Callback],
    /// Why some of them cannot return an answer, and what they do instead.
    pub(crate) no_answer: &'static str,
    /// The methods that are not callbacks.
    others: &'static [&'static str],
}

/// A callback: the method's name, and the exports that lead to it, by their names in the ABI without `proxy_`.
#[derive(PartialEq)]
pub(crate) struct Callback {
    pub(crate) method: &'static str,
    pub(crate) exports: &'static [&'static str],
    /// Whether it is too late for another response, or there can be none.
    pub(crate) is_late: bool,
}

const fn callback(method: &'static str, exports: &'static [&'static str]) -> Callback {
    Callback { method, exports, is_late: false }
}

const fn late(method: &'static str, exports: &'static [&'static str]) -> Callback {
    Callback { method, exports, is_late: true }
}

// All of gRPC needs the end of a stream: then the SDK tells the host to give up its place.
const GRPC_RECEIVE: &[&str] = &["on_grpc_receive", "on_grpc_close"];
const GRPC_INITIAL_METADATA: &[&str] = &["on_grpc_receive_initial_metadata", "on_grpc_close"];
const GRPC_TRAILING_METADATA: &[&str] = &["on_grpc_receive_trailing_metadata", "on_grpc_close"];

// An answer that comes at once is handed over at the next tick.
const DNS: &[&str] = &["on_resolve_dns", "on_tick"];

/// What a module of exchanges exports beside [`OUTSIDE`]: the parts of messages, and how an exchange ends.
pub(crate) const MESSAGES: &[&str] = &[
    "on_request_headers",
    "on_request_body",
    "on_request_trailers",
    "on_response_headers",
    "on_response_body",
    "on_response_trailers",
    "on_log",
    "on_done",
];

/// What a module of exchanges or tasks exports: a function that awaits may wait for any of it.
pub(crate) const OUTSIDE: &[&str] = &[
    "on_http_call_response",
    "on_grpc_receive_initial_metadata",
    "on_grpc_receive",
    "on_grpc_receive_trailing_metadata",
    "on_grpc_close",
    "on_tick",
];

/// The callback in which requests are held until a task has started.
pub(crate) const HELD: &str = "on_request_headers";

/// Every trait that `#[callbacks]` knows.
pub(crate) const TRAITS: &[CallbacksTrait] = &[
    CallbacksTrait {
        name: "HttpContext",
        noun: "a stream",
        callbacks: &[
            callback("on_request_headers", &["on_request_headers"]),
            callback("request_body_mode", &["on_request_headers", "on_request_body", "on_request_trailers"]),
            callback("inspect_request_body", &["on_request_body"]),
            callback("on_request_body", &["on_request_body"]),
            callback("on_request_trailers", &["on_request_trailers"]),
            callback("on_request_metadata", &["on_request_metadata"]),
            callback("on_response_headers", &["on_response_headers"]),
            callback(
                "response_body_mode",
                &["on_response_headers", "on_response_body", "on_response_trailers"],
            ),
            late("inspect_response_body", &["on_response_body"]),
            late("on_response_body", &["on_response_body"]),
            late("on_response_trailers", &["on_response_trailers"]),
            callback("on_response_metadata", &["on_response_metadata"]),
            callback("on_http_call_response", &["on_http_call_response"]),
            callback("on_grpc_call_response", GRPC_RECEIVE),
            callback("on_grpc_stream_initial_metadata", GRPC_INITIAL_METADATA),
            callback("on_grpc_stream_message", GRPC_RECEIVE),
            callback("on_grpc_stream_trailing_metadata", GRPC_TRAILING_METADATA),
            callback("on_grpc_stream_close", &["on_grpc_close"]),
            callback("on_dns_resolved", DNS),
            callback("on_foreign_function", &["on_foreign_function"]),
            callback("on_timer", &["on_tick"]),
            callback("on_done", &["on_done"]),
            callback("on_log", &["on_log"]),
        ],
        no_answer: "the response has begun, and it is too late to answer: return `Result<Flow>`; \
                    to end the stream, return an error",
        others: &["new"],
    },
    CallbacksTrait {
        name: "StreamContext",
        noun: "a connection",
        callbacks: &[
            late("on_new_connection", &["on_new_connection"]),
            late("on_downstream_data", &["on_downstream_data"]),
            late("on_upstream_data", &["on_upstream_data"]),
            callback("on_downstream_close", &["on_downstream_connection_close"]),
            callback("on_upstream_close", &["on_upstream_connection_close"]),
            late("on_http_call_response", &["on_http_call_response"]),
            late("on_grpc_call_response", GRPC_RECEIVE),
            late("on_grpc_stream_initial_metadata", GRPC_INITIAL_METADATA),
            late("on_grpc_stream_message", GRPC_RECEIVE),
            late("on_grpc_stream_trailing_metadata", GRPC_TRAILING_METADATA),
            late("on_grpc_stream_close", &["on_grpc_close"]),
            late("on_dns_resolved", DNS),
            late("on_foreign_function", &["on_foreign_function"]),
            late("on_timer", &["on_tick"]),
            callback("on_done", &["on_done"]),
            callback("on_log", &["on_log"]),
        ],
        no_answer: "there is no HTTP to answer with: return `Result<Flow>`; \
                    to end the connection, call `close()` and return `Flow::Pause`, or return an error",
        others: &["new"],
    },
    CallbacksTrait {
        name: "RootCallbacks",
        noun: "a root context",
        callbacks: &[
            callback("on_vm_start", &["on_vm_start"]),
            callback("on_http_call_response", &["on_http_call_response"]),
            callback("on_grpc_call_response", GRPC_RECEIVE),
            callback("on_grpc_stream_initial_metadata", GRPC_INITIAL_METADATA),
            callback("on_grpc_stream_message", GRPC_RECEIVE),
            callback("on_grpc_stream_trailing_metadata", GRPC_TRAILING_METADATA),
            callback("on_grpc_stream_close", &["on_grpc_close"]),
            callback("on_dns_resolved", DNS),
            callback("on_foreign_function", &["on_foreign_function"]),
            callback("on_timer", &["on_tick"]),
            callback("on_done", &["on_done"]),
            callback("on_log", &["on_log"]),
            callback("on_queue_ready", &["on_queue_ready"]),
        ],
        no_answer: "",
        others: &[],
    },
];

/// The `impl` with `#[callbacks]`.
pub(crate) struct CallbacksImpl {
    /// Without the methods in `strangers` and `too_late`, which would only give rustc more to say.
    pub(crate) item: ItemImpl,
    pub(crate) args: CallbacksArgs,
    /// The trait that it is of; `None` if it is another one, as far as a name can tell.
    pub(crate) of: Option<&'static CallbacksTrait>,
    /// The callbacks in it.
    pub(crate) callbacks: Vec<&'static Callback>,
    /// The methods that are not of the trait.
    pub(crate) strangers: Vec<ImplItemFn>,
    /// The callbacks that want to answer where it is too late.
    pub(crate) too_late: Vec<ImplItemFn>,
}

impl CallbacksImpl {
    pub(crate) fn from_item(item: ItemImpl, args: CallbacksArgs) -> Self {
        let path = item.trait_.as_ref().map(|(path, _)| path);
        let name = path.and_then(|path| path.segments.last()).map(|segment| &segment.ident);
        let of = TRAITS.iter().find(|of| name.is_some_and(|name| name == of.name));
        let mut this = CallbacksImpl {
            item,
            args,
            of,
            callbacks: Vec::new(),
            strangers: Vec::new(),
            too_late: Vec::new(),
        };
        if let Some(of) = of {
            this.sort_methods(of);
        }
        this
    }

    fn sort_methods(&mut self, of: &'static CallbacksTrait) {
        for part in std::mem::take(&mut self.item.items) {
            let ImplItem::Fn(method) = part else {
                self.item.items.push(part);
                continue;
            };
            let name = &method.sig.ident;
            match of.callbacks.iter().find(|callback| name == callback.method) {
                None if of.others.iter().all(|other| name != other) => self.strangers.push(method),
                Some(callback) if callback.is_late && returns_action(&method) => self.too_late.push(method),
                callback => {
                    // One that is there twice is rustc's to report, and exported once.
                    self.callbacks.extend(callback.filter(|new| !self.callbacks.contains(new)));
                    self.item.items.push(ImplItem::Fn(method));
                }
            }
        }
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
