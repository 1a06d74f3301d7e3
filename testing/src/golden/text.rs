//! A run as text: all that hosts are compared by, for people and in one way only.

use super::sha256;
use crate::http::Parts;
use crate::log::LogLine;
use crate::quoted::Quoted;
use crate::{GrpcRequest, HeaderList, Request, Response, Run, Scenario, TcpSide, log};
use std::fmt::Write;

/// The text of a run.
pub(crate) fn of(scenario: &Scenario, run: &Run) -> String {
    let mut text = Text(format!("{}\n", scenario.name()));
    for (at, exchange) in run.exchanges.iter().enumerate() {
        let sent = exchange.sent();
        let (forwarded, response, logs) = exchange.observable();
        text.title(format!("request {}: {}", at + 1, sent.line()));
        text.message("forwarded", forwarded.map(Request::parts));
        text.message("response", response.map(Response::parts));
        match run.together.iter().find(|(range, _)| range.contains(&at)) {
            None => text.logs(logs),
            Some((range, lines)) if range.end == at + 1 => {
                text.title(format!("requests {} to {}, at once", range.start + 1, range.end));
                text.logs(lines);
            }
            Some(_) => {}
        }
    }
    for (at, connection) in run.connections.iter().enumerate() {
        text.title(format!("connection {}", at + 1));
        text.side("client", connection.client());
        text.side("upstream", connection.upstream());
        text.logs(connection.logs().lines());
    }
    for (cluster, received) in &run.received {
        text.callouts(cluster, &received.requests);
        text.calls(cluster, &received.calls);
    }
    let mut logs = run.logs().lines().to_vec();
    if scenario.worker_count() > 1 {
        // Those of several root contexts come in any order.
        log::sort(&mut logs);
    }
    if !logs.is_empty() {
        text.title("outside of streams");
        text.logs(&logs);
    }
    for (name, metric) in &run.metrics {
        let value = metric.map_or_else(|| "nothing".to_owned(), |metric| metric.to_string());
        text.title(format!("metric {name}: {value}"));
    }
    text.0
}

struct Text(String);

impl Text {
    fn title(&mut self, title: impl AsRef<str>) {
        self.0 += &format!("\n{}\n", title.as_ref());
    }

    fn line(&mut self, depth: usize, line: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{:depth$}{}", "", line.replace('\n', "\n      | "));
    }

    fn message(&mut self, what: &str, message: Option<Parts<'_>>) {
        let Some(message) = message else { return self.line(2, &format!("{what}: nothing")) };
        self.line(2, what);
        message_lines(message).iter().for_each(|line| self.line(4, line));
    }

    fn side(&mut self, what: &str, side: &TcpSide) {
        let end = if side.ended() { "and the end" } else { "and no end" };
        self.line(2, &format!("{what} saw {}, {end}", body(side.received())));
    }

    fn logs(&mut self, lines: &[LogLine]) {
        for line in lines {
            self.line(2, &format!("[{}] {}", line.level, without_places(&line.message)));
        }
    }

    /// Those that are under way at once may arrive in any order.
    fn callouts(&mut self, cluster: &str, requests: &[Request]) {
        let lines = |request: &Request| {
            let mut request = request.clone();
            request.headers.remove(":scheme");
            message_lines(request.parts())
        };
        let mut callouts: Vec<Vec<String>> = requests.iter().map(lines).collect();
        callouts.sort();
        for lines in callouts {
            self.title(format!("callout to {cluster}"));
            lines.iter().for_each(|line| self.line(4, line));
        }
    }

    fn calls(&mut self, cluster: &str, calls: &[GrpcRequest]) {
        let lines = |call: &GrpcRequest| {
            let mut lines = vec![format!("{}/{}", call.service(), call.method())];
            lines.extend(header_lines("", call.client_metadata()));
            lines.extend(call.messages().iter().map(|message| format!("message: {}", body(message))));
            lines
        };
        let mut calls: Vec<Vec<String>> = calls.iter().map(lines).collect();
        calls.sort();
        for lines in calls {
            self.title(format!("gRPC call to {cluster}"));
            lines.iter().for_each(|line| self.line(4, line));
        }
    }
}

