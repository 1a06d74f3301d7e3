//! Extensions that pass the plain run, each with one defect.

use std::cell::RefCell;
use std::rc::Rc;
use waxwing::prelude::*;
use waxwing_testing::{Answer, Request, Response, Scenario};

/// Asks `authz` for each request with its user, and says in `x-checked` for whom it let the request pass: as the
/// configuration says, it gets that wrong.
#[derive(Extension)]
#[extension(http = CheckedStream)]
pub(super) struct Checked {
    defect: Rc<str>,
    last: Rc<RefCell<Option<Asked>>>,
}

/// The call that was made last, and its user.
type Asked = (HttpCallId, Vec<u8>);

impl RootContext for Checked {
    type Config = String;

    fn configure(defect: String, _: &mut Configure<'_>) -> Result<Self> {
        Ok(Checked { defect: defect.into(), last: Rc::default() })
    }
}

pub(super) struct CheckedStream {
    defect: Rc<str>,
    last: Rc<RefCell<Option<Asked>>>,
    user: Vec<u8>,
    asked: bool,
    answered: bool,
}

impl CheckedStream {
    fn ask<'cb>(&mut self, view: &impl View<'cb>) -> Result<()> {
        let call = HttpCall::get("authz", "/check").header("x-user", &*self.user).send(view)?;
        self.last.replace(Some((call, self.user.clone())));
        self.asked = true;
        Ok(())
    }
}

#[callbacks]
impl HttpContext for CheckedStream {
    type Root = Checked;

    fn new(root: &Checked) -> Self {
        let (defect, last) = (root.defect.clone(), root.last.clone());
        CheckedStream { defect, last, user: Vec::new(), asked: false, answered: false }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        self.user = request.headers().get("x-user")?.unwrap_or_default().to_vec();
        if self.defect.contains("body") || self.defect.contains("trailers") {
            return Ok(Action::Continue);
        }
        self.ask(request)?;
        Ok(Action::Pause)
    }

    fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        match &*self.defect {
            // It asks with the first piece, and takes it that there is no second one before the answer.
            "needs the answer for the rest of the body" if !self.asked => self.ask(body)?,
            "needs the answer for the rest of the body" => assert!(self.answered, "no answer yet"),
            // It asks when it has the whole body, of which it is never told where trailers follow.
            "forgets trailers" if body.end_of_stream() => self.ask(body)?,
            "forgets trailers" => return Ok(Action::Pause),
            _ => {}
        }
        Ok(if self.asked && !self.answered { Action::Pause } else { Action::Continue })
    }

    fn on_request_trailers(&mut self, _: &mut RequestTrailers<'_>) -> Result<Action> {
        Ok(if self.defect.contains("trailers") && !self.answered { Action::Pause } else { Action::Continue })
    }

    fn on_http_call_response(
        &mut self,
        call: HttpCallId,
        response: &HttpCallResponse<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        self.answered = true;
        if response.status()? != 200 {
            return Ok(LocalResponse::new(403).into());
        }
        if self.defect.contains("body") || self.defect.contains("trailers") {
            return Ok(Action::Continue);
        }
        let last = self.last.borrow();
        let (last_call, last_user) = last.as_ref().ok_or_else(|| Error::new("nobody asked"))?;
        let user = match &*self.defect {
            "takes the last user" => last_user.clone(),
            "resumes the last one" if *last_call != call => return Ok(Action::Pause),
            _ => self.user.clone(),
        };
        stream.request_headers_mut().set("x-checked", user)?;
        Ok(Action::Continue)
    }

    fn on_log(&mut self, _: &mut StreamLog<'_>) -> Result<()> {
        assert!(&*self.defect != "needs a client" || self.answered, "who has gone?");
        Ok(())
    }
}

/// Two requests, of two users.
pub(super) fn two_users(defect: &str) -> Scenario {
    Scenario::new(defect)
        .config(defect)
        .cluster("authz", |request: &Request| {
            let known = request.headers().get("x-user") != Some(b"eve");
            Answer::from(Response::new(if known { 200 } else { 403 }))
        })
        .request(Request::post("/orders").header("x-user", "ana").body("two apples"))
        .request(Request::post("/orders").header("x-user", "bo").body("a pear"))
}

/// Refuses requests with the word `apple`, and hides it in responses; it looks for it in each piece alone, or in the whole
/// body.
#[derive(Extension)]
#[extension(http = WordStream)]
pub(super) struct Word {
    whole: bool,
}

impl RootContext for Word {
    type Config = String;

    fn configure(mode: String, _: &mut Configure<'_>) -> Result<Self> {
        Ok(Word { whole: mode == "whole" })
    }
}

pub(super) struct WordStream {
    mode: BodyMode,
}

fn has_apple(text: &[u8]) -> bool {
    text.windows(5).any(|word| word == b"apple")
}

#[callbacks]
impl HttpContext for WordStream {
    type Root = Word;

    fn new(root: &Word) -> Self {
        WordStream { mode: if root.whole { BodyMode::Buffer { limit: 1000 } } else { BodyMode::Chunks } }
    }

    fn request_body_mode(&self) -> BodyMode {
        self.mode
    }

    fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        Ok(if has_apple(body.bytes()?) { LocalResponse::new(403).into() } else { Action::Continue })
    }

    fn response_body_mode(&self) -> BodyMode {
        self.mode
    }

    fn on_response_body(&mut self, body: &mut ResponseBody<'_>) -> Result<Flow> {
        if has_apple(body.bytes()?) {
            body.replace("(fruit)")?;
        }
        Ok(Flow::Continue)
    }
}

/// Lets one request pass, of all workers; it counts when the response is there, with what it has read when the request was.
#[derive(Extension)]
#[extension(http = OnceStream)]
pub(super) struct Once {
    with_compare: bool,
}

impl RootContext for Once {
    type Config = String;

    fn configure(mode: String, _: &mut Configure<'_>) -> Result<Self> {
        Ok(Once { with_compare: mode == "compare" })
    }
}

pub(super) struct OnceStream {
    with_compare: bool,
}

#[callbacks]
impl HttpContext for OnceStream {
    type Root = Once;

    fn new(root: &Once) -> Self {
        OnceStream { with_compare: root.with_compare }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let used = if self.with_compare {
            request.shared_data().update("used", |used| Ok(used.is_none().then_some("yes")))?.is_none()
        } else {
            request.shared_data().get("used")?.is_some()
        };
        Ok(if used { LocalResponse::new(429).into() } else { Action::Continue })
    }

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        if !self.with_compare {
            response.shared_data().set("used", "yes")?;
        }
        Ok(Action::Continue)
    }
}
