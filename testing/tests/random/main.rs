//! Messages at random: what the strategies make, and what a host does with it.
#![cfg(feature = "proptest")]

mod extension;
mod made;

use extension::{Greedy, Upper};
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};
use waxwing_testing::{Host, Request, strategy};

/// Random numbers that are the same in every run: a test that fails does so again.
fn runner(cases: u32) -> TestRunner {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let rng = proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, rng)
}

#[test]
fn what_is_in_no_ones_way_arrives_as_it_was_sent() {
    let messages = (strategy::requests(), strategy::responses());
    let outcome = runner(256).run(&messages, |(request, response)| {
        let host = Host::builder::<Upper>().origin(move |_| response.clone()).start();
        let exchange = host.exchange(request.clone());
        let forwarded = exchange.upstream_request();
        forwarded.assert_body(request.body_bytes().to_ascii_uppercase());
        for (name, value) in request.trailers().iter() {
            forwarded.assert_trailer(&String::from_utf8_lossy(name), value);
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn a_body_is_the_same_however_it_is_cut() {
    let cut = strategy::bodies().prop_flat_map(|body| (Just(body.clone()), strategy::chunkings(body)));
    let outcome = runner(256).run(&cut, |(body, pieces)| {
        let host = Host::builder::<Upper>().start();
        let [whole, cut] = [vec![body], pieces]
            .map(|pieces| host.exchange(Request::post("/").chunks(pieces)).upstream_request().body_bytes());
        prop_assert_eq!(whole, cut);
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn a_header_that_an_extension_cannot_read_is_found_and_made_small() {
    let outcome = runner(1000).run(&strategy::requests(), |request| {
        let host = Host::builder::<Greedy>().start();
        let trap = host.exchange(request).trap().map(|trap| trap.message.clone());
        prop_assert_eq!(trap, None);
        Ok(())
    });
    let Err(TestError::Fail(_, request)) = outcome else { panic!("it is not found: {outcome:?}") };
    // Nothing is left but what makes it fail.
    assert_eq!(request.method(), "GET");
    assert_eq!(request.body_bytes(), b"");
    assert_eq!(request.trailers().len(), 0);
    let values: Vec<_> = request.headers().iter().filter(|(name, _)| !name.starts_with(b":")).collect();
    assert!(matches!(values[..], [(_, [_])]), "{values:?}");
}

#[test]
fn no_fault_of_the_host_traps_an_extension_that_expects_errors() {
    let messages = (strategy::requests(), strategy::fault_plans());
    let outcome = runner(256).run(&messages, |(request, plan)| {
        let host = Host::builder::<Upper>().fault_plan(&plan).try_start();
        if let Ok(host) = host {
            let exchange = host.exchange(request);
            prop_assert_eq!(exchange.trap().map(|trap| trap.message.clone()), None, "{}", plan);
        }
        Ok(())
    });
    outcome.unwrap();
}
