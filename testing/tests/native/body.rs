use super::*;

extension!(Shout, ShoutStream {
    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        response.headers_mut().remove("content-length")?;
        Ok(Action::Continue)
    }

    fn on_response_body(&mut self, body: &mut ResponseBody<'_>) -> Result<Flow> {
        if !body.end_of_stream() {
            return Ok(Flow::Pause);
        }
        let text = body.bytes()?.to_ascii_uppercase();
        body.replace(text)?;
        body.append("!")?;
        Ok(Flow::Continue)
    }
});

#[test]
fn a_body_collected_until_its_end_is_replaced_whatever_its_pieces() {
    for response in [
        Response::new(200).body("hello"),
        Response::new(200).chunks(["he", "l", "lo"]),
        Response::new(200).chunks(["hel", "lo"]).empty_end(),
    ] {
        let response = response.header("content-length", "5");
        let host = Host::builder::<Shout>().origin(move |_| response.clone()).start();
        let exchange = host.exchange(Request::get("/"));
        exchange.response().assert_body("HELLO!").assert_no_header("content-length");
    }
}

#[test]
fn a_response_without_a_body_passes() {
    let host = Host::builder::<Shout>().origin(|_| Response::new(204)).start();
    host.exchange(Request::get("/")).response().assert_status(204).assert_body("");
}

#[test]
fn a_body_that_is_larger_than_the_limit_resets_the_stream() {
    let host =
        Host::builder::<Shout>().buffer_limit(8).origin(|_| Response::new(200).chunks(["hello", "world"]));
    let exchange = host.start().exchange(Request::get("/"));
    assert_eq!(exchange.outcome(), Outcome::Reset);
    assert_eq!(exchange.details(), "response_payload_too_large");
}
