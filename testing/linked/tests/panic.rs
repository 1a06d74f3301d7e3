//! Linked extensions that panic, hang, or do what hosts forbid: the test binary goes on.
#![allow(missing_docs, reason = "a test")]

use std::process::Command;
use std::rc::Rc;
use waxwing_linked::flaw;
use waxwing_testing::wasm::WasmModule;
use waxwing_testing::{Callback, Host, HostBuilder, Linked, Request, Scenario, Status, Wasm, explore, link};

link! {
    fn extension = waxwing_linked::_initialize;
    fn panics_in_start = flaw::panic_in_start;
    fn calls_in_start = flaw::call_in_start;
}

fn host() -> HostBuilder {
    Host::linked(&extension()).root_id("flaw")
}

fn with_flaw(flaw: &str) -> Request {
    Request::get("/a").header("x-flaw", flaw)
}

#[test]
fn a_panic_is_a_trap_with_its_message_and_place() {
    let host = host().start();
    let exchange = host.exchange(with_flaw("panic"));
    exchange.local_response().assert_status(503);

    let trap = host.expect_trap("a flaw for Some(\"/a\")");
    assert_eq!(trap.during, Some(Callback::RequestHeaders));
    assert!(trap.location.as_ref().unwrap().contains("linked/src/flaw.rs"), "{trap}");
    // What the crate's own panic hook does.
    exchange.logs().assert_contains("linked/src/flaw.rs");
    // The VM is dead.
    host.exchange(Request::get("/")).local_response().assert_status(503);
}

#[test]
fn what_the_crate_panics_about_is_a_trap_too() {
    for (flaw, message) in [("unwrap", "NotFound"), ("index", "index out of bounds")] {
        let host = host().start();
        host.exchange(with_flaw(flaw)).local_response().assert_status(503);
        host.expect_trap(message);
    }
}

#[test]
fn a_status_without_a_name_is_a_trap() {
    let host = host().foreign_function("nested", |_| Err(Status::UNIMPLEMENTED)).start();
    host.exchange(with_flaw("foreign")).local_response().assert_status(503);
    host.expect_trap("unexpected status: 12 (of proxy_call_foreign_function");
}

#[test]
fn a_level_without_a_name_is_a_trap() {
    let host = host().log_level(None).start();
    host.exchange(with_flaw("level")).local_response().assert_status(503);
    host.expect_trap("proxy_get_log_level gives 6");
}

#[test]
fn the_other_workers_go_on() {
    let host = host().workers(2).start();
    host.worker(0).exchange(with_flaw("panic")).local_response().assert_status(503);
    host.worker(1).exchange(Request::get("/")).response().assert_status(200);
    host.expect_trap("a flaw");
}

#[test]
fn the_failure_policy_decides_about_streams() {
    let host = host().fail_open().start();
    host.exchange(with_flaw("panic")).local_response().assert_status(503);
    host.exchange(Request::get("/")).response().assert_status(200);
    host.expect_trap("a flaw");
}

#[test]
fn a_worker_gets_a_new_vm() {
    let host = host().start();
    host.exchange(with_flaw("panic")).local_response().assert_status(503);
    host.expect_trap("a flaw");
    host.worker(0).restart().unwrap();
    host.exchange(Request::get("/")).response().assert_status(200);
}

#[test]
fn each_failure_of_a_host_call_can_be_explored() {
    let scenario = Scenario::new("a tag").config("blue").request(Request::get("/"));
    let report = explore::faults(&Linked::new(extension()), &scenario).report();
    // What the crate does with a status that it does not expect.
    assert!(report.to_string().contains("unexpected status: 10"), "{report}");
    assert!(report.is_complete(), "{report}");
}

#[test]
fn hundreds_of_panics_are_hundreds_of_traps() {
    for _ in 0..300 {
        let host = host().start();
        host.exchange(with_flaw("panic")).local_response().assert_status(503);
        host.expect_trap("a flaw");
    }
}

#[test]
fn a_trap_is_the_same_as_that_of_the_module() {
    let module = WasmModule::build("waxwing-linked").unwrap_or_else(|error| panic!("{error}"));
    let scenario = Scenario::new("a panic")
        .root_id("flaw")
        .expect_trap("a flaw")
        .request(Request::get("/"))
        .request(with_flaw("panic"))
        .request(Request::get("/"));
    scenario.compare(&[&Linked::new(extension()), &Wasm::new(module)]);
}

