//! Data that the workers share.

use super::HostCore;
use super::answering::done;
use crate::host_call::{HostCall, Reply};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use waxwing::__private::Answer;
use waxwing::Status;

/// The shared data of a process.
#[derive(Debug, Default)]
pub(crate) struct SharedData {
    values: RefCell<BTreeMap<Key, Value>>,
    /// What others set right before the guest does, one for each time.
    races: RefCell<BTreeMap<Key, VecDeque<Vec<u8>>>>,
    /// What the last value got that was set, whatever its key.
    last_cas: Cell<u32>,
}

/// The id of the VM, and the key.
type Key = (String, Vec<u8>);

#[derive(Clone, Debug)]
struct Value {
    bytes: Vec<u8>,
    cas: u32,
}

impl SharedData {
    pub(crate) fn get(&self, vm_id: &str, key: &[u8]) -> Option<Vec<u8>> {
        self.value(vm_id, key).map(|value| value.bytes)
    }

    /// Sets a value, and gives it a number that no value had before.
    pub(crate) fn set(&self, vm_id: &str, key: &[u8], bytes: &[u8]) {
        let cas = self.last_cas.get() + 1;
        self.last_cas.set(cas);
        let value = Value { bytes: bytes.to_vec(), cas };
        self.values.borrow_mut().insert((vm_id.to_owned(), key.to_vec()), value);
    }

    /// The same, if it still has that number. 0 is any, and any is that of a value which does not exist.
    fn compare_and_set(&self, vm_id: &str, key: &[u8], bytes: &[u8], cas: u32) -> Answer {
        if cas != 0 && self.value(vm_id, key).is_some_and(|value| value.cas != cas) {
            return Err(Status::CAS_MISMATCH);
        }
        self.set(vm_id, key, bytes);
        Ok(())
    }

    /// Lets others be faster the next time that a guest sets this value.
    pub(crate) fn race(&self, vm_id: &str, key: &[u8], bytes: &[u8]) {
        let mut races = self.races.borrow_mut();
        races.entry((vm_id.to_owned(), key.to_vec())).or_default().push_back(bytes.to_vec());
    }

    /// Whether others were faster this time.
    fn overtake(&self, vm_id: &str, key: &[u8]) -> bool {
        let theirs =
            self.races.borrow_mut().get_mut(&(vm_id.to_owned(), key.to_vec())).and_then(VecDeque::pop_front);
        if let Some(theirs) = &theirs {
            self.set(vm_id, key, theirs);
        }
        theirs.is_some()
    }

    fn value(&self, vm_id: &str, key: &[u8]) -> Option<Value> {
        self.values.borrow().get(&(vm_id.to_owned(), key.to_vec())).cloned()
    }
}

impl HostCore {
    pub(super) fn get_shared_data(&self, key: &[u8]) -> Answer<(Vec<u8>, u32)> {
        let reply = |(bytes, cas): &(Vec<u8>, u32)| Reply::Numbered((*cas).into(), bytes.clone());
        self.answer(HostCall::SharedData { key: key.to_vec() }, reply, |_| {
            let value = self.process.shared_data.value(&self.settings().vm_id, key);
            value.map(|value| (value.bytes, value.cas)).ok_or(Status::NOT_FOUND)
        })
    }

    pub(super) fn change_shared_data(&self, key: &[u8], value: &[u8], cas: u32) -> Answer {
        let call = HostCall::SetSharedData { key: key.to_vec(), value: value.to_vec(), cas };
        if self.process.shared_data.overtake(&self.settings().vm_id, key) {
            let running = self.vm.running().unwrap_or_default();
            self.journal(running).host("somebody else sets the value first, as the test wants it");
        }
        self.answer(call, done, |_| {
            self.process.shared_data.compare_and_set(&self.settings().vm_id, key, value, cas)
        })
    }
}
