//! The wasm backend, on small modules written by hand.
#![cfg(feature = "wasm")]

mod loading;
mod memory;
mod running;
mod starting;
mod wasi;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use waxwing::__private::{Answer, BufferType, Host, MapType, StreamType};
use waxwing::Status;
use waxwing_testing::Trap;
use waxwing_testing::wasm::{WasmGuest, WasmModule};

/// What nearly every module here has: a memory, a marker, and an allocator that gives out one address.
const BASICS: &str = r#"
    (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 1024))
"#;

/// The import of a function with two inputs and two outputs.
const HEADER_VALUE: &str = r#"(import "env" "proxy_get_header_map_value"
    (func $value (param i32 i32 i32 i32 i32) (result i32)))"#;

/// The import of the function that writes log lines.
const LOG: &str = r#"(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))"#;

/// A host that writes down what it is asked.
#[derive(Default)]
struct Recorder {
    calls: RefCell<Vec<String>>,
    /// What it answers to requests for bytes.
    value: RefCell<Vec<u8>>,
    /// Whether one of its methods runs.
    busy: Cell<bool>,
}

impl Recorder {
    fn record(&self, call: String) {
        assert!(!self.busy.replace(true), "the host is entered again: {call}");
        self.calls.borrow_mut().push(call);
        self.busy.set(false);
    }
}

impl Host for Recorder {
    fn log(&self, level: u32, message: &[u8]) -> Answer {
        self.record(format!("log {level} {}", text(message)));
        Ok(())
    }

    fn current_time_nanoseconds(&self) -> Answer<u64> {
        Ok(0x0102_0304_0506_0708)
    }

    fn buffer_bytes(&self, buffer: BufferType, start: usize, max_len: usize) -> Answer<Vec<u8>> {
        self.record(format!("buffer_bytes {buffer:?} {start} {max_len}"));
        match buffer {
            BufferType::PLUGIN_CONFIGURATION => Err(Status::NOT_FOUND),
            _ => Ok(self.value.borrow().clone()),
        }
    }

    fn header_map_value(&self, map: MapType, key: &[u8]) -> Answer<Vec<u8>> {
        self.record(format!("header_map_value {map:?} {}", text(key)));
        Ok(self.value.borrow().clone())
    }

    fn add_header_map_value(&self, map: MapType, key: &[u8], value: &[u8]) -> Answer {
        self.record(format!("add_header_map_value {map:?} {} {}", text(key), text(value)));
        Ok(())
    }

    fn continue_stream(&self, stream: StreamType) -> Answer {
        self.record(format!("continue_stream {stream:?}"));
        Ok(())
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn module(source: &str) -> Result<WasmModule, String> {
    let bytes = wat::parse_str(format!("(module {source})")).expect("the test's own module is valid");
    WasmModule::from_bytes("test.wasm", &bytes).map_err(|error| error.to_string())
}

#[track_caller]
fn guest(source: &str) -> WasmGuest {
    WasmGuest::instantiate(&module(source).unwrap()).unwrap()
}

/// Why a module cannot be loaded or started.
#[track_caller]
fn refusal(source: &str) -> String {
    let started =
        module(source).and_then(|module| WasmGuest::instantiate(&module).map_err(|error| error.to_string()));
    let error = started.expect_err("the module is refused");
    error.strip_prefix("cannot load `test.wasm`: ").expect("the error names the module").to_owned()
}

/// Calls `on_request_headers`, and returns its answer.
fn request_headers(guest: &WasmGuest, host: &Rc<Recorder>) -> Result<u32, Trap> {
    let mut action = 0;
    guest.enter(host.clone(), &mut |guest| action = guest.on_request_headers(2, 3, true))?;
    Ok(action)
}

/// What `on_request_headers` answers if this is its body, and what the host was asked.
///
/// At 16 there are the three bytes `key`, at 32 the five bytes `value`.
#[track_caller]
fn run(imports: &str, body: &str, value: &[u8]) -> (u32, Vec<String>) {
    let guest = guest(&format!(
        r#"{imports} {BASICS}
        (data (i32.const 16) "key") (data (i32.const 32) "value")
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) {body})"#
    ));
    let host = Rc::new(Recorder::default());
    *host.value.borrow_mut() = value.to_vec();
    let answer = request_headers(&guest, &host).unwrap();
    let calls = host.calls.borrow().clone();
    (answer, calls)
}
