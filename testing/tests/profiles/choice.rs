//! Choosing a profile: for a host, for a scenario, and all of them.

use super::*;
use std::cell::RefCell;
use waxwing_testing::{Callback, Native, Runner, Scenario};

#[test]
fn envoy_is_the_default() {
    let read = "request-headers bytes 7 0 9";
    let default = Host::builder::<Probe>().config(read).start();
    let of_envoy = host(Profile::ENVOY, read);
    let answers = |host: &Host| answers_of(&host.exchange(Request::get("/")));
    assert_eq!(answers(&default), answers(&of_envoy));
    assert_ne!(answers(&default), answers(&host(Profile::APISIX, read)));
}

#[test]
fn a_scenario_says_it_too() {
    let scenario = Scenario::new("the configuration in a stream").config("request-headers bytes 7 0 9");
    let scenario = scenario.request(Request::get("/"));
    let answers = |scenario: &Scenario| answers_of(&Native::<Probe>::new().run(scenario)[0]);
    assert_eq!(answers(&scenario), ["proxy_get_buffer_bytes: not found"]);
    assert_eq!(answers(&scenario.profile(Profile::APISIX)), ["9 bytes: request-h"]);
}

#[cfg(feature = "envoy")]
#[test]
fn a_real_envoy_is_no_other_host() {
    let scenario = Scenario::new("a scenario for APISIX").profile(Profile::APISIX).request(Request::get("/"));
    let message = failure(|| waxwing_testing::envoy::Envoy::new("nobody.wasm").run(&scenario));
    assert_eq!(
        message,
        "scenario \"a scenario for APISIX\" is for APISIX, and this is a real Envoy; run it on the other hosts only"
    );
}

#[test]
fn a_test_on_each_host_runs_on_all_and_names_those_on_which_it_fails() {
    let seen = RefCell::new(Vec::new());
    Profile::each(|profile| seen.borrow_mut().push(profile));
    assert_eq!(seen.take(), Profile::ALL);

    let message = failure(|| {
        Profile::each(|profile| {
            seen.borrow_mut().push(profile);
            assert!(profile.calls(Callback::Tick), "no tick");
        });
    });
    assert_eq!(message, "the test fails on APISIX: no tick\nand on Google Service Extensions: no tick");
    assert_eq!(seen.take(), Profile::ALL);
}

#[test]
fn metrics_have_the_name_that_an_operator_sees() {
    let name = |profile: Profile| profile.metric_name("audit", "requests_total");
    assert_eq!(name(Profile::ENVOY).as_deref(), Some("wasmcustom.requests_total"));
    assert_eq!(name(Profile::NGX_WASM_MODULE).as_deref(), Some("pw.audit.requests_total"));
    assert_eq!(name(Profile::TRAFFIC_SERVER).as_deref(), Some("requests_total"));
    assert_eq!(name(Profile::APISIX), None);
    assert_eq!(name(Profile::GOOGLE_SERVICE_EXTENSIONS), None);
    // In a test it goes by the name that the extension gave it.
    for profile in [Profile::ENVOY, Profile::NGX_WASM_MODULE, Profile::TRAFFIC_SERVER] {
        let host = host(profile, "request-headers define 0 hits");
        host.exchange(Request::get("/"));
        assert!(host.metric("hits").is_some(), "{profile}");
    }
}
