//! An extension that is broken in the way that its configuration says.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use waxwing::prelude::*;
use waxwing_testing::{Answer, Request, Response, Scenario};

/// Asks `authz` about each request, as `examples/auth-callout` does, but for its defect.
#[derive(Extension)]
#[extension(http = BrokenStream, root)]
pub(crate) struct Broken {
    defect: Rc<str>,
    asked: Rc<RefCell<HashSet<HttpCallId>>>,
}

impl RootContext for Broken {
    type Config = String;

    fn configure(defect: String, _: &mut Configure<'_>) -> Result<Self> {
        Ok(Broken { defect: defect.into(), asked: Rc::default() })
    }
}

#[callbacks]
impl RootCallbacks for Broken {
    fn on_done(&mut self, _: &mut RootView<'_>) -> Result<Done> {
        Ok(if self.asked.borrow().is_empty() { Done::Now } else { Done::Later })
    }
}

pub(crate) struct BrokenStream {
    defect: Rc<str>,
    asked: Rc<RefCell<HashSet<HttpCallId>>>,
}

#[callbacks]
impl HttpContext for BrokenStream {
    type Root = Broken;

    fn new(root: &Broken) -> Self {
        BrokenStream { defect: root.defect.clone(), asked: root.asked.clone() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        assert!(&*self.defect != "panics at once", "it was to panic");
        let call = HttpCall::get("authz", "/check")
            .header("authorization", request.headers().get("authorization")?.unwrap_or_default());
        match (&*self.defect, call.send(request)) {
            ("keeps calls", Ok(call)) => drop(self.asked.borrow_mut().insert(call)),
            (_, answer) => drop(answer?),
        }
        Ok(Action::Pause)
    }

    fn on_http_call_response(
        &mut self,
        _call: HttpCallId,
        response: &HttpCallResponse<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        assert!(&*self.defect != "panics", "it was to panic");
        if &*self.defect == "resumes twice" {
            stream.resume_request()?;
        }
        match (&*self.defect, response.status()?) {
            ("forgets", _) => Ok(Action::Pause),
            (_, 200) => Ok(Action::Continue),
            _ => Ok(LocalResponse::new(403).into()),
        }
    }
}

/// One request that is let in.
pub(crate) fn scenario(defect: &str) -> Scenario {
    Scenario::new(defect)
        .config(defect)
        .cluster("authz", |request: &Request| {
            let known = request.headers().get("authorization") == Some(b"t0");
            Answer::from(Response::new(if known { 200 } else { 403 }))
        })
        .request(Request::get("/orders").header("authorization", "t0"))
}
