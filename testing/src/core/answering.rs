//! Answering the guest: what every host function does around its own work.

use super::HostCore;
use super::faults::Given;
use super::profile::Verdict;
use super::stream::Stream;
use crate::host_call::{HostCall, Reply};
use crate::timeline::Event;
use std::rc::Rc;
use waxwing::__private::Answer;
use waxwing::Status;

impl HostCore {
    /// Answers a call for the stream that it acts on, and notes both in the timeline of the running context.
    pub(super) fn answer<T: Given + Default>(
        &self,
        call: HostCall,
        reply: impl FnOnce(&T) -> Reply,
        act: impl FnOnce(Option<&Rc<Stream>>) -> Answer<T>,
    ) -> Answer<T> {
        let (Some((callback, running)), Some(acting)) = (self.vm.running_callback(), self.vm.acting()) else {
            return Err(Status::INTERNAL_FAILURE);
        };
        self.count_call()?;
        let stream = self.stream(acting);
        let mut pretends = false;
        let (answer, fault) =
            self.answer_or_fail(&call, callback, || match self.verdict(&call, stream.as_deref()) {
                Verdict::Act => act(stream.as_ref()),
                Verdict::Refuse(status) => Err(status),
                Verdict::Pretend => {
                    // What it does not write reads as zero: the guest has put that there.
                    pretends = true;
                    Ok(T::default())
                }
                Verdict::Stop(stop) => {
                    self.journal(running).host(format!("{call}: {}", stop.message()));
                    self.stop_guest(stop)
                }
            });
        let noted = answer.as_ref().map(reply).map_err(|status| *status);
        let event = Event::Call { call, answer: noted };
        if acting != running {
            let journal = self.journal(acting);
            if self.vm.is_to_tell(acting) {
                journal.host(format!("in {callback} of #{running}:"));
            }
            journal.push(event.clone());
        }
        let journal = self.journal(running);
        journal.push(event);
        if let Some(fault) = fault {
            journal.push(Event::Fault(fault));
        }
        if pretends {
            journal.host(format!("{} does nothing for it", self.settings().profile));
        }
        answer
    }
}

pub(super) fn done(_: &()) -> Reply {
    Reply::Done
}

pub(super) fn size(size: &usize) -> Reply {
    Reply::Number(*size as u64)
}

pub(super) fn bytes(bytes: &[u8]) -> Reply {
    Reply::Bytes(bytes.to_vec())
}

pub(super) fn number(number: &u32) -> Reply {
    Reply::Number((*number).into())
}
