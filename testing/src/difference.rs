//! How the runs of two hosts differ.

use crate::excerpt::{Form, excerpt, first_difference};
use crate::http::Parts;
use crate::log::LogLine;
use crate::quoted::Quoted;
use crate::run::Run;
use crate::style::{self, ADDED, PROBLEM, REMOVED};
use crate::table::align;
use crate::{GrpcRequest, HeaderList, Request, Response, TcpExchange, TcpSide, log};
use std::fmt::Display;

type Named<'a> = (&'a str, &'a Run);

/// The differences, one line each, or nothing. With several workers, their root contexts log in any order.
pub(crate) fn runs(expected: Named<'_>, actual: Named<'_>, several_workers: bool) -> String {
    let mut report = Report { names: (expected.0, actual.0), text: String::new() };
    let (expected, actual) = (expected.1, actual.1);
    report.exchanges(expected, actual);
    report.connections(&expected.connections, &actual.connections);
    for ((cluster, expected), (_, actual)) in expected.received.iter().zip(&actual.received) {
        report.callouts(cluster, &expected.requests, &actual.requests);
        report.calls(cluster, &expected.calls, &actual.calls);
    }
    let [mut logs, mut other_logs] = [expected, actual].map(|run| run.logs().lines().to_vec());
    if several_workers {
        [&mut logs, &mut other_logs].into_iter().for_each(|lines| log::sort(lines));
    }
    report.logs("outside of streams", &logs, &other_logs);
    for ((name, expected), (_, actual)) in expected.metrics.iter().zip(&actual.metrics) {
        report.line("at the end", &format!("metric {name}"), *expected, *actual);
    }
    report.text
}

/// The same with styles: what is compared, and what both sides have.
pub(crate) fn painted(differences: &str) -> String {
    let mut sides = [ADDED, REMOVED].into_iter().cycle();
    let line = |line: &str| match line.starts_with("  ") {
        true => style::painted(sides.next().unwrap_or(ADDED), line),
        false => {
            sides = [ADDED, REMOVED].into_iter().cycle();
            style::painted(PROBLEM, line)
        }
    };
    differences.lines().map(line).collect::<Vec<_>>().join("\n")
}

struct Report<'a> {
    names: (&'a str, &'a str),
    text: String,
}

impl Report<'_> {
    fn exchanges(&mut self, expected: &Run, actual: &Run) {
        let (together, other_together) = (&expected.together, &actual.together);
        let (expected, actual) = (expected.exchanges(), actual.exchanges());
        if expected.len() != actual.len() {
            self.line("number of exchanges", "", Some(expected.len()), Some(actual.len()));
        }
        for (at, (expected, actual)) in expected.iter().zip(actual).enumerate() {
            let request = format!("request {} ({})", at + 1, expected.sent().line());
            let (forwarded, response, logs) = expected.observable();
            let (other_forwarded, other_response, other_logs) = actual.observable();
            let [forwarded, other_forwarded] =
                [forwarded, other_forwarded].map(|message| message.map(Request::parts));
            self.message(&format!("{request}, as the upstream received it"), forwarded, other_forwarded);
            let [response, other_response] =
                [response, other_response].map(|message| message.map(Response::parts));
            self.message(&format!("{request}, its response"), response, other_response);
            if !together.iter().any(|(range, _)| range.contains(&at)) {
                self.logs(&request, logs, other_logs);
            }
        }
        for ((range, logs), (_, other_logs)) in together.iter().zip(other_together) {
            let requests = format!("requests {} to {}, at once", range.start + 1, range.end);
            self.logs(&requests, logs, other_logs);
        }
    }

    fn connections(&mut self, expected: &[TcpExchange], actual: &[TcpExchange]) {
        for (at, (expected, actual)) in expected.iter().zip(actual).enumerate() {
            let connection = format!("connection {}", at + 1);
            let shown = |side: &TcpSide| {
                let end = if side.ended() { "and the end" } else { "and no end" };
                Some(format!("{} bytes, {}, {end}", side.received().len(), Quoted(side.received())))
            };
            self.line(&connection, "the client saw", shown(expected.client()), shown(actual.client()));
            self.line(&connection, "the upstream saw", shown(expected.upstream()), shown(actual.upstream()));
            self.logs(&connection, expected.logs().lines(), actual.logs().lines());
        }
    }

    /// Those that only one side has are compared with each other, in order.
    fn callouts(&mut self, cluster: &str, expected: &[Request], actual: &[Request]) {
        let [expected, actual] = [expected, actual].map(|requests| {
            let requests = requests.iter().cloned().map(|mut request| {
                request.headers.remove(":scheme");
                request
            });
            requests.collect::<Vec<Request>>()
        });
        for (left, right) in unmatched(expected, actual, is_same) {
            let request = left.as_ref().or(right.as_ref());
            let request = request.map(|request| format!(" ({})", request.line()));
            let what = format!("callout to {cluster:?}{}", request.unwrap_or_default());
            self.message(&what, left.as_ref().map(Request::parts), right.as_ref().map(Request::parts));
        }
    }

    /// As callouts.
    fn calls(&mut self, cluster: &str, expected: &[GrpcRequest], actual: &[GrpcRequest]) {
        for (left, right) in unmatched(expected.to_vec(), actual.to_vec(), |left, right| left == right) {
            let call = left.as_ref().or(right.as_ref());
            let call = call.map(|call| format!(" ({}/{})", call.service(), call.method()));
            let what = format!("gRPC call to {cluster:?}{}", call.unwrap_or_default());
            self.line(&what, "call", left.map(|call| shown(&call)), right.map(|call| shown(&call)));
        }
    }

    fn logs(&mut self, what: &str, expected: &[LogLine], actual: &[LogLine]) {
        for (line, other) in align(expected, actual) {
            self.line(what, "log line", line, other);
        }
    }

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
            let shown = |body: &[u8]| format!("{} bytes, {}", body.len(), Quoted(&body[difference..]));
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
                let [expected, actual] = [expected, actual].map(|list| {
                    let of_name = list.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
                    of_name.map(|(_, value)| value).collect::<Vec<_>>()
                });
                self.line(what, &label, values(&expected, &actual), values(&actual, &expected));
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

