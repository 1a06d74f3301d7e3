//! An attribute: a path with a type.

use super::kind::Kind;
use crate::abi::arena::Scope;
use crate::abi::call;
use crate::{Error, Result, Status};
use core::fmt;
use core::marker::PhantomData;

/// An attribute with its type, for [`View::attribute`](crate::View::attribute).
///
/// The catalogue has those that Envoy has, as constants; a [`Path`](super::Path) makes one of anything else.
pub struct Attribute<'p, T> {
    name: &'static str,
    path: &'p [u8],
    /// Where hosts have it that do not have it there; empty if there are none.
    old_path: &'p [u8],
    /// The host may have it and have nothing to say about it.
    is_nullable: bool,
    kind: PhantomData<fn() -> T>,
}

impl<'p, T> Attribute<'p, T> {
    pub(super) const fn new(name: &'static str, path: &'p [u8]) -> Self {
        Attribute { name, path, old_path: &[], is_nullable: false, kind: PhantomData }
    }

    /// The same, which other hosts have by another name.
    pub(super) const fn or_old(self, old_path: &'p [u8]) -> Self {
        Attribute { old_path, ..self }
    }

    /// The same, which can be null: then it is absent.
    pub(super) const fn or_null(self) -> Self {
        Attribute { is_nullable: true, ..self }
    }

    /// What errors call it: its name in the host's documentation, or the call's if it is not in the catalogue.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Its path as the host reads it: the segments with NUL between them.
    pub const fn path(self) -> &'p [u8] {
        self.path
    }

    /// What the host answers, whatever it is; under the old name if there is nothing under the new.
    #[inline]
    pub(crate) fn bytes<'cb>(self, scope: Scope<'cb>) -> Result<Option<&'cb [u8]>> {
        let found = self.ask(scope, self.path)?;
        if found.is_none() && !self.old_path.is_empty() {
            return self.ask(scope, self.old_path);
        }
        Ok(found)
    }

    #[inline]
    fn ask<'cb>(self, scope: Scope<'cb>, path: &[u8]) -> Result<Option<&'cb [u8]>> {
        match call::property(scope, path) {
            Err(Error::Host { status: Status::SERIALIZATION_FAILURE, .. }) if self.is_nullable => Ok(None),
            answer => answer,
        }
    }
}

impl<T: Kind> Attribute<'_, T> {
    /// What the host answers, as its type.
    #[inline]
    pub(crate) fn read<'cb>(self, scope: Scope<'cb>) -> Result<Option<T::Value<'cb>>> {
        let Some(bytes) = self.bytes(scope)? else { return Ok(None) };
        match T::decode(bytes) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(Error::Malformed { call: self.name, problem: error.problem() }),
        }
    }
}

impl<T> Clone for Attribute<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Attribute<'_, T> {}

impl<T> fmt::Debug for Attribute<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attribute({})", self.path.escape_ascii())
    }
}
