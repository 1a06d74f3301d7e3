//! One call of a host function: its arguments, and the memory of the module that makes it.

use super::module::AbiVersion;
use crate::random::Random;
use std::rc::Rc;
use wasmi::{Caller, Memory, StoreLimits, TypedFunc, Val};
use waxwing::__private::Host;
use waxwing::Status;

/// What a running module belongs to.
pub(super) struct State {
    pub(super) version: AbiVersion,
    /// Whom its calls reach; nobody outside [`enter`](super::WasmGuest::enter).
    pub(super) host: Option<Rc<dyn Host>>,
    pub(super) period: Period,
    /// The name under which it exports its memory.
    pub(super) memory: String,
    pub(super) allocator: Option<TypedFunc<u32, u32>>,
    pub(super) limits: StoreLimits,
    /// The lines that it logged before it had a host.
    pub(super) early_lines: Vec<(u32, Vec<u8>)>,
    /// The last critical line of this callback: where a panic hook says what a trap cannot.
    pub(super) last_words: Option<String>,
    /// The state of the generator behind WASI's `random_get`.
    pub(super) random: Random,
}

/// What a module is doing, on which depends what it may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Period {
    /// `_initialize`, `_start` or `main`.
    Start,
    /// A callback.
    Callback,
    /// The allocator, within a host function.
    Allocation,
}

/// Why a host function does not answer 0.
pub(super) enum Stop {
    /// It answers this number.
    Answer(u32),
    /// The module traps.
    Trap(wasmi::Error),
}

impl From<Status> for Stop {
    fn from(status: Status) -> Self {
        Stop::Answer(status.as_u32())
    }
}

impl From<wasmi::Error> for Stop {
    fn from(error: wasmi::Error) -> Self {
        Stop::Trap(error)
    }
}

/// A module's call of a host function.
///
/// Arguments are named by their position; all of them are as the module gave them, and every address is
/// checked against its memory.
pub(super) struct Call<'a> {
    caller: Caller<'a, State>,
    arguments: &'a [Val],
}

impl<'a> Call<'a> {
    pub(super) fn new(caller: Caller<'a, State>, arguments: &'a [Val]) -> Self {
        Call { caller, arguments }
    }

    /// The host that is asked.
    pub(super) fn host(&self) -> Result<Rc<dyn Host>, Stop> {
        // As for a native guest that calls outside a callback.
        self.caller.data().host.clone().ok_or(Stop::from(Status::INTERNAL_FAILURE))
    }

    /// The version of the ABI that the module declares.
    pub(super) fn version(&self) -> AbiVersion {
        self.caller.data().version
    }

    pub(super) fn state(&mut self) -> &mut State {
        self.caller.data_mut()
    }

    /// All arguments, as 64 bits each.
    pub(super) fn arguments(&self) -> Vec<u64> {
        let number = |value: &Val| value.i64().or(value.i32().map(|value| value.cast_unsigned().into()));
        self.arguments.iter().map(|value| number(value).unwrap_or_default().cast_unsigned()).collect()
    }

    /// An argument of 32 bits.
    pub(super) fn number(&self, at: usize) -> u32 {
        // The linker has checked the type of the function.
        self.arguments.get(at).and_then(Val::i32).unwrap_or_default().cast_unsigned()
    }

    /// An argument of 64 bits.
    pub(super) fn number_64(&self, at: usize) -> i64 {
        self.arguments.get(at).and_then(Val::i64).unwrap_or_default()
    }

    /// A count or an offset.
    pub(super) fn size(&self, at: usize) -> usize {
        self.number(at) as usize
    }

    /// The bytes that an address and the length behind it describe.
    pub(super) fn bytes(&self, at: usize) -> Result<&[u8], Stop> {
        self.bytes_at(self.number(at), self.number(at + 1))
    }

    /// The bytes of the module's memory at an address.
    pub(super) fn bytes_at(&self, address: u32, len: u32) -> Result<&[u8], Stop> {
        let range = address as usize..(address as usize).saturating_add(len as usize);
        self.memory()?.data(&self.caller).get(range).ok_or(OUT_OF_BOUNDS)
    }

    /// Writes to the address that an argument gives.
    pub(super) fn write(&mut self, at: usize, bytes: &[u8]) -> Result<(), Stop> {
        self.write_at(self.number(at), bytes)
    }

    /// Writes a word to the address that an argument gives.
    pub(super) fn write_u32(&mut self, at: usize, value: u32) -> Result<(), Stop> {
        self.write(at, &value.to_le_bytes())
    }

    /// Writes to an address of the module's memory.
    pub(super) fn write_at(&mut self, address: u32, bytes: &[u8]) -> Result<(), Stop> {
        let memory = self.memory()?;
        memory.write(&mut self.caller, address as usize, bytes).map_err(|_| OUT_OF_BOUNDS)
    }

    /// The size of the module's memory.
    pub(super) fn memory_size(&self) -> Result<usize, Stop> {
        Ok(self.memory()?.data_size(&self.caller))
    }

    /// Gives the module bytes that it will own: in memory that its allocator returns, whose address and length
    /// go where an argument and the next one say.
    pub(super) fn give(&mut self, at: usize, bytes: &[u8]) -> Result<(), Stop> {
        let len = u32::try_from(bytes.len()).map_err(|_| OUT_OF_BOUNDS)?;
        let mut address = 0;
        if len > 0 {
            address = self.allocate(len)?;
            self.write_at(address, bytes)?;
        }
        self.write_u32(at, address)?;
        self.write_u32(at + 1, len)
    }

    /// Enters the module's allocator. No host method is running, so none can be entered again by what the
    /// allocator calls.
    fn allocate(&mut self, size: u32) -> Result<u32, Stop> {
        let allocator = self.state().allocator.ok_or(OUT_OF_BOUNDS)?;
        let period = std::mem::replace(&mut self.state().period, Period::Allocation);
        let address = allocator.call(&mut self.caller, size);
        self.state().period = period;
        match address? {
            0 => Err(OUT_OF_BOUNDS),
            address => Ok(address),
        }
    }

    fn memory(&self) -> Result<Memory, Stop> {
        let export = self.caller.get_export(&self.caller.data().memory);
        export.and_then(wasmi::Extern::into_memory).ok_or(OUT_OF_BOUNDS)
    }
}

const OUT_OF_BOUNDS: Stop = Stop::Answer(Status::INVALID_MEMORY_ACCESS.as_u32());
