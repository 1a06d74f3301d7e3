//! The configuration of an extension.

#[cfg(feature = "json")]
mod json;

#[cfg(feature = "json")]
pub use json::Json;
#[cfg(feature = "json")]
pub(crate) use json::problem as json_problem;

use crate::abi::call;
use crate::abi::wire::{ALL_BYTES, BufferType};
use crate::view::{Cx, sealed::Sealed, vm_configuration};
use crate::{Error, LogLevel, Result};
use alloc::string::String;
use alloc::vec::Vec;

/// What is possible while an extension is configured: see [`View`](crate::View).
///
/// There is no stream, so properties of a request do not exist; in Envoy `plugin_name`, `plugin_root_id`,
/// `plugin_vm_id` and `xds.node` do.
#[derive(Debug)]
pub struct Configure<'cb> {
    cx: Cx<'cb>,
}

impl<'cb> Configure<'cb> {
    #[inline(always)]
    pub(crate) fn new(cx: Cx<'cb>) -> Self {
        Configure { cx }
    }

    /// The configuration of the VM, which all extensions in it share.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the host refuses.
    #[doc(alias = "proxy_get_buffer_bytes")]
    pub fn vm_configuration(&self) -> Result<&'cb [u8]> {
        vm_configuration(self.cx)
    }

    /// Drops the extension's log lines below this level, before they cost a call to the host.
    ///
    /// The level is [`LogLevel::Info`] until it is set, and belongs to the VM: the root contexts of one
    /// worker share it. The host has a level of its own.
    pub fn set_log_level(&mut self, level: LogLevel) {
        self.cx.vm.set_log_level(level);
    }

    /// The level below which the host drops log lines; `None` if it logs nothing.
    ///
    /// It is worth a call only before lines that cost much to make. It may change at any time, and no host tells.
    ///
    /// Use it for hosts that have it: Envoy and what is built on it. Apache Traffic Server aborts, ngx_wasm_module
    /// does not load the module, and neither do APISIX, MOSN and other hosts of ABI 0.2.0. A module that does not call
    /// this or [`follow_host_log_level`](Configure::follow_host_log_level) does not import it.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the host refuses.
    #[doc(alias = "proxy_get_log_level")]
    pub fn host_log_level(&self) -> Result<Option<LogLevel>> {
        // Hosts say 6 for "off"; what is above the most important level lets no line through either.
        call::log_level().map(LogLevel::from_u32)
    }

    /// Drops the extension's log lines that the host would drop, before they cost a call to it.
    ///
    /// Call it again, in a timer's callback for instance, where the host's level changes while it runs:
    /// [`RootView::follow_host_log_level`](crate::RootView::follow_host_log_level).
    /// [`host_log_level`](Configure::host_log_level) says on which hosts this is possible.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the host refuses; the level is then as it was.
    #[doc(alias = "proxy_get_log_level")]
    pub fn follow_host_log_level(&mut self) -> Result<()> {
        self.cx.vm.limit_log(self.host_log_level()?);
        Ok(())
    }
}

impl<'cb> Sealed<'cb> for Configure<'cb> {
    #[inline(always)]
    fn cx(&self) -> Cx<'cb> {
        self.cx
    }
}

/// What a configuration can be parsed into.
///
/// ```
/// use waxwing::prelude::*;
///
/// /// A list of words, one per line.
/// struct Words(Vec<String>);
///
/// impl FromConfig for Words {
///     fn from_config(bytes: &[u8]) -> Result<Self> {
///         let text = core::str::from_utf8(bytes)?;
///         Ok(Words(text.lines().map(String::from).collect()))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made from a configuration",
    note = "a configuration is `()`, `Vec<u8>`, `String`, `Json<T>`, or a type with an `impl FromConfig`",
    note = "a type that implements serde's `Deserialize` goes into `Json<…>`"
)]
pub trait FromConfig: Sized {
    /// Whether the host is asked for the configuration at all.
    const READS_CONFIGURATION: bool = true;

    /// Parses the bytes of the configuration.
    ///
    /// # Errors
    ///
    /// Say what is wrong and where, but do not repeat the configuration: it may hold secrets, and errors are
    /// logged.
    fn from_config(bytes: &[u8]) -> Result<Self>;
}

/// Reads the configuration, if the type wants it.
pub(crate) fn read<C: FromConfig>(cx: Cx<'_>) -> Result<C> {
    if !C::READS_CONFIGURATION {
        return C::from_config(&[]);
    }
    // Asked for as a whole: not every host states its size.
    C::from_config(call::buffer_bytes(cx.scope, BufferType::PLUGIN_CONFIGURATION, 0, ALL_BYTES)?)
}

/// Ignores the configuration.
impl FromConfig for () {
    const READS_CONFIGURATION: bool = false;

    #[inline(always)]
    fn from_config(_bytes: &[u8]) -> Result<Self> {
        Ok(())
    }
}

impl FromConfig for Vec<u8> {
    fn from_config(bytes: &[u8]) -> Result<Self> {
        Ok(bytes.into())
    }
}

impl FromConfig for String {
    fn from_config(bytes: &[u8]) -> Result<Self> {
        match core::str::from_utf8(bytes) {
            Ok(text) => Ok(text.into()),
            Err(error) => Err(Error::new(alloc::format!("the configuration is not UTF-8 text: {error}"))),
        }
    }
}
