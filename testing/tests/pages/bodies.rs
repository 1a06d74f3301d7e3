//! The code of `docs/bodies.md`.

use waxwing::prelude::*;
use waxwing_testing::{Host, Request, Response};

/// Declares an extension with a stream.
macro_rules! stream {
    ($root:ident, $stream:ident { $($field:ident: $value:expr, $type:ty),* }, { $($callbacks:tt)* }) => {
        #[derive(Extension)]
        #[extension(http = $stream)]
        struct $root;

        impl RootContext for $root {
            type Config = ();

            fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
                Ok($root)
            }
        }

        struct $stream { $($field: $type),* }

        #[callbacks]
        impl HttpContext for $stream {
            type Root = $root;

            fn new(_root: &$root) -> Self {
                $stream { $($field: $value),* }
            }

            $($callbacks)*
        }
    };
}

struct Config {
    limit: usize,
}

fn change(body: &[u8]) -> Vec<u8> {
    body.to_ascii_uppercase()
}

stream!(Chosen, ChosenStream { is_json: false, bool, config: Config { limit: 100 }, Config }, {
    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        self.is_json = response.headers().get("content-type")? == Some(b"application/json");
        Ok(Action::Continue)
    }

    fn response_body_mode(&self) -> BodyMode {
        if self.is_json { BodyMode::Buffer { limit: self.config.limit } } else { BodyMode::Skip }
    }

    fn on_response_body(&mut self, body: &mut ResponseBody<'_>) -> Result<Flow> {
        let changed = change(body.bytes()?);
        body.replace(changed)?;
        Ok(Flow::Continue)
    }
});

stream!(Whole, WholeStream {}, {
    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        if !response.end_of_stream() {
            response.headers_mut().remove("content-length")?;
        }
        Ok(Action::Continue)
    }

    fn on_response_body(&mut self, body: &mut ResponseBody<'_>) -> Result<Flow> {
        if !body.end_of_stream() {
            return Ok(Flow::Pause);
        }
        let changed = change(body.bytes()?);
        body.replace(changed)?;
        Ok(Flow::Continue)
    }

    fn on_response_trailers(&mut self, response: &mut ResponseTrailers<'_>) -> Result<Flow> {
        // Where trailers follow, no piece was the last.
        let changed = change(response.held_body()?);
        response.replace_held_body(changed)?;
        Ok(Flow::Continue)
    }
});

#[test]
fn the_mode_is_chosen_when_the_headers_are_there() {
    for (kind, expected) in [("application/json", "{\"A\"}"), ("text/html", "{\"a\"}")] {
        let origin =
            move |_: &Request| Response::new(200).header("content-type", kind).chunks(["{\"", "a\"}"]);
        let host = Host::builder::<Chosen>().origin(origin).start();
        host.exchange(Request::get("/")).response().assert_body(expected);
    }
}

#[test]
fn a_body_that_is_collected_by_hand_is_changed_however_it_ends() {
    for response in [
        Response::new(200).header("content-length", "3").chunks(["a", "bc"]),
        Response::new(200).chunks(["a", "bc"]).empty_end(),
        Response::new(200).chunks(["a", "bc"]).trailer("x-end", "1"),
    ] {
        let host = Host::builder::<Whole>().origin(move |_| response.clone()).start();
        host.exchange(Request::get("/")).response().assert_body("ABC").assert_no_header("content-length");
    }
}
