//! gRPC calls and streams: how they start, what comes of them, and what can be read then.

use std::time::Duration;

use waxwing_testing::{GrpcAnswer, GrpcRequest};

use super::*;

/// What the probe asks in the callbacks of calls and streams.
const READ: &str = "
    request-headers pause
    grpc-response grpc-bytes
    grpc-response status
    grpc-response pairs 4
    grpc-response pairs 5
    grpc-response value 0 :path
    grpc-initial value 4 x-shard
    grpc-initial value 4 X-Shard
    grpc-initial value 4 :status
    grpc-initial value 4 content-type
    grpc-initial value 4 x-none
    grpc-initial value 5 grpc-status
    grpc-initial pairs 5
    grpc-initial size 4
    grpc-initial add 4 a b
    grpc-initial grpc-bytes
    grpc-initial pause
    grpc-message grpc-bytes
    grpc-message bytes 5 1 1
    grpc-message value 4 x-shard
    grpc-message pairs 5
    grpc-message status
    grpc-message set-bytes 5 0 1 he
    grpc-message grpc-bytes
    grpc-message buffer-size 5
    grpc-message value 0 :path
    grpc-message pause
    grpc-trailing value 5 :status
    grpc-trailing value 5 grpc-status
    grpc-trailing value 5 grpc-message
    grpc-trailing value 5 x-count
    grpc-trailing value 4 x-shard
    grpc-trailing pairs 4
    grpc-trailing size 5
    grpc-trailing remove 5 x-count
    grpc-trailing set-bytes 5 0 0 x
    grpc-trailing grpc-bytes
    grpc-trailing pause
    grpc-close status
    grpc-close pairs 4
    grpc-close pairs 5
    grpc-close grpc-bytes
    log grpc-bytes
    log status
    log pairs 4
    log value 5 grpc-status
";

fn scenario_of(name: impl Into<String>, calls: &str) -> Scenario {
    scenario(name, &format!("{calls}\n{READ}")).request(with_body())
}

/// A server that does what the method is called.
fn serve(call: &GrpcRequest) -> GrpcAnswer {
    let stream = || GrpcAnswer::stream().metadata("x-shard", "7");
    let pause = Duration::from_millis(30);
    match call.method() {
        "Reply" => GrpcAnswer::reply([b"you said ", call.messages()[0].as_slice()].concat()),
        "Trailers" => stream().message("yes").trailer("x-count", "2").end(0, "fine"),
        "Nothing" => GrpcAnswer::stream().end(0, ""),
        "Twice" => GrpcAnswer::stream().message("one").message("two").end(0, ""),
        "Refuse" => GrpcAnswer::error(7, "not you: 100% \u{e9}"),
        "Unavailable" => GrpcAnswer::error(14, "upstream request timeout"),
        "Odd" => GrpcAnswer::error(99, ""),
        "Half" => stream().message("half").end(5, "gone"),
        "Hang" => GrpcAnswer::hang(),
        "Started" => stream(),
        "Stuck" => stream().message("one"),
        "Late" => GrpcAnswer::reply("late").after(Duration::from_millis(500)),
        "Reset" => GrpcAnswer::reset(),
        "Begin" => stream().wait(pause).break_off(),
        "Break" => stream().message("one").wait(pause).break_off(),
        "Echo" => stream().echo().trailer("x-count", "2").end(0, ""),
        "Fail" => stream().echo().trailer("x-count", "2").end(9, "a b%"),
        "Wait" => stream().await_messages(2).wait(pause).message("enough").await_end().end(0, ""),
        other => panic!("there is no method {other}"),
    }
}

#[test]
fn unary_calls() {
    compare(["Reply", "Trailers", "Nothing", "Twice", "Refuse", "Unavailable", "Odd", "Half"].map(
        |method| {
            scenario_of(
                format!("a unary call, answered so: {method}"),
                &format!("request-headers grpc-call authz {method} 1000 one"),
            )
            .grpc_cluster("authz", serve)
        },
    ));
}

#[test]
fn unary_calls_that_do_not_get_through() {
    compare(["Hang", "Late", "Started", "Stuck", "Reset", "Begin", "Break"].map(|method| {
        scenario_of(
            format!("a unary call that does not get through: {method}"),
            &format!("request-headers grpc-call authz {method} 150 one"),
        )
        .grpc_cluster("authz", serve)
    }));
    compare([
        scenario_of(
            "a unary call to a server that is down",
            "request-headers grpc-call authz Reply 1000 one",
        )
        .refusing_cluster("authz"),
        scenario_of(
            "a gRPC stream to a server that is down",
            "request-headers grpc-open authz Echo\nrequest-headers grpc-send 6 one",
        )
        .refusing_cluster("authz"),
    ]);
}

