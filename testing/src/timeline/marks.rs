//! Timelines in failures: what matters is marked.

use super::{Event, Returned, line};
use crate::style::{self, HOST, MARK};
use waxwing::__private::{BufferType, MapType};

/// What a failed assertion is about.
pub(crate) enum Written<'a> {
    Header(MapType, &'a [u8]),
    Buffer(BufferType),
    /// A local response, or its details.
    LocalResponse,
    /// The request, as the upstream receives it.
    Forwarded,
    /// The pause that does not end.
    Pause,
}

/// How many events are shown from the beginning of a timeline, and how many from its end: what repeats itself does not say
/// more.
const SHOWN: usize = 60;

pub(super) fn to_text(events: &[Event], written: Option<&Written<'_>>) -> String {
    let marks = written.map(|written| marks(events, written)).unwrap_or_default();
    let mut text = String::from("timeline");
    if let Some(nothing) = written.filter(|_| marks.is_empty()).and_then(Written::without_writer) {
        text += &style::painted(MARK, &format!(" ({nothing})"));
    }
    text + &shown(events, &marks)
}

/// The lines of the events.
pub(super) fn shown(events: &[Event], marks: &[(usize, &str)]) -> String {
    let mut text = String::new();
    let (mut left_out, mut all_repeated) = (0usize, true);
    let is_repeated = repeated(events);
    for (at, event) in events.iter().enumerate() {
        let mark = marks.iter().find(|(marked, _)| *marked == at);
        let is_middle = at >= SHOWN && at + SHOWN < events.len();
        if mark.is_none() && (is_middle || is_repeated[at]) {
            left_out += 1;
            all_repeated &= is_repeated[at];
            continue;
        }
        if left_out > 0 {
            let events = if left_out == 1 { "event" } else { "events" };
            let what = if all_repeated { "that repeat those before" } else { "more" };
            text += &format!("\n     … {left_out} {events} {what} …");
            (left_out, all_repeated) = (0, true);
        }
        text.push('\n');
        let line = wrapped(&line(at, event));
        text += &match event {
            Event::Host(_) => style::painted(HOST, &line),
            Event::Trap(_) | Event::Misuse { .. } | Event::Fault(_) => style::painted(MARK, &line),
            _ => line,
        };
        if let Some((_, mark)) = mark {
            text += "    ";
            text += &style::painted(MARK, &format!("<-- {mark}"));
        }
    }
    text
}

/// Whether each event is one of those that repeat themselves, again and again: neither in the first round nor in the last.
fn repeated(events: &[Event]) -> Vec<bool> {
    let texts: Vec<String> = events.iter().map(ToString::to_string).collect();
    let mut repeated = vec![false; texts.len()];
    let mut at = 0;
    while at < texts.len() {
        let round = |length: usize| {
            let rounds = texts[at..].chunks_exact(length);
            let same = rounds.take_while(|round| *round == &texts[at..at + length]).count();
            (length, same)
        };
        let longest = ROUND.min(texts.len() - at);
        match (1..=longest).map(round).find(|(_, rounds)| *rounds > 3) {
            Some((length, rounds)) => {
                repeated[at + length..at + length * (rounds - 1)].fill(true);
                at += length * rounds;
            }
            None => at += 1,
        }
    }
    repeated
}

/// How many events can be a round.
const ROUND: usize = 8;

/// An event in as many lines as it needs, its answer in a line of its own if there are several.
fn wrapped(text: &str) -> String {
    let mut lines = Vec::new();
    for text in text.split('\n') {
        let pieces = match text.rsplit_once(" -> ") {
            Some((call, answer)) if text.chars().count() > WIDTH => {
                vec![call.trim_end().to_owned(), format!("{INDENT}-> {answer}")]
            }
            _ => vec![text.to_owned()],
        };
        for mut piece in pieces {
            while let Some((at, _)) = piece.char_indices().nth(WIDTH) {
                // At the last space, if it is not too far away.
                let at = piece[..at].rfind(' ').filter(|space| space + WIDTH / 3 > at).unwrap_or(at);
                let rest = format!("{INDENT}  {}", piece[at..].trim_start());
                piece.truncate(at);
                lines.push(piece);
                piece = rest;
            }
            lines.push(piece);
        }
    }
    lines.join("\n")
}

/// The widest line, without what is marked.
const WIDTH: usize = 100;

/// Where the lines of an event go on.
const INDENT: &str = "       ";