/// A log line without the lines and columns of sources in it (`lib.rs:12:5`), which any edit above them changes.
fn without_places(line: &str) -> String {
    let mut parts = line.split(SOURCE);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text += SOURCE;
        text += number(part).and_then(number).unwrap_or(part);
    }
    text
}

/// How the name of a source ends.
const SOURCE: &str = ".rs";

/// What is behind a colon and a number, if that is what the text begins with.
fn number(text: &str) -> Option<&str> {
    let number = text.strip_prefix(':')?;
    let rest = number.trim_start_matches(|c: char| c.is_ascii_digit());
    (rest.len() < number.len()).then_some(rest)
}

fn message_lines(message: Parts<'_>) -> Vec<String> {
    let mut lines = header_lines("", message.headers);
    let bytes = message.body.to_bytes();
    if !bytes.is_empty() {
        lines.push(format!("body: {}", body(&bytes)));
    }
    lines.extend(header_lines("trailer ", message.trailers));
    lines
}

/// Pseudo-headers first, whose order means nothing.
fn header_lines(kind: &str, headers: &HeaderList) -> Vec<String> {
    let line = |(name, value): (&[u8], &[u8])| {
        let line = format!("{kind}{}: {}", name.to_ascii_lowercase().escape_ascii(), value.escape_ascii());
        line.trim_end().to_owned()
    };
    let (mut pseudo, others): (Vec<_>, Vec<_>) = headers.iter().partition(|(name, _)| name.starts_with(b":"));
    pseudo.sort_unstable();
    pseudo.into_iter().chain(others).map(line).collect()
}

/// The bytes if there are not too many, else their SHA-256.
fn body(bytes: &[u8]) -> String {
    match bytes.len() {
        length if length > SHOWN => format!("{length} bytes, SHA-256 {}", sha256(bytes)),
        length => format!("{length} bytes, {}", Quoted(bytes)),
    }
}

/// How many bytes are shown.
const SHOWN: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Received;
    use crate::{Exchange, LogLevel, Metric};

    #[test]
    fn places_in_sources_are_left_out() {
        for (line, text) in [
            ("panicked at src/lib.rs:322:24:\nit says so", "panicked at src/lib.rs:\nit says so"),
            ("(a.rs:1:2), then b.rs:30:4", "(a.rs), then b.rs"),
            ("a.rs:12 and b.rs: 1:2 and c:1:2", "a.rs:12 and b.rs: 1:2 and c:1:2"),
        ] {
            assert_eq!(without_places(line), text);
        }
    }

    #[test]
    fn all_that_is_compared_is_in_the_text() {
        let sent = Request::post("/a").header("X-A", b"\xff".to_vec()).body("hello").trailer("x-sum", "5");
        let response = Response::new(200).body(vec![b'x'; 1000]);
        let lines = vec![LogLine { level: LogLevel::Info, message: "one\ntwo".to_owned() }];
        let exchange = Exchange::observed(sent.clone(), Some(sent), Some(response), lines);
        let lost = Exchange::observed(Request::get("/b"), None, None, Vec::new());
        let received = Received { requests: vec![Request::get("/check")], ..Received::default() };
        let run = Run {
            exchanges: vec![exchange, lost],
            received: vec![("authz".to_owned(), received)],
            metrics: vec![("hits".to_owned(), Some(Metric::Counter(2)))],
            ..Run::default()
        };
        let sum = sha256(&[b'x'; 1000]);
        assert_eq!(
            of(&Scenario::new("all"), &run),
            format!(
                "all

request 1: POST /a
  forwarded
    :authority: example.com
    :method: POST
    :path: /a
    :scheme: http
    x-a: \\xff
    body: 5 bytes, \"hello\"
    trailer x-sum: 5
  response
    :status: 200
    body: 1000 bytes, SHA-256 {sum}
  [info] one
      | two

request 2: GET /b
  forwarded: nothing
  response: nothing

callout to authz
    :authority: example.com
    :method: GET
    :path: /check

metric hits: counter 2
"
            )
        );
    }
}
