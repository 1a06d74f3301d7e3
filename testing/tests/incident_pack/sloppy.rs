//! Extensions that go wrong in an incident, and only then.

use serde_json::Value;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use waxwing::prelude::*;

/// Asks `authz` about each request, and passes the user on that the answer names. Its configuration is the incident that it
/// does not survive; without one it survives all.
#[derive(Extension)]
#[extension(http = SloppyStream)]
pub(crate) struct Sloppy {
    defect: Rc<str>,
    /// The token of the last request, for the defect of that kind.
    last_token: Rc<RefCell<Vec<u8>>>,
    started: Duration,
}

impl RootContext for Sloppy {
    type Config = String;

    fn configure(defect: String, cx: &mut Configure<'_>) -> Result<Self> {
        if matches!(&*defect, "configured-twice" | "second-worker") {
            if cx.shared_data().get("configured")?.is_some() {
                return Err(Error::new("somebody has been here before"));
            }
            cx.shared_data().set("configured", "1")?;
        }
        Ok(Sloppy { defect: defect.into(), last_token: Rc::default(), started: cx.current_time()? })
    }
}

pub(crate) struct SloppyStream {
    defect: Rc<str>,
    last_token: Rc<RefCell<Vec<u8>>>,
    started: Duration,
    method: Option<Vec<u8>>,
    has_body: bool,
    response_is_whole: bool,
    is_decided: bool,
}

impl SloppyStream {
    fn is(&self, defect: &str) -> bool {
        &*self.defect == defect
    }
}

#[callbacks]
impl HttpContext for SloppyStream {
    type Root = Sloppy;

    fn new(root: &Sloppy) -> Self {
        SloppyStream {
            defect: root.defect.clone(),
            last_token: root.last_token.clone(),
            started: root.started,
            method: None,
            has_body: false,
            response_is_whole: false,
            is_decided: false,
        }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let headers = request.headers();
        if self.is("nothing-to-read") {
            headers.get(":path").expect("a request has a path");
        }
        self.method = headers.get(":method")?.map(<[u8]>::to_vec);
        let token = headers.get("x-token")?.unwrap_or_default();
        if self.is("no-text") {
            assert!(std::str::from_utf8(token).is_ok(), "a token is text");
        }
        if self.is("twice") {
            assert_eq!(headers.get_all("x-token")?.count(), 1, "a request has one token");
        }
        if self.is("idle") {
            let running = request.current_time()? - self.started;
            assert!(running < Duration::from_secs(60), "nobody waits for a minute");
        }
        *self.last_token.borrow_mut() = token.to_vec();
        let asked = HttpCall::get("authz", "/check").header("x-token", token).send(request);
        if self.is("poor-host") {
            request.shared_data().increment("requests", 1).expect("a host has shared data");
        }
        match self.is("callout-refused") {
            true => drop(asked.expect("the cluster exists")),
            false => drop(asked?),
        }
        Ok(Action::Pause)
    }

    fn on_http_call_response(
        &mut self,
        _call: HttpCallId,
        response: &HttpCallResponse<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        self.is_decided = true;
        if self.is("callout-fails") {
            response.status().expect("an answer has a status");
        }
        if self.is("callout-times-out") && response.error()?.is_some() {
            // As if it was asked again.
            return Ok(Action::Pause);
        }
        let status = response.status()?;
        if self.is("callout-garbage") {
            assert!(std::str::from_utf8(response.body()?).is_ok(), "an answer is text");
        }
        match status {
            200 if self.is("out-of-order") => {
                stream.request_headers_mut().set("x-user", &*self.last_token.borrow())?;
                Ok(Action::Continue)
            }
            200 => {
                stream.request_headers_mut().set("x-user", response.headers().get("x-user")?)?;
                Ok(Action::Continue)
            }
            500.. if self.is("all-deny") => Ok(Action::Continue),
            _ => Ok(LocalResponse::new(403).into()),
        }
    }

    fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        if self.is("large-body") {
            assert!(body.size() < 1024 * 1024, "nobody sends so much");
            return Ok(if body.end_of_stream() { Action::Continue } else { Action::Pause });
        }
        if self.is("body-in-flight") {
            assert!(body.end_of_stream(), "a body that was held back is whole");
        }
        if self.is("trailers") && body.end_of_stream() {
            body.append(" and the end")?;
        }
        if self.is("content-length") {
            body.append("!")?;
        }
        Ok(Action::Continue)
    }

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        self.response_is_whole = response.end_of_stream();
        Ok(Action::Continue)
    }

    fn on_response_body(&mut self, body: &mut ResponseBody<'_>) -> Result<Flow> {
        self.has_body = true;
        self.response_is_whole |= body.end_of_stream();
        Ok(Flow::Continue)
    }

    fn on_log(&mut self, _stream: &mut StreamLog<'_>) -> Result<()> {
        if self.is("no-body") {
            assert!(self.has_body, "a response has a body");
        }
        if self.is("upstream-breaks") {
            assert!(self.response_is_whole, "a response has an end");
        }
        if self.is("client-leaves") {
            assert!(self.is_decided, "each request is decided about");
        }
        if self.is("only-logged") {
            assert!(self.method.is_some(), "a request has a method");
        }
        Ok(())
    }
}

/// Trusts its configuration.
#[derive(Extension)]
#[extension(http = TrustingStream)]
pub(crate) struct Trusting;

impl RootContext for Trusting {
    type Config = Vec<u8>;

    fn configure(config: Vec<u8>, _: &mut Configure<'_>) -> Result<Self> {
        let config: Value = serde_json::from_slice(&config).expect("a configuration is JSON");
        assert!(config.is_object(), "and an object");
        Ok(Trusting)
    }
}

pub(crate) struct TrustingStream;

#[callbacks]
impl HttpContext for TrustingStream {
    type Root = Trusting;

    fn new(_: &Trusting) -> Self {
        TrustingStream
    }
}
