//! What failures of authors' tests look like. Each is compared with a file in `expected/`, in which it can be read;
//! `WAXWING_FAILURES=record` writes them.

#![expect(clippy::tests_outside_test_module, reason = "an integration test")]

mod extension;

use extension::{OtherShop, Shop};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};
use waxwing_testing::matching::{has_header, header, method, path};
use waxwing_testing::{
    Exchange, Host, Metric, Native, Phase, Request, Response, Run, Runner, Scenario, explore,
};

const MODE: &str = "WAXWING_FAILURES";

fn expected(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/failure/expected/{name}.txt"))
}

/// Compares a text with the file of that name, but for line numbers and times.
fn check(name: &str, text: &str) {
    let path = expected(name);
    let text = format!("{}\n", without_numbers(text));
    if env::var(MODE).is_ok_and(|mode| mode == "record") {
        fs::write(&path, &text).unwrap();
    }
    let before = fs::read_to_string(&path).unwrap_or_default();
    assert!(before == text, "{} is another one; `{MODE}=record` writes it:\n{text}", path.display());
    let is_long = |line: &&str| line.chars().count() > 120 && !line.contains('\u{1b}');
    // What is wrong is not wrapped, nor is what is to be copied.
    let is_prose =
        |line: &str| line.contains("  again: ") || line.contains("trap in ") || line.starts_with("explore::");
    let long = text.lines().skip(1).filter(is_long).find(|line| !is_prose(line));
    assert!(long.is_none(), "{name} has a line that is too long: {long:?}");
}

/// The numbers of lines, and how long it took, are not the same in each version and each run.
fn without_numbers(text: &str) -> String {
    let mut parts = text.split(".rs:");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept += ".rs:LINE";
        let part = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let column = part.strip_prefix(':').map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
        kept += column.filter(|rest| rest.len() + 1 < part.len()).unwrap_or(part);
    }
    let Some((before, after)) = kept.split_once(" runs in ") else { return kept };
    let after = after.split_once(',').map_or("", |(_, after)| after);
    format!("{before} runs in TIME,{after}")
}

/// The message of the panic.
fn failure(name: &str, test: impl FnOnce()) {
    let payload = catch_unwind(AssertUnwindSafe(test)).expect_err("it was to fail");
    let message = payload.downcast::<String>().expect("failures have a text");
    check(name, &message);
}

fn exchange(request: Request) -> Exchange {
    Host::builder::<Shop>().start().exchange(request)
}

fn answering(response: Response, path: &str) -> Exchange {
    Host::builder::<Shop>().origin(move |_| response.clone()).start().exchange(Request::get(path))
}

fn wrong_header() {
    let request = Request::get("/tag").header("x-internal", "1").header("cookie", "c=1;".repeat(60));
    exchange(request).upstream_request().assert_header("x-tag", "blue");
}

#[test]
fn a_header_with_another_value() {
    failure("wrong_header", wrong_header);
}

/// What the panic hook prints when this test runs by itself with these variables, which make it do nothing but fail.
fn printed(test: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(SHOW, "1");
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "CLICOLOR", "RUST_BACKTRACE"] {
        command.env_remove(name);
    }
    let output = command.envs(variables.iter().copied()).output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    let (_, message) = text.split_once("panicked at ").unwrap();
    let (_, message) = message.split_once('\n').unwrap();
    message.split("\nnote: run with").next().unwrap().trim_end().to_owned()
}

const SHOW: &str = "WAXWING_FAILURES_SHOW";

/// Fails, if this is the process in which that is all.
fn show(fail: impl FnOnce()) {
    if env::var_os(SHOW).is_some() {
        fail();
    }
}

#[test]
fn a_header_with_another_value_in_colour() {
    const TEST: &str = "a_header_with_another_value_in_colour";
    show(wrong_header);
    let painted = printed(TEST, &[("CLICOLOR_FORCE", "1")]);
    check("wrong_header_in_colour", &painted);
    assert_eq!(printed(TEST, &[("FORCE_COLOR", "1")]), painted);
    for plain in [&[("FORCE_COLOR", "1"), ("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")][..], &[]] {
        check("wrong_header", &printed(TEST, plain));
    }
}

#[test]
fn the_page_shows_a_failure_as_it_is() {
    let page = include_str!("../../../docs/testing.md");
    let text = fs::read_to_string(expected("wrong_header")).unwrap();
    assert!(
        page.contains(&format!("```text\n{text}```\n")),
        "docs/testing.md shows another failure than\n{text}"
    );
}

#[test]
fn a_header_that_is_not_there() {
    let request = Request::get("/tag").header("x-internal", "1");
    failure("no_header", || {
        exchange(request).upstream_request().assert_header("x-tags", "blue");
    });
}

