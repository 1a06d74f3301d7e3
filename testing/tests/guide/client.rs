use super::extension::Auth;
use std::time::Duration;
use waxwing_testing::{Answer, Client, Native, Outcome, Request, Response, Runner, Scenario};

#[test]
fn one_client_leaves_and_the_other_is_served() {
    let check = |_: &Request| Answer::from(Response::new(200).header("x-user", "ana"));
    let upload = Request::post("/upload").header("x-token", "t0").chunks(["a", "b", "c"]);
    let scenario = Scenario::new("one client leaves")
        .cluster("authz", move |request| check(request).after(Duration::from_millis(100)))
        .together([
            Client::new(upload.clone()).pauses(Duration::from_millis(20)).stops_after_pieces(1).leaves(),
            Client::new(upload).starts_after(Duration::from_millis(40)),
        ]);

    let run = Native::<Auth>::new().run(&scenario);

    assert_eq!(run[0].outcome(), Outcome::Reset);
    run[1].upstream_request().assert_header("x-user", "ana").assert_body("abc");
}
