//! Configurations in JSON.

use super::FromConfig;
use crate::{Error, Result};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::ToString;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

/// A configuration in JSON, of a type that implements serde's `Deserialize`.
///
/// A configuration that does not parse is logged with its path, line and column, and without its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromConfig for Json<T> {
    fn from_config(bytes: &[u8]) -> Result<Self> {
        // The path to a mistake costs time, and is looked for only where there is one.
        serde_json::from_slice(bytes).map(Json).map_err(|error| locate::<T>(bytes, &error))
    }
}

/// Says what is wrong with a configuration, and where.
#[cold]
fn locate<T: DeserializeOwned>(bytes: &[u8], error: &serde_json::Error) -> Error {
    if bytes.is_empty() {
        return Error::new("configuration: it is empty, and JSON is expected");
    }
    let deserializer = &mut serde_json::Deserializer::from_slice(bytes);
    let path = match serde_path_to_error::deserialize::<_, T>(deserializer) {
        Err(error) if error.path().iter().len() > 0 => format!(" at `{}`", error.path()),
        _ => "".into(),
    };
    let problem = problem(error);
    // An error that a type makes itself, of the whole configuration, has no place.
    let place = match error.line() {
        0 => "".into(),
        line => format!(" (line {line}, column {})", error.column()),
    };
    Error::new(format!("configuration{path}: {problem}{place}"))
}

/// The error's text without the place, and without the value that it is about: that may be a secret.
pub(crate) fn problem(error: &serde_json::Error) -> Cow<'static, str> {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = text.strip_suffix(&place).unwrap_or(&text);
    if matches!(error.classify(), Category::Syntax | Category::Eof)
        || ["missing field `", "unknown field `", "duplicate field `"]
            .iter()
            .any(|start| text.starts_with(start))
    {
        return Cow::Owned(text.into());
    }
    for kind in ["invalid type", "invalid value", "invalid length", "unknown variant"] {
        // The value comes first and may contain anything; what was expected is the last of the text.
        if let (true, Some((_, expected))) = (text.starts_with(kind), text.rsplit_once(", expected ")) {
            return Cow::Owned(format!("{kind}, expected {expected}"));
        }
    }
    Cow::Borrowed("its type refuses the value")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::string::String;
    use alloc::vec::Vec;

    type Config = BTreeMap<String, Vec<u8>>;

    fn refusal(text: &str) -> String {
        Json::<Config>::from_config(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_refusal_says_what_and_where() {
        assert_eq!(
            refusal("{\n  \"a\": [1, \"secret\"]\n}"),
            "configuration at `a[1]`: invalid type, expected u8 (line 2, column 19)"
        );
        assert_eq!(
            refusal("{\"a\": [1, 256]}"),
            "configuration at `a[1]`: invalid value, expected u8 (line 1, column 13)"
        );
        assert_eq!(
            refusal("{\"a\": [1,"),
            "configuration at `a`: EOF while parsing a value (line 1, column 9)"
        );
        assert_eq!(refusal("{} x"), "configuration: trailing characters (line 1, column 4)");
        assert_eq!(refusal(""), "configuration: it is empty, and JSON is expected");
    }

    #[test]
    fn what_a_type_says_itself_is_not_repeated() {
        #[derive(Debug)]
        struct Token;

        impl<'de> serde::Deserialize<'de> for Token {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                Err(serde::de::Error::custom(format!("invalid length of {text}")))
            }
        }

        let error = Json::<Token>::from_config(br#""hunter2""#).unwrap_err();
        assert_eq!(error.to_string(), "configuration: its type refuses the value");
    }

    #[test]
    fn a_refusal_never_contains_a_value() {
        for text in [
            r#"{"a": "hunter2, expected nothing"}"#,
            r#"{"a": ["hunter2"]}"#,
            r#"["hunter2"]"#,
            r#""hunter2""#,
            r#"{"a": hunter2}"#,
        ] {
            assert!(!refusal(text).contains("hunter2"), "{}", refusal(text));
        }
    }
}
