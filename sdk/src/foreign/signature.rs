//! Signatures, made and verified by the host.

use crate::protobuf::{Field, Fields, Value, encode};
use crate::view::View;
use crate::{Error, Result};
use core::fmt;

/// A key in one of the forms that Envoy reads.
#[derive(Clone, Copy)]
enum Key<'a> {
    Der(&'a [u8]),
    Pem(&'a [u8]),
}

impl<'a> Key<'a> {
    /// Its field, by the number of each form.
    fn field(self, der: u8, pem: u8) -> Field<'a> {
        match self {
            Key::Der(bytes) => Field::Bytes(der, bytes),
            Key::Pem(text) => Field::Bytes(pem, text),
        }
    }
}

/// A public key, with which the host verifies signatures.
///
/// The names of hash functions are those of the host: Envoy has `sha1`, `sha224`, `sha256`, `sha384` and `sha512`.
#[derive(Clone, Copy)]
pub struct PublicKey<'a>(Key<'a>);

impl<'a> PublicKey<'a> {
    /// A key in DER, as a SubjectPublicKeyInfo.
    pub const fn der(bytes: &'a [u8]) -> Self {
        PublicKey(Key::Der(bytes))
    }

    /// A key in PEM. Recent versions of Envoy read it.
    pub const fn pem(text: &'a str) -> Self {
        PublicKey(Key::Pem(text.as_bytes()))
    }

    /// Whether the signature of `text` is one of this key's. A key or a hash function that Envoy does not understand
    /// verifies nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] with [`BAD_ARGUMENT`](crate::Status::BAD_ARGUMENT) if the key is empty; else see
    /// [`foreign`](crate::foreign#errors).
    #[must_use = "an invalid signature is not an error"]
    #[doc(alias = "proxy_call_foreign_function")]
    pub fn verify<'cb>(
        self,
        view: &impl View<'cb>,
        hash_function: &str,
        signature: impl AsRef<[u8]>,
        text: impl AsRef<[u8]>,
    ) -> Result<bool> {
        let scope = view.cx().scope;
        let fields = [
            Field::Bytes(1, hash_function.as_bytes()),
            self.0.field(2, 5),
            Field::Bytes(3, signature.as_ref()),
            Field::Bytes(4, text.as_ref()),
        ];
        let mut answer = Fields::of(super::call(scope, "verify_signature", encode(scope, &fields)?)?);
        let mut is_valid = false;
        while let Some(field) = answer.next()? {
            if let (1, Value::Number(result)) = field {
                is_valid = result == 1;
            }
        }
        Ok(is_valid)
    }
}

/// A private key, with which the host signs.
///
/// Whoever can read the extension's configuration can read a key in it.
#[derive(Clone, Copy)]
pub struct PrivateKey<'a>(Key<'a>);

impl<'a> PrivateKey<'a> {
    /// A key in DER, in the form of PKCS #8.
    pub const fn der(bytes: &'a [u8]) -> Self {
        PrivateKey(Key::Der(bytes))
    }

    /// A key in PEM.
    pub const fn pem(text: &'a str) -> Self {
        PrivateKey(Key::Pem(text.as_bytes()))
    }

    /// The signature of `text`. Recent versions of Envoy sign; the names of hash functions are those of
    /// [`PublicKey`].
    ///
    /// # Errors
    ///
    /// [`Error::Other`], in the host's words, if it does not understand the key or the hash function; else see
    /// [`foreign`](crate::foreign#errors).
    #[doc(alias = "proxy_call_foreign_function")]
    pub fn sign<'cb>(
        self,
        view: &impl View<'cb>,
        hash_function: &str,
        text: impl AsRef<[u8]>,
    ) -> Result<&'cb [u8]> {
        let scope = view.cx().scope;
        let fields =
            [Field::Bytes(1, hash_function.as_bytes()), self.0.field(2, 4), Field::Bytes(3, text.as_ref())];
        let mut answer = Fields::of(super::call(scope, "sign", encode(scope, &fields)?)?);
        let (mut is_signed, mut signature, mut problem) = (false, &[][..], &[][..]);
        while let Some(field) = answer.next()? {
            match field {
                (1, Value::Number(result)) => is_signed = result == 1,
                (2, Value::Bytes(bytes)) => signature = bytes,
                (3, Value::Bytes(text)) => problem = text,
                _ => {}
            }
        }
        match is_signed {
            true => Ok(signature),
            false => Err(Error::new(alloc::string::String::from_utf8_lossy(problem))),
        }
    }
}

impl fmt::Debug for PublicKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey").finish_non_exhaustive()
    }
}

impl fmt::Debug for PrivateKey<'_> {
    /// Nothing of the key: it is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").finish_non_exhaustive()
    }
}
