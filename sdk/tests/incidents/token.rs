//! Tokens that are unknown, used up or too early.

use super::*;

/// proxy-wasm-rust-sdk 154, 159 and 240: an answer with a token that the SDK did not know was a panic.
#[test]
fn answers_with_unknown_tokens_are_ignored() {
    let host = ScriptedHost::start(Script::default());
    host.open([2]);
    host.calls();
    host.run(|guest| {
        for context in [0, 1, 2, 77] {
            for token in [0, 1, 4, u32::MAX] {
                guest.on_http_call_response(context, token, 0, 0, 0);
                guest.on_grpc_receive_initial_metadata(context, token, 0);
                guest.on_grpc_receive(context, token, 0);
                guest.on_grpc_receive_trailing_metadata(context, token, 0);
                guest.on_grpc_close(context, token, 14);
            }
        }
    });
    assert_eq!(host.calls(), [""; 0]);
}

/// A second answer to the same callout.
#[test]
fn a_callout_is_answered_once() {
    let host = ScriptedHost::start(
        Script::default()
            .request_headers(|request| {
                HttpCall::get("authz", "/").send(request)?;
                GrpcCall::new("authz", "acme.Auth", "Check").send(request)?;
                Ok(Action::Pause)
            })
            .answer(|_, _, stream| {
                stream.log(LogLevel::Info, "answer");
                Ok(Action::Pause)
            })
            .grpc_answer(|_, _, stream| {
                stream.log(LogLevel::Info, "gRPC answer");
                Ok(Action::Pause)
            }),
    );
    host.open([2]);
    host.run(|guest| {
        for _ in 0..3 {
            guest.on_http_call_response(1, 1, 0, 0, 0);
            guest.on_grpc_receive(1, 2, 0);
            guest.on_grpc_close(1, 2, 0);
        }
    });
    assert_eq!(host.lines(), ["answer", "gRPC answer"]);
}

/// proxy-wasm-rust-sdk 240: the initial metadata of a gRPC stream came from inside the call that opened it, with a token
/// that the SDK could not know yet, while its tables were borrowed.
#[test]
fn what_comes_of_a_grpc_stream_before_its_token_is_known_is_ignored() {
    let host = ScriptedHost::start(
        Script::default()
            .request_headers(|request| {
                GrpcCall::new("chat", "acme.Chat", "Talk").open(request)?;
                Ok(Action::Pause)
            })
            .grpc_metadata(|grpc, _, stream| {
                stream.log(LogLevel::Info, &format!("metadata {}", grpc.as_u32()));
                Ok(Action::Pause)
            })
            .grpc_message(|grpc, message, stream| {
                stream.log(LogLevel::Info, &format!("message {}", message.bytes()?.len()));
                grpc.send("reply")?;
                Ok(Action::Pause)
            }),
    );
    host.inside(|host, import| {
        if import == "proxy_grpc_stream" {
            host.run(|guest| guest.on_grpc_receive_initial_metadata(1, 1, 1));
        }
    });
    host.answer("proxy_get_buffer_bytes", Ok(b"hello"));
    assert_eq!(host.open([2]), PAUSE);
    assert_eq!(host.lines(), [""; 0]);
    host.run(|guest| {
        guest.on_grpc_receive_initial_metadata(1, 1, 1);
        guest.on_grpc_receive(1, 1, 5);
    });
    assert_eq!(host.lines(), ["metadata 1", "message 5"]);
    assert_eq!(of(&host.calls(), "proxy_grpc_send"), ["(1, reply)"]);
}

/// proxy-wasm-rust-sdk 138 and 148: a stream's token was used after the stream had ended. It is an error.
#[test]
fn a_grpc_stream_that_has_ended_refuses_messages() {
    let host = ScriptedHost::start(
        Script::default()
            .request_headers(|request| {
                GrpcCall::new("chat", "acme.Chat", "Talk").open(request)?;
                Ok(Action::Pause)
            })
            .grpc_close(|grpc, _, stream| {
                let refused = Error::Host { call: "proxy_grpc_send", status: Status::NOT_FOUND };
                assert_eq!(grpc.send("late"), Err(refused));
                stream.log(LogLevel::Info, "refused");
                Ok(Action::Continue)
            }),
    );
    host.answer("proxy_grpc_send", Err(Status::NOT_FOUND));
    host.open([2]);
    host.run(|guest| guest.on_grpc_close(1, 1, 0));
    assert_eq!(host.lines(), ["refused"]);
}
