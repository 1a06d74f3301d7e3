//! What the strategies make.

use super::runner;
use proptest::strategy::{Strategy, ValueTree};
use std::collections::HashSet;
use waxwing_testing::{Request, Response, strategy};

fn samples<S: Strategy>(strategy: &S, count: u32) -> Vec<S::Value> {
    let mut runner = runner(1);
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

#[test]
fn requests_have_all_that_is_awkward() {
    let requests = samples(&strategy::requests(), 500);
    let any = |is: &dyn Fn(&Request) -> bool| requests.iter().any(is);
    let values =
        |request: &Request| request.headers().iter().map(|(_, value)| value.to_vec()).collect::<Vec<_>>();
    assert!(any(&|request| values(request).iter().any(Vec::is_empty)), "an empty value");
    assert!(
        any(&|request| values(request).iter().any(|value| std::str::from_utf8(value).is_err())),
        "no text"
    );
    assert!(any(&|request| values(request).iter().any(|value| value.len() > 200)), "a long value");
    let duplicate = |request: &Request| {
        let names: Vec<_> = request.headers().iter().map(|(name, _)| name.to_vec()).collect();
        names.iter().collect::<HashSet<_>>().len() < names.len()
    };
    assert!(any(&duplicate), "a header twice");
    assert!(any(&|request| request.body_chunks().len() > 2), "a body in pieces");
    assert!(any(&|request| request.body_bytes().is_empty()), "no body");
    assert!(any(&|request| request.trailers().len() > 1), "trailers");
}

#[test]
fn no_name_is_one_that_a_proxy_refuses() {
    for name in samples(&strategy::header_names(), 500) {
        assert!(!name.starts_with(':') && name.bytes().all(|byte| byte.is_ascii_graphic()), "{name:?}");
        assert!(!["content-length", "transfer-encoding", "host"].contains(&&*name), "{name:?}");
    }
    for value in samples(&strategy::header_values(), 2000) {
        assert!(!value.iter().any(|byte| b"\r\n\0".contains(byte)), "{value:?}");
        assert_eq!(value.trim_ascii(), value);
    }
}

#[test]
fn responses_without_a_body_have_none() {
    let responses = samples(&strategy::responses(), 500);
    let bodiless = |response: &Response| matches!(response.status(), 204 | 304);
    assert!(responses.iter().any(bodiless));
    assert!(
        responses
            .iter()
            .filter(|response| bodiless(response))
            .all(|response| response.body_bytes().is_empty())
    );
    assert!(responses.iter().any(|response| !response.trailers().is_empty()));
}

#[test]
fn pieces_are_the_body() {
    for body in samples(&strategy::bodies(), 200) {
        for pieces in samples(&strategy::chunkings(body.clone()), 5) {
            assert_eq!(pieces.concat(), body);
            assert!(pieces.iter().all(|piece| !piece.is_empty()));
        }
    }
}

#[test]
fn fault_plans_are_read_back_from_their_lines() {
    let plans = samples(&strategy::fault_plans(), 300);
    for plan in &plans {
        assert_eq!(plan.to_string().parse(), Ok(plan.clone()), "{plan}");
    }
    let functions: HashSet<_> =
        plans.iter().flat_map(|plan| plan.faults()).map(|fault| fault.function().to_owned()).collect();
    assert!(functions.len() > 20, "{functions:?}");
}
