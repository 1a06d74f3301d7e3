//! Random callbacks, on a host that answers anything and calls back from inside any call: nothing panics, and
//! what the extension returned, or its error policy made of it, is what the host gets.
//!
//! Every case is a sequence of callbacks, with ids most of which are alive, and a string of bytes from which
//! the host and the extension take their decisions. It runs under each error policy. At the end, each callback
//! and each error must have been met, and each policy in each phase.
//! `PROPTEST_CASES=1000000 cargo test --release -p waxwing --all-features --test hostile` runs a million cases.
#![forbid(unsafe_code)]
#![allow(missing_docs, clippy::cast_possible_truncation, reason = "a test")]

mod asked;
mod behaviour;
mod caller;
mod case;
mod chaos;
mod connection;
mod coverage;
mod exchange;
mod extension;
mod grpc;
mod host;
mod imports;
mod knowledge;
mod ledger;
mod modes;
mod sharing;
mod task;

use case::Case;
use chaos::Chaos;
use coverage::Coverage;
use host::HostileHost;
use ledger::Ledger;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::rc::Rc;
use waxwing::__private::{Extension, RootContext};

#[test]
fn nothing_that_a_host_does_makes_the_sdk_panic_or_break_the_error_policy() {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { Config::default().cases } else { 1_250 };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let closed = Rc::new(Coverage::of_streams(extension::Closed::ON_ERROR));
    let open = Rc::new(Coverage::of_streams(extension::Open::ON_ERROR));
    let reset = Rc::new(Coverage::of_streams(extension::Reset::ON_ERROR));
    let tcp = Rc::new(Coverage::of_connections(connection::ResetTcp::ON_ERROR));
    let closed_both = Rc::new(Coverage::of_connections(connection::ClosedBoth::ON_ERROR));
    let open_both = Rc::new(Coverage::of_connections(connection::OpenBoth::ON_ERROR));
    let coverages = [&closed, &open, &reset, &tcp, &closed_both, &open_both];
    let case = (vec(any::<[u8; 4]>(), 1..40), vec(any::<u8>(), 0..4_000));
    until_complete(&coverages, || {
        // One counts its cases, however often it runs.
        let ran = TestRunner::new(config.clone()).run(&case, |(callbacks, decisions)| {
            run::<extension::Closed>(&callbacks, &decisions, &closed)?;
            run::<extension::Open>(&callbacks, &decisions, &open)?;
            run::<extension::Reset>(&callbacks, &decisions, &reset)?;
            run::<connection::ResetTcp>(&callbacks, &decisions, &tcp)?;
            run::<connection::ClosedBoth>(&callbacks, &decisions, &closed_both)?;
            run::<connection::OpenBoth>(&callbacks, &decisions, &open_both)
        });
        ran.unwrap_or_else(|failure| panic!("{failure}"));
    });
    for coverage in coverages {
        coverage.assert_complete();
    }
}

/// What the ledger expects of an extension that decides everything itself does not hold for these, so what is asserted
/// is in the extension.
#[test]
fn nothing_that_a_host_does_makes_the_modes_of_bodies_panic_or_show_a_body_twice() {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { Config::default().cases } else { 600 };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let closed = Rc::new(Coverage::of_modes(modes::ClosedModes::ON_ERROR));
    let open = Rc::new(Coverage::of_modes(modes::OpenModes::ON_ERROR));
    let reset = Rc::new(Coverage::of_modes(modes::ResetModes::ON_ERROR));
    let coverages = [&closed, &open, &reset];
    let case = (vec(any::<[u8; 4]>(), 1..60), vec(any::<u8>(), 0..4_000));
    until_complete(&coverages, || {
        // One counts its cases, however often it runs.
        let ran = TestRunner::new(config.clone()).run(&case, |(callbacks, decisions)| {
            play::<modes::ClosedModes>(&callbacks, &decisions, &closed);
            play::<modes::OpenModes>(&callbacks, &decisions, &open);
            play::<modes::ResetModes>(&callbacks, &decisions, &reset);
            Ok(())
        });
        ran.unwrap_or_else(|failure| panic!("{failure}"));
    });
    for coverage in coverages {
        coverage.assert_complete();
    }
}

/// Here too the ledger does not hold: what is asserted is that what comes of a callout comes to the context that made it,
/// and that every import and every callback that there is was met.
#[test]
fn nothing_that_a_host_does_takes_an_answer_to_a_context_that_did_not_ask() {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { Config::default().cases } else { 300 };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let closed = Rc::new(Coverage::of_callers(caller::ClosedCaller::ON_ERROR));
    let open = Rc::new(Coverage::of_callers(caller::OpenCaller::ON_ERROR));
    let reset = Rc::new(Coverage::of_callers(caller::ResetCaller::ON_ERROR));
    let coverages = [&closed, &open, &reset];
    let case = (vec(any::<[u8; 4]>(), 1..80), vec(any::<u8>(), 0..6_000));
    until_complete(&coverages, || {
        let ran = TestRunner::new(config.clone()).run(&case, |(callbacks, decisions)| {
            ask::<caller::ClosedCaller>(&callbacks, &decisions, &closed)?;
            ask::<caller::OpenCaller>(&callbacks, &decisions, &open)?;
            ask::<caller::ResetCaller>(&callbacks, &decisions, &reset)
        });
        ran.unwrap_or_else(|failure| panic!("{failure}"));
    });
    for coverage in coverages {
        coverage.assert_complete();
    }
}

