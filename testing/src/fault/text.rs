//! Faults as lines.

use super::{Failure, Fault, FaultPlan, Which};
use std::fmt;
use std::str::FromStr;
use waxwing::Status;

/// Between the calls and what they get.
const ARROW: &str = " -> ";

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let function = &self.function;
        match self.which {
            Which::Each => f.write_str(function)?,
            Which::Nth(n) => write!(f, "{function} {n}")?,
            Which::UpTo(n) => write!(f, "{function} ..{n}")?,
            Which::Overall(n) => write!(f, "call {n} {function}")?,
        }
        write!(f, "{ARROW}{}", self.failure)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Status(status) => status.as_u32().fmt(f),
            Failure::DoneBut(status) => write!(f, "done, but {}", status.as_u32()),
            Failure::Ignored => f.write_str("ignored"),
            Failure::Short(len) => write!(f, "short {len}"),
            Failure::Random(seed) => write!(f, "random {seed}"),
            Failure::LyingLengths => f.write_str("lying lengths"),
            Failure::HugeCount => f.write_str("huge count"),
            Failure::Data(bytes) => {
                f.write_str(if bytes.is_empty() { "data" } else { "data " })?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

impl fmt::Display for FaultPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.faults.iter().enumerate().try_for_each(|(at, fault)| {
            f.write_str(if at == 0 { "" } else { "; " })?;
            fault.fmt(f)
        })
    }
}

/// A line that is no fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseFaultError {
    line: String,
    what: &'static str,
}

impl fmt::Display for ParseFaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no fault: {}; one is `http_call 2 -> 10`, `call 7 http_call -> 10` or `get_property -> short 3`",
            self.line, self.what
        )
    }
}

impl std::error::Error for ParseFaultError {}

impl FromStr for Fault {
    type Err = ParseFaultError;

    fn from_str(line: &str) -> Result<Self, ParseFaultError> {
        let fail = |what| ParseFaultError { line: line.to_owned(), what };
        let (calls, failure) = line.trim().split_once(ARROW).ok_or_else(|| fail("there is no `->` in it"))?;
        let number = |text: &str| text.parse::<u64>().ok().filter(|n| *n > 0);
        let (function, which) = match calls.split_whitespace().collect::<Vec<_>>()[..] {
            [function] => (function, Some(Which::Each)),
            ["call", n, function] => (function, number(n).map(Which::Overall)),
            [function, n] => match n.strip_prefix("..") {
                Some(n) => (function, number(n).map(Which::UpTo)),
                None => (function, number(n).map(Which::Nth)),
            },
            _ => ("", None),
        };
        let which = which.ok_or_else(|| fail("what stands before `->` are no calls"))?;
        let failure = parse_failure(failure).ok_or_else(|| fail("what stands behind `->` is no failure"))?;
        Ok(Fault { which, ..Fault::new(function, failure) })
    }
}

fn parse_failure(text: &str) -> Option<Failure> {
    let status = |text: &str| text.parse().ok().and_then(Status::new);
    let text = text.trim();
    Some(match text.split_once(' ') {
        None if text == "ignored" => Failure::Ignored,
        None if text == "data" => Failure::Data(Vec::new()),
        None => Failure::Status(status(text)?),
        Some(("done,", but)) => Failure::DoneBut(status(but.strip_prefix("but ")?)?),
        Some(("short", len)) => Failure::Short(len.parse().ok()?),
        Some(("random", seed)) => Failure::Random(seed.parse().ok()?),
        Some(("lying", "lengths")) => Failure::LyingLengths,
        Some(("huge", "count")) => Failure::HugeCount,
        Some(("data", hex)) => Failure::Data(parse_hex(hex)?),
        Some(_) => return None,
    })
}

fn parse_hex(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let byte = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
        _ => None,
    };
    hex.as_bytes().chunks(2).map(byte).collect()
}

impl FromStr for FaultPlan {
    type Err = ParseFaultError;

    fn from_str(line: &str) -> Result<Self, ParseFaultError> {
        match line.trim() {
            "" => Ok(FaultPlan::default()),
            line => line.split(';').map(str::parse).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_fault_is_read_as_it_is_printed() {
        let unknown = Status::new(77).unwrap();
        let failures = [
            Failure::Status(Status::CAS_MISMATCH),
            Failure::Status(unknown),
            Failure::DoneBut(Status::INTERNAL_FAILURE),
            Failure::Ignored,
            Failure::Short(3),
            Failure::Random(u64::MAX),
            Failure::LyingLengths,
            Failure::HugeCount,
            Failure::Data(b"a\x00\xff".to_vec()),
            Failure::Data(Vec::new()),
        ];
        for failure in failures {
            let each = Fault::new("get_property", failure);
            for fault in [each.clone().nth(2), each.clone().up_to(3), each.clone().overall(7), each] {
                assert_eq!(fault.to_string().parse(), Ok(fault));
            }
        }
        let plan = "call 7 http_call -> 10; get_property 2 -> data 00ff".parse::<FaultPlan>().unwrap();
        assert_eq!(plan.faults().len(), 2);
        assert_eq!(plan.to_string().parse(), Ok(plan));
        assert_eq!("".parse(), Ok(FaultPlan::default()));
    }

    #[test]
    fn a_line_that_is_no_fault_says_why() {
        let why = |line: &str| line.parse::<Fault>().unwrap_err().to_string();
        assert!(why("http_call 10").starts_with("\"http_call 10\" is no fault: there is no `->` in it"));
        assert!(why("http_call 0 -> 10").contains("are no calls"));
        for line in ["log -> 0", "log -> never", "log -> data 0", "log -> short", "log -> done, 10"] {
            assert!(why(line).contains("is no failure"), "{line}");
        }
    }
}
