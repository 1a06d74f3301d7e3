//! The keys that tokens are signed with: the Ed25519 keys of a JSON Web Key Set (RFC 7517, RFC 8037).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ed25519_compact::{PublicKey, Signature};
use serde::Deserialize;
use std::fmt;

/// The keys of a set that verify EdDSA signatures; at least one.
pub(crate) struct Keys(Vec<Key>);

struct Key {
    id: String,
    key: PublicKey,
}

/// Why a set is not used.
#[derive(Debug)]
pub(crate) enum KeysError {
    NotASet(serde_json::Error),
    /// All of its keys are of other kinds, or for other uses, or have no id.
    NoKey,
    /// It has a key of which the Ed25519 point is none.
    NotAKey,
}

impl fmt::Display for KeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeysError::NotASet(error) => {
                // Without what was found there: the answer may be anybody's page.
                write!(f, "it is no JSON Web Key Set (line {}, column {})", error.line(), error.column())
            }
            KeysError::NoKey => f.write_str("it has no Ed25519 key with an id, for signatures"),
            KeysError::NotAKey => f.write_str("one of its Ed25519 keys is no public key"),
        }
    }
}

impl Keys {
    /// The keys of a set in JSON. Keys of other kinds are left out: a set may have them.
    pub(crate) fn parse(json: &[u8]) -> Result<Keys, KeysError> {
        let set: Set = serde_json::from_slice(json).map_err(KeysError::NotASet)?;
        let keys = set.keys.into_iter().filter_map(Entry::key).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(KeysError::NoKey) } else { Ok(Keys(keys)) }
    }

    /// Whether a key has this id.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id == id)
    }

    /// Whether one of the keys with this id has signed these bytes.
    pub(crate) fn verify(&self, id: &str, signed: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = Signature::from_slice(signature) else { return false };
        self.0.iter().any(|key| key.id == id && key.key.verify(signed, &signature).is_ok())
    }
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Entry>,
}

/// A key of a set, as far as it matters here.
#[derive(Deserialize)]
struct Entry {
    kty: String,
    crv: Option<String>,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    x: Option<String>,
}

impl Entry {
    /// The key, if it is one that verifies EdDSA signatures.
    fn key(self) -> Option<Result<Key, KeysError>> {
        let verifies = self.kty == "OKP"
            && self.crv.as_deref() == Some("Ed25519")
            && self.usage.is_none_or(|usage| usage == "sig")
            && self.key_ops.is_none_or(|ops| ops.iter().any(|op| op == "verify"))
            && self.alg.is_none_or(|alg| is_eddsa(&alg));
        let id = self.kid.filter(|_| verifies)?;
        let point = self.x.and_then(|x| BASE64_URL_SAFE_NO_PAD.decode(x).ok());
        let key = point.and_then(|point| PublicKey::from_slice(&point).ok());
        // A point of small order would accept forged signatures.
        let key = key.filter(|key| key.validate().is_ok());
        Some(key.map(|key| Key { id, key }).ok_or(KeysError::NotAKey))
    }
}

/// Whether an algorithm is EdDSA with Ed25519: by the name of RFC 8037, or by the one that RFC 9864 puts in its place.
pub(crate) fn is_eddsa(algorithm: &str) -> bool {
    matches!(algorithm, "EdDSA" | "Ed25519")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 8037, appendices A.2 and A.4.
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    const SIGNED: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    const SIGNATURE: &str =
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

    fn set(members: &str) -> String {
        format!(r#"{{ "keys": [{{ "kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "{X}"{members} }}] }}"#)
    }

    fn refusal(json: &str) -> String {
        Keys::parse(json.as_bytes()).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn the_example_of_the_specification_is_verified() {
        let keys = Keys::parse(set("").as_bytes()).unwrap();
        let signature = BASE64_URL_SAFE_NO_PAD.decode(SIGNATURE).unwrap();
        assert!(keys.has("a") && !keys.has("b"));
        assert!(keys.verify("a", SIGNED.as_bytes(), &signature));
        assert!(!keys.verify("b", SIGNED.as_bytes(), &signature));
        assert!(!keys.verify("a", b"something else", &signature));
        assert!(!keys.verify("a", SIGNED.as_bytes(), &signature[1..]));
        for bit in 0..8 * signature.len() {
            let mut forged = signature.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(!keys.verify("a", SIGNED.as_bytes(), &forged), "bit {bit}");
        }
    }

    #[test]
    fn a_key_says_that_it_is_for_signatures_or_nothing() {
        for members in [
            r#", "use": "sig", "alg": "EdDSA", "key_ops": ["verify"], "x5c": ["?"]"#,
            r#", "alg": "Ed25519", "key_ops": ["sign", "verify"]"#,
        ] {
            assert!(Keys::parse(set(members).as_bytes()).is_ok(), "{members}");
        }
        for members in [r#", "use": "enc""#, r#", "alg": "ES256""#, r#", "key_ops": ["sign"]"#] {
            assert_eq!(
                refusal(&set(members)),
                "it has no Ed25519 key with an id, for signatures",
                "{members}"
            );
        }
    }

    #[test]
    fn keys_of_other_kinds_are_left_out() {
        let others = r#"
            { "kty": "RSA", "kid": "a", "n": "AQAB", "e": "AQAB" },
            { "kty": "OKP", "crv": "X25519", "kid": "a", "x": "AA" },
            { "kty": "OKP", "crv": "Ed25519", "x": "AA" },
        "#;
        let json = set("").replace(r#""keys": ["#, &format!(r#""keys": [{others}"#));
        assert_eq!(Keys::parse(json.as_bytes()).unwrap().0.len(), 1);
        assert_eq!(refusal(r#"{ "keys": [] }"#), "it has no Ed25519 key with an id, for signatures");
    }

    #[test]
    fn what_is_no_point_or_a_weak_one_is_refused() {
        let zero = "A".repeat(43);
        let one = format!("AQ{}", "A".repeat(41));
        for x in ["", "11qYAYKxCrfVS", "??", &zero, &one] {
            assert_eq!(refusal(&set("").replace(X, x)), "one of its Ed25519 keys is no public key", "{x}");
        }
    }

    #[test]
    fn what_is_no_set_is_refused_without_being_quoted() {
        for json in ["", "<html>", "[]", "{}", r#"{ "keys": {} }"#, r#"{ "keys": [{ "kid": "secret" }] }"#] {
            let refusal = refusal(json);
            assert!(refusal.starts_with("it is no JSON Web Key Set (line 1, column "), "{refusal}");
        }
    }
}
