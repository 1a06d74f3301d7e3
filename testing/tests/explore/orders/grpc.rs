//! gRPC streams: what a server sends at one moment comes one by one.

use waxwing::prelude::*;
use waxwing_testing::explore::{self, Problem};
use waxwing_testing::{GrpcAnswer, GrpcRequest, Native, Request, Scenario};

/// Asks over a gRPC stream, whose messages are the words of a header that it adds; the body has to wait for them, or, with a
/// defect, to be there before them.
#[derive(Extension)]
#[extension(http = WordsStream)]
pub(super) struct Words {
    broken: bool,
}

impl RootContext for Words {
    type Config = String;

    fn configure(defect: String, _: &mut Configure<'_>) -> Result<Self> {
        Ok(Words { broken: !defect.is_empty() })
    }
}

pub(super) struct WordsStream {
    broken: bool,
    grpc: Option<GrpcStream>,
    words: Vec<u8>,
    body: bool,
}

#[callbacks]
impl HttpContext for WordsStream {
    type Root = Words;

    fn new(root: &Words) -> Self {
        WordsStream { broken: root.broken, grpc: None, words: Vec::new(), body: false }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let user = request.headers().get("x-user")?.unwrap_or_default();
        self.grpc = Some(GrpcCall::new("words", "acme.Words", "Get").message(user).open(request)?);
        Ok(if self.broken { Action::Continue } else { Action::Pause })
    }

    fn on_request_body(&mut self, _: &mut RequestBody<'_>) -> Result<Action> {
        self.body = true;
        Ok(Action::Continue)
    }

    fn on_grpc_stream_message(
        &mut self,
        _: GrpcStream,
        message: &GrpcMessage<'_>,
        _: &mut StreamView<'_>,
    ) -> Result<Action> {
        assert!(!self.broken || self.body || self.words.is_empty(), "the body comes with the first word");
        self.words.extend(message.bytes()?);
        Ok(Action::Pause)
    }

    fn on_grpc_stream_close(
        &mut self,
        _: GrpcStream,
        _: &GrpcClose<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        if self.broken {
            return Ok(Action::Pause);
        }
        stream.request_headers_mut().set("x-words", &*self.words)?;
        Ok(Action::Continue)
    }

    fn on_log(&mut self, stream: &mut StreamLog<'_>) -> Result<()> {
        if let Some(grpc) = self.grpc.take() {
            // It may have ended.
            let _ = grpc.cancel(stream);
        }
        Ok(())
    }
}

/// Two requests, for each of which the server has two words, which begin with the user's.
pub(super) fn two_words(defect: &str) -> Scenario {
    let words = |call: &GrpcRequest| {
        let user = call.messages().first().cloned().unwrap_or_default();
        GrpcAnswer::stream().message(user).message("!").end(0, "")
    };
    let request = |user: &str| Request::post("/").header("x-user", user).body("two apples");
    Scenario::new(format!("words, {defect}"))
        .config(defect)
        .grpc_cluster("words", words)
        .request(request("ana"))
        .request(request("bo"))
}

#[test]
fn each_stream_gets_its_own_messages_in_every_order() {
    explore::orders(&Native::<Words>::new(), &two_words("")).disconnects().check();
}

#[test]
fn something_else_comes_between_two_messages_of_one_moment() {
    let report = explore::orders(&Native::<Words>::new(), &two_words("broken")).report();
    let [violation] = report.violations() else { panic!("{report}") };
    let Problem::Trap(trap) = violation.problem() else { panic!("{report}") };
    assert_eq!(trap.message, "the body comes with the first word");
}
