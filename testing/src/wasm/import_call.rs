//! A call of a function that a test has registered.

use super::call::{Call, Stop};
use std::fmt;
use waxwing::Status;

/// A module's call of a [registered](super::Loader::import) function.
///
/// Arguments are named by their position, from 0. What one points to is checked against the module's memory.
pub struct ImportCall<'a, 'b> {
    call: &'a mut Call<'b>,
    result: Option<u64>,
    trap: Option<wasmi::Error>,
}

impl<'a, 'b> ImportCall<'a, 'b> {
    pub(super) fn new(call: &'a mut Call<'b>) -> Self {
        ImportCall { call, result: None, trap: None }
    }

    /// An argument of 32 bits; 0 if there is none at this position.
    pub fn number(&self, at: usize) -> u32 {
        self.call.number(at)
    }

    /// An argument of 64 bits; 0 if there is none at this position.
    pub fn number_64(&self, at: usize) -> u64 {
        self.call.number_64(at).cast_unsigned()
    }

    /// The bytes that an address and the length behind it describe.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_MEMORY_ACCESS`] if they are outside of the module's memory.
    pub fn bytes(&self, at: usize) -> Result<Vec<u8>, Status> {
        self.call.bytes(at).map(<[u8]>::to_vec).map_err(status)
    }

    /// Writes a number of 32 bits to the address that an argument gives.
    ///
    /// # Errors
    ///
    /// [`Status::INVALID_MEMORY_ACCESS`] if it is outside of the module's memory.
    pub fn write_u32(&mut self, at: usize, value: u32) -> Result<(), Status> {
        self.call.write_u32(at, value).map_err(status)
    }

    /// Writes a number of 64 bits to the address that an argument gives.
    ///
    /// # Errors
    ///
    /// As [`write_u32`](ImportCall::write_u32).
    pub fn write_u64(&mut self, at: usize, value: u64) -> Result<(), Status> {
        self.call.write(at, &value.to_le_bytes()).map_err(status)
    }

    /// Gives the module bytes that it will own, in memory of its allocator. Their address goes where this argument says,
    /// and their length where the next one does.
    ///
    /// # Errors
    ///
    /// As [`write_u32`](ImportCall::write_u32), and if the allocator has no memory. If the allocator traps, so does the
    /// call, whatever the closure returns.
    pub fn give(&mut self, at: usize, bytes: &[u8]) -> Result<(), Status> {
        match self.call.give(at, bytes) {
            Ok(()) => Ok(()),
            Err(Stop::Trap(error)) => {
                self.trap = Some(error);
                Err(Status::INTERNAL_FAILURE)
            }
            Err(stop) => Err(status(stop)),
        }
    }

    /// Says what the function returns, if that is not a status.
    pub fn returns(&mut self, result: u64) {
        self.result = Some(result);
    }

    /// Ends the module, as a host's trap does; what the closure returns is not looked at then.
    pub fn trap(&mut self, message: impl Into<String>) {
        self.trap = Some(wasmi::Error::new(message.into()));
    }

    /// What the module gets, once the closure has returned.
    pub(super) fn finish(self, answer: Result<(), Status>) -> Result<u64, wasmi::Error> {
        match (self.trap, answer) {
            (Some(trap), _) => Err(trap),
            (None, Ok(())) => Ok(self.result.unwrap_or_default()),
            (None, Err(status)) => Ok(status.as_u32().into()),
        }
    }
}

/// What the host answers; a trap of the allocator is not one.
fn status(stop: Stop) -> Status {
    match stop {
        Stop::Answer(number) => Status::new(number).unwrap_or(Status::INTERNAL_FAILURE),
        Stop::Trap(_) => Status::INTERNAL_FAILURE,
    }
}

impl fmt::Debug for ImportCall<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportCall").field("arguments", &self.call.arguments()).finish_non_exhaustive()
    }
}
