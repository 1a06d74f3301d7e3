//! A test with an engine of its own, that compiles the module: the way of `proxy-wasm/test-framework`.
//!
//! The host functions answer at once, the same each time, so that what is measured is the engine.

use crate::Result;
use std::path::Path;
use wasmtime::{
    Caller, Engine, Extern, Instance, Linker, Module, Store, TypedFunc, Val, WasmParams, WasmResults,
};

/// A module in an engine that nobody else uses.
pub(crate) struct OwnEngine {
    store: Store<String>,
    instance: Instance,
    next_context: i32,
}

/// How many callbacks a request has.
pub(crate) const CALLBACKS: usize = 6;

impl OwnEngine {
    /// Compiles the module, links it, starts it and configures it.
    pub(crate) fn start(module: &Path, configuration: &str) -> Result<Self> {
        let engine = Engine::default();
        let module = Module::from_file(&engine, module)?;
        let mut linker = Linker::new(&engine);
        for import in module.imports() {
            let Some(ty) = import.ty().func().cloned() else { continue };
            let name = import.name().to_owned();
            linker.func_new(import.module(), import.name(), ty, move |caller, arguments, results| {
                answer(&name, caller, arguments)?;
                if let [result] = results {
                    *result = Val::I32(0);
                }
                Ok(())
            })?;
        }
        let mut store = Store::new(&engine, configuration.to_owned());
        let instance = linker.instantiate(&mut store, &module)?;
        let mut started = OwnEngine { store, instance, next_context: 2 };
        started.call::<(), ()>("_initialize", ())?;
        started.call::<(i32, i32), ()>("proxy_on_context_create", (1, 0))?;
        let size = i32::try_from(configuration.len())?;
        for callback in ["proxy_on_vm_start", "proxy_on_configure"] {
            let accepted: i32 = started.call(callback, (1, size))?;
            if accepted == 0 {
                return Err(format!("{callback} is false").into());
            }
        }
        Ok(started)
    }

    /// The callbacks of a request without a body.
    pub(crate) fn exchange(&mut self) -> Result<()> {
        let context = self.next_context;
        self.next_context += 1;
        self.call::<_, ()>("proxy_on_context_create", (context, 1))?;
        let paused: (i32, i32) = (
            self.call("proxy_on_request_headers", (context, 7, 1))?,
            self.call("proxy_on_response_headers", (context, 1, 1))?,
        );
        if paused != (0, 0) {
            return Err("a callback pauses the stream".into());
        }
        self.call::<_, ()>("proxy_on_log", context)?;
        self.call::<_, i32>("proxy_on_done", context)?;
        self.call("proxy_on_delete", context)
    }

    fn call<P: WasmParams, R: WasmResults>(&mut self, name: &str, arguments: P) -> Result<R> {
        let function: TypedFunc<P, R> = self.instance.get_typed_func(&mut self.store, name)?;
        Ok(function.call(&mut self.store, arguments)?)
    }
}

/// The host functions that give something.
fn answer(name: &str, mut caller: Caller<'_, String>, arguments: &[Val]) -> wasmtime::Result<()> {
    match name {
        "proxy_get_buffer_bytes" => {
            let configuration = caller.data().clone().into_bytes();
            give(&mut caller, &configuration, &arguments[3..])
        }
        "proxy_get_header_map_pairs" => give(&mut caller, &pairs(), &arguments[1..]),
        // The root id.
        "proxy_get_property" => give(&mut caller, b"", &arguments[2..]),
        _ => Ok(()),
    }
}

/// Gives the module bytes: in memory that it allocates, whose address and length go where the arguments say.
fn give(caller: &mut Caller<'_, String>, bytes: &[u8], outputs: &[Val]) -> wasmtime::Result<()> {
    let allocate = caller.get_export("proxy_on_memory_allocate").and_then(Extern::into_func);
    let memory = caller.get_export("memory").and_then(Extern::into_memory);
    let (Some(allocate), Some(memory), [address_at, len_at]) = (allocate, memory, outputs) else {
        return Err(wasmtime::Error::msg("the module has no allocator or no memory"));
    };
    let len = i32::try_from(bytes.len())?;
    let mut address = 0;
    if len > 0 {
        address = allocate.typed::<i32, i32>(&*caller)?.call(&mut *caller, len)?;
        memory.write(&mut *caller, at(&Val::I32(address)), bytes)?;
    }
    memory.write(&mut *caller, at(address_at), &address.to_le_bytes())?;
    Ok(memory.write(&mut *caller, at(len_at), &len.to_le_bytes())?)
}

fn at(address: &Val) -> usize {
    address.i32().unwrap_or_default().cast_unsigned() as usize
}

/// The headers of the request, as the ABI writes them.
fn pairs() -> Vec<u8> {
    let headers = [
        (":method", "GET"),
        (":path", "/cart"),
        (":scheme", "http"),
        (":authority", "example.com"),
        ("accept", "*/*"),
        ("user-agent", "a test"),
        ("x-internal", "1"),
    ];
    let word = |len: usize| u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes();
    let mut block = word(headers.len()).to_vec();
    for (name, value) in headers {
        block.extend([word(name.len()), word(value.len())].concat());
    }
    for text in headers.iter().flat_map(|(name, value)| [name, value]) {
        block.extend(text.bytes().chain([0]));
    }
    block
}
