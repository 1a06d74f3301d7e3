use super::*;

/// Callbacks after which it is certain what the upstream has seen.
const CERTAIN: [&str; 4] = ["request-headers", "response-headers", "response-body", "response-trailers"];

#[test]
fn failing_closed() {
    compare(
        CERTAIN
            .map(|callback| scenario(&format!("{callback} panic")).request(full()).request(without_body())),
    );
}

#[test]
fn failing_open() {
    compare(CERTAIN.map(|callback| {
        scenario(&format!("{callback} panic")).fail_open().request(full()).request(without_body())
    }));
}
