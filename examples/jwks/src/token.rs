//! Tokens: JSON Web Tokens in the compact form, signed with EdDSA (RFC 7519, RFC 8037).

use crate::keys::{Keys, is_eddsa};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::time::Duration;

/// What a token has to say.
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) audience: &'a str,
    /// How far the clocks of the issuer and of the proxy may be apart.
    pub(crate) leeway: Duration,
}

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    NotAToken,
    Algorithm,
    Critical,
    NoKeyId,
    UnknownKey,
    Signature,
    Claims,
    Expired,
    NotYetValid,
    Issuer,
    Audience,
    Subject,
}

impl fmt::Display for Refusal {
    /// It quotes nothing of the token, which is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::NotAToken => "it is no JSON Web Token",
            Refusal::Algorithm => "it is not signed with EdDSA",
            Refusal::Critical => "it has extensions that have to be understood",
            Refusal::NoKeyId => "it does not name its key",
            Refusal::UnknownKey => "nobody knows its key",
            Refusal::Signature => "its signature is not that of its key",
            Refusal::Claims => "its claims are not as they should be",
            Refusal::Expired => "it has expired",
            Refusal::NotYetValid => "it is not valid yet",
            Refusal::Issuer => "it is from another issuer",
            Refusal::Audience => "it is for another audience",
            Refusal::Subject => "its subject is none that a header can name",
        })
    }
}

/// The subject of a token that is in order at this time.
///
/// What it claims is looked at when its signature is known to be good.
pub(crate) fn verify(
    token: &[u8],
    keys: &Keys,
    expected: &Expected<'_>,
    now: Duration,
) -> Result<String, Refusal> {
    let token = std::str::from_utf8(token).map_err(|_| Refusal::NotAToken)?;
    let (signed, signature) = token.rsplit_once('.').ok_or(Refusal::NotAToken)?;
    let (header, claims) = signed.split_once('.').ok_or(Refusal::NotAToken)?;
    if claims.contains('.') {
        return Err(Refusal::NotAToken);
    }
    let header: Header = parse(header).ok_or(Refusal::NotAToken)?;
    if !is_eddsa(&header.alg) {
        return Err(Refusal::Algorithm);
    }
    if header.crit.is_some() {
        return Err(Refusal::Critical);
    }
    let key = header.kid.ok_or(Refusal::NoKeyId)?;
    if !keys.has(&key) {
        return Err(Refusal::UnknownKey);
    }
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| Refusal::NotAToken)?;
    if !keys.verify(&key, signed.as_bytes(), &signature) {
        return Err(Refusal::Signature);
    }
    let claims: Claims = parse(claims).ok_or(Refusal::Claims)?;
    claims.check(expected, now)?;
    Some(claims.sub).filter(|subject| is_name(subject)).ok_or(Refusal::Subject)
}

/// A part of a token.
fn parse<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    sub: String,
    /// In seconds since 1970, which may have a fraction.
    exp: f64,
    nbf: Option<f64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Claims {
    fn check(&self, expected: &Expected<'_>, now: Duration) -> Result<(), Refusal> {
        let (now, leeway) = (now.as_secs_f64(), expected.leeway.as_secs_f64());
        if now >= self.exp + leeway {
            return Err(Refusal::Expired);
        }
        if self.nbf.is_some_and(|begin| now < begin - leeway) {
            return Err(Refusal::NotYetValid);
        }
        if self.iss != expected.issuer {
            return Err(Refusal::Issuer);
        }
        let is_meant = match &self.aud {
            Audience::One(audience) => *audience == expected.audience,
            Audience::Several(audiences) => audiences.iter().any(|audience| audience == expected.audience),
        };
        if is_meant { Ok(()) } else { Err(Refusal::Audience) }
    }
}

