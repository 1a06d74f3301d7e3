use super::extension::{Auth, Counted};
use waxwing_testing::{Answer, Metric, Native, Request, Response, Run, Scenario, explore, metric_name};

#[test]
fn each_request_gets_its_own_user_whatever_comes_first() {
    let user = |request: &Request| {
        let token = request.headers().get("x-token").unwrap_or_default().to_vec();
        Answer::from(Response::new(200).header("x-user", token))
    };
    let scenario = Scenario::new("two users")
        .cluster("authz", user)
        .request(Request::post("/orders").header("x-token", "ana").body("two apples"))
        .request(Request::get("/orders").header("x-token", "bo"));

    explore::orders(&Native::<Auth>::new(), &scenario).disconnects().check();
}

#[test]
fn every_request_is_counted_once_by_whichever_worker() {
    let gets = metric_name("requests_total", [("method", "GET")]);
    let scenario = Scenario::new("three requests")
        .workers(2)
        .request(Request::get("/1"))
        .request(Request::get("/2"))
        .request(Request::get("/3"))
        .metric(gets.clone());

    let counted = |run: &Run| assert_eq!(run.metric(&gets), Some(Metric::Counter(3)));
    explore::orders(&Native::<Counted>::new(), &scenario).check_each(counted).check();
}
