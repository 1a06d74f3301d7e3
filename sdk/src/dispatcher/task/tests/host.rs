//! The host of these tests.

use super::Tasked;
use crate::Status;
use crate::abi::guest::Guest;
use crate::abi::host::{Answer, GrpcCallParts, Host, HttpCallParts, LocalResponseParts};
use crate::abi::wire::{BufferType, MapType, StreamType};
use crate::dispatcher::Dispatcher;
use alloc::boxed::Box;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

type Nested = Box<dyn FnOnce(&Dispatcher<Tasked>)>;

/// Notes what it is asked to do, and calls back from inside of callouts.
#[derive(Default)]
pub(super) struct Noting {
    pub(super) configuration: RefCell<Vec<u8>>,
    token: Cell<u32>,
    pub(super) guest: RefCell<Option<Rc<Dispatcher<Tasked>>>>,
    pub(super) nested: RefCell<Option<Nested>>,
    /// Contexts that it has forgotten.
    pub(super) gone: Cell<u32>,
    pub(super) clock: Cell<u64>,
    pub(super) notes: RefCell<Vec<String>>,
}

impl Noting {
    fn note(&self, text: impl Into<String>) {
        self.notes.borrow_mut().push(text.into());
    }

    #[track_caller]
    pub(super) fn assert_notes(&self, expected: &[&str]) {
        assert_eq!(self.notes.take(), expected);
    }

    pub(super) fn configure(&self, guest: &Dispatcher<Tasked>, root: u32, name: &str) -> bool {
        self.configuration.replace(name.as_bytes().to_vec());
        guest.on_configure(root, 0)
    }

    fn call_back(&self) {
        let nested = self.nested.take();
        if let (Some(nested), Some(guest)) = (nested, self.guest.borrow().clone()) {
            nested(&guest);
        }
    }
}

impl Host for Noting {
    fn log(&self, _level: u32, message: &[u8]) -> Answer {
        self.note(String::from_utf8_lossy(message));
        Ok(())
    }

    fn buffer_bytes(&self, _buffer: BufferType, _start: usize, _max_len: usize) -> Answer<Vec<u8>> {
        Ok(self.configuration.borrow().clone())
    }

    fn header_map_value(&self, _map: MapType, name: &[u8]) -> Answer<Vec<u8>> {
        if name == b":status" { Ok(b"200".to_vec()) } else { Err(Status::NOT_FOUND) }
    }

    fn http_call(&self, _call: HttpCallParts<'_>) -> Answer<u32> {
        self.call_back();
        self.token.set(self.token.get() + 4);
        Ok(self.token.get())
    }

    fn grpc_call(&self, _call: GrpcCallParts<'_>, _message: &[u8], _timeout: u32) -> Answer<u32> {
        self.token.set(self.token.get() + 4);
        Ok(self.token.get())
    }

    fn grpc_cancel(&self, token: u32) -> Answer {
        self.note(format!("cancel {token}"));
        Ok(())
    }

    fn set_effective_context(&self, context: u32) -> Answer {
        if self.gone.get() == context { Err(Status::BAD_ARGUMENT) } else { Ok(()) }
    }

    fn current_time_nanoseconds(&self) -> Answer<u64> {
        Ok(self.clock.get())
    }

    fn set_tick_period(&self, milliseconds: u32) -> Answer {
        self.note(format!("tick {milliseconds}"));
        Ok(())
    }

    fn continue_stream(&self, _stream: StreamType) -> Answer {
        self.note("resume");
        Ok(())
    }

    fn send_local_response(&self, response: LocalResponseParts<'_>) -> Answer {
        self.note(response.status.to_string());
        Ok(())
    }
}