/// What only one side has, in pairs, each in its order.
fn unmatched<T>(
    expected: Vec<T>,
    mut actual: Vec<T>,
    is_same: impl Fn(&T, &T) -> bool,
) -> Vec<(Option<T>, Option<T>)> {
    let mut lone = Vec::new();
    for left in expected {
        match actual.iter().position(|right| is_same(&left, right)) {
            Some(at) => drop(actual.remove(at)),
            None => lone.push(left),
        }
    }
    let (mut lone, mut actual) = (lone.into_iter(), actual.into_iter());
    let pairs = std::iter::from_fn(move || match (lone.next(), actual.next()) {
        (None, None) => None,
        pair => Some(pair),
    });
    pairs.collect()
}

/// A gRPC call in one line.
fn shown(call: &GrpcRequest) -> String {
    let messages = call.messages().iter().map(|message| Quoted(message).to_string());
    format!(
        "{}/{} {:?} [{}]",
        call.service(),
        call.method(),
        call.client_metadata(),
        messages.collect::<Vec<_>>().join(", ")
    )
}

/// Whether two requests do not differ in what is compared.
fn is_same(left: &Request, right: &Request) -> bool {
    let mut report = Report { names: ("", ""), text: String::new() };
    report.message("", Some(left.parts()), Some(right.parts()));
    report.text.is_empty()
}

/// The values of one name, as far as there is room, around where they begin to differ from `others`.
fn values(values: &[&[u8]], others: &[&[u8]]) -> Option<String> {
    let shown = |(at, value): (usize, &&[u8])| {
        let around = others.get(at).map_or(0, |other| first_difference(value, other));
        excerpt(value, Form::Quoted, around, VALUE)
    };
    let shown: Vec<String> = values.iter().enumerate().map(shown).collect();
    (!shown.is_empty()).then(|| shown.join(", "))
}

/// The widest value.
const VALUE: usize = 100;

