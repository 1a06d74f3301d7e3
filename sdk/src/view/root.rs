//! A root context in its callbacks, and before there is one.

use super::{Cx, sealed::Sealed};
use crate::Result;
use crate::abi::call;
use crate::abi::wire::{ALL_BYTES, BufferType};

/// A root context in one of its callbacks: see [`View`](crate::View).
///
/// There is no stream, so properties of a request do not exist; in Envoy `plugin_name`, `plugin_root_id`,
/// `plugin_vm_id` and `xds.node` do.
#[derive(Debug)]
pub struct RootView<'cb> {
    cx: Cx<'cb>,
}

impl<'cb> RootView<'cb> {
    #[inline(always)]
    pub(crate) fn new(cx: Cx<'cb>) -> Self {
        RootView { cx }
    }

    /// Ends the root context, whose end its [`on_done`](crate::RootCallbacks::on_done) has put off: it is deleted when
    /// this callback has returned.
    ///
    /// # Errors
    ///
    /// [`Error::Host`](crate::Error::Host): "not found" if its end was not put off. ngx_wasm_module traps, because it
    /// ends root contexts only with the proxy itself, and APISIX does not implement it.
    #[doc(alias = "proxy_done")]
    pub fn done(&mut self) -> Result<()> {
        call::end_context()
    }

    /// The configuration of the VM, which all extensions in it share.
    ///
    /// # Errors
    ///
    /// [`Error::Host`](crate::Error::Host) if the host refuses.
    #[doc(alias = "proxy_get_buffer_bytes")]
    pub fn vm_configuration(&self) -> Result<&'cb [u8]> {
        vm_configuration(self.cx)
    }
}

pub(crate) fn vm_configuration(cx: Cx<'_>) -> Result<&[u8]> {
    call::buffer_bytes(cx.scope, BufferType::VM_CONFIGURATION, 0, ALL_BYTES)
}

/// A VM that has started, before there is a root context: see [`View`](crate::View).
#[derive(Debug)]
pub struct VmStart<'cb> {
    cx: Cx<'cb>,
}

impl<'cb> VmStart<'cb> {
    #[inline(always)]
    pub(crate) fn new(cx: Cx<'cb>) -> Self {
        VmStart { cx }
    }

    /// The configuration of the VM, which all extensions in it share.
    ///
    /// # Errors
    ///
    /// [`Error::Host`](crate::Error::Host) if the host refuses.
    #[doc(alias = "proxy_get_buffer_bytes")]
    pub fn configuration(&self) -> Result<&'cb [u8]> {
        vm_configuration(self.cx)
    }
}

impl<'cb> Sealed<'cb> for VmStart<'cb> {
    #[inline(always)]
    fn cx(&self) -> Cx<'cb> {
        self.cx
    }
}

impl RootView<'_> {
    /// Drops the extension's log lines that the host would drop now; see
    /// [`Configure::follow_host_log_level`](crate::Configure::follow_host_log_level).
    ///
    /// # Errors
    ///
    /// [`Error::Host`](crate::Error::Host) if the host refuses; the level is then as it was.
    #[doc(alias = "proxy_get_log_level")]
    pub fn follow_host_log_level(&mut self) -> Result<()> {
        let level = call::log_level().map(crate::LogLevel::from_u32)?;
        self.cx.vm.limit_log(level);
        Ok(())
    }
}

impl<'cb> Sealed<'cb> for RootView<'cb> {
    #[inline(always)]
    fn cx(&self) -> Cx<'cb> {
        self.cx
    }
}