/// Whether a subject is the same in a header: blanks at its ends would be lost on the way, and make it another one.
fn is_name(subject: &str) -> bool {
    !subject.is_empty() && subject.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use ed25519_compact::{KeyPair, Seed};
    use serde_json::{Value, json};

    /// An issuer's key, which is the same for the same number.
    pub(crate) fn key_pair(number: u8) -> KeyPair {
        KeyPair::from_seed(Seed::new([number; 32]))
    }

    /// A set with these keys, each with its number as its id.
    pub(crate) fn key_set(numbers: &[u8]) -> String {
        let key = |number: &u8| {
            let x = BASE64_URL_SAFE_NO_PAD.encode(*key_pair(*number).pk);
            json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": number.to_string(), "x": x })
        };
        json!({ "keys": numbers.iter().map(key).collect::<Vec<_>>() }).to_string()
    }

    /// A token with this header and these claims, signed with the key of that number.
    pub(crate) fn sign(header: &Value, claims: &Value, number: u8) -> String {
        let [header, claims] = [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let signature = key_pair(number).sk.sign(&signed, None);
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(*signature))
    }

    /// A token that is in order, but for these claims.
    pub(crate) fn token(changes: Value) -> String {
        sign(&json!({ "alg": "EdDSA", "kid": "1" }), &claims(changes), 1)
    }

    /// From before this was written until the year 2100.
    fn claims(changes: Value) -> Value {
        let mut claims = json!({
            "iss": "https://issuer.example", "aud": "shop", "sub": "alice", "nbf": 1_000_000_000,
            "exp": 4_102_444_800_u32
        });
        let (claims_of, Value::Object(changes)) = (claims.as_object_mut().unwrap(), changes) else {
            panic!("claims are an object")
        };
        claims_of.extend(changes);
        claims_of.retain(|_, value| !value.is_null());
        claims
    }

    fn check_at(token: &str, now: f64) -> Result<String, Refusal> {
        let keys = Keys::parse(key_set(&[1, 2]).as_bytes()).unwrap();
        let expected =
            Expected { issuer: "https://issuer.example", audience: "shop", leeway: Duration::from_secs(5) };
        verify(token.as_bytes(), &keys, &expected, Duration::from_secs_f64(now))
    }

    fn check(token: &str) -> Result<String, Refusal> {
        check_at(token, 2_000_000_000.0)
    }

    #[test]
    fn the_subject_of_a_good_token_is_known() {
        assert_eq!(check(&token(json!({}))), Ok("alice".into()));
        assert_eq!(check(&token(json!({ "aud": ["bank", "shop"], "nbf": null }))), Ok("alice".into()));
        let second = sign(&json!({ "alg": "Ed25519", "kid": "2", "typ": "JWT" }), &claims(json!({})), 2);
        assert_eq!(check(&second), Ok("alice".into()));
    }

    #[test]
    fn only_what_its_key_has_signed_counts() {
        let claims = claims(json!({}));
        let header = |changes| sign(&changes, &claims, 1);
        for (token, refusal) in [
            (header(json!({ "alg": "none", "kid": "1" })), Refusal::Algorithm),
            (header(json!({ "alg": "HS256", "kid": "1" })), Refusal::Algorithm),
            (header(json!({ "alg": "eddsa", "kid": "1" })), Refusal::Algorithm),
            (header(json!({ "alg": "EdDSA" })), Refusal::NoKeyId),
            (header(json!({ "alg": "EdDSA", "kid": "3" })), Refusal::UnknownKey),
            (header(json!({ "alg": "EdDSA", "kid": "2" })), Refusal::Signature),
            (header(json!({ "alg": "EdDSA", "kid": "1", "crit": ["b64"], "b64": false })), Refusal::Critical),
            (header(json!({ "kid": "1" })), Refusal::NotAToken),
        ] {
            assert_eq!(check(&token), Err(refusal), "{token}");
        }
    }

    #[test]
    fn other_claims_under_a_good_signature_are_seen() {
        let (good, bad) = (token(json!({})), token(json!({ "sub": "mallory" })));
        let [good, bad] = [&good, &bad].map(|token| token.split('.').collect::<Vec<_>>());
        let forged = format!("{}.{}.{}", good[0], bad[1], good[2]);
        assert_eq!(check(&forged), Err(Refusal::Signature));
        assert_eq!(check(&format!("{}.{}.", good[0], good[1])), Err(Refusal::Signature));
    }

    #[test]
    fn what_is_not_in_three_parts_of_base64_is_no_token() {
        let good = token(json!({}));
        for token in
            ["", ".", "..", "...", "alice", &format!("{good}="), &format!("{good}."), &good.replace('.', " ")]
        {
            assert_eq!(check(token), Err(Refusal::NotAToken), "{token}");
        }
        let keys = Keys::parse(key_set(&[1]).as_bytes()).unwrap();
        let expected = Expected { issuer: "", audience: "", leeway: Duration::ZERO };
        assert_eq!(verify(b"\xff.\xff.\xff", &keys, &expected, Duration::ZERO), Err(Refusal::NotAToken));
    }

    #[test]
    fn a_token_has_its_time() {
        let token = token(json!({ "nbf": 1000, "exp": 2000.5 }));
        for (now, expected) in [
            (994.0, Err(Refusal::NotYetValid)),
            (995.0, Ok("alice".into())),
            (2005.4, Ok("alice".into())),
            (2005.5, Err(Refusal::Expired)),
            (1e15, Err(Refusal::Expired)),
        ] {
            assert_eq!(check_at(&token, now), expected, "{now}");
        }
    }

    #[test]
    fn the_issuer_and_the_audience_are_the_expected_ones() {
        for (changes, refusal) in [
            (json!({ "iss": "https://issuer.example/" }), Refusal::Issuer),
            (json!({ "aud": "bank" }), Refusal::Audience),
            (json!({ "aud": [] }), Refusal::Audience),
            (json!({ "iss": null }), Refusal::Claims),
            (json!({ "aud": null }), Refusal::Claims),
            (json!({ "exp": null }), Refusal::Claims),
            (json!({ "exp": "4102444800" }), Refusal::Claims),
            (json!({ "sub": null }), Refusal::Claims),
        ] {
            assert_eq!(check(&token(changes.clone())), Err(refusal), "{changes}");
        }
    }

    #[test]
    fn a_subject_that_would_be_another_one_in_a_header_is_refused() {
        for subject in ["", " alice", "alice ", "al ice", "alice\r\nx-admin: 1", "älice", "\0"] {
            assert_eq!(check(&token(json!({ "sub": subject }))), Err(Refusal::Subject), "{subject:?}");
        }
        assert_eq!(check(&token(json!({ "sub": "auth0|42" }))), Ok("auth0|42".into()));
    }
}
