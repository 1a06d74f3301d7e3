//! Choices as text, as a report prints them and takes them back.

use super::choice::Choice;
use super::shrink::trimmed;

/// Choices as text: numbers with dots between them, of which `0x7` are seven zeros, without the zeros at the end.
pub(super) fn text(choices: &[Choice]) -> String {
    let choices = trimmed(choices.iter().map(|choice| choice.taken).collect());
    let mut parts = Vec::new();
    let mut rest = &choices[..];
    while let Some(first) = rest.first() {
        let zeros = rest.iter().take_while(|taken| **taken == 0).count();
        match zeros {
            0 | 1 => parts.push(first.to_string()),
            _ => parts.push(format!("0x{zeros}")),
        }
        rest = &rest[zeros.max(1)..];
    }
    parts.join(".")
}

/// The choices of such a text; `None` if it is none.
pub(super) fn parse(text: &str) -> Option<Vec<usize>> {
    let mut choices = Vec::new();
    for part in text.split('.').filter(|_| !text.is_empty()) {
        match part.strip_prefix("0x") {
            Some(zeros) => {
                let zeros: usize = zeros.parse().ok().filter(|zeros| *zeros <= ZEROS_MAX)?;
                choices.resize(choices.len() + zeros, 0);
            }
            None => choices.push(part.parse().ok()?),
        }
    }
    Some(choices)
}

/// No run decides more often.
const ZEROS_MAX: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_leads_back_to_the_choices() {
        for (choices, expected) in [
            (&[][..], ""),
            (&[0, 0], ""),
            (&[3], "3"),
            (&[2, 0, 1], "2.0.1"),
            (&[0, 0, 0, 12, 1, 0], "0x3.12.1"),
        ] {
            let made: Vec<Choice> =
                choices.iter().map(|taken| Choice { taken: *taken, options: 99 }).collect();
            assert_eq!(text(&made), expected);
            assert_eq!(parse(expected), Some(trimmed(choices.to_vec())));
        }
    }

    #[test]
    fn what_is_no_plan_is_refused() {
        for text in ["a", "1..2", "0x", "0x9999999999", "-1"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
