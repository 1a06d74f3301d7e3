//! Times that became others: 900 microseconds, 60 days.

use super::*;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// How long is meant, and what the host is told for a timeout: in its milliseconds, of which it reads more than 24 days
/// as a negative number.
const TIMEOUTS: [(Duration, u32); 5] = [
    (Duration::ZERO, 1),
    (Duration::from_micros(900), 1),
    (Duration::from_micros(1_100), 2),
    (DAY.saturating_mul(60), i32::MAX.unsigned_abs()),
    (Duration::MAX, i32::MAX.unsigned_abs()),
];

/// Probe 6 of `proxy-wasm` 0.2.5, whose `as u32` made 0 of 900 microseconds, which is no timeout at all, and 10 days of
/// 60.
#[test]
fn timeouts_of_callouts_are_rounded_up_and_never_wrap() {
    for (timeout, milliseconds) in TIMEOUTS {
        let host = ScriptedHost::start(Script::default().request_headers(move |request| {
            HttpCall::get("authz", "/").timeout(timeout).send(request)?;
            GrpcCall::new("authz", "acme.Auth", "Check").timeout(timeout).send(request)?;
            Ok(Action::Pause)
        }));
        host.open([2]);
        let calls = host.calls();
        let http = of(&calls, "proxy_http_call")[0];
        assert!(http.starts_with(&format!("({milliseconds}, ")), "{timeout:?}: {http}");
        assert_eq!(of(&calls, "proxy_grpc_call"), [format!("({milliseconds})")], "{timeout:?}");
    }
}

/// The same probe: a period of 900 microseconds turned the timer off, and one of 60 days came after 10.
#[test]
fn periods_of_timers_are_rounded_up_and_never_off() {
    let most = u32::MAX.into();
    for (period, milliseconds) in [
        (Duration::ZERO, 1),
        (Duration::from_micros(900), 1),
        (Duration::from_micros(1_100), 2),
        (DAY * 60, most),
        (Duration::MAX, most),
    ] {
        let host =
            ScriptedHost::start(Script::default().configure(move |cx| cx.set_interval(period).map(drop)));
        let calls = host.calls();
        let set: Vec<u64> = of(&calls, "proxy_set_tick_period_milliseconds")
            .iter()
            .map(|call| call.trim_matches(['(', ')']).parse().unwrap())
            .collect();
        let last = set.last().copied().unwrap();
        assert!((1..=milliseconds).contains(&last), "{period:?}: {set:?}");
        assert!(milliseconds == most || last == milliseconds, "{period:?}: {set:?}");
    }
}

/// A timer of 60 days, on a host whose ticks cannot be so far apart.
#[test]
fn a_timer_of_60_days_comes_after_60_days() {
    let host = ScriptedHost::start(
        Script::default().configure(|cx| cx.set_timer(DAY * 60).map(drop)).root_timer(|_, root| {
            root.log(LogLevel::Info, "60 days");
            Ok(())
        }),
    );
    let day = 24 * 3600 * 1000;
    host.advance(60 * day - 1);
    assert_eq!(host.lines(), [""; 0]);
    host.advance(1);
    assert_eq!(host.lines(), ["60 days"]);
}

/// proxy-wasm-cpp-host 2: there is one timer per root context, which the last to set it took from all others.
#[test]
fn several_timers_share_the_one_of_the_host() {
    let host = ScriptedHost::start(
        Script::default()
            .configure(|cx| {
                cx.set_interval(Duration::from_millis(20))?;
                cx.set_interval(Duration::from_millis(50)).map(drop)
            })
            .root_timer(|timer, root| {
                root.log(LogLevel::Info, &format!("{timer:?}"));
                Ok(())
            }),
    );
    host.advance(100);
    let lines = host.lines();
    let first = lines.iter().filter(|line| **line == lines[0]).count();
    assert_eq!((first, lines.len() - first), (5, 2), "{lines:?}");
}
