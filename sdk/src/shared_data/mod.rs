//! Data that the workers of a proxy share.

#[cfg(feature = "json")]
mod json;

use crate::abi::arena::Scope;
use crate::abi::call;
use crate::{Error, Result, Status};
use alloc::format;
use alloc::string::String;

/// Values under keys, which all workers of the proxy see: [`View::shared_data`](crate::View::shared_data) gives it.
///
/// Workers are threads that share nothing else, so a value can change between two calls of one callback.
/// [`update`](SharedData::update) and [`increment`](SharedData::increment) are for values that several of them
/// change: they compare and swap, and do it again if somebody was faster. Keys and values are bytes.
///
/// In Envoy, extensions with the same `vm_id` share the data; it is in memory, without a limit, and goes with the last
/// VM that has that id. ngx_wasm_module has it in a zone of shared memory, which its configuration must name, or the
/// call traps; when the zone is full, old values go. Google Service Extensions have none.
///
/// What is set while an extension is configured is set by each worker anew, and in Envoy also by the trial runs on its
/// main thread that come before.
///
/// ```
/// use waxwing::prelude::*;
///
/// /// Lets each client in a few times, whichever worker it meets.
/// fn on_request_headers(request: &mut RequestHeaders<'_>) -> Result<Action> {
///     let client = request.headers().get("x-client")?.unwrap_or_default();
///     match request.shared_data().increment(client, 1)? {
///         0..=10 => Ok(Action::Continue),
///         _ => Ok(LocalResponse::new(429).into()),
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SharedData<'cb> {
    scope: Scope<'cb>,
}

/// Which state of a value it is: [`SharedData::get`] gives it, and the value has another one as soon as it is set.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Cas(u32);

impl Cas {
    /// The number by which the host knows it.
    pub const fn as_u32(self) -> u32 {
        self.0
    }
}

/// What came of [`SharedData::compare_and_set`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "the value is set only if nobody else has set it meanwhile"]
pub enum Swap {
    /// The value is set.
    Done,
    /// Somebody else has set it meanwhile, and it is as that one wants it.
    Mismatch,
}

/// What is wrong with shared data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SharedDataError {
    /// The value is not of the type that was asked for.
    WrongType,
    /// Each time that the value was to be changed, others changed it first.
    Contended,
}

impl<'cb> SharedData<'cb> {
    /// How often [`update`](SharedData::update) and its like try: each time that they fail, somebody else was faster.
    pub const ATTEMPTS: u32 = 32;

    #[inline(always)]
    pub(crate) fn new(scope: Scope<'cb>) -> Self {
        SharedData { scope }
    }

    /// The value of a key, and which state of it that is. `None` if nobody has set it.
    ///
    /// A value that was [cleared](SharedData::clear) is there, and empty.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the host has no shared data.
    #[doc(alias = "proxy_get_shared_data")]
    pub fn get(self, key: impl AsRef<[u8]>) -> Result<Option<(&'cb [u8], Cas)>> {
        let found = call::shared_data(self.scope, key.as_ref())?;
        Ok(found.map(|(value, cas)| (value, Cas(cas))))
    }

