//! Two messages side by side.

use crate::excerpt::{Form, excerpt, first_difference};
use crate::http::Parts;
use crate::style::{self, ADDED, PROBLEM, REMOVED};

/// How much of the values is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// As much as a terminal has room for.
    Terminal,
    /// Headers and trailers as they are.
    Whole,
}

/// A header, the body or a trailer.
#[derive(PartialEq)]
struct Entry {
    name: String,
    value: Vec<u8>,
    form: Form,
}

/// Those with the same name are equal.
struct ByName<'a>(&'a Entry);

impl PartialEq for ByName<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.name.eq_ignore_ascii_case(&other.0.name)
    }
}

/// The widest column of a terminal with 120 columns.
const COLUMN: usize = 56;

/// The widest left column if nothing is cut; longer lines push their right column out.
const COLUMN_OF_WHOLE: usize = 60;

/// The widest body.
const BODY: usize = 140;

/// The widest column of names; longer names push their values out.
const NAMES: usize = 24;

/// Two messages in two columns; what differs is marked with `-` and `+`.
pub(crate) fn side_by_side(
    left_title: &str,
    left: Option<Parts<'_>>,
    right_title: &str,
    right: Option<Parts<'_>>,
    extent: Extent,
) -> String {
    let is_compared = left.is_some() && right.is_some();
    let left = left.map_or_else(nothing, entries);
    let right = right.map_or_else(nothing, entries);
    let names = left.iter().chain(&right).map(|entry| entry.name.chars().count());
    let names = match extent {
        Extent::Terminal => names.max().unwrap_or(0).min(NAMES),
        Extent::Whole => names.max().unwrap_or(0),
    };
    let text = |entry: &Entry, around: usize| {
        let room = match extent {
            Extent::Terminal => COLUMN.saturating_sub(names.max(entry.name.chars().count()) + 1),
            Extent::Whole => usize::MAX,
        };
        let room = if entry.form == Form::Quoted { room.min(BODY) } else { room };
        let value = excerpt(&entry.value, entry.form, around, room);
        format!("{:<names$} {value}", entry.name).trim_end().to_owned()
    };
    let rows = if is_compared { compared(&left, &right) } else { beside(&left, &right) };
    let rows: Vec<(Option<String>, Option<String>, bool)> = rows
        .into_iter()
        .map(|(left, right)| {
            let differs = is_compared && left != right;
            let around = match (left, right) {
                (Some(left), Some(right)) if differs => first_difference(&left.value, &right.value),
                _ => 0,
            };
            (left.map(|entry| text(entry, around)), right.map(|entry| text(entry, around)), differs)
        })
        .collect();
    let width = rows.iter().filter_map(|(left, ..)| left.as_ref()).map(|left| left.chars().count()).max();
    let width = width.unwrap_or(0).max(left_title.len()).min(COLUMN_OF_WHOLE);
    let title = |title: &str| style::painted(PROBLEM, title);
    let space = " ".repeat(width - left_title.len());
    let mut table = format!("\n\n  {}{space} | {}", title(left_title), title(right_title));
    for (left, right, differs) in rows {
        let sign = |sign: char, side: &Option<String>| if differs && side.is_some() { sign } else { ' ' };
        let (minus, plus) = (sign('-', &left), sign('+', &right));
        let left = format!("{minus} {:<width$}", left.unwrap_or_default());
        let right = format!("{plus}{}", right.unwrap_or_default());
        table.push('\n');
        if differs {
            let right = right.trim_end();
            let left = if minus == '-' { style::painted(REMOVED, &left) } else { left };
            let right = if plus == '+' { style::painted(ADDED, right) } else { right.to_owned() };
            table += &format!("{left} |{right}");
        } else {
            table += format!("{left} |{right}").trim_end();
        }
    }
    table
}

fn nothing() -> Vec<Entry> {
    vec![Entry { name: "(nothing)".to_owned(), value: Vec::new(), form: Form::Bare }]
}

