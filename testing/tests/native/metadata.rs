use super::*;
use waxwing::log;

extension!(Counting, CountingStream {
    fn on_request_metadata(&mut self, count: usize, _: &mut StreamView<'_>) -> Result<()> {
        log::info!("{count} of the request");
        Ok(())
    }

    fn on_response_metadata(&mut self, count: usize, _: &mut StreamView<'_>) -> Result<()> {
        Err(Error::new(format!("{count} of the response")))
    }
});

#[test]
fn metadata_is_announced_in_both_directions_and_an_error_there_is_logged() {
    let host = Host::builder::<Counting>().start();
    let stream = host.begin();
    stream.send_request_headers(&Request::post("/"), EndOfStream::No);
    stream.send_request_metadata(2);
    stream.send_request_body("x", EndOfStream::Yes);
    stream.send_response_headers(&Response::new(200), EndOfStream::No);
    stream.send_response_metadata(3);
    stream.send_response_body("y", EndOfStream::Yes);
    let exchange = stream.finish();
    exchange.response().assert_status(200).assert_body("y");
    exchange.logs().assert_contains("2 of the request").assert_contains("on_response_metadata");
    exchange.logs().assert_contains("3 of the response");
}

extension!(Without, WithoutStream {});

#[test]
fn metadata_passes_an_extension_that_does_not_ask_for_it() {
    let host = Host::builder::<Without>().start();
    let stream = host.begin();
    stream.send_request_headers(&Request::post("/"), EndOfStream::No);
    stream.send_request_metadata(1);
    stream.assert_flowing();
    stream.send_request_body("x", EndOfStream::Yes);
    stream.send_response(&Response::new(204));
    stream.finish().response().assert_status(204);
}

#[test]
fn metadata_after_the_end_is_a_mistake_of_the_test() {
    let host = Host::builder::<Without>().start();
    let stream = host.begin();
    assert!(failure(|| stream.send_response_metadata(1)).contains("response"));
}

extension!(Measuring, MeasuringStream {
    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        log::info!("headers of {} bytes", request.headers().byte_size()?);
        Ok(Action::Continue)
    }

    fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        log::info!("{} of {} bytes", body.buffered()?, body.size());
        Ok(if body.end_of_stream() { Action::Continue } else { Action::Pause })
    }
});

#[test]
fn hosts_say_how_large_maps_and_buffers_are() {
    let host = Host::builder::<Measuring>().start();
    let exchange = host.exchange(Request::post("/").chunks(["ban", "ana"]));
    let size: usize = exchange.sent().headers().iter().map(|(name, value)| name.len() + value.len()).sum();
    exchange.logs().assert_contains(&format!("headers of {size} bytes"));
    exchange.logs().assert_contains("3 of 3 bytes").assert_contains("6 of 6 bytes");
}
