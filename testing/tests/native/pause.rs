use super::*;

extension!(Hold, HoldStream {
    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let hold = request.headers().get("x-hold")?.is_some();
        Ok(if hold { Action::Pause } else { Action::Continue })
    }
});

#[test]
fn a_paused_request_does_not_reach_the_upstream_and_keeps_its_body() {
    let host = Host::builder::<Hold>().start();
    let stream = host.open(Request::post("/").header("x-hold", "1").chunks(["ab", "c"]));
    stream.assert_paused(Phase::RequestHeaders);
    stream.assert_not_forwarded();
    assert_eq!(stream.buffered_request_body(), b"abc");
    host.open(Request::get("/")).assert_flowing();
    stream.disconnect();
    assert_eq!(stream.finish().outcome(), Outcome::Reset);
    assert_eq!(host.open_streams(), 0);
}

#[test]
fn an_exchange_that_nothing_resumes_fails_with_what_it_waits_in() {
    let host = Host::builder::<Hold>().start();
    let message = failure(|| {
        host.exchange(Request::get("/").header("x-hold", "1"));
    });
    assert!(
        message.starts_with(
            "the stream is paused in RequestHeaders, and nothing is pending that could resume it\n"
        ),
        "{message}"
    );
    assert!(message.contains("on_request_headers #2"), "{message}");
}

#[test]
fn a_wrong_expectation_says_what_holds_the_stream() {
    let host = Host::builder::<Hold>().start();
    let stream = host.open(Request::get("/").header("x-hold", "1"));
    let message = failure(|| {
        stream.assert_flowing();
    });
    assert!(message.starts_with("expected no pause, it is paused in RequestHeaders"), "{message}");
    let message = failure(|| {
        stream.assert_paused(Phase::ResponseBody);
    });
    assert!(
        message.starts_with("expected a pause in ResponseBody, it is paused in RequestHeaders"),
        "{message}"
    );
}

#[test]
fn steps_out_of_order_are_refused_with_what_to_do() {
    let host = Host::builder::<Hold>().start();
    let stream = host.begin();
    assert_eq!(failure(|| stream.send_request_body("x", EndOfStream::Yes)), "send the request headers first");
    stream.send_request(&Request::get("/"));
    assert_eq!(
        failure(|| stream.send_request_body("x", EndOfStream::Yes)),
        "the request has ended: nothing can follow"
    );
    assert!(failure(|| stream.send_request(&Request::get("/"))).contains("host.begin()"));
    assert_eq!(
        failure(|| stream.send_response_body("x", EndOfStream::No)),
        "send the response headers first"
    );
    let message = failure(|| {
        stream.finish();
    });
    assert!(message.starts_with("the stream has not ended: the upstream has not sent"), "{message}");
    stream.send_response(&Response::new(204));
    assert_eq!(
        failure(|| stream.send_response_body("late", EndOfStream::Yes)),
        "the response has ended: nothing can follow"
    );
}

#[test]
fn what_the_upstream_sends_after_a_disconnect_goes_nowhere() {
    let host = Host::builder::<Hold>().start();
    let stream = host.begin();
    stream.send_request(&Request::get("/"));
    stream.send_response_headers(&Response::new(200), EndOfStream::No);
    stream.disconnect();
    stream.send_response_body("late", EndOfStream::Yes);
    stream.send_response_body("later", EndOfStream::Yes);
    assert_eq!(stream.finish().outcome(), Outcome::Reset);
}
