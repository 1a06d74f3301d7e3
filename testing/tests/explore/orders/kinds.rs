//! What varies, each proven by an extension that goes wrong if it does, and passes if nothing else varies.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use waxwing::prelude::*;
use waxwing_testing::explore::{self, Orders, Problem, Report};
use waxwing_testing::{Answer, Native, Request, Response, Scenario};

/// Keeps in its root who has logged in, which a timer clears; asks `authz` who that is.
#[derive(Extension)]
#[extension(http = SessionStream, root)]
pub(super) struct Session {
    defect: Rc<str>,
    user: Rc<RefCell<Option<Vec<u8>>>>,
}

impl RootContext for Session {
    type Config = String;

    fn configure(defect: String, cx: &mut Configure<'_>) -> Result<Self> {
        if defect == "forgets on a timer" {
            cx.set_interval(Duration::from_secs(10))?;
        }
        Ok(Session { defect: defect.into(), user: Rc::default() })
    }
}

#[callbacks]
impl RootCallbacks for Session {
    fn on_timer(&mut self, _: TimerId, _: &mut RootView<'_>) -> Result<()> {
        self.user.take();
        Ok(())
    }
}

pub(super) struct SessionStream {
    defect: Rc<str>,
    user: Rc<RefCell<Option<Vec<u8>>>>,
    ended: bool,
    answered: bool,
}

#[callbacks]
impl HttpContext for SessionStream {
    type Root = Session;

    fn new(root: &Session) -> Self {
        SessionStream { defect: root.defect.clone(), user: root.user.clone(), ended: false, answered: false }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        self.ended = request.end_of_stream();
        if let Some(user) = request.headers().get("x-login")? {
            self.user.replace(Some(user.to_vec()));
        }
        match &*self.defect {
            "has it in the root" => {
                let user = self.user.borrow().clone();
                request.headers_mut().set("x-user", user)?;
                Ok(Action::Continue)
            }
            "forgets on a timer" => {
                HttpCall::get("authz", "/").send(request)?;
                Ok(Action::Pause)
            }
            "holds the response" => {
                HttpCall::get("authz", "/").send(request)?;
                Ok(Action::Continue)
            }
            _ => Ok(Action::Continue),
        }
    }

    fn on_http_call_response(
        &mut self,
        _: HttpCallId,
        _: &HttpCallResponse<'_>,
        _: &mut StreamView<'_>,
    ) -> Result<Action> {
        assert!(self.user.borrow().is_some(), "who was that?");
        self.answered = true;
        Ok(Action::Continue)
    }

    fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        self.ended |= body.end_of_stream();
        Ok(Action::Continue)
    }

    fn on_request_trailers(&mut self, _: &mut RequestTrailers<'_>) -> Result<Action> {
        self.ended = true;
        Ok(Action::Continue)
    }

    fn on_response_headers(&mut self, _: &mut ResponseHeaders<'_>) -> Result<Action> {
        assert!(&*self.defect != "takes the request for ended" || self.ended, "the request has ended");
        let holds = &*self.defect == "holds the response" && !self.answered;
        Ok(if holds { Action::Pause } else { Action::Continue })
    }
}

fn scenario(defect: &str) -> Scenario {
    Scenario::new(defect)
        .config(defect)
        .cluster("authz", |_| Answer::from(Response::new(200)).after(Duration::from_millis(20)))
        .request(Request::post("/login").header("x-login", "ana").body("password"))
}

/// The one problem, with only what `vary` varies.
#[track_caller]
fn problem(scenario: &Scenario, vary: impl FnOnce(Orders<'_>) -> Orders<'_>) -> Problem {
    let model = Native::<Session>::new();
    let orders = explore::orders(&model, scenario).one_at_a_time().answers_after_requests();
    let report: Report = vary(orders).report();
    let [violation] = report.violations() else { panic!("{report}") };
    assert!(!violation.plan().is_empty(), "{report}");
    violation.problem().clone()
}

fn passes(scenario: &Scenario) {
    let model = Native::<Session>::new();
    explore::orders(&model, scenario).one_at_a_time().answers_after_requests().check();
}

#[test]
fn a_worker_does_not_know_what_another_one_does() {
    let scenario = scenario("has it in the root").request(Request::get("/orders"));
    passes(&scenario);
    let Problem::Difference(text) = problem(&scenario.clone().workers(2), |orders| orders) else {
        panic!("expected a difference")
    };
    assert!(
        text.starts_with("request 2 (GET /orders), as the upstream received it: header x-user"),
        "{text}"
    );
}

#[test]
fn a_new_root_context_does_not_know_what_the_one_before_did() {
    let scenario = scenario("has it in the root").request(Request::get("/orders"));
    passes(&scenario);
    let problem = problem(&scenario, |orders| orders.reconfigurations());
    assert!(matches!(problem, Problem::Difference(_)), "{problem}");
}

#[test]
fn a_timer_fires_while_a_callout_is_under_way() {
    let Problem::Trap(trap) = problem(&scenario("forgets on a timer"), |orders| orders) else {
        panic!("expected a trap")
    };
    assert_eq!(trap.message, "who was that?");
}

#[test]
fn an_upstream_answers_before_it_has_the_request() {
    let scenario = scenario("takes the request for ended");
    passes(&scenario);
    let model = Native::<Session>::new();
    let report = explore::orders(&model, &scenario).report();
    let [violation] = report.violations() else { panic!("{report}") };
    let Problem::Trap(trap) = violation.problem() else { panic!("{report}") };
    assert_eq!(trap.message, "the request has ended");
    let early = |step: &str| step.starts_with("the upstream, before the request has ended, answers client 1");
    assert!(violation.steps().any(early), "{report}");
}

#[test]
fn a_whole_response_that_is_held_may_end_the_stream_before_the_request_has_ended() {
    let scenario = scenario("holds the response");
    explore::orders(&Native::<Session>::new(), &scenario).check();
}

#[test]
fn requests_on_both_sides_of_a_wait_are_not_under_way_at_once() {
    let scenario =
        scenario("has it in the root").wait(Duration::from_secs(1)).request(Request::get("/orders"));
    explore::orders(&Native::<Session>::new(), &scenario).check();
}
