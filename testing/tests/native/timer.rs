use super::*;
use std::time::{Duration, SystemTime};
use waxwing_testing::{Clock, Event, HostCall};
use waxwing_timed::Timed;

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn start(script: &str) -> Host {
    Host::builder::<Timed>().config(script).start()
}

/// The lines logged so far.
fn lines(host: &Host) -> Vec<String> {
    host.logs().lines().iter().map(|line| line.message.clone()).collect()
}

/// The milliseconds, of so many, at which that line was logged. After each, the test may meddle with the clock.
fn times(host: &Host, line: &str, of: u64, meddle: impl Fn(u64, &Clock)) -> Vec<u64> {
    let mut times = Vec::new();
    let count = |host: &Host| lines(host).iter().filter(|logged| *logged == line).count();
    for at in 1..=of {
        let before = count(host);
        host.clock().advance(ms(1));
        times.extend((before..count(host)).map(|_| at));
        meddle(at, &host.clock());
    }
    times
}

/// The periods to which the host's tick was set.
fn ticks_set(host: &Host) -> Vec<u32> {
    let set = |event: &Event| match event {
        Event::Call { call: HostCall::SetTickPeriod { milliseconds }, .. } => Some(*milliseconds),
        _ => None,
    };
    host.timeline().events().iter().filter_map(set).collect()
}

#[test]
fn a_period_comes_again_and_again_and_the_tick_is_set_once() {
    let host = start("every 100");
    assert_eq!(times(&host, "every 100", 350, |_, _| {}), [100, 200, 300]);
    assert_eq!(ticks_set(&host), [100]);
}

#[test]
fn a_delay_comes_once_and_then_there_are_no_ticks() {
    let host = start("once 50");
    assert_eq!(times(&host, "once 50", 300, |_, _| {}), [50]);
    assert_eq!(ticks_set(&host), [50, 0]);
}

#[test]
fn several_timers_share_the_tick() {
    for script in ["every 100\nevery 30\nonce 45", "once 45\nevery 30\nevery 100"] {
        let once = times(&start(script), "once 45", 300, |_, _| {});
        assert_eq!(once, [45]);
        assert_eq!(times(&start(script), "every 30", 100, |_, _| {}), [30, 60, 90]);
        assert_eq!(times(&start(script), "every 100", 350, |_, _| {}), [100, 200, 300]);
    }
}

#[test]
fn a_timer_can_end_itself_when_it_comes() {
    let host = start("every 10 cancels 3\nevery 100");
    host.clock().advance(ms(200));
    let lines = lines(&host);
    assert_eq!(lines.iter().filter(|line| line.ends_with("cancels 3")).count(), 3);
    assert_eq!(lines.iter().filter(|line| *line == "every 100").count(), 2);
}

#[test]
fn sixty_days_are_sixty_days_and_less_than_a_millisecond_is_one() {
    let days = 60 * 24 * 3600;
    let host = start(&format!("once {}000", days));
    host.clock().advance(Duration::from_secs(days) - ms(1));
    assert!(lines(&host).is_empty());
    host.clock().advance(ms(1));
    assert_eq!(lines(&host).len(), 1);
    assert_eq!(ticks_set(&host), [60_000, 0]);

    let host = start("every 0");
    assert_eq!(times(&host, "every 0", 5, |_, _| {}), [1, 2, 3, 4, 5]);
}

#[test]
fn a_stream_goes_on_when_its_time_has_come() {
    let host = start("");
    let begin = host.clock().now();
    let exchange = host.exchange(Request::get("/").header("x-wait", "250"));
    exchange.upstream_request().assert_header("x-waited", "1");
    assert_eq!(host.clock().now(), begin + ms(250));
    // The next is earlier than one that waits already.
    let long = host.open(Request::get("/").header("x-wait", "1000"));
    let short = host.open(Request::get("/").header("x-wait", "10"));
    host.clock().advance(ms(10));
    short.assert_flowing();
    long.assert_paused(Phase::RequestHeaders);
    host.clock().advance(ms(990));
    long.assert_flowing();
}

