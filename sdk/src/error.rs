//! What can go wrong, and how it reads.

use crate::{CallError, InvalidMetric, SharedDataError, Status};
use alloc::string::{String, ToString};
use core::fmt;

/// The result of a callback, or of a call to the host.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// Why a callback failed.
///
/// Any error type converts into it with `?`; its text is kept. To return one of your own, use
/// [`Error::new`]. What a callback returns as an error is logged with the callback's name and turned into
/// the extension's [`ErrorPolicy`](crate::ErrorPolicy).
///
/// The errors that the SDK itself makes never contain a header value, a body or a configuration value. Text
/// that comes from other crates' errors is kept as it is: `"secret".parse::<u32>()?` does not name the
/// text, but another parser's error may.
///
/// It does not implement [`core::error::Error`]: a type that does could not convert from all of them.
///
/// ```
/// use waxwing::{Error, Result};
///
/// fn limit(text: &str) -> Result<u32> {
///     let limit = text.parse()?;
///     if limit == 0 {
///         return Err(Error::new("a limit of 0 lets nothing through"));
///     }
///     Ok(limit)
/// }
///
/// assert_eq!(limit("many").unwrap_err().to_string(), "invalid digit found in string");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The host refused a call.
    Host {
        /// The name of the host function, as in the ABI, or of the foreign function.
        call: &'static str,
        /// What it answered.
        status: Status,
    },
    /// The host answered with something that is not what the ABI says.
    Malformed {
        /// The name of the host function, as in the ABI, or of the attribute.
        call: &'static str,
        /// What is wrong with the answer.
        problem: &'static str,
    },
    /// A header name or value was not sent to the host, because it would not be a header there.
    InvalidHeader(InvalidHeader),
    /// The value is not UTF-8 text; read it as bytes.
    NotText,
    /// The module is out of memory.
    OutOfMemory,
    /// The stream has been answered already.
    AlreadyReplied,
    /// The response has begun, and it is too late for another one, or for more of the request.
    ///
    /// The latter in an [exchange](crate::exchange) that waits for more of a request when the proxy, or another filter, answers it
    /// by itself, with a redirect for instance: nothing more of it comes then. A function that returns this error lets that
    /// answer pass, whatever its [`ErrorPolicy`](crate::ErrorPolicy) says: nothing of the request reaches an upstream any more.
    #[non_exhaustive]
    ResponseBegun {
        /// The same in words, which are in a module only if it can meet them.
        text: &'static str,
    },
    /// A body is larger than the limit of its [`BodyMode::Buffer`](crate::BodyMode::Buffer).
    #[non_exhaustive]
    BodyTooLarge {
        /// The limit, in bytes.
        limit: usize,
        /// The same in words, which are in a module only if it can meet them.
        text: &'static str,
    },
    /// A callback has returned an [`Action`](crate::Action) or a [`Flow`](crate::Flow) that means nothing there.
    #[non_exhaustive]
    Misplaced {
        /// Which, in words, which are in a module only if it can meet them.
        text: &'static str,
    },
    /// Something of an exchange was used where its function does not run: a stage that was handed out of it.
    #[non_exhaustive]
    StageOver {
        /// The same in words, which are in a module only if it can meet them.
        text: &'static str,
    },
    /// What was awaited did not come in the time that [`Stage::timeout`](crate::exchange::Stage::timeout) gave it.
    #[non_exhaustive]
    TimedOut {
        /// The same in words, which are in a module only if it can meet them.
        text: &'static str,
    },
    /// A callout was not made, or has no answer.
    #[non_exhaustive]
    Call {
        /// Why.
        error: CallError,
        /// The same in words, which are in a module only if it can meet them.
        text: &'static str,
    },
    /// The host has no foreign function of that name, or nothing for it to work on: hosts answer both in the same way.
    #[non_exhaustive]
    UnknownFunction {
        /// The same in words, which are in a module only if it can meet them.
        text: &'static str,
    },
    /// The name or a label of a metric was not sent to the host, because it could be taken for another.
    #[non_exhaustive]
    InvalidMetric {
        /// What is wrong.
        error: InvalidMetric,
        /// The same in words, which are in a module only if it can meet them.
        text: &'static str,
    },
    /// Shared data is not as expected.
    #[non_exhaustive]
    SharedData {
        /// What is wrong.
        error: SharedDataError,
        /// The same in words, with the key.
        text: String,
    },
    /// A DNS lookup failed: nobody answered who would know the name.
    #[cfg(feature = "envoy-dns")]
    #[cfg_attr(docsrs, doc(cfg(feature = "envoy-dns")))]
    #[non_exhaustive]
    Unresolved {
        /// The same in words, which are in a module only if it can meet them.
        text: &'static str,
    },
    /// A gRPC message is not of the type that it was to be.
    #[cfg(feature = "prost")]
    #[cfg_attr(docsrs, doc(cfg(feature = "prost")))]
    Decode(prost::DecodeError),
    /// Any other error, as text.
    Other(String),
}

