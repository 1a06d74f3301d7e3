use super::extension::Auth;
use waxwing_testing::{Answer, Native, Request, Response, Scenario, explore};

#[test]
fn nothing_that_took_others_down_takes_this_down() {
    let scenario = Scenario::new("a known token")
        .cluster("authz", |_| Answer::from(Response::new(200).header("x-user", "ana")))
        .request(Request::get("/orders").header("x-token", "t0"));
    explore::incidents(&Native::<Auth>::new(), &scenario).fail_closed().check();
}
