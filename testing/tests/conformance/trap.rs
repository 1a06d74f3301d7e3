//! Traps in each callback, with both policies, and what they leave behind for the next streams.

use super::*;
use std::time::Duration;
use waxwing_testing::Host;
use waxwing_testing::envoy::{Config, Proxy};
use waxwing_testing::wasm::WasmModule;

/// Callbacks after which it is certain what the upstream has seen.
const CERTAIN: [&str; 8] = [
    "create",
    "request-headers",
    "response-headers",
    "response-body",
    "response-trailers",
    "log",
    "done",
    "delete",
];

/// With both policies: a scenario in which the extension traps there.
fn with_both_policies(name: &str, script: &str) -> [Scenario; 2] {
    let panicking = |policy: &str| {
        scenario(format!("{name}, failing {policy}"), script).expect_trap("the script says so")
    };
    [panicking("closed"), panicking("open").fail_open()]
}

#[test]
fn a_trap_on_the_way_of_a_stream() {
    for callback in CERTAIN {
        compare(
            with_both_policies(
                &format!("a trap in {callback}"),
                &format!("{callback} panic\nlog value 2 :status"),
            )
            .map(|scenario| scenario.request(full()).request(without_body())),
        );
    }
}

#[test]
fn a_trap_where_the_message_is_held_back() {
    for callback in ["request-body", "request-trailers"] {
        let script = format!("request-headers pause\nrequest-body pause\n{callback} panic");
        let name = format!("a trap in {callback} of a request that is held back");
        compare(with_both_policies(&name, &script).map(|scenario| {
            scenario.allow_on_headers_stop_iteration().request(full()).request(without_body())
        }));
    }
    for callback in ["response-body", "response-trailers"] {
        let script = format!("response-headers pause\nresponse-body pause\n{callback} panic");
        let name = format!("a trap in {callback} of a response that is held back");
        compare(with_both_policies(&name, &script).map(|scenario| {
            scenario.allow_on_headers_stop_iteration().request(full()).request(without_body())
        }));
    }
}

#[test]
fn a_trap_in_the_callbacks_of_an_answer() {
    for callback in ["response-headers", "response-body"] {
        let script = format!("request-headers reply 403 no\n{callback} panic");
        compare(
            with_both_policies(&format!("a trap in {callback} of an answer"), &script)
                .map(|scenario| scenario.request(with_body()).request(without_body())),
        );
    }
    compare(
        with_both_policies("a trap behind an answer", "request-headers reply 403 no\nrequest-headers panic")
            .map(|scenario| scenario.request(with_body()).request(without_body())),
    );
}

/// The streams that were open are over by then.
#[test]
fn a_trap_outside_of_streams() {
    let later = |scenario: Scenario| {
        scenario
            .request(without_body())
            .wait(Duration::from_millis(200))
            .request(with_body())
            .request(without_body())
    };
    compare(
        with_both_policies(
            "a trap where a queue is ready",
            "configure register q\nlog enqueue 1 item\nqueue-ready panic",
        )
        .map(later),
    );
    // The SDK has none for a stream that has ended, so the root context calls out.
    compare(
        with_both_policies(
            "a trap where an answer comes of a root context's callout",
            "configure register q\nlog enqueue 1 item\nqueue-ready call authz GET / 1000\ncall-response panic",
        )
        .map(|scenario| later(scenario.cluster("authz", |_| Response::new(200).into()))),
    );
    compare(with_both_policies("a trap in a tick", "configure timer 300\ntimer panic").map(|scenario| {
        scenario.wait(Duration::from_millis(600)).request(with_body()).request(without_body())
    }));
}

/// Whatever the policy is: nothing is in service by then.
#[test]
fn an_extension_that_cannot_start_is_refused() {
    let module = WasmModule::build("waxwing-probe").unwrap_or_else(|error| panic!("{error}"));
    for (vm, plugin) in
        [("start panic", ""), ("start refuse", ""), ("", "configure panic"), ("", "configure refuse")]
    {
        for host in [Host::builder::<Probe>(), Host::wasm(&module)] {
            let started = host.vm_config(vm).config(plugin).try_start();
            assert!(started.is_err(), "{vm}{plugin}");
        }
        let config = Config::new(module.name()).vm_configuration(vm).configuration(plugin);
        let refused = Proxy::start(&config).expect_err("Envoy refuses it").to_string();
        println!("{vm}{plugin}: {refused}");
    }
}
