//! Guests that are compiled into the test.

use crate::backend::Backend;
use crate::panic;
use crate::trap::Trap;
use std::rc::Rc;
use waxwing::__private::{Dispatcher, Guest, Host, enter};
use waxwing::Extension;

/// One VM's worth of an extension: a dispatcher of its own.
pub(crate) struct NativeGuest<E: Extension> {
    dispatcher: Rc<Dispatcher<E>>,
}

impl<E: Extension> NativeGuest<E> {
    pub(crate) fn new() -> Self {
        NativeGuest { dispatcher: Rc::new(Dispatcher::new()) }
    }
}

impl<E: Extension> Backend for NativeGuest<E> {
    fn guest(&self) -> &dyn Guest {
        &*self.dispatcher
    }

    fn enter(&self, host: Rc<dyn Host>, callback: &mut dyn FnMut(&dyn Guest)) -> Result<(), Trap> {
        let memory = self.dispatcher.clone();
        let entered = panic::catch(|| enter(host.clone(), memory, || callback(&*self.dispatcher)));
        entered.map_err(|panic| {
            // As the panic hook of a module does, before it traps. A host that refuses the line has it in
            // the trap all the same.
            let _ = host.log(CRITICAL, panic.text.as_bytes());
            panic.trap
        })
    }
}

/// The level of a panic's line.
const CRITICAL: u32 = 5;
