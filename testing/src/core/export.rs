//! Calling what a module exports beside the ABI: the callbacks that some hosts have of their own.

use super::HostCore;
use super::vm::Called;
use crate::timeline::Returned;
use std::rc::Rc;
use waxwing::__private::Callback;

impl HostCore {
    /// Calls an export for the root context, which can read these bytes in this buffer meanwhile.
    ///
    /// # Errors
    ///
    /// If the guest has no such export, or its VM is dead.
    pub(crate) fn call_export(
        self: &Rc<Self>,
        name: &str,
        arguments: &[u32],
        data: Option<(u32, Vec<u8>)>,
    ) -> Result<(), String> {
        if let Some(trap) = self.trap() {
            return Err(format!("{name} cannot be called: {}", trap.look()));
        }
        let backend = self.vm.backend().clone();
        backend.check_export(name, arguments.len())?;
        let list = arguments.iter().map(|argument| format!(" {argument}")).collect::<String>();
        self.journal(self.root()).host(format!("the export {name} is called:{list}"));
        self.export_data.replace(data);
        // The host has no callback for it. This is the one of the ABI for whatever else a host may say.
        let called = self.enter_with(Callback::ForeignFunction, self.root(), |_| {
            backend.call_export(name, arguments);
            Returned::Nothing
        });
        self.export_data.take();
        if called != Called::Failed {
            self.run_after_calls();
        }
        Ok(())
    }
}