#[test]
fn a_timer_ends_with_its_stream() {
    let host = start("");
    let stream = host.open(Request::get("/").header("x-wait", "100"));
    stream.disconnect();
    host.clock().advance(ms(1000));
    assert!(lines(&host).is_empty());
    assert_eq!(ticks_set(&host).last(), Some(&0));
}

#[test]
fn each_worker_has_timers_of_its_own() {
    let host = Host::builder::<Timed>().config("every 100").workers(3).start();
    host.clock().advance(ms(250));
    assert_eq!(lines(&host).len(), 6);
    assert_eq!(host.worker(2).logs().lines().len(), 2);
}

#[test]
fn a_new_configuration_ends_the_timers_of_the_old_one_and_a_refused_one_ends_its_own() {
    let host = start("every 100\nonce 150");
    host.clock().advance(ms(100));
    host.reconfigure("every 10\nevery x").unwrap_err();
    host.clock().advance(ms(50));
    let before = lines(&host);
    assert_eq!(before.iter().filter(|line| *line == "every 10").count(), 0);
    assert_eq!(before.iter().filter(|line| *line == "once 150").count(), 1);
    host.reconfigure("every 30\nonce 500").unwrap();
    host.clock().advance(ms(60));
    assert_eq!(lines(&host)[before.len()..], ["every 30", "every 30"]);
}

#[test]
fn a_clock_that_is_set_back_neither_loses_nor_delays_a_timer() {
    // An hour back, and to the beginning of time, in the middle of a tick and just before one.
    for at in [30, 99, 100, 101, 150] {
        let host = start("every 100\nonce 250");
        let back = |now, clock: &Clock| {
            if now == at {
                clock.set(clock.now() - Duration::from_secs(3600));
            }
            if now == at + 60 {
                clock.set(SystemTime::UNIX_EPOCH);
            }
        };
        assert_eq!(times(&host, "every 100", 420, back), [100, 200, 300, 400], "{at}");
        assert_eq!(lines(&host).iter().filter(|line| *line == "once 250").count(), 1);
    }
}

#[test]
fn a_clock_that_is_set_forward_makes_a_timer_early_by_one_tick_at_most_and_never_a_storm() {
    for at in [30, 99, 100, 101, 150] {
        let host = start("every 20\nonce 250");
        let forward = |now, clock: &Clock| {
            if now == at {
                clock.set(clock.now() + Duration::from_secs(3600));
            }
        };
        let times = times(&host, "once 250", 300, forward);
        assert!(times.len() == 1 && (230..=250).contains(&times[0]), "{at}: {times:?}");
        let every = lines(&host).iter().filter(|line| *line == "every 20").count();
        assert!((14..=16).contains(&every), "{at}: {every}");
    }
}

#[test]
fn on_a_clock_that_stands_still_timers_come_and_are_late_by_two_short_ticks_at_most() {
    let host = start("every 1000\nonce 3000");
    let frozen = host.clock().now();
    let stop = move |_, clock: &Clock| clock.set(frozen);
    assert_eq!(times(&host, "every 1000", 3500, stop), [1000, 2000, 3000]);
    assert_eq!(lines(&host).iter().filter(|line| *line == "once 3000").count(), 1);
    // Not even when others begin all the time between its ticks.
    let waiting = host.open(Request::get("/").header("x-wait", "500"));
    let mut passed = 0;
    while waiting.paused_at().is_some() {
        assert!(host.open(Request::get("/").header("x-wait", "90")).paused_at().is_some());
        for _ in 0..10 {
            host.clock().advance(ms(1));
            host.clock().set(frozen);
        }
        passed += 10;
    }
    assert!((500..=700).contains(&passed), "{passed}");
}
