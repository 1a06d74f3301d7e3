//! An extension that is broken in the way that its configuration says.

use std::cell::Cell;
use std::rc::Rc;
use waxwing::prelude::*;
use waxwing_testing::{Answer, Request, Response, Scenario};

/// Asks `authz` about each request, as `examples/auth-callout` does, but for its defect.
#[derive(Extension)]
#[extension(http = BrokenStream, root)]
pub(crate) struct Broken {
    defect: Rc<str>,
    /// How many answers are to come.
    asked: Rc<Cell<usize>>,
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
        Ok(if self.asked.get() == 0 { Done::Now } else { Done::Later })
    }
}

pub(crate) struct BrokenStream {
    defect: Rc<str>,
    asked: Rc<Cell<usize>>,
}

#[callbacks]
impl HttpContext for BrokenStream {
    type Root = Broken;

    fn new(root: &Broken) -> Self {
        BrokenStream { defect: root.defect.clone(), asked: root.asked.clone() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        assert!(&*self.defect != "panics at once", "it was to panic");
        let token = request.headers().get("authorization")?.unwrap_or_default();
        let call = || HttpCall::get("authz", "/check").header("authorization", token).send(request);
        self.asked.set(self.asked.get() + 1);
        let refused = match (&*self.defect, call()) {
            (_, Ok(_)) => return Ok(Action::Pause),
            ("retries", Err(_)) => loop {
                if call().is_ok() {
                    return Ok(Action::Pause);
                }
            },
            (_, Err(refused)) => refused,
        };
        if &*self.defect != "keeps calls that were refused" {
            self.asked.set(self.asked.get() - 1);
        }
        match &*self.defect {
            "unwraps" => panic!("no callout: {refused}"),
            "pauses anyway" => Ok(Action::Pause),
            "lets in without an answer" => Ok(Action::Continue),
            _ => Err(refused),
        }
    }

    fn on_http_call_response(
        &mut self,
        _call: HttpCallId,
        response: &HttpCallResponse<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        assert!(&*self.defect != "panics", "it was to panic");
        if &*self.defect != "keeps calls" {
            self.asked.set(self.asked.get() - 1);
        }
        if &*self.defect == "resumes twice" {
            stream.resume_request()?;
        }
        let status = match (&*self.defect, response.status()) {
            ("lets in what it cannot read", Err(_)) => 200,
            (_, status) => status?,
        };
        match (&*self.defect, status) {
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

/// The same, and one that is denied.
pub(crate) fn denied(defect: &str) -> Scenario {
    scenario(defect).request(Request::get("/admin").header("authorization", "t1"))
}