/// An answer to an exchange reaches the function that has asked, and no function is left behind.
#[test]
fn nothing_that_a_host_does_makes_an_exchange_panic_or_take_the_answer_of_another() {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { Config::default().cases } else { 600 };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let closed = Rc::new(Coverage::of_exchanges(exchange::ClosedExchange::ON_ERROR));
    let open = Rc::new(Coverage::of_exchanges(exchange::OpenExchange::ON_ERROR));
    let reset = Rc::new(Coverage::of_exchanges(exchange::ResetExchange::ON_ERROR));
    let coverages = [&closed, &open, &reset];
    let case = (vec(any::<[u8; 4]>(), 1..120), vec(any::<u8>(), 0..6_000));
    until_complete(&coverages, || {
        let ran = TestRunner::new(config.clone()).run(&case, |(callbacks, decisions)| {
            ask::<exchange::ClosedExchange>(&callbacks, &decisions, &closed)?;
            ask::<exchange::OpenExchange>(&callbacks, &decisions, &open)?;
            ask::<exchange::ResetExchange>(&callbacks, &decisions, &reset)
        });
        ran.unwrap_or_else(|failure| panic!("{failure}"));
    });
    for coverage in coverages {
        coverage.assert_complete();
    }
}

/// The same of the task of a root context; and what is held until it has started is let go, answered, or left to its end.
#[test]
fn nothing_that_a_host_does_makes_a_task_panic_or_take_the_answer_of_another() {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { Config::default().cases } else { 400 };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let (functions, streams) = (task::EXPECTED_OF_FUNCTIONS, task::EXPECTED_OF_STREAMS);
    let of_functions = |policy| Rc::new(Coverage::of_tasks(policy, functions));
    let of_streams = |policy| Rc::new(Coverage::of_tasks(policy, streams));
    let closed = [of_functions(task::ClosedFunctions::ON_ERROR), of_streams(task::ClosedStreams::ON_ERROR)];
    let open = [of_functions(task::OpenFunctions::ON_ERROR), of_streams(task::OpenStreams::ON_ERROR)];
    let reset = [of_functions(task::ResetFunctions::ON_ERROR), of_streams(task::ResetStreams::ON_ERROR)];
    let coverages: Vec<_> = [&closed, &open, &reset].into_iter().flatten().collect();
    let case = (vec(any::<[u8; 4]>(), 1..120), vec(any::<u8>(), 0..6_000));
    until_complete(&coverages, || {
        let ran = TestRunner::new(config.clone()).run(&case, |(callbacks, decisions)| {
            ask::<task::ClosedFunctions>(&callbacks, &decisions, &closed[0])?;
            ask::<task::ClosedStreams>(&callbacks, &decisions, &closed[1])?;
            ask::<task::OpenFunctions>(&callbacks, &decisions, &open[0])?;
            ask::<task::OpenStreams>(&callbacks, &decisions, &open[1])?;
            ask::<task::ResetFunctions>(&callbacks, &decisions, &reset[0])?;
            ask::<task::ResetStreams>(&callbacks, &decisions, &reset[1])
        });
        ran.unwrap_or_else(|failure| panic!("{failure}"));
    });
    for coverage in coverages {
        coverage.assert_complete();
    }
}

/// Runs all cases, and more if something that must be met is so rare that none of them met it.
fn until_complete(coverages: &[&Rc<Coverage>], mut run: impl FnMut()) {
    for _ in 0..MOST_ROUNDS {
        run();
        if coverages.iter().all(|coverage| coverage.missing().is_empty()) {
            return;
        }
    }
}

const MOST_ROUNDS: u32 = 10;

/// Runs a case under the policy of an extension.
fn run<R: Extension>(
    callbacks: &[[u8; 4]],
    decisions: &[u8],
    coverage: &Rc<Coverage>,
) -> Result<(), TestCaseError> {
    let case = play::<R>(callbacks, decisions, coverage);
    case.ledger.wrong().map_or(Ok(()), |wrong| Err(TestCaseError::fail(wrong)))
}

/// The same of an extension that asks.
fn ask<R: Extension>(
    callbacks: &[[u8; 4]],
    decisions: &[u8],
    coverage: &Rc<Coverage>,
) -> Result<(), TestCaseError> {
    let case = play::<R>(callbacks, decisions, coverage);
    if case.functions.get() != 0 {
        return Err(TestCaseError::fail(format!("{} functions have never ended", case.functions.get())));
    }
    case.asked.wrong().map_or(Ok(()), |wrong| Err(TestCaseError::fail(wrong)))
}

/// Runs a case, and gives what was noted in it.
fn play<R: Extension>(callbacks: &[[u8; 4]], decisions: &[u8], coverage: &Rc<Coverage>) -> Case {
    let ledger = Rc::new(Ledger::new(R::ON_ERROR));
    let chaos = Rc::new(Chaos::new(decisions.to_vec()));
    let case =
        Case { chaos, coverage: coverage.clone(), ledger, asked: Rc::default(), functions: Rc::default() };
    let host = HostileHost::<R>::start(case.clone());
    for callback in callbacks {
        host.call(*callback);
    }
    host.stop();
    case
}
