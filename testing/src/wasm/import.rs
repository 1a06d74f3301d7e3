//! The import table: every function that hosts offer to a module, by its name, with its exact type.
//!
//! Each row checks the arguments against the module's memory and hands them to the method of
//! [`Host`](waxwing::__private::Host) of that name, which is the same for native guests.

use super::ImportCall;
use super::call::{Call, Period, State, Stop};
use super::loader::Registered;
use super::module::AbiVersion;
use super::wasi;
use crate::panic;
use wasmi::{Caller, FuncType, Val, ValType};
use waxwing::__private::{
    BufferType, GrpcCallParts, HttpCallParts, LocalResponseParts, MapType, MetricType, StreamType,
};

/// A function that hosts offer.
pub(super) struct Function {
    name: &'static str,
    params: &'static [ValType],
    results: &'static [ValType],
    handler: Handler,
}

/// What it does. The answer is 0, or what the [`Stop`] says.
pub(super) type Handler = fn(&mut Call<'_>) -> Result<(), Stop>;

impl Function {
    /// A function that returns a number.
    pub(super) const fn new(name: &'static str, params: &'static [ValType], handler: Handler) -> Self {
        Function { name, params, results: &[I], handler }
    }

    /// A function that returns nothing.
    pub(super) const fn without_result(self) -> Self {
        Function { results: &[], ..self }
    }

    pub(super) fn ty(&self) -> FuncType {
        FuncType::new(self.params.iter().copied(), self.results.iter().copied())
    }

    /// Runs it for a module.
    pub(super) fn run(
        &self,
        caller: Caller<'_, State>,
        arguments: &[Val],
        results: &mut [Val],
    ) -> Result<(), wasmi::Error> {
        check_period(self.name, caller.data().period)?;
        let mut call = Call::new(caller, arguments);
        let answer = panic::catch_stop(|| (self.handler)(&mut call))
            .map_err(|stopped| wasmi::Error::new(stopped.0))?;
        let number = match answer {
            Ok(()) => 0,
            Err(Stop::Answer(number)) => number,
            Err(Stop::Trap(error)) => return Err(error),
        };
        if let [result] = results {
            *result = Val::I32(number.cast_signed());
        }
        Ok(())
    }
}

/// Hosts end a module that calls what they do not allow at the time.
fn check_period(name: &str, period: Period) -> Result<(), wasmi::Error> {
    let (allowed, what) = match period {
        Period::Callback => return Ok(()),
        Period::Start => (
            matches!(name, "proxy_log" | "emscripten_notify_memory_growth")
                || wasi::FUNCTIONS.iter().any(|function| function.name == name),
            "while it starts: hosts allow proxy_log and WASI only",
        ),
        Period::Allocation => (
            matches!(name, "proxy_log" | "fd_write" | "clock_time_get" | "poll_oneoff"),
            "in its allocator: hosts allow proxy_log, fd_write, clock_time_get and poll_oneoff only",
        ),
    };
    if allowed {
        return Ok(());
    }
    Err(wasmi::Error::new(format!("the module calls {name} {what}")))
}

/// Runs a function that a test has registered.
pub(super) fn run_registered(
    name: &str,
    function: &Registered,
    caller: Caller<'_, State>,
    arguments: &[Val],
    results: &mut [Val],
) -> Result<(), wasmi::Error> {
    check_period(name, caller.data().period)?;
    let mut call = Call::new(caller, arguments);
    let Ok(host) = call.host() else {
        return Err(wasmi::Error::new(format!("the module calls {name} outside of a callback")));
    };
    let numbers = call.arguments();
    let mut registered = ImportCall::new(&mut call);
    let answer = panic::catch_stop(|| host.import(name, &numbers, &mut || function(&mut registered)))
        .map_err(|stopped| wasmi::Error::new(stopped.0))?;
    let number = registered.finish(answer)?;
    match results {
        [result @ Val::I32(_)] => *result = Val::I32(low_word(number).cast_signed()),
        [result] => *result = Val::I64(number.cast_signed()),
        _ => {}
    }
    Ok(())
}

/// What of a result fits the 32 bits that a module takes it as.
fn low_word(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

/// The function that a host of a module of this version has under this name.
pub(super) fn lookup(module: &str, name: &str, version: AbiVersion) -> Option<&'static Function> {
    let tables: &[&'static [Function]] = match (module, version) {
        ("env", AbiVersion::V0_1_0) => &[EVERY_VERSION, ONLY_0_1_0],
        ("env", AbiVersion::V0_2_0) => &[EVERY_VERSION, SINCE_0_2_0],
        ("env", AbiVersion::V0_2_1) => &[EVERY_VERSION, SINCE_0_2_0, SINCE_0_2_1],
        ("wasi_unstable" | "wasi_snapshot_preview1", _) => &[wasi::FUNCTIONS],
        _ => &[],
    };
    tables.iter().copied().flatten().find(|function| function.name == name)
}

const I: ValType = ValType::I32;
const L: ValType = ValType::I64;

const fn row(name: &'static str, params: &'static [ValType], handler: Handler) -> Function {
    Function::new(name, params, handler)
}

const EVERY_VERSION: &[Function] = &[
    // Logging
    row("proxy_log", &[I; 3], |call| log(call, call.number(0), call.bytes(1)?.to_vec())),
    // Time
    row("proxy_get_current_time_nanoseconds", &[I], |call| {
        let now = call.host()?.current_time_nanoseconds()?;
        call.write(0, &now.to_le_bytes())
    }),
    row("proxy_set_tick_period_milliseconds", &[I], |call| {
        Ok(call.host()?.set_tick_period(call.number(0))?)
    }),
    // Buffers
    row("proxy_get_buffer_bytes", &[I; 5], |call| {
        let bytes = call.host()?.buffer_bytes(BufferType(call.number(0)), call.size(1), call.size(2))?;
        call.give(3, &bytes)
    }),
    row("proxy_get_buffer_status", &[I; 3], |call| {
        let len = call.host()?.buffer_status(BufferType(call.number(0)))?;
        call.write_u32(1, word(len))?;
        call.write_u32(2, 0)
    }),
    row("proxy_set_buffer_bytes", &[I; 5], |call| {
        let buffer = BufferType(call.number(0));
        Ok(call.host()?.set_buffer_bytes(buffer, call.size(1), call.size(2), call.bytes(3)?)?)
    }),
    // Header maps
    row("proxy_get_header_map_pairs", &[I; 3], |call| {
        let block = call.host()?.header_map_pairs(MapType(call.number(0)))?;
        call.give(1, &block)
    }),
    row("proxy_set_header_map_pairs", &[I; 3], |call| {
        Ok(call.host()?.set_header_map_pairs(MapType(call.number(0)), call.bytes(1)?)?)
    }),
    row("proxy_get_header_map_value", &[I; 5], |call| {
        let value = call.host()?.header_map_value(MapType(call.number(0)), call.bytes(1)?);
        match value {
            Ok(value) => call.give(3, &value),
            // A module of 0.1.0 cannot tell an absent header from an empty one.
            Err(_) if call.version() == AbiVersion::V0_1_0 => call.give(3, &[]),
            Err(status) => Err(status.into()),
        }
    }),
    row("proxy_add_header_map_value", &[I; 5], |call| {
        let map = MapType(call.number(0));
        Ok(call.host()?.add_header_map_value(map, call.bytes(1)?, call.bytes(3)?)?)
    }),
    row("proxy_replace_header_map_value", &[I; 5], |call| {
        let map = MapType(call.number(0));
        Ok(call.host()?.replace_header_map_value(map, call.bytes(1)?, call.bytes(3)?)?)
    }),
    row("proxy_remove_header_map_value", &[I; 3], |call| {
        Ok(call.host()?.remove_header_map_value(MapType(call.number(0)), call.bytes(1)?)?)
    }),
    row("proxy_get_header_map_size", &[I; 2], |call| {
        let size = call.host()?.header_map_size(MapType(call.number(0)))?;
        call.write_u32(1, word(size))
    }),
    // Streams
    row("proxy_send_local_response", &[I; 8], |call| {
        Ok(call.host()?.send_local_response(LocalResponseParts {
            status: call.number(0),
            details: call.bytes(1)?,
            body: call.bytes(3)?,
            headers: call.bytes(5)?,
            grpc_status: call.number(7),
        })?)
    }),
    // Properties
    row("proxy_get_property", &[I; 4], |call| {
        let value = call.host()?.property(call.bytes(0)?)?;
        call.give(2, &value)
    }),
    row("proxy_set_property", &[I; 4], |call| {
        Ok(call.host()?.set_property(call.bytes(0)?, call.bytes(2)?)?)
    }),
    // Contexts
    row("proxy_set_effective_context", &[I], |call| {
        Ok(call.host()?.set_effective_context(call.number(0))?)
    }),
    row("proxy_done", &[], |call| Ok(call.host()?.done()?)),
    // Callouts
    row("proxy_http_call", &[I; 10], |call| {
        let token = call.host()?.http_call(HttpCallParts {
            upstream: call.bytes(0)?,
            headers: call.bytes(2)?,
            body: call.bytes(4)?,
            trailers: call.bytes(6)?,
            timeout_milliseconds: call.number(8),
        })?;
        call.write_u32(9, token)
    }),
    row("proxy_grpc_call", &[I; 12], |call| {
        let token = call.host()?.grpc_call(grpc_call_parts(call)?, call.bytes(8)?, call.number(10))?;
        call.write_u32(11, token)
    }),
    row("proxy_grpc_stream", &[I; 9], |call| {
        let token = call.host()?.grpc_stream(grpc_call_parts(call)?)?;
        call.write_u32(8, token)
    }),
    row("proxy_grpc_send", &[I; 4], |call| {
        Ok(call.host()?.grpc_send(call.number(0), call.bytes(1)?, call.number(3) != 0)?)
    }),
    row("proxy_grpc_close", &[I], |call| Ok(call.host()?.grpc_close(call.number(0))?)),
    row("proxy_grpc_cancel", &[I], |call| Ok(call.host()?.grpc_cancel(call.number(0))?)),
    row("proxy_get_status", &[I; 3], |call| {
        let (code, message) = call.host()?.status()?;
        call.write_u32(0, code)?;
        call.give(1, &message)
    }),
    // Shared data and queues
    row("proxy_get_shared_data", &[I; 5], |call| {
        let (value, cas) = call.host()?.shared_data(call.bytes(0)?)?;
        call.give(2, &value)?;
        call.write_u32(4, cas)
    }),
    row("proxy_set_shared_data", &[I; 5], |call| {
        Ok(call.host()?.set_shared_data(call.bytes(0)?, call.bytes(2)?, call.number(4))?)
    }),
    row("proxy_register_shared_queue", &[I; 3], |call| {
        let queue = call.host()?.register_shared_queue(call.bytes(0)?)?;
        call.write_u32(2, queue)
    }),
    row("proxy_resolve_shared_queue", &[I; 5], |call| {
        let queue = call.host()?.resolve_shared_queue(call.bytes(0)?, call.bytes(2)?)?;
        call.write_u32(4, queue)
    }),
    row("proxy_enqueue_shared_queue", &[I; 3], |call| {
        Ok(call.host()?.enqueue_shared_queue(call.number(0), call.bytes(1)?)?)
    }),
    row("proxy_dequeue_shared_queue", &[I; 3], |call| {
        let item = call.host()?.dequeue_shared_queue(call.number(0))?;
        call.give(1, &item)
    }),
    // Metrics
    row("proxy_define_metric", &[I; 4], |call| {
        let metric = call.host()?.define_metric(MetricType(call.number(0)), call.bytes(1)?)?;
        call.write_u32(3, metric)
    }),
    row("proxy_increment_metric", &[I, L], |call| {
        Ok(call.host()?.increment_metric(call.number(0), call.number_64(1))?)
    }),
    row("proxy_record_metric", &[I, L], |call| {
        Ok(call.host()?.record_metric(call.number(0), call.number_64(1).cast_unsigned())?)
    }),
    row("proxy_get_metric", &[I; 2], |call| {
        let value = call.host()?.metric(call.number(0))?;
        call.write(1, &value.to_le_bytes())
    }),
    // Extensions of hosts
    row("proxy_call_foreign_function", &[I; 6], |call| {
        let result = call.host()?.call_foreign_function(call.bytes(0)?, call.bytes(2)?)?;
        // Null outputs say that the result is not wanted.
        if call.number(4) == 0 || call.number(5) == 0 { Ok(()) } else { call.give(4, &result) }
    }),
    row("envoy_resolve_dns", &[I; 3], |call| {
        let token = call.host()?.resolve_dns(call.bytes(0)?)?;
        call.write_u32(2, token)
    }),
    // Left over from the C library of Emscripten
    row("pthread_equal", &[I; 2], |call| match call.number(0) == call.number(1) {
        true => Err(Stop::Answer(1)),
        false => Ok(()),
    }),
    row("emscripten_notify_memory_growth", &[I], |_| Ok(())).without_result(),
];

const ONLY_0_1_0: &[Function] = &[
    row("proxy_get_configuration", &[I; 2], |call| {
        let host = call.host()?;
        let read = |buffer| host.buffer_bytes(buffer, 0, u32::MAX as usize);
        // The plugin's where it can be read, which is while it is configured, else the VM's.
        let configuration =
            read(BufferType::PLUGIN_CONFIGURATION).or_else(|_| read(BufferType::VM_CONFIGURATION))?;
        call.give(0, &configuration)
    }),
    row("proxy_continue_request", &[], |call| Ok(call.host()?.continue_stream(StreamType::HTTP_REQUEST)?)),
    row("proxy_continue_response", &[], |call| {
        Ok(call.host()?.continue_stream(StreamType::HTTP_RESPONSE)?)
    }),
    row("proxy_clear_route_cache", &[], |call| {
        call.host()?.call_foreign_function(b"clear_route_cache", b"")?;
        Ok(())
    }),
];

const SINCE_0_2_0: &[Function] = &[
    row("proxy_continue_stream", &[I], |call| {
        Ok(call.host()?.continue_stream(StreamType(call.number(0)))?)
    }),
    row("proxy_close_stream", &[I], |call| Ok(call.host()?.close_stream(StreamType(call.number(0)))?)),
];

const SINCE_0_2_1: &[Function] = &[row("proxy_get_log_level", &[I], |call| {
    let level = call.host()?.log_level()?;
    call.write_u32(0, level)
})];

/// The level at which the SDK's panic hook logs.
const CRITICAL: u32 = 5;

/// What gRPC calls and streams begin with.
fn grpc_call_parts<'a>(call: &'a Call<'_>) -> Result<GrpcCallParts<'a>, Stop> {
    Ok(GrpcCallParts {
        upstream: call.bytes(0)?,
        service: call.bytes(2)?,
        method: call.bytes(4)?,
        metadata: call.bytes(6)?,
    })
}

/// A length as a module gets it.
fn word(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// Logs a line; before the module has a host, keeps it for the first one.
pub(super) fn log(call: &mut Call<'_>, level: u32, line: Vec<u8>) -> Result<(), Stop> {
    if level == CRITICAL {
        call.state().last_words = Some(String::from_utf8_lossy(&line).into_owned());
    }
    match call.host() {
        Ok(host) => Ok(host.log(level, &line)?),
        Err(_) => {
            call.state().early_lines.push((level, line));
            Ok(())
        }
    }
}
