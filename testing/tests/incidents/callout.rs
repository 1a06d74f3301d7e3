//! Answers to callouts.

use super::*;

/// proxy-wasm-rust-sdk 385, probe 3 of `proxy-wasm` 0.2.5; proxy-wasm-cpp-sdk 188, proxy-wasm-go-sdk 228, envoy 17576: a
/// stream's callout from a tick was answered to the root context, and what resumed it acted on no stream.
#[test]
fn a_callout_from_a_streams_timer_is_answered_to_the_stream_and_resumes_it() {
    let run =
        run(Scenario::new("a callout from a tick").cluster("authz", authz).request(doing("call-from-timer")));
    run[0].logs().assert_contains("call-from-timer was answered: 200");
    run[0].response().assert_status(200);
    run.logs().assert_lacks("root context");
}

/// ngx_wasm_module 622 and 625, proxy-wasm-go-sdk 217: a callout that failed told so in a way that nobody expected: empty
/// maps, a response of the proxy's, a refusal.
#[test]
fn each_way_to_fail_is_one_error() {
    let answer = |scenario: Scenario| scenario.request(doing("call 150ms"));
    let hang = answer(Scenario::new("hang").cluster("authz", |_| Answer::Hang));
    let reset = answer(Scenario::new("reset").cluster("authz", |_| Answer::Reset));
    let broken = answer(
        Scenario::new("break off").cluster("authz", |_| Answer::BreakOff(Response::new(200).body("begun"))),
    );
    let refused = answer(Scenario::new("refuse").refusing_cluster("authz"));
    for (scenario, error) in [
        (hang, "the upstream did not answer in time"),
        (reset, "the answer broke off"),
        (broken, "the answer broke off"),
        (refused, "the upstream cannot be reached"),
    ] {
        let run = run(scenario);
        run[0].logs().assert_contains(&format!("call 150ms was answered: {error}"));
        run[0].response().assert_status(200);
    }
}

/// envoy 33600, proxy-wasm-rust-sdk 185: a callout that the host refuses at once failed all requests from then on.
#[test]
fn a_callout_to_a_cluster_that_there_is_not_fails_its_request_alone() {
    let run = run(Scenario::new("no cluster").request(doing("call 150ms")).request(doing("add")));
    run[0].local_response().assert_status(500);
    run[1].response().assert_status(200);
}

/// envoy 26485 and 33600, wasm-shim 169: what went wrong with an answer became a panic, and a panic in this callback
/// fails no stream. An error does: the client gets its answer, and nothing is left hanging.
#[test]
fn an_error_in_an_answer_fails_the_stream_and_leaves_nothing_hanging() {
    let run = run(Scenario::new("an error in an answer")
        .cluster("authz", authz)
        .request(doing("fail-on-answer"))
        .request(doing("call 2000ms")));
    run[0].local_response().assert_status(500);
    run[0].assert_not_forwarded();
    run[1].response().assert_status(200);
}

/// envoy 16726, 36456, 38801 and 39395; wasm-shim 139 and 171: a proxy that did not recover from a panic, and a stream that
/// hung. Envoy fails the streams that come later, and does nothing about one that waits.
#[test]
fn a_panic_fails_the_streams_that_come_later() {
    let run = run(Scenario::new("a panic")
        .config("timer 400ms panic")
        .request(doing("add"))
        .wait(Duration::from_millis(700))
        .expect_trap("the timer has come")
        .request(doing("add")));
    run[0].response().assert_status(200);
    run[1].response().assert_status(503);
}

/// proxy-wasm-rust-sdk 154, 159 and 240: what came of gRPC, and a call that was made from inside of it, met tables that
/// were borrowed. proxy-wasm-rust-sdk 138 and 148: a stream was used after its end, which Envoy ignores.
#[test]
fn a_grpc_call_from_inside_the_metadata_of_a_grpc_stream_is_answered() {
    let serve = |call: &GrpcRequest| match call.method() {
        "Talk" => GrpcAnswer::stream().message("hi").wait(Duration::from_millis(150)).end(7, "no"),
        _ => GrpcAnswer::reply("nested, too"),
    };
    let run = run(Scenario::new("nested gRPC").grpc_cluster("chat", serve).request(doing("chat")));
    let logs = run[0].logs();
    logs.assert_contains("the gRPC stream said: hi");
    logs.assert_contains("the gRPC call was answered: nested, too");
    logs.assert_contains("the gRPC stream ended: permission denied");
    run[0].response().assert_status(200);
}

