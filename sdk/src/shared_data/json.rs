//! Shared data in JSON.

use super::{SharedData, SharedDataError, error};
use crate::Result;
use crate::config::json_problem;
use alloc::vec::Vec;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Values of any type that implements serde's traits, as JSON.
impl SharedData<'_> {
    /// The value of a key; `None` if nobody has set it, or it was cleared.
    ///
    /// # Errors
    ///
    /// [`Error::SharedData`](crate::Error::SharedData) with [`SharedDataError::WrongType`] if the value is not JSON of
    /// this type; it says what is wrong and where, and not the value. [`Error::Host`](crate::Error::Host) if the host
    /// has no shared data.
    pub fn get_json<T: DeserializeOwned>(self, key: impl AsRef<[u8]>) -> Result<Option<T>> {
        let key = key.as_ref();
        match self.get(key)? {
            Some((value, _)) => parse(key, value),
            None => Ok(None),
        }
    }

    /// Sets the value of a key, whatever it is. What others have set since it was read is lost.
    ///
    /// # Errors
    ///
    /// [`Error::Other`](crate::Error::Other) if the value cannot be written as JSON; and as for
    /// [`set`](SharedData::set).
    pub fn set_json<T: Serialize + ?Sized>(self, key: impl AsRef<[u8]>, value: &T) -> Result<()> {
        self.set(key, serde_json::to_vec(value)?)
    }

    /// Changes the value of a key, so that no change of another worker is lost; see
    /// [`update`](SharedData::update).
    ///
    /// A value that was cleared is `None`, as if nobody had set it.
    ///
    /// # Errors
    ///
    /// As for [`get_json`](SharedData::get_json), [`set_json`](SharedData::set_json) and
    /// [`update`](SharedData::update).
    ///
    /// ```
    /// use waxwing::prelude::*;
    ///
    /// /// Counts the good and the bad responses of all workers.
    /// fn note(response: &ResponseHeaders<'_>, is_good: bool) -> Result<()> {
    ///     response.shared_data().update_json("health", |counts: Option<(u64, u64)>| {
    ///         let (good, bad) = counts.unwrap_or_default();
    ///         Ok(Some(if is_good { (good + 1, bad) } else { (good, bad + 1) }))
    ///     })?;
    ///     Ok(())
    /// }
    /// ```
    pub fn update_json<T: Serialize + DeserializeOwned>(
        self,
        key: impl AsRef<[u8]>,
        mut change: impl FnMut(Option<T>) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        let key = key.as_ref();
        let changed: Option<(Vec<u8>, T)> = self.swap_until_done(key, |value| {
            let value = match value {
                Some(value) => parse(key, value)?,
                None => None,
            };
            match change(value)? {
                Some(new) => Ok(Some((serde_json::to_vec(&new)?, new))),
                None => Ok(None),
            }
        })?;
        Ok(changed.map(|(_, new)| new))
    }
}

fn parse<T: DeserializeOwned>(key: &[u8], value: &[u8]) -> Result<Option<T>> {
    if value.is_empty() {
        return Ok(None);
    }
    match serde_json::from_slice(value) {
        Ok(value) => Ok(Some(value)),
        Err(problem) => Err(error(key, SharedDataError::WrongType, &json_problem(&problem))),
    }
}
