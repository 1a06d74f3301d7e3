//! Extensions that are written on the crate `proxy-wasm`, as their authors write them. The root id chooses one; each can be
//! started alone as well.
//!
//! Nothing in here knows of the mock host.
#![allow(missing_docs, reason = "the function that `main!` defines")]

pub mod auth;
pub mod body;
pub mod counter;
pub mod flaw;
pub mod grpc;
pub mod header;
pub mod queue;
pub mod tcp;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::RootContext;
use proxy_wasm::types::LogLevel;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| root());
}}

/// The root context of the extension with the plugin's root id.
fn root() -> Box<dyn RootContext> {
    let root_id = hostcalls::get_property(vec!["plugin_root_id"]).unwrap().unwrap_or_default();
    match &*String::from_utf8(root_id).unwrap() {
        "auth" => Box::new(auth::Root::default()),
        "body" => Box::new(body::Root),
        "counter" => Box::new(counter::Root::default()),
        "flaw" => Box::new(flaw::Root::default()),
        "grpc" => Box::new(grpc::Root),
        "queue" => Box::new(queue::Root::default()),
        "tcp" => Box::new(tcp::Root),
        _ => Box::new(header::Root::default()),
    }
}