#[test]
fn a_panic_at_the_start_is_a_start_error() {
    let error = host().config("panic").try_start().unwrap_err();
    let trap = error.trap().unwrap();
    assert_eq!((trap.message.as_str(), trap.during), ("a bad configuration", Some(Callback::Configure)));

    let error = Host::linked(&panics_in_start()).try_start().unwrap_err().to_string();
    assert!(error.contains("it does not start: trap at"), "{error}");
    assert!(error.contains("no start today"), "{error}");
}

#[test]
fn the_start_function_may_log_and_nothing_else() {
    let error = Host::linked(&calls_in_start()).try_start().unwrap_err().to_string();
    assert!(error.contains("the module calls proxy_get_shared_data while it starts"), "{error}");
}

#[test]
fn a_destructor_that_calls_the_host_after_its_end_harms_nobody() {
    drop(host().start());
}

#[test]
fn levels_of_the_log_are_those_of_a_vm() {
    let chatty = host().config("debug").start();
    let quiet = host().start();
    for host in [&chatty, &quiet] {
        host.exchange(Request::get("/")).logs().assert_contains("a request");
    }
    chatty.exchange(Request::get("/")).logs().assert_contains("of a client");
    let lines = quiet.exchange(Request::get("/")).logs().to_string();
    assert!(!lines.contains("of a client"), "{lines}");
}

#[test]
fn what_answers_a_host_call_may_use_another_host() {
    let inner = Rc::new(host().start());
    let of_call = inner.clone();
    let outer = host()
        .foreign_function("nested", move |_| {
            of_call.exchange(Request::get("/inner")).response().assert_status(200);
            Ok(Vec::new())
        })
        .start();
    outer.exchange(with_flaw("foreign")).response().assert_status(200);
    inner.exchange(Request::get("/")).response().assert_status(200);
}

/// The tests below need an environment of their own, or fail on purpose.
fn alone(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--include-ignored", "--test-threads=1"]).env_remove("RUST_BACKTRACE");
    command
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn a_callback_that_does_not_return_is_a_trap() {
    let said = output(alone("hangs").env("WAXWING_CALLBACK_SECONDS", "1"));
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "the test above runs it with a time limit"]
fn hangs() {
    let host = host().start();
    host.exchange(with_flaw("hang")).local_response().assert_status(503);
    host.expect_trap("hung: it has not returned after 1s");
}

#[test]
fn a_callback_that_calls_the_host_without_end_is_a_trap() {
    let host = host().start();
    host.exchange(with_flaw("hang in calls")).local_response().assert_status(503);
    host.expect_trap("20,000 host calls");
}

#[test]
fn a_time_limit_that_is_none_is_an_error() {
    let said = output(alone("hangs").env("WAXWING_CALLBACK_SECONDS", "soon"));
    assert!(said.contains("WAXWING_CALLBACK_SECONDS is \"soon\"; it takes a number of seconds"), "{said}");
}

#[test]
fn a_trap_that_the_test_does_not_expect_fails_it_alone() {
    let said = output(&mut alone("panics_unexpectedly"));
    assert!(said.contains("1 failed"), "{said}");
    for part in
        ["the extension trapped, and the test did not expect it", "a flaw for Some(\"/a\")", "src/flaw.rs:"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = output(alone("panics_unexpectedly").env("RUST_BACKTRACE", "1"));
    // A release build has no names.
    let part = if cfg!(debug_assertions) { "on_http_request_headers" } else { "clone" };
    assert!(said.contains(part), "{said}");
}

#[test]
#[ignore = "fails; the test above runs it"]
fn panics_unexpectedly() {
    host().start().exchange(with_flaw("panic"));
}

#[test]
fn a_failing_test_says_so_as_ever() {
    let said = output(&mut alone("fails"));
    assert!(
        said.contains("thread 'fails'") && said.contains("on purpose") && said.contains("1 failed"),
        "{said}"
    );
}

#[test]
#[ignore = "fails; the test above runs it"]
fn fails() {
    host().start().exchange(with_flaw("")).response().assert_status(200);
    panic!("on purpose");
}
