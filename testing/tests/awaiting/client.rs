//! Clients that go away.

use super::*;

#[test]
fn a_client_that_goes_away_ends_the_function_wherever_it_waits() {
    let authz = |request: &Request| {
        let is_late = match request.path().as_str() {
            "/headers/at-the-headers" | "/body/behind-the-body" => 4,
            _ => 0,
        };
        later(Response::new(200), is_late)
    };
    let upload = |path: &str| Request::post(path).chunks(["ab", "cd"]).empty_end();
    // The first callout is answered before the first piece comes.
    let slow = |path: &str| Client::new(upload(path)).pauses(LATER);
    let [run] = compare([scenario("clients leave wherever the function waits", "ask-twice")
        .cluster("authz", authz)
        .origin(|request| match request.path().as_str() {
            "/at-the-response" => Answer::Hang,
            _ => Response::new(204).into(),
        })
        .client(Client::new(upload("/at-the-headers")).stops_after_headers().leaves())
        .client(Client::new(upload("/at-the-headers")).stops_after_pieces(1).leaves())
        .client(Client::new(upload("/at-the-headers")).leaves())
        .client(slow("/between-pieces").stops_after_pieces(1).leaves())
        .client(slow("/behind-the-body").leaves())
        .client(slow("/at-the-response").leaves())
        // What they have asked is answered, to nobody.
        .wait(LATER * 5)
        .request(upload("/stays"))]);
    let (last, others) = run.exchanges().split_last().unwrap();
    for exchange in others {
        assert_eq!(exchange.outcome(), Outcome::Reset);
    }
    last.response().assert_status(204).assert_header("x-asked", "twice");
    last.upstream_request().assert_body("ABCD");
}
