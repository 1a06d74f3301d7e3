use super::*;
use std::time::Duration;
use waxwing_testing::Run;
use waxwing_timed::Timed;

fn run(scenario: Scenario) -> Run {
    on_every_host::<Timed>("waxwing-timed", [scenario]).remove(0)
}

fn lines(run: &Run) -> Vec<&str> {
    run.logs().lines().iter().map(|line| line.message.as_str()).collect()
}

#[test]
fn periods_and_delays_share_the_tick_and_end_where_they_are_cancelled() {
    let timers = "every 100 cancels 3\nonce 150\nevery 60 cancels 1";
    let run = run(Scenario::new("timers")
        .config(timers)
        .request(without_body())
        .wait(Duration::from_millis(450))
        .request(without_body()));
    let period = "every 100 cancels 3";
    assert_eq!(lines(&run), ["every 60 cancels 1", period, "once 150", period, period]);
}

#[test]
fn each_worker_has_timers_of_its_own() {
    let run = run(Scenario::new("timers of two workers")
        .config("once 50")
        .workers(2)
        .request(without_body())
        .wait(Duration::from_millis(150))
        .request_to(1, without_body()));
    assert_eq!(lines(&run), ["once 50", "once 50"]);
}

#[test]
fn a_timer_resumes_or_answers_a_stream_that_waits_for_it() {
    let run = run(Scenario::new("streams that wait")
        .request(Request::get("/").header("x-wait", "80"))
        .request(Request::post("/").header("x-wait", "20").chunks(["ab", "cde"]).trailer("x-sum", "5"))
        .request(Request::get("/").header("x-wait", "30").header("x-answer", "1"))
        .request(Request::get("/").header("x-wait", "0")));
    for waited in [0, 1, 3] {
        run[waited].upstream_request().assert_header("x-waited", "1");
        run[waited].logs().assert_contains("goes on");
    }
    run[2].local_response().assert_status(504).assert_body("it took too long");
    run[2].assert_not_forwarded();
}

#[test]
fn a_trap_of_one_worker_leaves_the_ticks_of_the_other() {
    let script = "configure timer 400\ntimer value 0 :path\nrequest-headers panic";
    compare([scenario("a trap of one worker leaves the ticks of the other", script)
        .workers(2)
        .expect_trap("the script says so")
        .request_to(1, without_body())
        .wait(Duration::from_millis(700))]);
}

#[test]
fn ticks_of_two_workers() {
    let script = "configure timer 500\ntimer value 0 :path\nlog value 0 :path";
    compare([scenario("ticks of two workers", script)
        .workers(2)
        .request_to(1, without_body())
        .request(without_body())
        .wait(Duration::from_millis(900))]);
}
