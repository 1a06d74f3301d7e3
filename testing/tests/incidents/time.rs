//! Times that became others.

use super::*;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Probe 6 of `proxy-wasm` 0.2.5: a timer of 900 microseconds was never, and one of 60 days came after ten.
#[test]
fn a_timer_of_900_microseconds_comes_and_one_of_60_days_does_not_come_at_once() {
    let run = run(Scenario::new("timers")
        .config("timer 900us\ntimer 60d")
        .request(doing("add"))
        .wait(Duration::from_millis(200))
        .request(doing("add")));
    run.logs().assert_contains("timer 900us");
    run.logs().assert_lacks("timer 60d");
}

/// The same probe: a callout with 900 microseconds waited for ever, and Envoy refuses one of 60 days.
#[test]
fn timeouts_of_900_microseconds_and_of_60_days_are_what_they_say() {
    let run = run(Scenario::new("timeouts")
        .cluster("authz", |_| Answer::from(Response::new(200)).after(Duration::from_millis(300)))
        .request(doing("call 900us"))
        .request(doing("call 60d")));
    run[0].logs().assert_contains("call 900us was answered: the upstream did not answer in time");
    run[1].logs().assert_contains("call 60d was answered: 200");
}

/// 60 days of virtual time, in ticks of a minute.
#[test]
fn a_timer_of_60_days_comes_after_60_days() {
    let host = Host::builder::<Incidents>().config("timer 60d").start();
    host.clock().advance(DAY * 60 - Duration::from_millis(1));
    host.logs().assert_lacks("timer 60d");
    host.clock().advance(Duration::from_millis(1));
    host.logs().assert_contains("timer 60d");
}
