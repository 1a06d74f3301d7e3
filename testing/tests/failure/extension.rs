//! An extension that does a little of everything, by the path of the request.

use std::rc::Rc;
use std::time::Duration;
use waxwing::prelude::*;

#[derive(Extension)]
#[extension(http = Stream)]
pub(crate) struct Shop {
    hits: Rc<CounterFamily<0>>,
}

impl RootContext for Shop {
    type Config = ();

    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(Shop { hits: Rc::new(CounterFamily::new("hits", [])) })
    }
}

pub(crate) struct Stream {
    hits: Rc<CounterFamily<0>>,
    path: String,
}

#[callbacks]
impl HttpContext for Stream {
    type Root = Shop;

    fn new(root: &Shop) -> Self {
        Stream { hits: root.hits.clone(), path: String::new() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        self.hits.with(request, [])?.increment(1)?;
        self.path = request.headers().get_str(":path")?.unwrap_or_default().to_owned();
        match &*self.path {
            "/tag" => {
                let mut headers = request.headers_mut();
                headers.set("x-tag", "blue")?;
                headers.set("x-tag", "BLUE")?;
                headers.remove("x-internal")?;
            }
            "/log" => log::info!("the price of cart 7 is 12.50"),
            "/admin" => {
                let response = LocalResponse::new(403).header("x-why", "no-token").body("who are you?");
                return Ok(response.details("no_token").into());
            }
            "/check" => {
                let call =
                    HttpCall::get("authz", "/check").header("x-token", "t1").header("x-tenant", "acme");
                call.timeout(Duration::from_secs(60)).send(request).expect("authz can be called");
                return Ok(Action::Pause);
            }
            "/wait" => return Ok(Action::Pause),
            "/poll" => {
                request.set_interval(Duration::from_secs(20))?;
                HttpCall::get("authz", "/check").timeout(Duration::from_secs(7200)).send(request)?;
                return Ok(Action::Pause);
            }
            "/boom" => panic!("the price of cart 7 is negative"),
            _ => {}
        }
        Ok(Action::Continue)
    }

    fn on_http_call_response(
        &mut self,
        _: HttpCallId,
        _: &HttpCallResponse<'_>,
        _: &mut StreamView<'_>,
    ) -> Result<Action> {
        Ok(Action::Continue)
    }

    fn on_timer(&mut self, _: TimerId, _: &mut StreamView<'_>) -> Result<Action> {
        Ok(Action::Pause)
    }

    fn response_body_mode(&self) -> BodyMode {
        if self.path == "/body" { BodyMode::Buffer { limit: 100_000 } } else { BodyMode::Skip }
    }

    fn on_response_body(&mut self, body: &mut ResponseBody<'_>) -> Result<Flow> {
        let mut bytes = body.bytes()?.to_vec();
        if let Some(last) = bytes.last_mut() {
            *last = b'!';
        }
        body.replace(bytes)?;
        Ok(Flow::Continue)
    }

    fn on_response_trailers(&mut self, trailers: &mut ResponseTrailers<'_>) -> Result<Flow> {
        if self.path == "/trailer" {
            trailers.trailers_mut().set("x-checksum", "77")?;
        }
        Ok(Flow::Continue)
    }
}

/// The same but for its answers, as another version of it.
#[derive(Extension)]
#[extension(http = OtherStream)]
pub(crate) struct OtherShop;

impl RootContext for OtherShop {
    type Config = ();

    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(OtherShop)
    }
}

pub(crate) struct OtherStream;

#[callbacks]
impl HttpContext for OtherStream {
    type Root = OtherShop;

    fn new(_: &OtherShop) -> Self {
        OtherStream
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        log::warn!("the price of cart 7 is unknown");
        request.headers_mut().set("x-tag", "Blue")?;
        Ok(Action::Continue)
    }
}
