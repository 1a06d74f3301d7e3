//! Random callbacks, on a host that answers anything and calls back from inside any call: nothing panics.
//!
//! Every case is a sequence of callbacks, with ids most of which are alive, and a string of bytes from which
//! the host and the extension take their decisions. At the end, each callback and each error must have been
//! met. `PROPTEST_CASES=1000000 cargo test --release -p waxwing --test hostile` runs a million cases.
#![forbid(unsafe_code)]
#![allow(missing_docs, clippy::cast_possible_truncation, reason = "a test")]

mod chaos;
mod coverage;
mod extension;
mod host;

use chaos::Chaos;
use coverage::Coverage;
use host::HostileHost;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, TestRunner};
use std::rc::Rc;

#[test]
fn nothing_that_a_host_does_makes_the_sdk_panic() {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { Config::default().cases } else { 5_000 };
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let coverage = Rc::new(Coverage::default());
    let case = (vec(any::<[u8; 4]>(), 1..40), vec(any::<u8>(), 0..1_500));
    runner
        .run(&case, |(callbacks, decisions)| {
            let host = HostileHost::start(Chaos::new(decisions), coverage.clone());
            for callback in callbacks {
                host.call(callback);
            }
            host.stop();
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
    coverage.assert_complete();
}