#[test]
fn streams() {
    let two = "request-headers grpc-send 6 one\nrequest-headers grpc-send-last 6 two";
    compare(["Echo", "Fail", "Nothing", "Refuse", "Reset", "Begin", "Break", "Twice", "Wait"].map(
        |method| {
            scenario_of(
                format!("a gRPC stream, answered so: {method}"),
                &format!("request-headers grpc-open authz {method}\n{two}"),
            )
            .grpc_cluster("authz", serve)
        },
    ));
}

#[test]
fn the_ends_of_streams() {
    let open = "request-headers grpc-open authz Echo\nrequest-headers grpc-send 6 one";
    compare(
        [
            // Half-closed: what is sent after it goes nowhere.
            ("closed here at once", "request-headers grpc-close 6\nrequest-headers grpc-close 6\nrequest-headers grpc-send 6 after"),
            // It has a place until it is closed here, too.
            ("closed there, and closed here when told", "request-headers grpc-send-last 6 two\ngrpc-close grpc-send 6 x\ngrpc-close grpc-close 6\n\
             grpc-close grpc-close 6\nlog grpc-close 6"),
            ("closed here at once, and again when told", "request-headers grpc-close 6\ngrpc-close grpc-send 6 x\ngrpc-close grpc-close 6\nlog grpc-close 6"),
            // The SDK has closed it.
            ("closed by the SDK", "request-headers grpc-send-last 6 two\nlog grpc-close 6\nlog grpc-send 6 x\nlog grpc-cancel 6"),
            ("cancelled when told of its end", "request-headers grpc-send-last 6 two\ngrpc-close grpc-cancel 6\nlog grpc-close 6"),
        ]
        .map(|(name, more)| scenario_of(format!("a gRPC stream, {name}"), &format!("{open}\n{more}")).grpc_cluster("authz", serve)),
    );
    // The request goes on when the stream is cancelled.
    let cancel = format!(
        "{open}\nrequest-headers pause\ngrpc-initial pause\ngrpc-message grpc-cancel 6\ngrpc-message grpc-cancel 6\n\
         grpc-message grpc-send 6 x\ngrpc-message grpc-close 6\nlog grpc-close 6"
    );
    compare([scenario("a gRPC stream, cancelled by a message", &cancel)
        .grpc_cluster("authz", serve)
        .request(with_body())]);
}

#[test]
fn what_a_stream_leaves_behind() {
    // Nothing holds the request back: the answer that comes later is for nobody.
    let late = "request-headers grpc-call authz Late 1000 one\ngrpc-response status\nlog status";
    // The request goes on with the first message: the stream is open when it ends, and is cancelled then.
    let open = "request-headers grpc-open authz Echo\nrequest-headers grpc-send 6 one\nrequest-headers pause\n\
                grpc-initial pause\ngrpc-message grpc-bytes\ngrpc-close status\nlog status";
    let twice = |name, script| {
        scenario(name, script)
            .grpc_cluster("authz", serve)
            .request(without_body())
            .wait(Duration::from_millis(20))
            .request(without_body())
    };
    compare([
        twice("a unary call that its stream leaves behind", late),
        scenario("a gRPC stream that its stream leaves behind", open)
            .grpc_cluster("authz", serve)
            .request(without_body()),
    ]);
}

#[test]
fn tokens_and_what_is_refused() {
    let script = [
        "grpc-call nobody Reply 100 one",
        "grpc-open nobody Echo",
        "raw-grpc-call nobody 100",
        "raw-grpc-open nobody",
        "raw-grpc-call authz 100",
        "raw-grpc-call authz 4294967295",
        "grpc-call authz Hang 100 one",
        "raw-grpc-open authz",
        "grpc-open authz Hang",
        "grpc-send 5 x",
        "grpc-send 9 x",
        "grpc-send 78 x",
        "grpc-send 4 x",
        "grpc-send 7 x",
        "grpc-close 4",
        "grpc-close 7",
        "grpc-close 77",
        "grpc-close 78",
        "grpc-cancel 4",
        "grpc-cancel 7",
        "grpc-cancel 77",
        "grpc-cancel 78",
        "grpc-close 9",
        "grpc-close 9",
        "grpc-cancel 13",
        "grpc-cancel 13",
        "grpc-cancel 5",
        "grpc-cancel 17",
        "grpc-cancel 21",
        "grpc-cancel 6",
        "grpc-cancel 10",
        "grpc-cancel 14",
        "grpc-cancel 18",
        "value 4 :status",
        "pairs 5",
        "add 4 a b",
        "set-bytes 5 0 0 x",
        "grpc-bytes",
    ]
    .map(|call| format!("request-headers {call}\n"))
    .concat();
    compare([scenario("gRPC tokens, and what is refused", &script)
        .grpc_cluster("authz", serve)
        .request(without_body())]);
}
