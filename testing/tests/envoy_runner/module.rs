//! Small extensions, written by hand.

use std::path::{Path, PathBuf};

#[cfg(feature = "wasm")]
use waxwing_testing::Wasm;
use waxwing_testing::envoy::{Config, Envoy, Error, Proxy, Start};
#[cfg(feature = "wasm")]
use waxwing_testing::wasm::WasmModule;
use waxwing_testing::{Run, Scenario};

/// What every module here has: the marker, a memory, an allocator that never frees, a root that starts, and some imports.
const PRELUDE: &str = r#"
    (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
    (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_replace_header_map_value" (func $replace (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_remove_header_map_value" (func $remove (param i32 i32 i32) (result i32)))
    (import "env" "proxy_get_header_map_pairs" (func $pairs (param i32 i32 i32) (result i32)))
    (import "env" "proxy_get_buffer_bytes" (func $buffer (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_set_buffer_bytes" (func $set_buffer (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_send_local_response"
        (func $respond (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 4)
    (global $top (mut i32) (i32.const 65536))
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "proxy_on_context_create") (param i32 i32))
    (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
        (global.get $top)
        (global.set $top (i32.add (global.get $top) (local.get $size))))
    ;; Logs what the host wrote to the addresses 0 and 4: where something is, and how long it is.
    (func $log_found (param $level i32)
        (drop (call $log (local.get $level) (i32.load (i32.const 0)) (i32.load (i32.const 4)))))
    (func $log_pairs (param $level i32) (param $map i32)
        (i64.store (i32.const 0) (i64.const 0))
        (drop (call $pairs (local.get $map) (i32.const 0) (i32.const 4)))
        (call $log_found (local.get $level)))
    (func $log_buffer (param $level i32) (param $type i32)
        (i64.store (i32.const 0) (i64.const 0))
        (drop (call $buffer (local.get $type) (i32.const 0) (i32.const -1) (i32.const 0) (i32.const 4)))
        (call $log_found (local.get $level)))
"#;

/// A `.wasm` file in a folder that goes with it.
pub(crate) struct Module {
    folder: tempfile::TempDir,
}

impl Module {
    /// Assembles a module out of the prelude and this.
    pub(crate) fn new(rest: &str) -> Module {
        Module::assemble(&format!("(module {PRELUDE} {rest})"))
    }

    /// Assembles a module that has this import as well; imports come first.
    pub(crate) fn with_import(import: &str) -> Module {
        Module::with_imports(import, "")
    }

    /// Assembles a module that has these imports as well.
    pub(crate) fn with_imports(imports: &str, rest: &str) -> Module {
        Module::assemble(&format!("(module {imports} {PRELUDE} {rest})"))
    }

    pub(crate) fn path(&self) -> PathBuf {
        Path::new(self.folder.path()).join("probe.wasm")
    }

    pub(crate) fn config(&self) -> Config {
        Config::new(self.path())
    }

    /// Runs scenarios in Envoy, whose log goes with the module.
    pub(crate) fn runner(&self) -> Envoy {
        Envoy::with(self.config(), Start::new().folder(self.folder.path()))
    }

    /// Runs a scenario in Envoy and on the model, which have to agree; without the feature `wasm`, in Envoy only.
    #[track_caller]
    pub(crate) fn agree(&self, scenario: &Scenario) -> Run {
        #[cfg(feature = "wasm")]
        let wasm = Wasm::new(WasmModule::from_file(self.path()).unwrap());
        scenario.compare(&[
            &self.runner(),
            #[cfg(feature = "wasm")]
            &wasm,
        ])
    }

    /// Starts it in Envoy, whose log goes with the module.
    pub(crate) fn start(&self, config: &Config) -> Result<Proxy, Error> {
        Start::new().folder(self.folder.path()).start(config)
    }

    /// Assembles a module of nothing but this.
    pub(crate) fn assemble_with(text: &str) -> Module {
        Module::assemble(&format!("(module {text})"))
    }

    fn assemble(text: &str) -> Module {
        let binary = wat::parse_str(text).unwrap();
        let module = Module { folder: tempfile::tempdir().unwrap() };
        std::fs::write(module.path(), binary).unwrap();
        module
    }
}

/// Data at this address: a block of headers, as the ABI has it. Returns its text, and how long it is.
pub(crate) fn headers(address: u32, headers: &[(&str, &str)]) -> (String, usize) {
    let length = |text: &str| u32::try_from(text.len()).unwrap().to_le_bytes();
    let mut block = u32::try_from(headers.len()).unwrap().to_le_bytes().to_vec();
    for (name, value) in headers {
        block.extend([length(name), length(value)].concat());
    }
    for (name, value) in headers {
        block.extend([name.as_bytes(), b"\0", value.as_bytes(), b"\0"].concat());
    }
    let text: String = block.iter().map(|byte| format!("\\{byte:02x}")).collect();
    (format!("(data (i32.const {address}) \"{text}\")"), block.len())
}
