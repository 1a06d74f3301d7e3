//! What a person reads about a request: what went in, what reached the upstream, what came back, what was
//! logged.

use anstyle::{AnsiColor, Style};
use std::fmt::Write;
use waxwing_testing::{HeaderList, LogLevel, LogLine, Request, Response};

const TITLE: Style = Style::new().bold();
const ADDED: Style = AnsiColor::Green.on_default();
const REMOVED: Style = AnsiColor::Red.on_default();
const FAINT: Style = Style::new().dimmed();

/// The longest body that is shown whole.
const BODY_LIMIT: usize = 4096;

/// A request and what became of it, on any host.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) sent: Request,
    /// What the extension asked other upstreams meanwhile.
    pub(crate) callouts: Vec<Callout>,
    /// What the upstream received; `None` if nothing reached it.
    pub(crate) forwarded: Option<Request>,
    /// What the upstream answered.
    pub(crate) answered: Option<Response>,
    /// What the client received; `None` if the stream was reset.
    pub(crate) response: Option<Response>,
    pub(crate) logs: Vec<LogLine>,
    /// What the extension did wrong: a trap, or a pause without an end.
    pub(crate) problem: Option<String>,
}

/// A request of the extension's own, and what it got.
#[derive(Clone, Debug)]
pub(crate) struct Callout {
    pub(crate) cluster: String,
    pub(crate) request: Request,
    pub(crate) answer: Response,
}

/// Prints an exchange on the standard output, in colour if that is a terminal.
pub(crate) fn exchange(observed: &Observed) {
    anstream::print!("{}", to_text(observed));
}

/// Prints what was logged outside a stream, while the extension started.
pub(crate) fn start_logs(logs: &[LogLine]) {
    if !logs.is_empty() {
        let mut text = String::new();
        title(&mut text, "Logged at the start", "");
        log_lines(&mut text, logs);
        anstream::println!("{text}");
    }
}

fn to_text(observed: &Observed) -> String {
    let Observed { sent, callouts, forwarded, answered, response, logs, problem } = observed;
    let mut text = String::new();
    let t = &mut text;
    title(t, "Sent", &format!("{} {}", sent.method(), sent.path()));
    message(t, &parts(sent), None);
    for Callout { cluster, request, answer } in callouts {
        title(t, &format!("Asked {cluster}"), &format!("{} {}", request.method(), request.path()));
        message(t, &parts(request), None);
        title(t, &format!("{cluster} answered"), &answer.status().to_string());
        message(t, &response_parts(answer), None);
    }
    match forwarded {
        Some(request) => {
            title(t, "Reached the upstream", "");
            message(t, &parts(request), Some(&parts(sent)));
        }
        None => title(t, "Reached the upstream", "nothing"),
    }
    if let Some(answer) = answered {
        title(t, "The upstream answered", &answer.status().to_string());
        message(t, &response_parts(answer), None);
    }
    match response {
        Some(response) => {
            title(t, "Came back", &response.status().to_string());
            message(t, &response_parts(response), answered.as_ref().map(response_parts).as_ref());
        }
        None => title(t, "Came back", "no response"),
    }
    title(t, "Logged", if logs.is_empty() { "nothing" } else { "" });
    log_lines(t, logs);
    if let Some(problem) = problem {
        title(t, "Failed", "");
        for line in problem.lines() {
            row(t, REMOVED, "!", line);
        }
    }
    text.push('\n');
    text
}

/// The parts of a message, of either kind.
struct Parts<'a> {
    headers: &'a HeaderList,
    body: Vec<u8>,
    trailers: &'a HeaderList,
}

fn parts(request: &Request) -> Parts<'_> {
    Parts { headers: request.headers(), body: request.body_bytes(), trailers: request.trailers() }
}

fn response_parts(response: &Response) -> Parts<'_> {
    Parts { headers: response.headers(), body: response.body_bytes(), trailers: response.trailers() }
}

/// A message, with what differs from the one before it marked.
fn message(text: &mut String, parts: &Parts<'_>, before: Option<&Parts<'_>>) {
    header_lines(text, parts.headers, before.map(|before| before.headers));
    if !parts.body.is_empty() {
        text.push('\n');
    }
    match before {
        Some(before) if before.body == parts.body => {
            if !parts.body.is_empty() {
                row(text, FAINT, " ", &format!("(the same body, {} bytes)", parts.body.len()));
            }
        }
        Some(before) => {
            body_lines(text, REMOVED, "-", &before.body);
            body_lines(text, ADDED, "+", &parts.body);
        }
        None => body_lines(text, Style::new(), " ", &parts.body),
    }
    header_lines(text, parts.trailers, before.map(|before| before.trailers));
}

fn header_lines(text: &mut String, headers: &HeaderList, before: Option<&HeaderList>) {
    let lines = lines(headers);
    let Some(before) = before else {
        lines.iter().for_each(|line| row(text, Style::new(), " ", line));
        return;
    };
    let mut old = self::lines(before);
    for line in &lines {
        match old.iter().position(|other| other == line) {
            Some(at) => {
                old.remove(at);
                row(text, Style::new(), " ", line);
            }
            None => row(text, ADDED, "+", line),
        }
    }
    old.iter().for_each(|line| row(text, REMOVED, "-", line));
}

