//! Server-sent events, as the HTML standard has them, from pieces that may end anywhere.

/// Reads events out of the pieces of a body, and keeps no more than the one that is under way.
pub(crate) struct Events {
    /// How many bytes of an event are kept: more than that is passed over.
    limit: usize,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    is_line_too_long: bool,
    /// The lines of data of this event, each with a line feed behind it.
    data: Vec<u8>,
    is_too_large: bool,
    /// Whether the piece before has ended with a carriage return, to which a line feed may belong.
    was_return: bool,
    is_first_line: bool,
}

/// An event of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    /// Its data: the lines with line feeds between them.
    Data(&'a [u8]),
    /// It was larger than the limit, and is passed over.
    TooLarge,
}

impl Events {
    /// Nothing has been read. An event with a line, or with data, of more than `limit` bytes is too large.
    pub(crate) fn new(limit: usize) -> Self {
        Events {
            limit,
            line: Vec::new(),
            is_line_too_long: false,
            data: Vec::new(),
            is_too_large: false,
            was_return: false,
            is_first_line: true,
        }
    }

    /// Reads a piece, and hands over the events that end in it.
    pub(crate) fn read(&mut self, piece: &[u8], mut on_event: impl FnMut(Event<'_>)) {
        let mut rest = piece;
        if self.was_return && !rest.is_empty() {
            self.was_return = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(length) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (line, end) = rest.split_at(length);
            self.end_line(line, &mut on_event);
            rest = match end {
                [b'\r', b'\n', rest @ ..] => rest,
                [b'\r'] => {
                    self.was_return = true;
                    &[]
                }
                [_, rest @ ..] => rest,
                [] => &[],
            };
        }
        self.keep(rest);
    }

    /// Keeps a part of a line, unless it is too long.
    fn keep(&mut self, part: &[u8]) {
        if self.line.len() + part.len() > self.limit {
            self.is_line_too_long = true;
            self.line = Vec::new();
        }
        if !self.is_line_too_long {
            self.line.extend_from_slice(part);
        }
    }

    /// Reads a line with its last part: where it is, if that is the whole.
    fn end_line(&mut self, part: &[u8], on_event: &mut impl FnMut(Event<'_>)) {
        if self.line.is_empty() && !self.is_line_too_long && part.len() <= self.limit {
            return self.read_line(part, on_event);
        }
        self.keep(part);
        if std::mem::take(&mut self.is_line_too_long) {
            self.is_first_line = false;
            self.pass_over();
            return;
        }
        let mut line = std::mem::take(&mut self.line);
        self.read_line(&line, on_event);
        line.clear();
        self.line = line;
    }

    fn read_line(&mut self, mut line: &[u8], on_event: &mut impl FnMut(Event<'_>)) {
        if std::mem::take(&mut self.is_first_line) {
            line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        }
        if line.is_empty() {
            return self.end_event(on_event);
        }
        let Some(data) = data(line) else { return };
        if self.is_too_large {
            return;
        }
        if self.data.len() + data.len() > self.limit {
            return self.pass_over();
        }
        self.data.extend_from_slice(data);
        self.data.push(b'\n');
    }

    fn pass_over(&mut self) {
        self.is_too_large = true;
        self.data = Vec::new();
    }

    fn end_event(&mut self, on_event: &mut impl FnMut(Event<'_>)) {
        if std::mem::take(&mut self.is_too_large) {
            on_event(Event::TooLarge);
        } else if let [data @ .., b'\n'] = &*self.data {
            on_event(Event::Data(data));
            self.data.clear();
        }
    }
}

/// The value of a line of data; `None` for a comment and for other fields.
fn data(line: &[u8]) -> Option<&[u8]> {
    match line.strip_prefix(b"data")? {
        [] => Some(&[]),
        [b':', b' ', value @ ..] | [b':', value @ ..] => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The events of pieces; `None` for one that was too large.
    fn events<'a>(limit: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Option<String>> {
        let (mut events, mut all) = (Events::new(limit), Vec::new());
        for piece in pieces {
            events.read(piece, |event| {
                all.push(match event {
                    Event::Data(data) => Some(String::from_utf8_lossy(data).into_owned()),
                    Event::TooLarge => None,
                });
            });
            assert!(events.line.len() <= limit && events.data.len() <= limit + 1);
        }
        all
    }

    fn of(stream: &str) -> Vec<String> {
        events(1000, [stream.as_bytes()]).into_iter().map(Option::unwrap).collect()
    }

    #[test]
    fn an_event_has_the_data_of_its_lines() {
        assert_eq!(of("data: a\n\ndata:b\n\n"), ["a", "b"]);
        assert_eq!(of("data: a\ndata:  b\ndata\n\n"), ["a\n b\n"]);
        assert_eq!(of("event: x\nid: 1\nretry: 5\ndata: a\n: a comment\ndatum: b\n\n"), ["a"]);
        assert_eq!(of("data:\n\n"), [""]);
        assert_eq!(of("data: [DONE]\n\n"), ["[DONE]"]);
    }

    #[test]
    fn an_event_without_data_or_without_an_end_is_none() {
        assert_eq!(of("\n\n\nevent: x\n\n: ping\n\n"), [""; 0]);
        assert_eq!(of("data: a\n\ndata: b\n"), ["a"]);
        assert_eq!(of("data: a\n\ndata: b"), ["a"]);
    }

    #[test]
    fn lines_end_in_each_of_three_ways() {
        assert_eq!(of("data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n"), ["a\nb", "c"]);
        assert_eq!(of("data: a\rdata: b\r\rdata: c\r\r"), ["a\nb", "c"]);
        assert_eq!(of("data: a\n\r\ndata: b\r\r\n"), ["a", "b"]);
    }

    #[test]
    fn a_byte_order_mark_is_skipped_once() {
        assert_eq!(of("\u{feff}data: a\n\n\u{feff}data: b\n\ndata: \u{feff}\n\n"), ["a", "\u{feff}"]);
    }

    #[test]
    fn an_event_above_the_limit_is_passed_over_and_the_next_one_is_read() {
        let read = |stream: &str| events(8, [stream.as_bytes()]);
        let [a, x] = ["a", "x"].map(|text| Some(text.to_owned()));
        assert_eq!(read("data: a\n\ndata: 123\n\ndata: x\n\n"), [a.clone(), None, x.clone()]);
        assert_eq!(read("data:12\ndata:345\ndata:67\ndata:x\n\ndata: a\n\n"), [None, a.clone()]);
        assert_eq!(read(": a long comment\ndata: x\n\ndata: a\n\n"), [None, a]);
    }

    /// What matters in a stream of events, in any order.
    fn streams() -> impl Strategy<Value = String> {
        let part = prop::sample::select(vec![
            "data: a",
            "data:b",
            "data",
            "data: {\"x\":1}",
            ": c",
            "event: e",
            "\n",
            "\r\n",
            "\r",
            "\n\n",
            "\u{feff}",
            "ä",
        ]);
        prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_pieces_end(
            stream in streams(),
            cuts in prop::collection::vec(0_usize..200, 0..20),
            limit in prop::sample::select(vec![6_usize, 9, 1000]),
        ) {
            let bytes = stream.as_bytes();
            let whole = events(limit, [bytes]);
            prop_assert_eq!(&events(limit, bytes.chunks(1)), &whole);
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            let starts = std::iter::once(0).chain(cuts.iter().copied());
            let ends = cuts.iter().copied().chain([bytes.len()]);
            let pieces: Vec<_> = starts.zip(ends).map(|(start, end)| &bytes[start..end]).collect();
            prop_assert_eq!(&events(limit, pieces), &whole);
        }
    }
}
