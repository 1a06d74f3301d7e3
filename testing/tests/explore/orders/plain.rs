//! Where nothing is chosen, everything happens as in the plain run.

use super::broken::{Checked, Word, two_users};
use super::grpc::{Words, two_words};
use std::cell::RefCell;
use std::fmt;
use std::time::Duration;
use waxwing_testing::explore::{self, Model};
use waxwing_testing::{Answer, Client, LogLevel, Native, Request, Response, Run, Runner, Scenario};
use waxwing_timed::Timed;

/// Plays a scenario as a search does without a choice.
#[derive(Debug)]
struct WithoutAChoice<M>(M);

impl<M: Model + fmt::Debug> Runner for WithoutAChoice<M> {
    fn name(&self) -> &str {
        "without a choice"
    }

    fn run(&self, scenario: &Scenario) -> Run {
        let run = RefCell::new(None);
        explore::orders(&self.0, scenario)
            .limit(0)
            .check_each(|plain| drop(run.replace(Some(plain.clone()))))
            .check();
        run.take().expect("the plain run is one")
    }
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[track_caller]
fn agree<M: Model + fmt::Debug>(model: fn() -> M, scenario: &Scenario) -> Run {
    scenario.compare(&[&model(), &WithoutAChoice(model())])
}

#[test]
fn callouts_bodies_and_trailers() {
    let body = Request::post("/").chunks(["ab", "", "c"]);
    for request in [
        Request::get("/"),
        Request::head("/"),
        body.clone(),
        body.clone().empty_end(),
        body.clone().trailer("x-sum", "3"),
        Request::post("/").body("").trailer("x-sum", "0"),
    ] {
        let scenario = two_users("").request(request.clone().header("x-user", "cy")).request(request);
        agree(Native::<Checked>::new, &scenario);
        let scenario = Scenario::new("words")
            .config("whole")
            .request(body.clone())
            .origin(|_| Response::new(200).chunks(["app", "le"]).trailer("x-sum", "5"));
        agree(Native::<Word>::new, &scenario);
    }
}

#[test]
fn callouts_that_take_time_or_fail() {
    let scenario = |name, answer: fn() -> Answer| {
        let scenario = Scenario::new(name).config("").cluster("authz", move |_| answer());
        scenario.request(Request::get("/")).wait(ms(20)).request(Request::post("/").body("a"))
    };
    for scenario in [
        scenario("late", || Answer::from(Response::new(200)).after(ms(4999))),
        scenario("too late", || Answer::from(Response::new(200)).after(ms(5000))),
        scenario("never", || Answer::Hang),
        scenario("reset", || Answer::Reset),
    ] {
        agree(Native::<Checked>::new, &scenario);
    }
}

#[test]
fn clients_in_their_own_time_and_an_origin_that_fails() {
    let upload = || Request::post("/upload").chunks(["one", "two", "three"]);
    let clients = || {
        [
            Client::new(upload()).pauses(ms(20)).stops_after_pieces(2).leaves(),
            Client::new(upload()).starts_after(ms(10)).pauses(ms(15)),
            Client::new(Request::get("/").header("x-user", "eve")),
            Client::new(Request::get("/")).leaves_after(ms(3)),
        ]
    };
    let authz = |request: &Request| {
        let known = request.headers().get("x-user") != Some(b"eve");
        Answer::from(Response::new(if known { 200 } else { 403 })).after(ms(7))
    };
    let scenario =
        |name| Scenario::new(name).config("").cluster("authz", authz).together(clients()).request(upload());
    let response = || Response::new(200).chunks(["a", "b"]).trailer("x-sum", "2");
    agree(Native::<Checked>::new, &scenario("echo"));
    agree(
        Native::<Checked>::new,
        &scenario("slowly").origin(move |_| Answer::Slowly(response(), ms(9)).after(ms(4))),
    );
    agree(Native::<Checked>::new, &scenario("breaks off").origin(move |_| Answer::BreakOff(response())));
    agree(Native::<Checked>::new, &scenario("reset").origin(|_| Answer::Reset.after(ms(2))));
}

#[test]
fn grpc_streams_and_another_configuration() {
    agree(Native::<Words>::new, &two_words(""));
    let scenario =
        two_users("").reconfigure("takes the last user").request(Request::get("/").header("x-user", "cy"));
    agree(Native::<Checked>::new, &scenario);
}

#[test]
fn timers_and_waits() {
    let scenario = Scenario::new("timers")
        .config("every 100\nonce 30\nevery 70 cancels 3")
        .request(Request::get("/").header("x-wait", "250"))
        .wait(ms(80))
        .request(Request::get("/"))
        .wait(ms(500));
    let run = agree(Native::<Timed>::new, &scenario);
    assert!(run.logs().at(LogLevel::Info).len() > 8, "{}", run.logs());
}
