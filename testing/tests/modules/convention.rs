//! One module for each SDK's way to lay a plugin out.

use super::{assembled, compare, in_envoy};
use waxwing_testing::wasm::WasmModule;
use waxwing_testing::{Host, Request, Response, Runner, Scenario, Wasm};

#[test]
fn a_module_of_go_is_initialized_before_it_is_called() {
    let request = Request::post("/cart").header("x-a", "1").body("apples").trailer("x-sum", "6");
    let run = compare("go", &Scenario::new("Go").request(request));

    run[0].upstream_request().assert_header("x-read", "1").assert_body("apples");
    run[0].logs().assert_contains("a stream begins");
    run.logs().assert_contains("the runtime has started");
}

#[test]
fn a_module_of_tinygo_starts_as_a_command() {
    let run = compare("tinygo", &Scenario::new("TinyGo").plugin_name("tagger").request(Request::get("/")));

    run[0].response().assert_header("x-plugin", "tagger");
}

#[test]
fn a_module_of_cpp_has_its_statics_constructed() {
    let scenario = Scenario::new("C++")
        .origin(|_| Response::new(200).chunks(["what the ", "upstream says"]))
        .request(Request::get("/"));
    let run = compare("cpp", &scenario);

    run[0].response().assert_body("replaced");
    run.logs().assert_contains("main has run");
}

#[test]
fn a_module_of_assemblyscript_answers() {
    let scenario = Scenario::new("AssemblyScript")
        .request(Request::get("/"))
        .request(Request::get("/").header("x-token", "t"));
    let run = compare("assemblyscript", &scenario);

    run[0].local_response().assert_status(401).assert_body("no token");
    run[1].response().assert_status(200);
}

#[test]
fn an_abort_of_assemblyscript_is_a_trap() {
    let scenario = Scenario::new("an abort of AssemblyScript")
        .expect_trap("unreachable")
        .request(Request::get("/").header("x-abort", "1"));
    // The model notes the exit that it ignores in the log. Envoy does not.
    let module = WasmModule::from_bytes("assemblyscript", &assembled("assemblyscript")).unwrap();
    let model = Wasm::new(module).run(&scenario);
    let envoy = in_envoy("assemblyscript", &scenario);

    model[0].logs().assert_contains("proc_exit(255) is ignored");
    for run in [model, envoy] {
        run[0].logs().assert_contains("abort: an assertion failed");
        run[0].response().assert_status(503);
    }
}

#[test]
fn a_module_runs_on_a_host_of_the_test() {
    let module = WasmModule::from_bytes("tinygo", &assembled("tinygo")).unwrap();
    let host = Host::wasm(&module).workers(2).plugin_name("tagger").start();
    for worker in [host.worker(0), host.worker(1)] {
        worker.exchange(Request::get("/")).response().assert_header("x-plugin", "tagger");
    }
}