fn lines(headers: &HeaderList) -> Vec<String> {
    headers.iter().map(|(name, value)| format!("{}: {}", readable(name), readable(value))).collect()
}

fn body_lines(text: &mut String, style: Style, mark: &str, body: &[u8]) {
    let shown = readable(&body[..body.len().min(BODY_LIMIT)]);
    for line in shown.lines() {
        row(text, style, mark, line);
    }
    if body.len() > BODY_LIMIT {
        row(text, FAINT, mark, &format!("(and {} bytes more)", body.len() - BODY_LIMIT));
    }
}

fn log_lines(text: &mut String, logs: &[LogLine]) {
    for LogLine { level, message, .. } in logs {
        let style = match level {
            LogLevel::Error | LogLevel::Critical => REMOVED,
            LogLevel::Warn => AnsiColor::Yellow.on_default(),
            _ => Style::new(),
        };
        let message = readable(message.as_bytes());
        let mut lines = message.lines();
        row(text, style, " ", &format!("{level:<8} {}", lines.next().unwrap_or_default()));
        lines.for_each(|line| row(text, style, " ", &format!("{:<8} {line}", "")));
    }
}

/// Text as it is but for control characters, which could play tricks on the terminal; other bytes escaped.
fn readable(bytes: &[u8]) -> String {
    let is_shown = |c: char| !c.is_control() || c == '\n' || c == '\t';
    match std::str::from_utf8(bytes) {
        Ok(text) if text.chars().all(is_shown) => text.to_owned(),
        _ => bytes.escape_ascii().to_string(),
    }
}

fn title(text: &mut String, title: &str, rest: &str) {
    let space = if rest.is_empty() { "" } else { "  " };
    // Writing to a string does not fail.
    let _ = writeln!(text, "{TITLE}{title}{TITLE:#}{space}{rest}");
}

fn row(text: &mut String, style: Style, mark: &str, line: &str) {
    let _ = writeln!(text, "  {style}{mark} {line}{style:#}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(observed: &Observed) -> String {
        anstream::adapter::strip_str(&to_text(observed)).to_string()
    }

    fn observed() -> Observed {
        let sent =
            Request::get("/orders").header("x-secret", "1").header("accept", "a").header("accept", "a");
        let forwarded = Request::get("/orders").header("accept", "a").header("x-user", "ana");
        let answered = Response::new(200).header("server", "origin").body("two apples");
        let response = Response::new(200).body("two pears");
        Observed {
            sent,
            callouts: vec![],
            forwarded: Some(forwarded),
            answered: Some(answered),
            response: Some(response),
            logs: vec![],
            problem: None,
        }
    }

    #[test]
    fn what_the_extension_changed_is_marked() {
        let text = plain(&observed());
        let marked: Vec<_> =
            text.lines().filter(|line| line.starts_with("  + ") || line.starts_with("  - ")).collect();
        assert_eq!(
            marked,
            [
                "  + x-user: ana",
                "  - x-secret: 1",
                "  - accept: a",
                "  - server: origin",
                "  - two apples",
                "  + two pears",
            ]
        );
    }

    #[test]
    fn a_request_that_stopped_at_the_extension_says_so() {
        let text = plain(&Observed {
            forwarded: None,
            answered: None,
            response: Some(Response::new(403).body("no")),
            ..observed()
        });
        assert!(text.contains("Reached the upstream  nothing\n"), "{text}");
        assert!(text.contains("Came back  403\n    :status: 403\n\n    no\n"), "{text}");
    }

    #[test]
    fn what_the_extension_asked_is_shown() {
        let callout = Callout {
            cluster: "authz".to_owned(),
            request: Request::get("/check"),
            answer: Response::new(200).header("x-user", "ana"),
        };
        let text = plain(&Observed { callouts: vec![callout], ..observed() });
        assert!(text.contains("Asked authz  GET /check\n    :method: GET\n"), "{text}");
        assert!(text.contains("authz answered  200\n    :status: 200\n    x-user: ana\n"), "{text}");
    }

    #[test]
    fn an_unchanged_body_is_not_repeated() {
        let body = Response::new(200).body("same");
        let text = plain(&Observed { answered: Some(body.clone()), response: Some(body), ..observed() });
        assert_eq!(text.matches("    same\n").count(), 1, "{text}");
        assert!(text.contains("(the same body, 4 bytes)"), "{text}");
    }

    #[test]
    fn a_problem_and_a_reset_are_shown() {
        let problem = Some("panicked at src/lib.rs:7".to_owned());
        let text = plain(&Observed { response: None, problem, ..observed() });
        assert!(text.contains("no response"), "{text}");
        assert!(text.contains("! panicked at src/lib.rs:7"), "{text}");
    }

    #[test]
    fn bytes_that_could_play_tricks_are_escaped() {
        assert_eq!(readable(b"caf\xc3\xa9"), "café");
        assert_eq!(readable(b"\x1b[2J"), r"\x1b[2J");
        assert_eq!(readable(b"\xff"), r"\xff");
    }

    #[test]
    fn a_long_body_is_cut() {
        let mut text = String::new();
        body_lines(&mut text, Style::new(), " ", &[b'x'; BODY_LIMIT + 7]);
        assert!(text.contains("(and 7 bytes more)"), "{text}");
    }
}