/// The names without those of pseudo-headers, whose order has no meaning.
fn names_in_order(list: &HeaderList) -> Vec<String> {
    let names = list.iter().map(|(name, _)| name.to_ascii_lowercase().escape_ascii().to_string());
    names.filter(|name| !name.starts_with(':')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Received;
    use crate::log::Logs;
    use crate::{Exchange, LogLevel, Metric};

    fn line(message: &str) -> LogLine {
        LogLine { level: LogLevel::Info, message: message.to_owned() }
    }

    fn exchange(value: &str, chunks: &[&str], log: &str) -> Exchange {
        let sent = Request::get("/");
        let response = Response::new(200).header("x-tag", value).chunks(chunks.iter().copied());
        Exchange::observed(sent.clone(), Some(sent), Some(response), vec![line(log)])
    }

    fn differences(names: [&str; 2], exchanges: [&[Exchange]; 2]) -> String {
        let [expected, actual] =
            exchanges.map(|exchanges| Run { exchanges: exchanges.to_vec(), ..Run::default() });
        runs((names[0], &expected), (names[1], &actual), false)
    }

    #[test]
    fn borders_of_chunks_do_not_count() {
        let (left, right) = (exchange("a", &["x", "y"], "l"), exchange("a", &["xy"], "l"));
        assert_eq!(differences(["native", "wasm"], [&[left], &[right]]), "");
    }

    #[test]
    fn each_difference_is_named_with_both_sides() {
        let (left, right) = (exchange("a", &["xyz"], "l"), exchange("b", &["xy!"], "m"));
        assert_eq!(
            differences(["native", "envoy"], [&[left], &[right]]),
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
        assert_eq!(differences(["x", "y"], [&expected, &observed(["a", ":path", "B"])]), "");
        assert_eq!(
            differences(["x", "y"], [&expected, &observed([":path", "b", "a"])]),
            "request 1 (GET /), as the upstream received it: order of headers\n  x  a, b\n  y  b, a\n"
        );
        let other = differences(["x", "y"], [&expected, &observed([":path", "c", "a"])]);
        assert!(!other.contains("order"), "{other}");
    }

    #[test]
    fn a_missing_message_and_a_missing_exchange_are_differences() {
        let reset = Exchange::observed(Request::get("/"), None, None, Vec::new());
        let local = Exchange::observed(Request::get("/"), None, Some(Response::new(403)), Vec::new());
        let text = differences(["a", "b"], [&[reset.clone(), reset], &[local]]);
        assert!(text.contains("number of exchanges"), "{text}");
        assert!(text.contains("its response: message\n  a  nothing\n  b  present"), "{text}");
    }

    fn callouts(requests: &[Request]) -> Run {
        Run {
            received: vec![(
                "authz".to_owned(),
                Received { requests: requests.to_vec(), ..Received::default() },
            )],
            ..Run::default()
        }
    }

    #[test]
    fn callouts_may_come_in_any_order_and_their_scheme_does_not_count() {
        let (one, two) = (Request::get("/one"), Request::get("https://example.com/two"));
        let (left, right) = (callouts(&[one.clone(), two]), callouts(&[Request::get("/two"), one]));
        assert_eq!(runs(("a", &left), ("b", &right), false), "");
    }

    #[test]
    fn a_callout_that_differs_or_is_missing_is_named() {
        let left = callouts(&[Request::get("/one"), Request::get("/two").header("x-user", "ana")]);
        let right = callouts(&[Request::get("/one"), Request::get("/two"), Request::get("/three")]);
        assert_eq!(
            runs(("a", &left), ("b", &right), false),
            "callout to \"authz\" (GET /two): header x-user\n  a  \"ana\"\n  b  nothing\n\
             callout to \"authz\" (GET /three): message\n  a  nothing\n  b  present\n"
        );
    }

    #[test]
    fn a_call_that_differs_is_shown() {
        let run = |user: &str| {
            let call = GrpcRequest::new("acme.Auth", "Check").metadata("x-user", user).message("who?");
            Run {
                received: vec![("authz".to_owned(), Received { calls: vec![call], requests: vec![] })],
                ..Run::default()
            }
        };
        assert_eq!(runs(("a", &run("ana")), ("b", &run("ana")), false), "");
        assert_eq!(
            runs(("a", &run("ana")), ("b", &run("bob")), false),
            "gRPC call to \"authz\" (acme.Auth/Check): call\n  \
             a  acme.Auth/Check [\"x-user: ana\"] [\"who?\"]\n  \
             b  acme.Auth/Check [\"x-user: bob\"] [\"who?\"]\n"
        );
    }

    #[test]
    fn what_a_side_of_a_connection_saw_is_compared() {
        let run = |received: &str, ended, upstream| {
            let client = TcpSide { received: received.into(), ended };
            Run { connections: vec![TcpExchange::new(client, upstream, vec![])], ..Run::default() }
        };
        let left = run("hello", true, TcpSide::default());
        assert_eq!(runs(("a", &left), ("b", &left), false), "");
        assert_eq!(
            runs(
                ("a", &left),
                ("b", &run("hell", false, TcpSide { ended: true, ..TcpSide::default() })),
                false
            ),
            "connection 1: the client saw\n  a  5 bytes, \"hello\", and the end\n  b  4 bytes, \"hell\", and no end\n\
             connection 1: the upstream saw\n  a  0 bytes, \"\", and no end\n  b  0 bytes, \"\", and the end\n"
        );
    }

    #[test]
    fn lines_of_roots_may_be_in_another_order_with_several_workers_only() {
        let [left, right] = [["a", "b"], ["b", "a"]]
            .map(|lines| Run { logs: Logs::new(lines.map(line).to_vec()), ..Run::default() });
        assert_eq!(runs(("x", &left), ("y", &right), true), "");
        let text = runs(("x", &left), ("y", &right), false);
        assert!(text.starts_with("outside of streams: log line"), "{text}");
    }

    #[test]
    fn metrics_differ_by_kind_and_value() {
        let run = |metric| Run { metrics: vec![("hits".to_owned(), metric)], ..Run::default() };
        assert_eq!(
            runs(("x", &run(Some(Metric::Counter(2)))), ("y", &run(Some(Metric::Gauge(2)))), false),
            "at the end: metric hits\n  x  counter 2\n  y  gauge 2\n"
        );
        let text = runs(("x", &run(None)), ("y", &run(Some(Metric::Histogram { count: 2, sum: 7 }))), false);
        assert_eq!(text, "at the end: metric hits\n  x  nothing\n  y  histogram of 2 samples, sum 7\n");
    }
}
