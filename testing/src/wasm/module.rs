//! A parsed module.

use super::import::lookup;
use super::{LoadError, Loader};
use crate::profile::{Profile, Support};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use wasmi::{CompilationMode, Config, CustomFuelCosts, Engine, ExternType, FuncType, Module, ValType};

/// A `.wasm` module, parsed, compiled and checked; clones share it.
///
/// It can be kept in a `static` and used by all tests of a process: each
/// [`WasmGuest`](super::WasmGuest) that runs it has its own memory.
#[derive(Clone)]
pub struct WasmModule(Arc<Inner>);

struct Inner {
    name: String,
    size: usize,
    version: AbiVersion,
    module: Module,
    /// With the functions that its host has beside those of the ABI.
    loader: Loader,
}

impl WasmModule {
    /// Loads a file.
    ///
    /// # Errors
    ///
    /// As [`from_bytes`](WasmModule::from_bytes), and if the file cannot be read.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        WasmModule::loader().file(path)
    }

    /// Loads a module from its bytes; `name` is what errors call it.
    ///
    /// # Errors
    ///
    /// If the bytes are not a valid module, if it does not declare exactly one ABI version that hosts know, or
    /// if it imports something that a host of that version does not have.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, LoadError> {
        WasmModule::loader().bytes(name, bytes)
    }

    /// Loads a module for a host that has functions beside those of the ABI.
    pub fn loader() -> Loader {
        Loader::default()
    }

    pub(super) fn load(name: &str, bytes: &[u8], loader: Loader) -> Result<Self, LoadError> {
        let module =
            Module::new(&Engine::new(&config()), bytes).map_err(|error| LoadError::new(name, error))?;
        let version = AbiVersion::of(&module).map_err(|problem| LoadError::new(name, problem))?;
        check_registered(&loader, version).map_err(|problem| LoadError::new(name, problem))?;
        check_imports(&module, version, &loader).map_err(|problem| LoadError::new(name, problem))?;
        Ok(WasmModule(Arc::new(Inner { name: name.to_owned(), size: bytes.len(), version, module, loader })))
    }

    /// What errors call it: its path, or the name given to it.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The size of the file, in bytes.
    pub fn size(&self) -> usize {
        self.0.size
    }

    /// The ABI version that it declares.
    pub fn abi_version(&self) -> AbiVersion {
        self.0.version
    }

    /// What it needs from its host, in the file's order.
    pub fn imports(&self) -> Vec<Import> {
        let imports = self.0.module.imports();
        imports
            .map(|import| Import {
                module: import.module().to_owned(),
                name: import.name().to_owned(),
                signature: Signature(import.ty()).to_string(),
            })
            .collect()
    }

    /// What it offers to its host, by name.
    pub fn exports(&self) -> Vec<Export> {
        let exports = self.0.module.exports();
        let mut exports: Vec<_> = exports
            .map(|export| Export {
                name: export.name().to_owned(),
                signature: Signature(export.ty()).to_string(),
            })
            .collect();
        exports.sort();
        exports
    }

    /// Whether a host of this profile loads it.
    pub(super) fn check_for(&self, profile: Profile) -> Result<(), String> {
        let missing = self
            .imports()
            .into_iter()
            .find(|import| import.module == "env" && profile.support(&import.name) == Support::Missing);
        if let Some(Import { module, name, .. }) = missing {
            return Err(format!("missing import: {module}.{name} ({profile} does not have it)"));
        }
        let exports = self.exports();
        let is_there = |name: &&&str| exports.iter().any(|export| export.name == **name);
        match profile.data().required.iter().find(|name| !is_there(name)) {
            Some(name) => {
                Err(format!("missing export: {name} ({profile} does not load a module without it)"))
            }
            None => Ok(()),
        }
    }

    pub(super) fn parsed(&self) -> &Module {
        &self.0.module
    }

    /// What its test has registered.
    pub(super) fn registered(&self) -> &Loader {
        &self.0.loader
    }
}

impl fmt::Debug for WasmModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasmModule")
            .field("name", &self.0.name)
            .field("size", &self.0.size)
            .field("abi_version", &self.0.version)
            .finish_non_exhaustive()
    }
}

/// Something that a module needs from its host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Import {
    /// The module that has it: `env`, or one of WASI's.
    pub module: String,
    /// Its name there.
    pub name: String,
    /// Its type, as in `(i32, i32) -> i32`.
    pub signature: String,
}

/// Something that a module offers to its host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Export {
    /// Its name.
    pub name: String,
    /// Its type, as in `(i32, i32) -> i32`; `memory`, `table` or `global` for what is not a function.
    pub signature: String,
}

/// The versions of the ABI that hosts load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AbiVersion {
    /// 0.1.0, which some old modules still have.
    V0_1_0,
    /// 0.2.0.
    V0_2_0,
    /// 0.2.1, which this SDK builds.
    V0_2_1,
}

impl AbiVersion {
    const ALL: [AbiVersion; 3] = [AbiVersion::V0_1_0, AbiVersion::V0_2_0, AbiVersion::V0_2_1];

