use super::*;

/// Callbacks after which it is certain what the upstream has seen.
const CERTAIN: [&str; 4] = ["request-headers", "response-headers", "response-body", "response-trailers"];

#[test]
fn failing_closed() {
    compare(CERTAIN.map(|callback| panicking(callback).request(full()).request(without_body())));
}

#[test]
fn failing_open() {
    compare(CERTAIN.map(|callback| panicking(callback).fail_open().request(full()).request(without_body())));
}

/// A scenario in which the extension panics in a callback.
fn panicking(callback: &str) -> Scenario {
    scenario(&format!("{callback} panic")).expect_trap("the script says so")
}
