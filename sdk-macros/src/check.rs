//! Every rule, and what to write instead.

use crate::errors::Errors;
use crate::model::{CallbacksImpl, Extension};
use syn::{ImplItem, Path};

pub(crate) fn extension(extension: &Extension, errors: &mut Errors) {
    if let Some(keyword) = &extension.not_a_struct {
        errors.at(
            keyword,
            format!("an extension is a struct: write `struct {} {{ … }}`, one value of which is made per configuration", extension.name),
        );
    }
    if !extension.generics.params.is_empty() {
        errors.at(
            &extension.generics,
            "an extension has no parameters: a host makes it, and knows no types or lifetimes",
        );
    }
    for stream in extension.streams().filter(|stream| has_arguments(stream)) {
        errors.at(stream, "a stream is a type with a name and without parameters");
    }
    if let (Some(exchange), Some(_)) = (&extension.args.exchange, &extension.args.http) {
        errors.at(exchange, "HTTP streams are exchanges, which a function handles, or of a type with callbacks: keep `exchange` or `http`");
    }
    // A key that was misspelt is the mistake, and not the one that is missing because of it.
    if !extension.has_streams() && errors.is_empty() {
        errors.at(
            &extension.name,
            format!(
                "which type are the streams of `{}`? Write `#[extension(http = Type)]` above it, `exchange` for a function that handles them, or `tcp = Type` for TCP",
                extension.name
            ),
        );
    }
}

/// Whether a path has types or lifetimes in it.
fn has_arguments(path: &Path) -> bool {
    path.segments.iter().any(|segment| !segment.arguments.is_empty())
}

/// Where the attribute goes.
pub(crate) const BELONGS: &str =
    "`#[callbacks]` belongs on an `impl` of `HttpContext`, `StreamContext` or `RootCallbacks`";

/// Callbacks that are for one mode of a body, and what says the mode.
const INSPECTED: [(&str, &str); 2] =
    [("inspect_request_body", "request_body_mode"), ("inspect_response_body", "response_body_mode")];

pub(crate) fn callbacks(item: &CallbacksImpl, errors: &mut Errors) {
    let Some(of) = item.of else {
        errors.at(&item.item.self_ty, BELONGS);
        return;
    };
    match item.self_path() {
        Some(path) if item.item.generics.params.is_empty() && !has_arguments(path) => {
            if path.get_ident().is_none() {
                errors.at(path, "write this `impl` where the type is, and name the type without a path: the derive looks there for the callbacks");
            }
        }
        _ => {
            errors.at(&item.item.self_ty, format!("{} is a type with a name and without parameters", of.noun))
        }
    }
    let known = || of.callbacks.iter().map(|callback| callback.method).collect::<Vec<_>>().join("`, `");
    for stranger in &item.strangers {
        let name = &stranger.sig.ident;
        errors.at(name, format!("`{name}` is not a callback; the callbacks are `{}`", known()));
    }
    for (inspect, mode) in INSPECTED {
        let written = |name| item.callbacks.iter().any(|callback| callback.method == name);
        if written(inspect) && !written(mode) {
            errors.at(
                &item.item.self_ty,
                format!(
                    "`{inspect}` is never called: add `fn {mode}(&self) -> BodyMode {{ BodyMode::Inspect }}`"
                ),
            );
        }
    }
    for method in &item.too_late {
        let name = &method.sig.ident;
        errors.at(&method.sig.output, format!("in `{name}` {}", of.no_answer));
    }
    for part in &item.item.items {
        if let ImplItem::Macro(part) = part {
            errors.at(part, "`#[callbacks]` cannot see which callbacks this writes: write them here");
        }
        let ImplItem::Fn(method) = part else { continue };
        for attribute in method.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg")) {
            errors.at(
                attribute,
                "`#[callbacks]` cannot see whether this holds: put the `#[cfg]` inside the callback, or on the `impl`",
            );
        }
    }
}
