//! How the exchanges of two hosts differ.

use crate::evidence::align;
use crate::exchange::Exchange;
use crate::http::Parts;
use crate::{HeaderList, Request, Response};
use std::fmt::Display;

type Named<'a> = (&'a str, &'a [Exchange]);

/// The differences, one line each, or nothing.
pub(crate) fn exchanges(expected: Named<'_>, actual: Named<'_>) -> String {
    let mut report = Report { names: (expected.0, actual.0), text: String::new() };
    if expected.1.len() != actual.1.len() {
        report.line("number of exchanges", "", Some(expected.1.len()), Some(actual.1.len()));
    }
    for (at, (expected, actual)) in expected.1.iter().zip(actual.1).enumerate() {
        let request = format!("request {} ({} {})", at + 1, expected.sent().method(), expected.sent().path());
        let (forwarded, response, logs) = expected.observable();
        let (other_forwarded, other_response, other_logs) = actual.observable();
        let [forwarded, other_forwarded] =
            [forwarded, other_forwarded].map(|message| message.map(Request::parts));
        report.message(&format!("{request}, as the upstream received it"), forwarded, other_forwarded);
        let [response, other_response] =
            [response, other_response].map(|message| message.map(Response::parts));
        report.message(&format!("{request}, its response"), response, other_response);
        for (line, other) in align(logs, other_logs) {
            report.line(&request, "log line", line, other);
        }
    }
    report.text
}

struct Report<'a> {
    names: (&'a str, &'a str),
    text: String,
}

impl Report<'_> {
    fn message(&mut self, what: &str, expected: Option<Parts<'_>>, actual: Option<Parts<'_>>) {
        let (Some(expected), Some(actual)) = (expected, actual) else {
            let presence = |message: Option<Parts<'_>>| message.map(|_| "present");
            if expected.is_some() != actual.is_some() {
                self.line(what, "message", presence(expected), presence(actual));
            }
            return;
        };
        let (expected_body, actual_body) = (expected.body.to_bytes(), actual.body.to_bytes());
        if expected_body != actual_body {
            let difference = expected_body.iter().zip(&actual_body).take_while(|(a, b)| a == b).count();
            let shown =
                |body: &[u8]| format!("{} bytes, {}", body.len(), crate::quoted::Quoted(&body[difference..]));
            let label = format!("body from byte {difference}");
            self.line(what, &label, Some(shown(&expected_body)), Some(shown(&actual_body)));
        }
        for (kind, expected, actual) in
            [("header", expected.headers, actual.headers), ("trailer", expected.trailers, actual.trailers)]
        {
            let mut names: Vec<&[u8]> = expected.iter().chain(actual.iter()).map(|(name, _)| name).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                let label = format!("{kind} {}", name.escape_ascii());
                self.line(what, &label, values(expected, name), values(actual, name));
            }
            // Only where it is all that differs: a header that is missing has no place.
            let (names, other_names) = (names_in_order(expected), names_in_order(actual));
            let sorted = |names: &[String]| {
                let mut names = names.to_vec();
                names.sort_unstable();
                names
            };
            if sorted(&names) == sorted(&other_names) {
                let label = format!("order of {kind}s");
                self.line(what, &label, Some(names.join(", ")), Some(other_names.join(", ")));
            }
        }
    }

    fn line<T: Display>(&mut self, what: &str, label: &str, expected: Option<T>, actual: Option<T>) {
        let shown = |side: Option<T>| side.map_or_else(|| "nothing".to_owned(), |side| side.to_string());
        let (expected, actual) = (shown(expected), shown(actual));
        if expected != actual {
            let (left, right) = self.names;
            let width = left.len().max(right.len());
            self.text +=
                &format!("{what}: {label}\n  {left:<width$}  {expected}\n  {right:<width$}  {actual}\n");
        }
    }
}

fn values(list: &HeaderList, name: &[u8]) -> Option<String> {
    let of_name = list.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
    let values: Vec<String> = of_name.map(|(_, value)| format!("\"{}\"", value.escape_ascii())).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// The names without those of pseudo-headers, whose order has no meaning.
fn names_in_order(list: &HeaderList) -> Vec<String> {
    let names = list.iter().map(|(name, _)| name.to_ascii_lowercase().escape_ascii().to_string());
    names.filter(|name| !name.starts_with(':')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LogLevel, LogLine};

    fn exchange(value: &str, chunks: &[&str], log: &str) -> Exchange {
        let sent = Request::get("/");
        let response = Response::new(200).header("x-tag", value).chunks(chunks.iter().copied());
        let line = LogLine { level: LogLevel::Info, message: log.to_owned() };
        Exchange::observed(sent.clone(), Some(sent), Some(response), vec![line])
    }

    #[test]
    fn borders_of_chunks_do_not_count() {
        let (left, right) = (exchange("a", &["x", "y"], "l"), exchange("a", &["xy"], "l"));
        assert_eq!(exchanges(("native", &[left]), ("wasm", &[right])), "");
    }

    #[test]
    fn each_difference_is_named_with_both_sides() {
        let (left, right) = (exchange("a", &["xyz"], "l"), exchange("b", &["xy!"], "m"));
        assert_eq!(
            exchanges(("native", &[left]), ("envoy", &[right])),
            "request 1 (GET /), its response: body from byte 2\n  native  3 bytes, \"z\"\n  envoy   3 bytes, \"!\"\n\
             request 1 (GET /), its response: header x-tag\n  native  \"a\"\n  envoy   \"b\"\n\
             request 1 (GET /): log line\n  native  [info] l\n  envoy   nothing\n\
             request 1 (GET /): log line\n  native  nothing\n  envoy   [info] m\n"
        );
    }

    #[test]
    fn headers_in_another_order_differ_and_pseudo_headers_do_not() {
        let observed = |names: [&str; 3]| {
            let request = Request::from_headers(names.map(|name| (name, "1")).into_iter().collect());
            [Exchange::observed(Request::get("/"), Some(request), None, Vec::new())]
        };
        let expected = observed([":path", "a", "b"]);
        assert_eq!(exchanges(("x", &expected), ("y", &observed(["a", ":path", "B"]))), "");
        assert_eq!(
            exchanges(("x", &expected), ("y", &observed([":path", "b", "a"]))),
            "request 1 (GET /), as the upstream received it: order of headers\n  x  a, b\n  y  b, a\n"
        );
        let other = exchanges(("x", &expected), ("y", &observed([":path", "c", "a"])));
        assert!(!other.contains("order"), "{other}");
    }

    #[test]
    fn a_missing_message_and_a_missing_exchange_are_differences() {
        let reset = Exchange::observed(Request::get("/"), None, None, Vec::new());
        let local = Exchange::observed(Request::get("/"), None, Some(Response::new(403)), Vec::new());
        let text = exchanges(("a", &[reset.clone(), reset]), ("b", &[local]));
        assert!(text.contains("number of exchanges"), "{text}");
        assert!(text.contains("its response: message\n  a  nothing\n  b  present"), "{text}");
    }
}
