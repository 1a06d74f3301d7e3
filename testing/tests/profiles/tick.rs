//! The timer of a root context.

use super::*;
use std::time::Duration;
use waxwing_timed::Timed;

/// A host with timers, one per line, and the lines of those that have come in the first 100 milliseconds.
fn timers(profile: Profile, lines: &str) -> (Host, Vec<String>) {
    let host = Host::builder::<Timed>().profile(profile).config(lines).start();
    host.clock().advance(Duration::from_millis(100));
    let came = host.logs().lines().iter().map(|line| line.message.clone()).collect();
    (host, came)
}

#[test]
fn in_nginx_a_period_can_be_set_once() {
    let once = "every 40";
    for profile in [Profile::ENVOY, Profile::NGX_WASM_MODULE, Profile::TRAFFIC_SERVER] {
        assert_eq!(timers(profile, once).1, ["every 40", "every 40"], "{profile}");
    }
    // The SDK sets it again for an earlier timer.
    let twice = "every 40\nonce 10";
    assert_eq!(timers(Profile::ENVOY, twice).1, ["once 10", "every 40", "every 40"]);
    let error = Host::builder::<Timed>().profile(Profile::NGX_WASM_MODULE).config(twice).try_start();
    let error = error.unwrap_err();
    let trap = error.trap().unwrap();
    assert_eq!(trap.message, "the tick period is set already: ngx_wasm_module traps");
}

#[test]
fn where_there_is_no_timer_setting_one_is_an_error() {
    for profile in [Profile::APISIX, Profile::GOOGLE_SERVICE_EXTENSIONS] {
        let started = Host::builder::<Timed>().profile(profile).config("every 40").try_start();
        let error = started.unwrap_err();
        error.logs().assert_contains("proxy_set_tick_period_milliseconds: unimplemented");
        assert!(error.trap().is_none());
    }
}