impl Error {
    /// An error with a text of your own.
    #[cold]
    pub fn new(text: impl Into<String>) -> Self {
        Error::Other(text.into())
    }

    #[cold]
    pub(crate) fn body_too_large(limit: usize) -> Self {
        Error::BodyTooLarge { limit, text: "the body is larger than the limit" }
    }

    #[cfg(feature = "envoy-dns")]
    #[cold]
    pub(crate) fn unresolved() -> Self {
        Error::Unresolved { text: "the name could not be resolved" }
    }

    #[cold]
    pub(crate) fn not_inspected() -> Self {
        Error::Misplaced { text: "`BodyMode::Inspect` needs the callback that begins with `inspect_`" }
    }

    #[cold]
    pub(crate) fn stage_over() -> Self {
        Error::StageOver { text: "a stage of an exchange is used outside of the function that it is of" }
    }

    #[cold]
    pub(crate) fn timed_out() -> Self {
        Error::TimedOut { text: "it did not come in time" }
    }

    #[cold]
    pub(crate) fn request_over() -> Self {
        Error::ResponseBegun { text: "nothing more of the request comes: the proxy has answered it" }
    }

    #[cold]
    pub(crate) fn response_begun() -> Self {
        Error::ResponseBegun { text: "the response has begun, and it is too late for another one" }
    }
}

/// Why a header name or value was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidHeader {
    /// The name is empty.
    EmptyName,
    /// The name contains white space, a control byte or a colon, at which it would end for a peer. The first
    /// byte may be a colon.
    NameSeparator,
    /// The value contains a carriage return, a line feed or a NUL, which could smuggle another header.
    ValueControlByte,
}

impl InvalidHeader {
    const fn text(self) -> &'static str {
        match self {
            InvalidHeader::EmptyName => "a header name is empty",
            InvalidHeader::NameSeparator => "a header name has white space, a control byte or a colon",
            InvalidHeader::ValueControlByte => "a header value has CR, LF or NUL",
        }
    }
}

impl fmt::Display for InvalidHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl From<InvalidHeader> for Error {
    fn from(error: InvalidHeader) -> Self {
        Error::InvalidHeader(error)
    }
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        Error::Call { error, text: error.text() }
    }
}

impl fmt::Display for Error {
    // Text is written as it is, because `{}` would link what pads it, and in one place for all errors.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, more, status) = match self {
            Error::Host { call, status } => (*call, "", Some(*status)),
            Error::Malformed { call, problem } => {
                f.write_str(call)?;
                (": malformed answer: ", *problem, None)
            }
            Error::InvalidHeader(error) => (error.text(), "", None),
            Error::NotText => ("the value is not UTF-8 text; read it as bytes", "", None),
            Error::OutOfMemory => ("out of memory", "", None),
            Error::AlreadyReplied => ("the stream has been answered already", "", None),
            Error::Call { error: CallError::Refused(status), text } => (*text, "", Some(*status)),
            Error::Call { text, .. }
            | Error::ResponseBegun { text }
            | Error::UnknownFunction { text }
            | Error::BodyTooLarge { text, .. }
            | Error::Misplaced { text }
            | Error::StageOver { text }
            | Error::TimedOut { text }
            | Error::InvalidMetric { text, .. } => (*text, "", None),
            #[cfg(feature = "envoy-dns")]
            Error::Unresolved { text } => (*text, "", None),
            #[cfg(feature = "prost")]
            Error::Decode(error) => return error.fmt(f),
            Error::Other(text) | Error::SharedData { text, .. } => (text.as_str(), "", None),
        };
        f.write_str(text)?;
        f.write_str(more)?;
        match status {
            Some(status) => {
                f.write_str(": ")?;
                status.fmt(f)
            }
            None => Ok(()),
        }
    }
}

impl<E: core::error::Error> From<E> for Error {
    /// Keeps the text, and those of the error's sources.
    #[cold]
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            text.push_str(": ");
            text.push_str(&error.to_string());
            source = error.source();
        }
        Error::Other(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_call_and_the_status() {
        let error = Error::Host { call: "proxy_set_property", status: Status::BAD_ARGUMENT };
        assert_eq!(error.to_string(), "proxy_set_property: bad argument");
    }

    #[test]
    fn foreign_errors_convert_with_their_text() {
        let error: Error = "x".parse::<u8>().unwrap_err().into();
        assert_eq!(error, Error::new("invalid digit found in string"));
    }
}
