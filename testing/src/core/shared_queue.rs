//! Queues that the workers share.

use super::HostCore;
use super::answering::{bytes, done, number};
use super::schedule::{Due, Schedule};
use crate::host_call::HostCall;
use crate::timeline::Arguments;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;
use waxwing::__private::{Answer, Callback};
use waxwing::Status;

/// The queues of a process: their ids count from 1.
#[derive(Debug, Default)]
pub(crate) struct SharedQueues(RefCell<Vec<Queue>>);

#[derive(Debug)]
struct Queue {
    vm_id: String,
    name: Vec<u8>,
    items: VecDeque<Vec<u8>>,
    /// The VM that is told of items, and its root context: the last that registered it.
    listener: Option<(usize, u32)>,
}

impl SharedQueues {
    /// The queue of that name, which is made if there is none; a root context is told of its items from now on.
    pub(crate) fn register(&self, vm_id: &str, name: &[u8], listener: Option<(usize, u32)>) -> u32 {
        let id = self.resolve(vm_id, name).unwrap_or_else(|| {
            let mut queues = self.0.borrow_mut();
            let name = name.to_vec();
            queues.push(Queue { vm_id: vm_id.to_owned(), name, items: VecDeque::new(), listener: None });
            u32::try_from(queues.len()).unwrap_or(u32::MAX)
        });
        if listener.is_some() {
            let _ = self.with(id, |queue| queue.listener = listener);
        }
        id
    }

    /// What these VMs are told of, another one is told of from now on.
    pub(super) fn hand_over(&self, from: &[usize], to: usize) {
        for queue in self.0.borrow_mut().iter_mut() {
            if let Some((vm, _)) = &mut queue.listener
                && from.contains(vm)
            {
                *vm = to;
            }
        }
    }

    pub(crate) fn resolve(&self, vm_id: &str, name: &[u8]) -> Option<u32> {
        let queues = self.0.borrow();
        let at = queues.iter().position(|queue| queue.vm_id == vm_id && queue.name == name)?;
        u32::try_from(at + 1).ok()
    }

    /// Puts an item in; whoever is to be told of it is told later.
    pub(crate) fn enqueue(&self, schedule: &Schedule, id: u32, item: &[u8]) -> Answer {
        let listener = self.with(id, |queue| {
            queue.items.push_back(item.to_vec());
            queue.listener
        })?;
        if let Some((vm, _)) = listener {
            schedule.after(Duration::ZERO, vm, Due::QueueReady(id));
        }
        Ok(())
    }

    pub(crate) fn dequeue(&self, id: u32) -> Answer<Vec<u8>> {
        self.with(id, |queue| queue.items.pop_front())?.ok_or(Status::EMPTY)
    }

    /// What is in a queue, in order.
    pub(crate) fn items(&self, id: u32) -> Vec<Vec<u8>> {
        self.with(id, |queue| queue.items.iter().cloned().collect()).unwrap_or_default()
    }

    /// What it is called, for a message.
    pub(super) fn name(&self, id: u32) -> String {
        self.with(id, |queue| String::from_utf8_lossy(&queue.name).into_owned()).unwrap_or_default()
    }

    fn with<T>(&self, id: u32, act: impl FnOnce(&mut Queue) -> T) -> Answer<T> {
        let mut queues = self.0.borrow_mut();
        let at = usize::try_from(id).ok().and_then(|id| id.checked_sub(1));
        at.and_then(|at| queues.get_mut(at)).map(act).ok_or(Status::NOT_FOUND)
    }
}

impl HostCore {
    pub(super) fn register_queue(&self, name: &[u8]) -> Answer<u32> {
        self.answer(HostCall::RegisterSharedQueue { name: name.to_vec() }, number, |_| {
            let root = self.acting_root().map(|root| (self.key, root.context()));
            Ok(self.process.queues.register(&self.settings().vm_id, name, root))
        })
    }

    pub(super) fn resolve_queue(&self, vm_id: &[u8], name: &[u8]) -> Answer<u32> {
        let call = HostCall::ResolveSharedQueue { vm_id: vm_id.to_vec(), name: name.to_vec() };
        self.answer(call, number, |_| {
            let own = self.settings().vm_id.as_bytes();
            let vm_id = String::from_utf8_lossy(if vm_id.is_empty() { own } else { vm_id });
            self.process.queues.resolve(&vm_id, name).ok_or(Status::NOT_FOUND)
        })
    }

    pub(super) fn enqueue(&self, queue: u32, item: &[u8]) -> Answer {
        let call = HostCall::EnqueueSharedQueue { queue, item: item.to_vec() };
        self.answer(call, done, |_| self.process.queues.enqueue(&self.process.schedule, queue, item))
    }

    pub(super) fn dequeue(&self, queue: u32) -> Answer<Vec<u8>> {
        let call = HostCall::DequeueSharedQueue { queue };
        self.answer(call, |item: &Vec<u8>| bytes(item), |_| self.process.queues.dequeue(queue))
    }

    /// Tells the root context of an item; no guest is running.
    pub(super) fn queue_ready(self: &Rc<Self>, queue: u32) {
        let listener = self.process.queues.with(queue, |queue| queue.listener).ok().flatten();
        if let Some((_, root)) = listener.filter(|(_, root)| self.is_live_root(*root)) {
            self.call(Callback::QueueReady, root, Arguments::Queue(queue), drop);
        }
    }

    pub(super) fn describe_queue(&self, queue: u32) -> String {
        format!("on_queue_ready of {:?}", self.process.queues.name(queue))
    }
}
