//! Traps where the answers of others come, while the stream waits for them.

use std::time::Duration;

use waxwing_testing::{Answer, Client, FailurePolicy, GrpcAnswer, GrpcRequest};

use super::*;

/// A client that has its answer by then, if there is one.
const LATER: Duration = Duration::from_millis(400);

fn serve(call: &GrpcRequest) -> GrpcAnswer {
    let metadata = GrpcAnswer::stream().metadata("x-shard", "7");
    match call.method() {
        "Reply" => GrpcAnswer::reply("yes").after(Duration::from_millis(150)),
        _ => metadata.wait(Duration::from_millis(150)).message("one").trailer("x-count", "2").end(0, "fine"),
    }
}

fn trapping(name: String, script: &str) -> [Scenario; 2] {
    [("closed", FailurePolicy::Closed), ("open", FailurePolicy::Open)].map(|(policy, failure)| {
        scenario(format!("{name}, failing {policy}"), script)
            .failure_policy(failure)
            .expect_trap("the script says so")
            .client(Client::new(with_body()).leaves_after(LATER))
            .request(without_body())
    })
}

#[test]
fn a_trap_where_a_grpc_answer_comes() {
    for (callback, call) in [
        ("grpc-response", "grpc-call authz Reply 1000 one"),
        ("grpc-initial", "grpc-open authz Stream\nrequest-headers grpc-send-last 6 x"),
        ("grpc-message", "grpc-open authz Stream\nrequest-headers grpc-send-last 6 x"),
        ("grpc-trailing", "grpc-open authz Stream\nrequest-headers grpc-send-last 6 x"),
        ("grpc-close", "grpc-open authz Stream\nrequest-headers grpc-send-last 6 x"),
    ] {
        let pauses = "request-headers pause\ngrpc-initial pause\ngrpc-message pause\ngrpc-trailing pause";
        let script = format!("request-headers {call}\n{pauses}\n{callback} panic\nlog value 2 :status");
        let scenarios = trapping(format!("a trap in {callback}, for which a stream waits"), &script);
        compare(scenarios.map(|scenario| scenario.grpc_cluster("authz", serve)));
    }
}

#[test]
fn a_trap_where_the_answer_of_a_callout_comes() {
    for callback in ["request-headers", "request-body", "response-headers", "response-body"] {
        let script = format!(
            "{callback} call authz GET / 1000\n{callback} pause\nresponse-trailers pause\n\
             call-response panic\nlog value 2 :status"
        );
        let name = format!("a trap where an answer comes for which {callback} waits");
        compare(trapping(name, &script).map(|scenario| {
            scenario.cluster("authz", |_| Answer::from(Response::new(200)).after(Duration::from_millis(150)))
        }));
    }
}

#[test]
fn a_trap_in_a_timer_for_which_a_stream_waits() {
    for callback in ["request-headers", "response-headers"] {
        let script = format!("{callback} timer 150\n{callback} pause\ntimer panic\nlog value 2 :status");
        compare(trapping(format!("a trap in a timer for which {callback} waits"), &script));
    }
}