/// The events that matter, with what they are.
fn marks(events: &[Event], written: &Written<'_>) -> Vec<(usize, &'static str)> {
    let last = |is_it: &dyn Fn(&Event) -> bool| events.iter().rposition(is_it);
    let writer =
        last(&|event| matches!(event, Event::Call { call, answer: Ok(_) } if written.is_written_by(call)));
    let refused =
        last(&|event| matches!(event, Event::Call { call, answer: Err(_) } if written.is_written_by(call)));
    let here = match written {
        Written::Forwarded => events
            .iter()
            .position(|event| matches!(event, Event::Host(text) if text.starts_with(FORWARDED)))
            .map(|at| (at, "here it went to the upstream")),
        Written::Pause => {
            last(&|event| matches!(event, Event::Return(Returned::Action(1)))).map(|at| (at, "paused here"))
        }
        Written::Header(..) | Written::Buffer(_) | Written::LocalResponse => None,
    };
    let writer = writer.map(|at| (at, "last writer"));
    let refused = refused.filter(|&at| writer.is_none_or(|(writer, _)| at > writer));
    let refused = refused.map(|at| (at, "refused: it changed nothing"));
    [here, writer, refused].into_iter().flatten().collect()
}

/// How the event begins that the host adds when the upstream receives a request.
const FORWARDED: &str = "request headers forwarded";

impl Written<'_> {
    fn is_written_by(&self, call: &crate::HostCall) -> bool {
        match *self {
            Written::Header(map, name) => call.writes_header(map, name),
            Written::Buffer(buffer) => call.writes_buffer(buffer),
            Written::LocalResponse => matches!(call, crate::HostCall::SendLocalResponse { .. }),
            Written::Forwarded | Written::Pause => false,
        }
    }

    /// What it means that no call has written it.
    fn without_writer(&self) -> Option<String> {
        match self {
            Written::Header(_, name) => {
                Some(format!("no call of the extension wrote {}", name.escape_ascii()))
            }
            Written::Buffer(_) => Some("no call of the extension wrote the body".to_owned()),
            Written::LocalResponse => Some("no call of the extension asked for a local response".to_owned()),
            Written::Forwarded | Written::Pause => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HostCall, Reply, Status};

    fn set(value: &str, answer: Result<Reply, Status>) -> Event {
        let (key, value) = (b"x-tag".to_vec(), value.into());
        let map = MapType::HTTP_REQUEST_HEADERS;
        Event::Call { call: HostCall::ReplaceHeaderMapValue { map, key, value }, answer }
    }

    const X_TAG: Written<'_> = Written::Header(MapType::HTTP_REQUEST_HEADERS, b"X-Tag");

    fn text(events: &[Event], written: &Written<'_>) -> String {
        style::plain(&to_text(events, Some(written)))
    }

    #[test]
    fn a_refusal_after_the_last_writer_is_marked_too() {
        let written = set("1", Ok(Reply::Done));
        let refused = set("2", Err(Status::BAD_ARGUMENT));
        let marked = text(&[refused.clone(), written.clone(), refused.clone()], &X_TAG);
        let lines: Vec<&str> = marked.lines().collect();
        assert!(!lines[1].contains("<--"), "{marked}");
        assert!(lines[2].ends_with("-> Ok    <-- last writer"), "{marked}");
        assert!(lines[3].ends_with("    <-- refused: it changed nothing"), "{marked}");
    }

    #[test]
    fn that_there_is_no_writer_is_said() {
        let marked = text(&[Event::Return(Returned::Action(0))], &X_TAG);
        assert_eq!(marked, "timeline (no call of the extension wrote X-Tag)\n   1 = Continue");
    }

    #[test]
    fn the_middle_is_left_out_but_for_what_is_marked() {
        let mut events: Vec<Event> = (0..200).map(|at| Event::Host(at.to_string())).collect();
        events[100] = set("1", Ok(Reply::Done));
        let marked = text(&events, &X_TAG);
        assert_eq!(marked.lines().count(), 1 + 60 + 1 + 1 + 1 + 60);
        assert!(marked.contains("\n  60 * 59\n     … 40 events more …\n 101   replace"), "{marked}");
        assert!(marked.contains("<-- last writer\n     … 39 events more …\n 141 * 140\n"), "{marked}");
    }

    #[test]
    fn what_repeats_itself_is_left_out() {
        let round = [set("1", Ok(Reply::Done)), Event::Return(Returned::Action(1))];
        let events: Vec<Event> = round.iter().cycle().take(20).cloned().collect();
        let shown = style::plain(&shown(&events, &[]));
        assert!(
            shown.contains("\n   2 = Pause\n     … 16 events that repeat those before …\n  19   replace"),
            "{shown}"
        );
    }
}