    fn marker(self) -> &'static str {
        match self {
            AbiVersion::V0_1_0 => "proxy_abi_version_0_1_0",
            AbiVersion::V0_2_0 => "proxy_abi_version_0_2_0",
            AbiVersion::V0_2_1 => "proxy_abi_version_0_2_1",
        }
    }

    /// The one version that the module declares.
    fn of(module: &Module) -> Result<Self, String> {
        let markers: Vec<_> = module
            .exports()
            .filter(|export| matches!(export.ty(), ExternType::Func(_)))
            .map(|export| export.name())
            .filter(|name| name.starts_with("proxy_abi_version_"))
            .collect();
        let known = AbiVersion::ALL.map(AbiVersion::marker);
        match markers[..] {
            [marker] => {
                AbiVersion::ALL.into_iter().find(|version| version.marker() == marker).ok_or_else(|| {
                    format!("unknown Proxy-Wasm ABI version: it exports {marker}; known are {known:?}")
                })
            }
            [] => Err(format!("missing Proxy-Wasm ABI version: it has to export one of {known:?}")),
            _ => Err(format!("several Proxy-Wasm ABI versions: it exports {markers:?}")),
        }
    }
}

/// The type of an import or an export, in words.
struct Signature<'a>(&'a ExternType);

impl fmt::Display for Signature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ExternType::Func(function) => write_signature(f, function.params(), function.results()),
            ExternType::Memory(_) => f.write_str("memory"),
            ExternType::Table(_) => f.write_str("table"),
            ExternType::Global(_) => f.write_str("global"),
        }
    }
}

/// The type of a function in words, as in `(i32, i32) -> i32`.
pub(super) fn signature(function: &FuncType) -> String {
    Signature(&ExternType::Func(function.clone())).to_string()
}

fn write_signature(f: &mut fmt::Formatter<'_>, params: &[ValType], results: &[ValType]) -> fmt::Result {
    let list = |types: &[ValType]| types.iter().map(|ty| value_type(*ty)).collect::<Vec<_>>().join(", ");
    write!(f, "({}) -> ", list(params))?;
    match results {
        [one] => f.write_str(value_type(*one)),
        results => write!(f, "({})", list(results)),
    }
}

fn value_type(ty: ValType) -> &'static str {
    match ty {
        ValType::I32 => "i32",
        ValType::I64 => "i64",
        ValType::F32 => "f32",
        ValType::F64 => "f64",
        ValType::V128 => "v128",
        ValType::FuncRef => "funcref",
        ValType::ExternRef => "externref",
    }
}

/// Refuses a registered function that a host has anyway, and would not call.
fn check_registered(loader: &Loader, version: AbiVersion) -> Result<(), String> {
    let known = |(module, name): &(&str, &str)| lookup(module, name, version).is_some();
    match loader.names().find(known) {
        Some((module, name)) => Err(format!(
            "{module}.{name} cannot be registered: it is a function of the ABI, and the model has it"
        )),
        None => Ok(()),
    }
}

/// Refuses what a host refuses to link, in its words.
fn check_imports(module: &Module, version: AbiVersion, loader: &Loader) -> Result<(), String> {
    for import in module.imports() {
        let name = format!("{}.{}", import.module(), import.name());
        match import.ty() {
            // A host makes these up.
            ExternType::Memory(_) | ExternType::Table(_) => {}
            ExternType::Global(_) => return Err(format!("it imports the global {name}, which no host has")),
            ExternType::Func(wanted) if loader.find(import.module(), import.name()).is_some() => {
                check_result(&name, wanted)?;
            }
            ExternType::Func(wanted) => {
                let Some(function) = lookup(import.module(), import.name(), version) else {
                    return Err(missing(&name, wanted, version, loader));
                };
                if *wanted != function.ty() {
                    return Err(format!(
                        "import type mismatch: {name}, want {} but host exports {}",
                        signature(wanted),
                        signature(&function.ty()),
                    ));
                }
            }
        }
    }
    Ok(())
}

/// What to say of a function that there is not.
fn missing(name: &str, wanted: &FuncType, version: AbiVersion, loader: &Loader) -> String {
    let registered: Vec<_> = loader.names().map(|(module, name)| format!("{module}.{name}")).collect();
    let registered = match &registered[..] {
        [] => String::new(),
        names => format!(", and the test has registered {}", names.join(", ")),
    };
    format!(
        "missing import: {name} of type {} (no host has it for a module of ABI version {version:?}{registered}); a test of \
         a module for a host with more functions registers them with `WasmModule::loader().import(…)`",
        signature(wanted)
    )
}

/// Refuses a registered function whose result a closure cannot give.
fn check_result(name: &str, wanted: &FuncType) -> Result<(), String> {
    match wanted.results() {
        [] | [ValType::I32 | ValType::I64] => Ok(()),
        _ => Err(format!(
            "{name} cannot be registered: the module imports it as {}, and a closure returns an i32, an i64, or nothing",
            signature(wanted)
        )),
    }
}

/// Compiled at once, so that counts do not depend on what ran before, and metered: see
/// [`WasmGuest::fuel`](super::WasmGuest::fuel).
fn config() -> Config {
    let mut config = Config::default();
    config
        .compilation_mode(CompilationMode::Eager)
        .consume_fuel(true)
        .fuel_cost(CustomFuelCosts {
            bytes_copied_per_fuel: 1,
            fuel_per_bytes_translated: 0,
            fuel_per_bytes_validated: 0,
        })
        // The pointers of the ABI point into the one memory.
        .wasm_multi_memory(false);
    config
}
