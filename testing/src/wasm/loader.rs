//! Loading modules that need more of their host than the ABI has.

use super::{ImportCall, LoadError, WasmModule, build};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use waxwing::Status;

/// What a registered function does.
pub(super) type Registered = Arc<dyn Fn(&mut ImportCall<'_, '_>) -> Result<(), Status> + Send + Sync>;

/// Loads a module for a host that has functions beside those of the ABI, such as the Redis calls of some hosts.
///
/// ```no_run
/// use waxwing_testing::wasm::WasmModule;
///
/// let module = WasmModule::loader()
///     .import("env", "proxy_redis_call", |call| {
///         assert_eq!(call.bytes(0)?, b"outbound|6379||redis");
///         call.write_u32(4, 1)
///     })
///     .file("plugin.wasm");
/// ```
#[derive(Clone, Default)]
#[must_use = "call `file`, `bytes` or `package`"]
pub struct Loader {
    registered: Vec<Import>,
}

/// A registered function.
#[derive(Clone)]
struct Import {
    module: String,
    name: String,
    function: Registered,
}

impl Loader {
    /// Registers a function under the name of its module, mostly `env`, and its own: what it does when it is called, and
    /// the status that it answers.
    ///
    /// Its type is the one that the module imports it with: any parameters, and no result, or one of 32 or 64 bits. A
    /// result is the status, unless the closure says another one with [`ImportCall::returns`]. A module may leave it out.
    /// It is in the timeline, and can be made to fail, like a function of the ABI.
    pub fn import(
        mut self,
        module: impl Into<String>,
        name: impl Into<String>,
        function: impl Fn(&mut ImportCall<'_, '_>) -> Result<(), Status> + Send + Sync + 'static,
    ) -> Self {
        self.registered.push(Import {
            module: module.into(),
            name: name.into(),
            function: Arc::new(function),
        });
        self
    }

    /// Loads a file.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Loader::bytes), and if the file cannot be read.
    pub fn file(self, path: impl AsRef<Path>) -> Result<WasmModule, LoadError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| LoadError::new(&name, error))?;
        self.bytes(&name, &bytes)
    }

    /// Loads a module from its bytes; `name` is what errors call it.
    ///
    /// # Errors
    ///
    /// If the bytes are not a valid module, if it does not declare exactly one ABI version that hosts know, if
    /// it imports something that neither a host of that version has nor was registered, or if a registered function is one
    /// that such a host has.
    pub fn bytes(self, name: &str, bytes: &[u8]) -> Result<WasmModule, LoadError> {
        WasmModule::load(name, bytes, self)
    }

    /// Builds a package as [`WasmModule::build`] does, and loads the module.
    ///
    /// # Errors
    ///
    /// As that, and [`bytes`](Loader::bytes).
    pub fn package(self, package: &str) -> Result<WasmModule, LoadError> {
        self.file(build::built_file(package)?)
    }

    /// The function that was registered under this name.
    pub(super) fn find(&self, module: &str, name: &str) -> Option<Registered> {
        let found = self.registered.iter().find(|import| import.module == module && import.name == name);
        found.map(|import| import.function.clone())
    }

    /// The names of all registered functions, with their modules.
    pub(super) fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.registered.iter().map(|import| (&*import.module, &*import.name))
    }
}

impl fmt::Debug for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
