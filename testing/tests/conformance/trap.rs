use super::*;

/// Callbacks after which it is certain what the upstream has seen.
const CERTAIN: [&str; 4] = ["request-headers", "response-headers", "response-body", "response-trailers"];

#[test]
fn failing_closed() {
    compare(CERTAIN.map(|callback| panicking("closed", callback).request(full()).request(without_body())));
}

#[test]
fn failing_open() {
    compare(
        CERTAIN
            .map(|callback| panicking("open", callback).fail_open().request(full()).request(without_body())),
    );
}

/// A scenario in which the extension panics in a callback.
fn panicking(policy: &str, callback: &str) -> Scenario {
    scenario(format!("a trap in {callback}, failing {policy}"), &format!("{callback} panic"))
        .expect_trap("the script says so")
}