    /// Sets the value of a key, whatever it is. What others have set since it was read is lost.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the host has no shared data, or no room. ngx_wasm_module only sets a value that it can compare,
    /// so that there it can fail as [`update`](SharedData::update) does.
    #[doc(alias = "proxy_set_shared_data")]
    pub fn set(self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<()> {
        let (key, value) = (key.as_ref(), value.as_ref());
        match swap(key, value, ANY)? {
            Swap::Done => Ok(()),
            Swap::Mismatch => self.set_existing(key, value),
        }
    }

    /// Makes the value of a key empty: there is no call that removes it.
    ///
    /// The key stays, and costs memory as long as the host keeps the data.
    ///
    /// # Errors
    ///
    /// As for [`set`](SharedData::set).
    #[doc(alias = "remove")]
    pub fn clear(self, key: impl AsRef<[u8]>) -> Result<()> {
        self.set(key, [])
    }

    /// Sets the value of a key if it is still in the state that was read.
    ///
    /// There is no state of a value that does not exist: to be the first to set one, use
    /// [`update`](SharedData::update).
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the host has no shared data, or no room; [`Error::Malformed`] if it gave no state with the
    /// value, so that nothing can be compared.
    #[doc(alias = "proxy_set_shared_data")]
    pub fn compare_and_set(self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>, cas: Cas) -> Result<Swap> {
        swap(key.as_ref(), value.as_ref(), comparable(cas.0)?)
    }

    /// Changes the value of a key, so that no change of another worker is lost.
    ///
    /// `change` gets the value, `None` if there is none yet, and returns the new one, which is also the result; or
    /// `None` to leave it as it is. It runs again, with the newer value, if somebody else has set one meanwhile.
    ///
    /// # Errors
    ///
    /// What `change` returns; [`Error::SharedData`] with [`SharedDataError::Contended`] after
    /// [`ATTEMPTS`](SharedData::ATTEMPTS); and as for [`compare_and_set`](SharedData::compare_and_set).
    ///
    /// ```
    /// use waxwing::prelude::*;
    ///
    /// /// Keeps the longest path that any worker has seen.
    /// fn note(request: &RequestHeaders<'_>, path: &[u8]) -> Result<()> {
    ///     request.shared_data().update("longest", |longest| {
    ///         Ok((path.len() > longest.unwrap_or_default().len()).then_some(path))
    ///     })?;
    ///     Ok(())
    /// }
    /// ```
    pub fn update<T: AsRef<[u8]>>(
        self,
        key: impl AsRef<[u8]>,
        mut change: impl FnMut(Option<&[u8]>) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        self.swap_until_done(key.as_ref(), |value| match change(value)? {
            Some(new) => Ok(Some((new, ()))),
            None => Ok(None),
        })
        .map(|changed| changed.map(|(new, ())| new))
    }

    /// Adds to the number under a key, and gives the sum; it stops at the largest number.
    ///
    /// The value is eight bytes, little-endian; what does not exist, or is empty, counts as 0.
    ///
    /// # Errors
    ///
    /// [`Error::SharedData`] with [`SharedDataError::WrongType`] if the value is something else; and as for
    /// [`update`](SharedData::update).
    pub fn increment(self, key: impl AsRef<[u8]>, by: u64) -> Result<u64> {
        let key = key.as_ref();
        let changed = self.swap_until_done(key, |value| {
            let sum = number(key, value)?.saturating_add(by);
            Ok(Some((sum.to_le_bytes(), sum)))
        })?;
        Ok(changed.map_or(by, |(_, sum)| sum))
    }

    /// The number under a key, as [`increment`](SharedData::increment) writes it; 0 if there is none.
    ///
    /// # Errors
    ///
    /// [`Error::SharedData`] with [`SharedDataError::WrongType`] if the value is something else; [`Error::Host`] if
    /// the host has no shared data.
    pub fn number(self, key: impl AsRef<[u8]>) -> Result<u64> {
        let key = key.as_ref();
        number(key, call::shared_data(self.scope, key)?.map(|(value, _)| value))
    }

    /// Compares and swaps until nobody else was faster. What `change` gives beside the bytes is the caller's.
    #[inline(always)]
    fn swap_until_done<T: AsRef<[u8]>, R>(
        self,
        key: &[u8],
        mut change: impl FnMut(Option<&[u8]>) -> Result<Option<(T, R)>>,
    ) -> Result<Option<(T, R)>> {
        let mut absent = NONE_HAS;
        for _ in 0..Self::ATTEMPTS {
            let (value, cas) = match call::shared_data(self.scope, key)? {
                Some((value, cas)) => (Some(value), comparable(cas)?),
                None => (None, absent),
            };
            let Some(changed) = change(value)? else { return Ok(None) };
            match swap(key, changed.0.as_ref(), cas)? {
                Swap::Done => return Ok(Some(changed)),
                Swap::Mismatch if value.is_none() => absent = otherwise(absent),
                Swap::Mismatch => {}
            }
        }
        Err(error(key, SharedDataError::Contended, "others change it all the time"))
    }

    /// For hosts that compare always: ngx_wasm_module takes [`ANY`] for the state of what does not exist.
    #[cold]
    #[inline(never)]
    fn set_existing(self, key: &[u8], value: &[u8]) -> Result<()> {
        self.swap_until_done(key, |_| Ok(Some((value, ())))).map(|_| ())
    }
}

/// In Envoy, "whatever it is"; in ngx_wasm_module, "if it does not exist".
const ANY: u32 = 0;

/// A state that no value has, because hosts count from 1. In Envoy a value that does not exist is set with any, and
/// with this one only such: if somebody else was faster, nothing matches.
const NONE_HAS: u32 = u32::MAX;

/// What else a host may take for the state of a value that does not exist.
fn otherwise(absent: u32) -> u32 {
    if absent == ANY { NONE_HAS } else { ANY }
}

/// A state by which the host compares. [`ANY`] would compare nothing, and changes would be lost.
#[inline]
fn comparable(cas: u32) -> Result<u32> {
    if cas == ANY {
        return Err(Error::Malformed { call: "proxy_get_shared_data", problem: "no number to compare by" });
    }
    Ok(cas)
}

#[inline]
fn swap(key: &[u8], value: &[u8], cas: u32) -> Result<Swap> {
    match call::set_shared_data(key, value, cas) {
        Ok(()) => Ok(Swap::Done),
        Err(Error::Host { status: Status::CAS_MISMATCH, .. }) => Ok(Swap::Mismatch),
        Err(error) => Err(error),
    }
}

/// The number that a counter has.
#[inline]
fn number(key: &[u8], value: Option<&[u8]>) -> Result<u64> {
    let Some(value) = value else { return Ok(0) };
    match <[u8; 8]>::try_from(value) {
        Ok(bytes) => Ok(u64::from_le_bytes(bytes)),
        Err(_) if value.is_empty() => Ok(0),
        Err(_) => Err(error(key, SharedDataError::WrongType, "it is not a number of eight bytes")),
    }
}

/// An error with the key, and without the value.
#[cold]
#[inline(never)]
fn error(key: &[u8], error: SharedDataError, problem: &str) -> Error {
    let key = String::from_utf8_lossy(key);
    Error::SharedData { error, text: format!("shared data `{key}`: {problem}") }
}
