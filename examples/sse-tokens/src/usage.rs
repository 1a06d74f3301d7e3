//! What the events of a language model's answer say of its tokens.

use serde::Deserialize;
use std::ops::AddAssign;

/// What was counted of one answer.
#[derive(Default)]
pub(crate) struct Usage {
    model: Option<String>,
    counted: Tokens,
    is_done: bool,
}

/// Numbers of tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) prompt: u64,
    pub(crate) completion: u64,
}

impl AddAssign for Tokens {
    fn add_assign(&mut self, more: Tokens) {
        self.prompt = self.prompt.saturating_add(more.prompt);
        self.completion = self.completion.saturating_add(more.completion);
    }
}

/// The data of an event is not what a model says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotAChunk;

impl Usage {
    /// The model, as its answer names it.
    pub(crate) fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// What an event adds to the tokens.
    ///
    /// Text is a token for each choice that has some, which is never more than there are. Where the model says how many
    /// tokens there are, in the last event or in each, that is what is counted from then on.
    pub(crate) fn add(&mut self, data: &[u8]) -> Result<Tokens, NotAChunk> {
        if self.is_done {
            return Ok(Tokens::default());
        }
        if data == b"[DONE]" {
            self.is_done = true;
            return Ok(Tokens::default());
        }
        let chunk: Chunk = serde_json::from_slice(data).map_err(|_| NotAChunk)?;
        if self.model.is_none() {
            self.model = chunk.model;
        }
        let before = self.counted;
        let texts = chunk.choices.unwrap_or_default().into_iter().filter(Choice::has_text).count();
        let texts = u64::try_from(texts).unwrap_or(u64::MAX);
        self.counted.completion = self.counted.completion.saturating_add(texts);
        if let Some(reported) = chunk.usage {
            let counted = &mut self.counted;
            counted.prompt = counted.prompt.max(reported.prompt_tokens.unwrap_or_default());
            counted.completion = counted.completion.max(reported.completion_tokens.unwrap_or_default());
        }
        Ok(Tokens {
            prompt: self.counted.prompt - before.prompt,
            completion: self.counted.completion - before.completion,
        })
    }
}

/// An event's data, as far as it matters here: `chat.completion.chunk` of OpenAI's API, which others have as well.
#[derive(Deserialize)]
struct Chunk {
    model: Option<String>,
    choices: Option<Vec<Choice>>,
    usage: Option<Reported>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Option<Delta>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
}

#[derive(Deserialize)]
struct Reported {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

impl Choice {
    fn has_text(&self) -> bool {
        self.delta.as_ref().is_some_and(|delta| delta.content.as_ref().is_some_and(|text| !text.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> String {
        format!(
            r#"{{"object":"chat.completion.chunk","model":"m-1","choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}"#
        )
    }

    /// What each event has added: prompt and completion.
    fn added(events: &[&str]) -> Vec<(u64, u64)> {
        let mut usage = Usage::default();
        let added = events.iter().map(|event| usage.add(event.as_bytes()).unwrap());
        added.map(|tokens| (tokens.prompt, tokens.completion)).collect()
    }

    #[test]
    fn each_text_is_a_token() {
        let first = r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#;
        let last = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
        assert_eq!(added(&[first, &text("Hel"), &text("lo\\n"), last]), [(0, 0), (0, 1), (0, 1), (0, 0)]);
        let two = r#"{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}},{"delta":null}]}"#;
        assert_eq!(added(&[two]), [(0, 2)]);
    }

    #[test]
    fn what_the_model_reports_completes_what_was_counted() {
        let last = r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14}}"#;
        assert_eq!(added(&[&text("a"), &text("b"), last]), [(0, 1), (0, 1), (9, 3)]);
        // It says less than there was: what is counted stays.
        let less = r#"{"choices":null,"usage":{"completion_tokens":1}}"#;
        assert_eq!(added(&[&text("a"), &text("b"), less]), [(0, 1), (0, 1), (0, 0)]);
    }

    #[test]
    fn a_report_in_each_event_is_counted_once() {
        let event = |completion: u64| {
            let usage = format!(r#""usage":{{"prompt_tokens":7,"completion_tokens":{completion}}}"#);
            text("x").replace(r#""choices""#, &format!(r#"{usage},"choices""#))
        };
        assert_eq!(added(&[&event(1), &event(4), &event(5)]), [(7, 1), (0, 3), (0, 1)]);
    }

    #[test]
    fn a_number_that_cannot_be_is_the_last_one() {
        let all = format!(r#"{{"usage":{{"prompt_tokens":{0},"completion_tokens":{0}}}}}"#, u64::MAX);
        assert_eq!(
            added(&[&text("a"), &all, &text("b"), &all]),
            [(0, 1), (u64::MAX, u64::MAX - 1), (0, 0), (0, 0)]
        );
    }

    #[test]
    fn nothing_counts_behind_the_end() {
        assert_eq!(added(&[&text("a"), "[DONE]", &text("b"), "garbage"]), [(0, 1), (0, 0), (0, 0), (0, 0)]);
    }

    #[test]
    fn the_model_is_the_one_that_the_answer_names_first() {
        let mut usage = Usage::default();
        assert_eq!(usage.model(), None);
        usage.add(b"{}").unwrap();
        usage.add(text("a").as_bytes()).unwrap();
        usage.add(br#"{"model":"m-2"}"#).unwrap();
        assert_eq!(usage.model(), Some("m-1"));
    }

    #[test]
    fn what_is_no_chunk_is_said_and_the_next_one_counts() {
        let mut usage = Usage::default();
        let negative = br#"{"usage":{"prompt_tokens":-1}}"#;
        for data in [&b""[..], b"[1", b"[DONE", b"\xff", b"7", br#"{"choices":{}}"#, negative] {
            assert_eq!(usage.add(data), Err(NotAChunk), "{}", String::from_utf8_lossy(data));
        }
        assert_eq!(usage.add(text("a").as_bytes()), Ok(Tokens { prompt: 0, completion: 1 }));
    }
}
