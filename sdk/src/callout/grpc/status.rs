//! The status of a gRPC call.

use core::fmt;

/// How a gRPC call ended: the number that the server, or the host in its place, gave.
///
/// It is a number with names and not an enum, because a server may give any.
///
/// ```
/// use waxwing::GrpcStatus;
///
/// assert_eq!(GrpcStatus::PERMISSION_DENIED.to_string(), "permission denied");
/// assert_eq!(GrpcStatus::new(99).to_string(), "gRPC status 99");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct GrpcStatus(u32);

macro_rules! statuses {
    ($( $(#[$doc:meta])* $constant:ident = $number:literal, $text:literal; )*) => {
        impl GrpcStatus {
            $( $(#[$doc])* pub const $constant: GrpcStatus = GrpcStatus($number); )*

            /// What gRPC calls this status, in words; `None` for a number that it does not define.
            pub const fn text(self) -> Option<&'static str> {
                match self.0 {
                    $( $number => Some($text), )*
                    _ => None,
                }
            }

            /// Every status that gRPC defines, in the order of their numbers.
            pub const ALL: &'static [GrpcStatus] = &[ $( GrpcStatus::$constant, )* ];
        }
    };
}

statuses! {
    /// It succeeded.
    OK = 0, "ok";
    /// It was cancelled, by the client as a rule.
    CANCELLED = 1, "cancelled";
    /// It failed, and the server cannot say how; Envoy says so if a call ends without a status.
    UNKNOWN = 2, "unknown";
    /// The client sent something that is wrong in itself.
    INVALID_ARGUMENT = 3, "invalid argument";
    /// It took too long.
    DEADLINE_EXCEEDED = 4, "deadline exceeded";
    /// What it is about does not exist.
    NOT_FOUND = 5, "not found";
    /// What it was to make exists.
    ALREADY_EXISTS = 6, "already exists";
    /// The client may not do this.
    PERMISSION_DENIED = 7, "permission denied";
    /// Something is used up: a quota, say.
    RESOURCE_EXHAUSTED = 8, "resource exhausted";
    /// The system is not in the state that it needs.
    FAILED_PRECONDITION = 9, "failed precondition";
    /// It was given up, because of another that ran at the same time, say.
    ABORTED = 10, "aborted";
    /// It went beyond the end of something.
    OUT_OF_RANGE = 11, "out of range";
    /// The server has no such method.
    UNIMPLEMENTED = 12, "unimplemented";
    /// The server failed, or did not keep to the protocol.
    INTERNAL = 13, "internal";
    /// The server cannot be reached now.
    UNAVAILABLE = 14, "unavailable";
    /// Data is lost for good.
    DATA_LOSS = 15, "data loss";
    /// The server does not know who the client is.
    UNAUTHENTICATED = 16, "unauthenticated";
}

impl GrpcStatus {
    /// The status with this number.
    pub const fn new(number: u32) -> GrpcStatus {
        GrpcStatus(number)
    }

    /// Its number.
    pub const fn as_u32(self) -> u32 {
        self.0
    }
}

impl fmt::Display for GrpcStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            Some(text) => f.write_str(text),
            None => write!(f, "gRPC status {}", self.0),
        }
    }
}

impl fmt::Debug for GrpcStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GrpcStatus({}: {self})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lists_the_seventeen_numbers_in_order() {
        let numbers: alloc::vec::Vec<_> = GrpcStatus::ALL.iter().map(|status| status.as_u32()).collect();
        assert_eq!(numbers, (0..=16).collect::<alloc::vec::Vec<_>>());
        assert_eq!(GrpcStatus::new(u32::MAX).text(), None);
    }
}