/// A message's headers, its body and its trailers.
fn entries(message: Parts<'_>) -> Vec<Entry> {
    let entry = |(name, value): (&[u8], &[u8])| Entry {
        name: name.escape_ascii().to_string(),
        value: value.to_vec(),
        form: Form::Bare,
    };
    let mut entries: Vec<_> = message.headers.iter().map(entry).collect();
    if !message.body.is_absent() {
        let value = message.body.to_bytes();
        entries.push(Entry { name: "(body)".to_owned(), value, form: Form::Quoted });
    }
    let trailers = message.trailers.iter().map(entry);
    entries.extend(trailers.map(|entry| Entry { name: format!("(trailer) {}", entry.name), ..entry }));
    entries
}

pub(crate) type Row<'a, T> = (Option<&'a T>, Option<&'a T>);

/// One beside the other, which has nothing to be compared with.
fn beside<'a>(left: &'a [Entry], right: &'a [Entry]) -> Vec<Row<'a, Entry>> {
    (0..left.len().max(right.len())).map(|at| (left.get(at), right.get(at))).collect()
}

/// What is equal in one row, and where something is not, what has the same name.
fn compared<'a>(left: &'a [Entry], right: &'a [Entry]) -> Vec<Row<'a, Entry>> {
    let mut rows = Vec::new();
    let (mut lone_left, mut lone_right) = (Vec::new(), Vec::new());
    let pair = |lone_left: &mut Vec<_>, lone_right: &mut Vec<_>, rows: &mut Vec<Row<'a, Entry>>| {
        for (left, right) in align(lone_left, lone_right) {
            rows.push((left.map(|ByName(entry)| *entry), right.map(|ByName(entry)| *entry)));
        }
        lone_left.clear();
        lone_right.clear();
    };
    for (left, right) in align(left, right) {
        if left.is_some() && right.is_some() {
            pair(&mut lone_left, &mut lone_right, &mut rows);
            rows.push((left, right));
        } else {
            lone_left.extend(left.map(ByName));
            lone_right.extend(right.map(ByName));
        }
    }
    pair(&mut lone_left, &mut lone_right, &mut rows);
    rows
}

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
    use crate::Request;

    fn table(sent: &Request, forwarded: Option<&Request>, extent: Extent) -> String {
        style::plain(&side_by_side(
            "sent",
            Some(sent.parts()),
            "forwarded",
            forwarded.map(Request::parts),
            extent,
        ))
    }

    #[test]
    fn what_changed_is_marked_on_its_side() {
        let sent = Request::get("/cart").header("x-internal", "1").header("accept", "text/html");
        let forwarded = Request::from_headers(
            [(":method", "GET"), (":path", "/"), (":scheme", "http"), (":authority", "example.com")]
                .into_iter()
                .chain([("accept", "text/html"), ("x-tag", "BLUE")])
                .collect(),
        );
        assert_eq!(
            table(&sent, Some(&forwarded), Extent::Terminal),
            "\n\n  sent                   | forwarded\n  \
               :method    GET         | :method    GET\n\
             - :path      /cart       |+:path      /\n  \
               :scheme    http        | :scheme    http\n  \
               :authority example.com | :authority example.com\n\
             - x-internal 1           |\n  \
               accept     text/html   | accept     text/html\n                         \
                                      |+x-tag      BLUE"
        );
    }

    #[test]
    fn a_missing_message_is_shown_as_nothing() {
        let text = table(&Request::get("/"), None, Extent::Terminal);
        assert!(text.contains("\n  :method    GET         | (nothing)\n  :path"), "{text}");
    }

    #[test]
    fn long_values_are_cut_where_they_begin_to_differ_and_whole_in_traces() {
        let value = |end: &str| format!("{}{end}", "x".repeat(300));
        let [sent, forwarded] = ["one", "two"].map(|end| Request::get("/").header("x-long", value(end)));
        let text = table(&sent, Some(&forwarded), Extent::Terminal);
        let row = text.lines().find(|line| line.contains("x-long")).unwrap();
        assert!(row.contains("xxone (303 bytes)") && row.contains("xxtwo (303 bytes)"), "{row}");
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
        let text = table(&sent, Some(&forwarded), Extent::Whole);
        assert!(text.contains(&value("one")) && text.contains(&value("two")), "{text}");
    }
}
