use super::*;
use waxwing_testing::{Callback, Event, HostCall};

extension!(Loud, LoudStream {
    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let mut headers = request.headers_mut();
        headers.set("x-tag", "blue")?;
        headers.set("x-tag", "BLUE")?;
        headers.remove("x-internal")?;
        Ok(Action::Continue)
    }
});

#[test]
fn a_failed_assertion_shows_both_sides_and_marks_the_last_writer() {
    let host = Host::builder::<Loud>().start();
    let exchange = host.exchange(Request::get("/cart?id=7").header("x-internal", "1"));
    let message = failure(|| {
        exchange.upstream_request().assert_header("x-tag", "blue");
    });
    assert_eq!(
        message,
        r#"request header "x-tag": expected "blue", got "BLUE"

  sent                   | forwarded
  :method    GET         | :method    GET
  :path      /cart?id=7  | :path      /cart?id=7
  :scheme    http        | :scheme    http
  :authority example.com | :authority example.com
- x-internal 1           |
                         |+x-tag      BLUE

  answered    | received
  :status 200 | :status 200

timeline
   1 on_context_create #2 of root #1
   2 =
   3 on_request_headers #2 5 headers end of stream
   4   replace_header_map_value request headers "x-tag" "blue"    -> Ok
   5   replace_header_map_value request headers "x-tag" "BLUE"    -> Ok    <-- last writer
   6   remove_header_map_value request headers "x-internal"       -> Ok
   7 = Continue
   8 * request headers forwarded, end of stream
   9 * response headers forwarded, end of stream
  10 on_delete #2
  11 ="#
    );
}

#[test]
fn a_request_that_should_have_stopped_shows_what_the_upstream_received() {
    let host = Host::builder::<Loud>().start();
    let stream = host.begin();
    stream.assert_not_forwarded();
    stream.send_request(&Request::get("/cart"));
    let message = failure(|| {
        stream.assert_not_forwarded();
    });
    assert!(message.starts_with("the request reached the upstream\n\n  sent "), "{message}");
    assert!(message.contains(" |+x-tag      BLUE\n"), "{message}");
    assert!(message.contains("* request headers forwarded"), "{message}");

    stream.send_response(&Response::new(200));
    let exchange = stream.finish();
    let message = failure(|| {
        exchange.assert_not_forwarded();
    });
    assert!(message.starts_with("the request reached the upstream\n\n  sent "), "{message}");
    assert!(message.contains("* response headers forwarded"), "{message}");
}

#[test]
fn events_are_typed() {
    let host = Host::builder::<Loud>().start();
    let exchange = host.exchange(Request::get("/"));
    let timeline = exchange.timeline();
    assert_eq!(timeline.callbacks(), [Callback::ContextCreate, Callback::RequestHeaders, Callback::Delete]);
    let removed = timeline.calls().find(|(call, _)| matches!(call, HostCall::RemoveHeaderMapValue { .. }));
    assert!(removed.unwrap().1.is_ok());
    assert!(matches!(timeline.events()[0], Event::Callback { context: 2, .. }));
    assert!(timeline.misuses().is_empty());
    assert_eq!(
        host.timeline().callbacks(),
        [Callback::ContextCreate, Callback::VmStart, Callback::Configure]
    );
}

#[test]
fn only_the_callbacks_that_are_written_are_called() {
    let host = Host::builder::<Loud>().start();
    let exchange = host.exchange(Request::post("/").body("x").trailer("x-end", "1"));
    assert_eq!(
        exchange.timeline().callbacks(),
        [Callback::ContextCreate, Callback::RequestHeaders, Callback::Delete]
    );
}

#[test]
fn bodies_in_a_report_are_shortened() {
    let host = Host::builder::<Loud>().start();
    let exchange = host.exchange(Request::post("/").body("x".repeat(10_000)));
    let message = failure(|| {
        exchange.upstream_request().assert_body("y");
    });
    assert!(message.contains("… (10000 bytes)"), "{message}");
    assert!(message.len() < 3_000, "{}", message.len());
}
