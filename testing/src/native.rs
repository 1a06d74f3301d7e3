//! Guests that are compiled into the test.

use crate::backend::Backend;
use crate::panic;
use crate::trap::Trap;
use std::rc::Rc;
use waxwing::__private::{Guest, Host, enter};
use waxwing::Module;

/// One VM's worth of an extension: a dispatcher of its own.
pub(crate) struct NativeGuest<M: Module> {
    guest: Rc<M::Guest>,
}

impl<M: Module> NativeGuest<M> {
    pub(crate) fn new() -> Self {
        NativeGuest { guest: Rc::new(M::GUEST) }
    }
}

impl<M: Module> Backend for NativeGuest<M> {
    fn guest(&self) -> &dyn Guest {
        &*self.guest
    }

    fn enter(&self, host: Rc<dyn Host>, callback: &mut dyn FnMut(&dyn Guest)) -> Result<(), Trap> {
        let memory = self.guest.clone();
        let entered = panic::catch(|| enter(host.clone(), memory, || callback(&*self.guest)));
        entered.map_err(|panic| {
            // As the panic hook of a module does, before it traps. A host that refuses the line has it in
            // the trap all the same.
            if !panic.by_host {
                let _ = host.log(CRITICAL, panic.text.as_bytes());
            }
            panic.trap
        })
    }
}

/// The level of a panic's line.
const CRITICAL: u32 = 5;
