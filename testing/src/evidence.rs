//! What a failed assertion prints.

use crate::core::Consulted;
use crate::http::Parts;
use crate::quoted::Quoted;
use crate::timeline::{Timeline, Written};
use crate::{HeaderList, Request, Response};

/// All that is known of a stream when an assertion about it fails.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    pub(crate) sent: Request,
    pub(crate) forwarded: Option<Request>,
    /// What the upstream answered, if the host knows it.
    pub(crate) answered: Option<Response>,
    pub(crate) response: Option<Response>,
    /// The client did not receive all of a response.
    pub(crate) reset: bool,
    /// How often the extension had the route chosen anew.
    pub(crate) route_choices: usize,
    /// Whom the extension has asked before the request was forwarded.
    pub(crate) consulted: Vec<Consulted>,
    pub(crate) timeline: Timeline,
}

impl Default for Evidence {
    fn default() -> Self {
        Evidence {
            sent: Request::from_headers(HeaderList::new()),
            forwarded: None,
            answered: None,
            response: None,
            reset: false,
            route_choices: 0,
            consulted: Vec::new(),
            timeline: Timeline::default(),
        }
    }
}

impl Evidence {
    /// Fails the test: the problem, both messages before and after the extension, and the timeline.
    #[track_caller]
    pub(crate) fn fail(&self, problem: &str, written: Option<&Written<'_>>) -> ! {
        panic!("{problem}{}", self.to_text(written));
    }

    pub(crate) fn to_text(&self, written: Option<&Written<'_>>) -> String {
        let forwarded = self.forwarded.as_ref().map(Request::parts);
        let mut text = side_by_side("sent", Some(self.sent.parts()), "forwarded", forwarded);
        let [answered, response] =
            [&self.answered, &self.response].map(|message| message.as_ref().map(Response::parts));
        if answered.is_some() || response.is_some() {
            text += &side_by_side("answered", answered, "received", response);
        }
        if !self.timeline.events().is_empty() {
            text += "\n\ntimeline";
            text += &self.timeline.to_text(written);
        }
        text
    }
}

/// A message as lines, headers, body, trailers: the name and the value of each.
fn lines(message: Parts<'_>) -> Vec<(String, String)> {
    let line =
        |(name, value): (&[u8], &[u8])| (name.escape_ascii().to_string(), value.escape_ascii().to_string());
    let mut lines: Vec<_> = message.headers.iter().map(line).collect();
    if !message.body.is_absent() {
        lines.push(("(body)".into(), Quoted(&message.body.to_bytes()).to_string()));
    }
    let trailers = message.trailers.iter().map(line);
    lines.extend(trailers.map(|(name, value)| (format!("(trailer) {name}"), value)));
    lines
}

/// Two messages in two columns; what only one of them has is marked with `-` or `+`.
fn side_by_side(
    left_title: &str,
    left: Option<Parts<'_>>,
    right_title: &str,
    right: Option<Parts<'_>>,
) -> String {
    let nothing = || vec![("(nothing)".to_owned(), String::new())];
    let left = left.map_or_else(nothing, lines);
    let right = right.map_or_else(nothing, lines);
    let name_width = left.iter().chain(&right).map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let line =
        |(name, value): &(String, String)| format!("{name:<name_width$} {value}").trim_end().to_owned();
    let rows = align(&left, &right);
    let width = rows.iter().filter_map(|(left, _)| *left).map(|entry| line(entry).chars().count()).max();
    let width = width.unwrap_or(0).max(left_title.len()).min(COLUMN_MAX);
    let mut text = format!("\n\n  {left_title:<width$} | {right_title}");
    for (left, right) in rows {
        let sign = |sign: char, alone: bool| if alone { sign } else { ' ' };
        let left_text = left.map(line).unwrap_or_default();
        let right_text = right.map(line).unwrap_or_default();
        let row = format!(
            "{} {left_text:<width$} |{}{right_text}",
            sign('-', right.is_none()),
            sign('+', left.is_none())
        );
        text += "\n";
        text += row.trim_end();
    }
    text
}

/// The widest left column; longer lines push their right column out.
const COLUMN_MAX: usize = 60;

pub(crate) type Row<'a, T> = (Option<&'a T>, Option<&'a T>);

/// Pairs equal entries up, in order: the longest common subsequence.
pub(crate) fn align<'a, T: PartialEq>(left: &'a [T], right: &'a [T]) -> Vec<Row<'a, T>> {
    let mut common = vec![vec![0usize; right.len() + 1]; left.len() + 1];
    for i in (0..left.len()).rev() {
        for j in (0..right.len()).rev() {
            common[i][j] = if left[i] == right[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut rows = Vec::new();
    while i < left.len() || j < right.len() {
        if i < left.len() && j < right.len() && left[i] == right[j] {
            rows.push((Some(&left[i]), Some(&right[j])));
            (i, j) = (i + 1, j + 1);
        } else if j == right.len() || (i < left.len() && common[i + 1][j] >= common[i][j + 1]) {
            rows.push((Some(&left[i]), None));
            i += 1;
        } else {
            rows.push((None, Some(&right[j])));
            j += 1;
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_marked_on_its_side() {
        let sent = Request::get("/cart").header("x-internal", "1").header("accept", "text/html");
        let mut forwarded = sent.clone();
        forwarded.headers.remove("x-internal");
        forwarded.headers.add("x-tag", "BLUE");
        let text = side_by_side("sent", Some(sent.parts()), "forwarded", Some(forwarded.parts()));
        assert_eq!(
            text,
            "\n\n  sent                   | forwarded\n  \
               :method    GET         | :method    GET\n  \
               :path      /cart       | :path      /cart\n  \
               :scheme    http        | :scheme    http\n  \
               :authority example.com | :authority example.com\n\
             - x-internal 1           |\n  \
               accept     text/html   | accept     text/html\n                         \
                                      |+x-tag      BLUE"
        );
    }

    #[test]
    fn a_missing_message_is_shown_as_nothing() {
        let text = side_by_side("sent", Some(Request::get("/").parts()), "forwarded", None);
        assert!(text.contains("+(nothing)"), "{text}");
    }
}
