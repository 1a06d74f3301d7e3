//! Queues that a test looks into.

use crate::core::Process;
use crate::host::Host;
use std::fmt;
use std::rc::Rc;

/// A queue that the workers of a host share, as [`Host::queue`](crate::Host::queue) gives it. A clone is the same queue.
#[derive(Clone)]
pub struct SharedQueue {
    process: Rc<Process>,
    id: u32,
}

impl SharedQueue {
    pub(crate) fn new(process: Rc<Process>, vm_id: &str, name: &[u8]) -> Self {
        let id = process.queues.register(vm_id, name, None);
        SharedQueue { process, id }
    }

    /// The number by which extensions know it.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// What is in it, in order.
    pub fn items(&self) -> Vec<Vec<u8>> {
        self.process.queues.items(self.id)
    }

    /// Puts an item in, as another VM of the proxy may. The root context that has registered the queue last is told of
    /// it, if there is one, and what the extension does then happens at once.
    ///
    /// # Panics
    ///
    /// If what happens makes the test fail.
    #[track_caller]
    pub fn push(&self, item: impl AsRef<[u8]>) {
        // The queue exists: it was made with this.
        let _ = self.process.queues.enqueue(&self.process.schedule, self.id, item.as_ref());
        self.process.settle();
        self.process.check();
    }

    /// Takes out the first item, as another VM of the proxy may.
    pub fn pop(&self) -> Option<Vec<u8>> {
        self.process.queues.dequeue(self.id).ok()
    }
}

impl Host {
    /// The queue of that name under the host's [`vm_id`](crate::HostBuilder::vm_id), which exists from now on if it did not
    /// before.
    ///
    /// ```no_run
    /// use waxwing_testing::{Host, Request};
    /// # fn run<Audit: waxwing::Module>() {
    ///
    /// let host = Host::builder::<Audit>().start();
    /// host.exchange(Request::get("/cart"));
    /// assert_eq!(host.queue("paths").items(), [b"/cart"]);
    /// # }
    /// ```
    pub fn queue(&self, name: impl AsRef<[u8]>) -> SharedQueue {
        self.queue_of(&self.process().settings.vm_id, name)
    }

    /// The same under another `vm_id`: a queue of another extension.
    pub fn queue_of(&self, vm_id: &str, name: impl AsRef<[u8]>) -> SharedQueue {
        SharedQueue::new(self.process().clone(), vm_id, name.as_ref())
    }
}

impl fmt::Debug for SharedQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedQueue")
            .field("id", &self.id)
            .field("items", &self.items().len())
            .finish_non_exhaustive()
    }
}
