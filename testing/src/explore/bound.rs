//! How much is explored, as the environment says.

use std::env;

/// The environment variable.
pub(super) const VARIABLE: &str = "WAXWING_EXPLORE";

/// What the environment asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// What the exploration does by itself.
    Nothing,
    /// All there is.
    Complete,
    /// So many runs at most.
    Limit(usize),
    /// This one run of the explorations of that name.
    Replay { exploration: String, plan: String },
}

impl Asked {
    /// What this process is asked for.
    ///
    /// # Panics
    ///
    /// If it is nothing that there is.
    #[track_caller]
    pub(crate) fn of_environment() -> Asked {
        let value = env::var(VARIABLE).unwrap_or_default();
        let Some(asked) = Asked::parse(&value) else {
            panic!(
                "{VARIABLE}={value:?}: expected `complete`, the number of runs, or what a report prints, such as \
                 `faults:call 7 http_call -> 10`"
            )
        };
        asked
    }

    fn parse(value: &str) -> Option<Asked> {
        Some(match value {
            "" => Asked::Nothing,
            "complete" => Asked::Complete,
            _ => match (value.parse(), value.split_once(':')) {
                (Ok(limit), _) => Asked::Limit(limit),
                (Err(_), Some((exploration @ ("faults" | "orders" | "incidents"), plan))) => {
                    Asked::Replay { exploration: exploration.to_owned(), plan: plan.to_owned() }
                }
                (Err(_), _) => return None,
            },
        })
    }

    /// The most runs, where the exploration itself has this limit.
    pub(crate) fn limit(&self, own: usize) -> usize {
        match self {
            Asked::Complete => usize::MAX,
            Asked::Limit(limit) => *limit,
            Asked::Nothing | Asked::Replay { .. } => own,
        }
    }

    /// The plan of the one run that this exploration is asked for.
    pub(crate) fn replay(&self, of: &str) -> Option<&str> {
        match self {
            Asked::Replay { exploration, plan } if exploration == of => Some(plan),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_asks_for_a_bound_or_for_one_run() {
        assert_eq!(Asked::parse(""), Some(Asked::Nothing));
        assert_eq!(Asked::parse("complete").unwrap().limit(10), usize::MAX);
        assert_eq!(Asked::parse("200").unwrap().limit(10), 200);
        let replay = Asked::parse("faults:call 7 http_call -> 10").unwrap();
        assert_eq!(replay.replay("faults"), Some("call 7 http_call -> 10"));
        assert_eq!((replay.replay("orders"), replay.limit(10)), (None, 10));
        assert_eq!(Asked::parse("all"), None);
        assert_eq!(Asked::parse("fault:call 7"), None);
    }
}