#[test]
fn a_body_with_another_end() {
    failure("wrong_body", || {
        let response = Response::new(200).body("0123456789".repeat(200));
        answering(response, "/body").response().assert_body("0123456789".repeat(200));
    });
}

#[test]
fn a_body_that_is_not_text() {
    failure("wrong_binary_body", || {
        let bytes: Vec<u8> = (0..=255).collect();
        let response = Response::new(200).header("content-type", "application/x-acme").body(bytes.clone());
        answering(response, "/body").response().assert_body(bytes);
    });
}

#[test]
fn another_status() {
    failure("wrong_status", || {
        exchange(Request::get("/admin")).response().assert_status(401);
    });
}

#[test]
fn a_trailer_with_another_value() {
    failure("wrong_trailer", || {
        let response = Response::new(200).body("two apples").trailer("x-checksum", "12");
        answering(response, "/trailer").response().assert_trailer("x-checksum", "78");
    });
}

#[test]
fn a_local_response_that_is_not_there() {
    failure("no_local_response", || {
        exchange(Request::get("/cart")).local_response().assert_status(403);
    });
}

#[test]
fn a_request_that_reached_the_upstream() {
    failure("reached_the_upstream", || {
        exchange(Request::get("/cart")).assert_not_forwarded();
    });
}

#[test]
fn a_pause_that_nothing_ends() {
    failure("paused_for_ever", || {
        exchange(Request::get("/wait"));
    });
}

#[test]
fn a_pause_that_what_is_pending_does_not_end() {
    failure("paused_and_pending", || {
        let host = Host::builder::<Shop>().start();
        host.upstream("authz").on(path("/check")).hang();
        host.exchange(Request::get("/poll"));
    });
}

#[test]
fn another_phase() {
    failure("wrong_phase", || {
        let host = Host::builder::<Shop>().start();
        host.open(Request::get("/wait")).assert_paused(Phase::ResponseHeaders);
    });
}

#[test]
fn a_rule_that_nearly_matched() {
    failure("near_miss", || {
        let host = Host::builder::<Shop>().start();
        let authz = host.upstream("authz");
        authz.on(method("POST").and(path("/tokens"))).reply(Response::new(201));
        authz
            .on(method("GET").and(path("/check")).and(header("x-token", "t0")).and(has_header("x-user")))
            .named("a known token")
            .reply(Response::new(200));
        host.exchange(Request::get("/check"));
    });
}

#[test]
fn a_rule_that_was_called_too_rarely() {
    failure("too_few_calls", || {
        let host = Host::builder::<Shop>().start();
        let rule = host.upstream("authz").on(path("/check")).named("a check").reply(Response::new(200));
        let _ = rule.times(1);
        host.exchange(Request::get("/cart"));
    });
}

#[test]
fn a_trap_that_nobody_expects() {
    const TEST: &str = "a_trap_that_nobody_expects";
    show(|| {
        let host = Host::builder::<Shop>().start();
        let _ = host.exchange(Request::get("/boom").header("x-cart", "7"));
    });
    check("trap", &printed(TEST, &[]));
    let with_backtrace = printed(TEST, &[("RUST_BACKTRACE", "1")]);
    let (_, frames) = with_backtrace.split_once("\nbacktrace\n").unwrap();
    let frames = frames.split("\nstack backtrace:").next().unwrap();
    assert!(frames.contains("failure/extension.rs:"), "{frames}");
    for around in ["waxwing_testing::", "panicking", "dispatcher"] {
        assert!(!frames.contains(around), "{frames}");
    }
}

/// A host with a name of its own.
struct NextRelease;

impl Runner for NextRelease {
    fn name(&self) -> &str {
        "next release"
    }

    fn run(&self, scenario: &Scenario) -> Run {
        Native::<OtherShop>::new().run(scenario)
    }
}

#[test]
fn hosts_that_differ() {
    failure("hosts_differ", || {
        Scenario::new("a tag")
            .origin(|_| Response::new(200).body("apples"))
            .request(Request::get("/tag").header("x-internal", "1"))
            .compare(&[&Native::<Shop>::new(), &NextRelease]);
    });
}

#[test]
fn a_violation_that_an_exploration_has_found() {
    failure("violation", || {
        let scenario = Scenario::new("a check")
            .cluster("authz", |_| Response::new(200).into())
            .request(Request::get("/check"));
        explore::faults(&Native::<Shop>::new(), &scenario).check();
    });
}

#[test]
fn a_line_that_was_not_logged() {
    failure("no_log_line", || {
        exchange(Request::get("/log")).logs().assert_contains("The Price of cart 7");
    });
}

#[test]
fn a_metric_with_another_value() {
    failure("wrong_metric", || {
        let host = Host::builder::<Shop>().start();
        host.exchange(Request::get("/cart"));
        host.assert_metric("hits", Metric::Counter(2));
    });
}
