//! Queues whose items the host tells of.

use super::Dispatcher;
use crate::abi::guest::Callback;
use crate::context::{Extension, RootCallbacks};
use crate::queue::Queue;
use crate::view::RootView;
use alloc::boxed::Box;
use core::cell::Cell;
use core::fmt;

impl<R: Extension> Dispatcher<R> {
    /// An item is in a queue of this root context.
    pub(super) fn queue_ready(&self, root: u32, queue: u32) {
        let callback = Callback::QueueReady.entry();
        if !self.vm.queues.has(queue) {
            return self.vm.report_odd(callback, root, "the queue was not registered here");
        }
        self.wake_root(callback, root, |root, cx| {
            RootCallbacks::on_queue_ready(root, Queue(queue), &mut RootView::new(cx))
        });
    }
}

/// The queues that were registered in a VM, by any of its root contexts.
///
/// All-zero bytes are none, so that a static one costs nothing in a module's file; nothing of it is in a module
/// without queues.
pub(crate) struct Queues(Cell<Option<Box<[u32]>>>);

impl Queues {
    pub(super) const fn new() -> Self {
        Queues(Cell::new(None))
    }

    pub(crate) fn add(&self, queue: u32) {
        let mut queues = self.0.take().unwrap_or_default().into_vec();
        if !queues.contains(&queue) {
            queues.push(queue);
        }
        self.0.set(Some(queues.into()));
    }

    fn has(&self, queue: u32) -> bool {
        let queues = self.0.take();
        let has = queues.as_ref().is_some_and(|queues| queues.contains(&queue));
        self.0.set(queues);
        has
    }
}

impl fmt::Debug for Queues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queues").finish_non_exhaustive()
    }
}
