//! The answers of a host.

use core::fmt;
use core::num::NonZeroU32;

/// Why a host refused a call: the number that it answered, which is not zero.
///
/// It is a number with names and not an enum, because a host may answer a number that this crate has never
/// heard of. Specification: `proxy_status_t` of ABI 0.2.1.
///
/// ```
/// use waxwing::Status;
///
/// assert_eq!(Status::NOT_FOUND.to_string(), "not found");
/// assert_eq!(Status::new(77).unwrap().to_string(), "status 77");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(NonZeroU32);

macro_rules! statuses {
    ($( $(#[$doc:meta])* $constant:ident = $number:literal, $text:literal; )*) => {
        impl Status {
            $(
                $(#[$doc])*
                pub const $constant: Status = Status(match NonZeroU32::new($number) {
                    Some(number) => number,
                    None => NonZeroU32::MIN,
                });
            )*

            /// What the ABI calls this status, in words; `None` for a number that it does not define.
            pub const fn text(self) -> Option<&'static str> {
                match self.0.get() {
                    $( $number => Some($text), )*
                    _ => None,
                }
            }

            /// Every status that the ABI or the reference host defines.
            pub const ALL: &'static [Status] = &[ $( Status::$constant, )* ];
        }
    };
}

statuses! {
    /// The element, or the key, does not exist.
    NOT_FOUND = 1, "not found";
    /// An argument was refused, or the call is not available in this phase.
    BAD_ARGUMENT = 2, "bad argument";
    /// The host could not serialise the value.
    SERIALIZATION_FAILURE = 3, "serialization failure";
    /// The host could not parse an argument.
    PARSE_FAILURE = 4, "parse failure";
    /// An expression was refused (Envoy and its relatives only).
    BAD_EXPRESSION = 5, "bad expression";
    /// A pointer or a length was outside the module's memory, or the module could not allocate.
    INVALID_MEMORY_ACCESS = 6, "invalid memory access";
    /// The queue is empty.
    EMPTY = 7, "empty";
    /// The value has changed since it was read.
    CAS_MISMATCH = 8, "compare-and-swap mismatch";
    /// The result was not of the expected kind (Envoy and its relatives only).
    RESULT_MISMATCH = 9, "result mismatch";
    /// The host failed, or forbids the call.
    INTERNAL_FAILURE = 10, "internal failure";
    /// The connection is broken (Envoy and its relatives only).
    BROKEN_CONNECTION = 11, "broken connection";
    /// The host does not implement the call.
    UNIMPLEMENTED = 12, "unimplemented";
}

impl Status {
    /// The status with this number; `None` for zero, which means success.
    pub const fn new(number: u32) -> Option<Status> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Status(number)),
            None => None,
        }
    }

    /// The number that the host answered.
    pub const fn as_u32(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            Some(text) => f.write_str(text),
            None => write!(f, "status {}", self.0),
        }
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Status({}: {self})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_representable_and_zero_is_not_a_refusal() {
        assert_eq!(Status::new(0), None);
        for number in [1, 12, 13, u32::MAX] {
            assert_eq!(Status::new(number).map(Status::as_u32), Some(number));
        }
    }

    #[test]
    fn all_lists_the_twelve_numbers_in_order() {
        let numbers: alloc::vec::Vec<_> = Status::ALL.iter().map(|s| s.as_u32()).collect();
        assert_eq!(numbers, (1..=12).collect::<alloc::vec::Vec<_>>());
    }
}