/// proxy-wasm-rust-sdk 163: a gRPC call from the callback of a body seemed never to be answered.
#[test]
fn a_grpc_call_from_a_body_is_answered() {
    let run = run(Scenario::new("gRPC from a body")
        .grpc_cluster("chat", |_| GrpcAnswer::reply("yes"))
        .request(Request::post("/").header("x-do", "call-from-body").chunks(["a", "b"]).empty_end()));
    run[0].logs().assert_contains("the gRPC call was answered: yes");
    run[0].upstream_request().assert_body("ab");
}

on_each_host! {
    extension: Incidents,
    package: "waxwing-incidents",

    /// proxy-wasm-go-sdk 217 and 261: the client left while its stream waited, and the answer came when it was gone.
    fn an_answer_after_the_client_has_left_is_dropped(host) {
        let host = host.start();
        let authz = host.upstream("authz");
        authz.on(waxwing_testing::matching::any()).reply(Response::new(200)).delay(Duration::from_millis(50));
        let stream = host.open(doing("call 2000ms"));
        stream.assert_paused(Phase::RequestHeaders);
        stream.disconnect();
        assert_eq!(stream.finish().outcome(), Outcome::Reset);
        host.clock().advance(Duration::from_millis(100));
        host.logs().assert_lacks("was answered");
        assert_eq!(authz.calls().len(), 1);
        assert_eq!(host.open_streams(), 0);
        host.exchange(doing("call 2000ms")).logs().assert_contains("was answered: 200");
    }

    /// The same for a gRPC stream, which has no timeout: it is cancelled, and its server hears of it.
    fn a_grpc_stream_ends_when_the_client_has_left(host) {
        let host = host.start();
        let serve = |_: &GrpcRequest| GrpcAnswer::stream().wait(Duration::from_millis(50)).message("hi").end(0, "");
        host.grpc_upstream("chat").on(|_: &GrpcRequest| true).answer_with(serve);
        let stream = host.open(doing("chat"));
        stream.assert_paused(Phase::RequestHeaders);
        stream.disconnect();
        host.clock().advance(Duration::from_millis(100));
        stream.finish().logs().assert_lacks("gRPC");
    }

    /// proxytest of proxy-wasm-go-sdk numbers callouts by how many are open: answers out of order went wrong.
    fn answers_out_of_order_resume_those_that_asked(host) {
        let host = host.start();
        let mut delay = 100;
        host.upstream("authz").on(waxwing_testing::matching::any()).answer_with(move |_| {
            delay -= 20;
            Answer::from(Response::new(200)).after(Duration::from_millis(delay))
        });
        let streams = [(); 4].map(|()| host.open(doing("call 2000ms")));
        // The last one to ask is answered first.
        for waiting in (0..4).rev() {
            host.clock().advance(Duration::from_millis(20));
            for (number, stream) in streams.iter().enumerate() {
                assert_eq!(stream.has_ended(), number >= waiting, "stream {number}");
            }
        }
    }

    /// Probe 2 of `proxy-wasm` 0.2.5: a callout that was made where no callback of a stream ran was answered to the stream
    /// that had run last. Envoy makes such calls from its trial runs too, so it is not compared.
    fn a_callout_of_the_configuration_is_answered_to_the_root_context(host) {
        let late = |request: &Request| {
            let delay = if request.path() == "/check" { 20 } else { 40 };
            Answer::from(Response::new(200)).after(Duration::from_millis(delay))
        };
        let host = host.config("call\ntimer 10ms call").cluster("authz", late).start();
        let streams = [(); 3].map(|()| host.open(doing("call 2000ms")));
        host.clock().advance(Duration::from_millis(100));
        for stream in &streams {
            let exchange = stream.finish();
            exchange.logs().assert_contains("call 2000ms was answered: 200").assert_lacks("root context");
        }
        let logs = host.logs();
        let lines = logs.lines().iter().filter(|line| line.message == "the root context was answered: 200");
        assert_eq!(lines.count(), 2, "{logs}");
    }

    /// envoy 38801, wasm-shim 139: see `a_panic_fails_the_streams_that_come_later`.
    fn a_panic_in_an_answer_leaves_its_stream_waiting_and_fails_the_next(host) {
        let host = host.cluster("authz", authz).start();
        let waiting = host.open(doing("panic-on-answer"));
        waiting.assert_paused(Phase::RequestHeaders).assert_not_forwarded();
        host.expect_trap("the answer has come");
        host.exchange(doing("add")).local_response().assert_status(503);
        waiting.disconnect();
        assert_eq!(waiting.finish().outcome(), Outcome::Reset);
    }

    /// A stream that waits for a timer, when its client leaves.
    fn a_timer_after_the_client_has_left_does_nothing(host) {
        let host = host.cluster("authz", authz).start();
        let stream = host.open(doing("call-from-timer"));
        stream.disconnect();
        host.clock().advance(Duration::from_secs(1));
        stream.finish().logs().assert_lacks("was answered");
    }
}
