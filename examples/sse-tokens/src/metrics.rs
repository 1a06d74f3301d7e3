//! The metrics.

use crate::usage::Tokens;
use waxwing::prelude::*;

/// What is counted, by model and route.
pub(crate) struct Metrics {
    prompt: CounterFamily<2>,
    completion: CounterFamily<2>,
    unread: CounterFamily<1>,
}

/// A number of events that could not be read.
#[derive(Clone, Copy, Default)]
pub(crate) struct Unread(pub(crate) u64);

impl Metrics {
    /// At most so many combinations of labels are counted apart.
    pub(crate) fn new(limit: usize) -> Self {
        let tokens = |name| CounterFamily::new(name, ["model", "route"]).limit(limit);
        Metrics {
            prompt: tokens("llm_prompt_tokens_total"),
            completion: tokens("llm_completion_tokens_total"),
            unread: CounterFamily::new("llm_unread_events_total", ["route"]).limit(limit),
        }
    }

    /// Counts what a piece has added.
    pub(crate) fn count<'cb>(
        &self,
        view: &impl View<'cb>,
        model: Option<&str>,
        route: &str,
        tokens: Tokens,
        Unread(unread): Unread,
    ) -> Result<()> {
        let (model, route) = (label(model.unwrap_or_default()), label(route));
        if tokens.prompt > 0 {
            self.prompt.with(view, [model, route])?.increment(tokens.prompt)?;
        }
        if tokens.completion > 0 {
            self.completion.with(view, [model, route])?.increment(tokens.completion)?;
        }
        if unread > 0 {
            self.unread.with(view, [route])?.increment(unread)?;
        }
        Ok(())
    }
}

/// A name as the value of a label: the upstream chooses that of a model, and can choose anything.
fn label(name: &str) -> &str {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/@".contains(&byte);
    match name.len() {
        0 => "none",
        1..=MOST_BYTES if name.bytes().all(is_part) => name,
        _ => "other",
    }
}

/// A name that is longer is none of a model.
const MOST_BYTES: usize = 100;

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn a_name_that_could_be_taken_for_another_label_is_other() {
        for name in ["gpt-4.1", "meta/llama:70b@2024_01"] {
            assert_eq!(label(name), name);
        }
        for name in ["a;.;route=.=b", "a b", "ä", &"a".repeat(101)] {
            assert_eq!(label(name), "other");
        }
        assert_eq!(label(""), "none");
    }
}
