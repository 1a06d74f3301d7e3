//! What an extension does with what workers share, and what the host answers.

use crate::behaviour::{capabilities, met, note, perhaps};
use crate::case::case;
use crate::chaos::Chaos;
use std::cell::Cell;
use waxwing::__private::Answer;
use waxwing::prelude::*;

/// One of the ways to share something; mostly none.
pub(crate) fn share<'cb>(view: &impl View<'cb>) {
    let chaos = case().chaos;
    let data = view.shared_data();
    let key = if chaos.rarely(4) { chaos.bytes() } else { b"key".to_vec() };
    match chaos.below(12) {
        1 => drop(note(data.increment(&key, u64::from(chaos.byte()) << 56))),
        2 => drop(note(data.number(&key))),
        3 => {
            if let Ok(Some((value, cas))) = note(data.get(&key)) {
                let _ = note(data.compare_and_set(&key, chaos.bytes(), cas));
                let _ = note(data.set("kept", value));
            }
        }
        4 => drop(note(data.set(&key, chaos.bytes()).and_then(|()| data.clear(&key)))),
        5 => {
            // It calls the host itself, which may call back.
            let changed = data.update(&key, |value| match case().chaos.below(6) {
                4 => Ok(None),
                5 => Err(Error::new("not this one")),
                _ => {
                    view.log(LogLevel::Debug, "it changes");
                    data.increment("inner", 1)?;
                    Ok(Some(value.unwrap_or_default().to_vec()))
                }
            });
            let _ = note(changed);
        }
        6 => {
            let _ = note(data.set_json(&key, &[1, 2]));
            let _ = note(data.get_json::<Vec<u32>>(&key));
        }
        7 => drop(note(data.update_json(&key, |value: Option<u32>| Ok(value.map(|value| value / 2))))),
        8 => drop(note(Queue::register(view, &key))),
        9 => {
            if let Ok(Some(queue)) = note(Queue::resolve(view, "other", &key)) {
                let _ = note(queue.enqueue(view, chaos.bytes()));
                let _ = note(queue.dequeue(view));
            }
        }
        10 => {
            if let Ok(queue) = note(Queue::register(view, "drained")) {
                let items: Result<Vec<_>> = queue.drain(view).take(20).map(note).collect();
                let _ = items.map(|items| items.concat());
            }
        }
        _ => {}
    }
}

/// What a root context does when an item is in a queue.
pub(crate) fn on_queue_ready(queue: Queue, root: &mut RootView<'_>) -> Result<()> {
    met("callback on_queue_ready");
    let first = note(queue.dequeue(root))?;
    capabilities(root);
    perhaps(|| queue.enqueue(root, first.unwrap_or_default()));
    for item in queue.drain(root).take(5) {
        note(item)?;
    }
    perhaps(|| Err(Error::new("queue")));
    Ok(())
}

/// What the host shares: it remembers nothing.
#[derive(Default)]
pub(crate) struct Shared {
    /// Whether somebody else is always faster.
    contended: Cell<bool>,
}

impl Shared {
    pub(crate) fn get(&self, chaos: &Chaos) -> Answer<(Vec<u8>, u32)> {
        let value = match chaos.below(6) {
            0 => return Err(Status::NOT_FOUND),
            1 => Vec::new(),
            2 => b"[1,2]".to_vec(),
            3 => b"7".to_vec(),
            4 => chaos.bytes(),
            _ => vec![chaos.byte(); 8],
        };
        Ok((value, u32::from(chaos.byte())))
    }

    pub(crate) fn set(&self, chaos: &Chaos) -> Answer {
        // Once it is, it stays so for longer than anybody tries.
        if chaos.rarely(if self.is_contended() { 250 } else { 6 }) {
            self.contended.set(!self.contended.get());
        }
        if self.contended.get() || chaos.rarely(3) { Err(Status::CAS_MISMATCH) } else { Ok(()) }
    }

    pub(crate) fn is_contended(&self) -> bool {
        self.contended.get()
    }

    pub(crate) fn dequeue(&self, chaos: &Chaos) -> Answer<Vec<u8>> {
        if chaos.rarely(3) { Ok(chaos.bytes()) } else { Err(Status::EMPTY) }
    }
}
