//! The life of root contexts.

use super::Dispatcher;
use crate::Done;
use crate::abi::guest::{Callback, Callbacks};
use crate::context::{Extension, RootCallbacks};
use crate::view::{RootView, StreamLog, VmStart};

impl<R: Extension> Dispatcher<R> {
    /// What root contexts of this type implement.
    const ROOT_CALLBACKS: Callbacks = <R as RootCallbacks>::PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL;

    /// Whether this is a root context that implements the callback; at compile time, where it does not.
    #[inline(always)]
    pub(super) fn is_root_with(&self, callback: Callback, context: u32) -> bool {
        Self::ROOT_CALLBACKS.contains(callback) && self.roots.contains(context)
    }

    /// Starts the VM for a root context, which does not exist yet: it is made when it is configured.
    #[inline(always)]
    pub(super) fn vm_start(&self, context: u32) -> bool {
        if !Self::ROOT_CALLBACKS.contains(Callback::VmStart) {
            return true;
        }
        match self.vm.enter(context, |cx| R::on_vm_start(&mut VmStart::new(cx))) {
            Ok(()) => true,
            Err(error) => {
                self.vm.report(Callback::VmStart.entry(), context, &error);
                false
            }
        }
    }

    /// Whether a root context can be deleted at once.
    pub(super) fn root_done(&self, context: u32) -> bool {
        let mut done = Done::Now;
        self.wake_root(Callback::Done.entry(), context, |root, cx| {
            done = root.on_done(&mut RootView::new(cx))?;
            Ok(())
        });
        done == Done::Now
    }

    /// Logs a stream in which the extension is not a filter: it is the proxy's access logger.
    pub(super) fn root_log(&self, context: u32) {
        self.wake_root(Callback::Log.entry(), context, |root, cx| root.on_log(&mut StreamLog::new(cx)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::guest::Guest;
    use crate::abi::host::{self, Answer, Host};
    use crate::abi::wire::MapType;
    use crate::context::NoStreams;
    use crate::exchange::NoTask;
    use crate::{Configure, LogLevel, Result, RootContext, View};
    use alloc::rc::Rc;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;
    use core::cell::RefCell;

    struct Logger;

    impl RootContext for Logger {
        type Config = ();

        fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
            Ok(Logger)
        }
    }

    impl RootCallbacks for Logger {
        const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks = Callbacks::NONE.with(Callback::Log);

        fn on_log(&mut self, stream: &mut StreamLog<'_>) -> Result<()> {
            let path = stream.request_headers().get_str(":path")?.unwrap_or_default();
            stream.log(LogLevel::Info, path);
            Ok(())
        }
    }

    impl Extension for Logger {
        type Http = NoStreams<Logger>;
        type Tcp = NoStreams<Logger>;
        type Task = NoTask;
    }

    #[derive(Default)]
    struct OneStream(RefCell<Vec<String>>);

    impl Host for OneStream {
        fn log(&self, _level: u32, message: &[u8]) -> Answer {
            self.0.borrow_mut().push(String::from_utf8_lossy(message).to_string());
            Ok(())
        }

        fn header_map_value(&self, _map: MapType, _key: &[u8]) -> Answer<Vec<u8>> {
            Ok(b"/orders".to_vec())
        }
    }

    #[test]
    fn a_root_context_logs_streams_where_it_is_the_access_logger() {
        let host = Rc::new(OneStream::default());
        let guest = Rc::new(Dispatcher::<Logger>::new());
        host::enter(host.clone(), guest.clone(), || {
            guest.on_context_create(1, 0);
            assert!(guest.on_configure(1, 0));
            guest.on_log(1);
            guest.on_log(2);
        });
        let lines = host.0.borrow();
        assert_eq!(lines[0], "/orders");
        assert!(lines[1].contains("on_log (context 2): the context is unknown"), "{}", lines[1]);
    }
}
