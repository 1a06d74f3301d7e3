//! Chooses the route of a request by what the proxy knows of it: the client's address, mutual TLS, the query.
//!
//! The first rule whose conditions all hold names the route, in the header `x-route` and in the filter state. A route
//! of the proxy that matches that header then takes the request, because the extension has the route chosen anew.
//!
//! Run it: `cargo waxwing run examples/route-by-attribute`
#![forbid(unsafe_code)]

use serde::Deserialize;
use std::net::IpAddr;
use std::rc::Rc;
use waxwing::attributes::{connection, request, source};
use waxwing::foreign::{FilterState, Span, clear_route_cache};
use waxwing::prelude::*;

const HEADER: &str = "x-route";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    rules: Vec<Rule>,
}

/// What has to be so for a route. A condition that is not there holds, so one that is misspelt must not be taken for that.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    route: String,
    clients: Option<Vec<IpAddr>>,
    mtls: Option<bool>,
    /// One of the query's parameters, as it stands there.
    query: Option<String>,
}

impl Rule {
    fn holds(&self, headers: &RequestHeaders<'_>) -> Result<bool> {
        if let Some(clients) = &self.clients {
            let ip = headers.attribute(source::ADDRESS)?.and_then(|address| address.ip());
            if !ip.is_some_and(|ip| clients.contains(&ip)) {
                return Ok(false);
            }
        }
        if let Some(expected) = self.mtls
            && headers.attribute(connection::MTLS)?.unwrap_or(false) != expected
        {
            return Ok(false);
        }
        let Some(parameter) = &self.query else { return Ok(true) };
        // The client wrote it, so it may be anything.
        let query = headers.attribute_bytes(request::QUERY)?.unwrap_or_default();
        Ok(query.split(|byte| *byte == b'&').any(|other| other == parameter.as_bytes()))
    }
}

/// One per configured plugin instance.
#[derive(Extension)]
#[extension(http = RouteStream)]
struct Route {
    config: Rc<Config>,
}

impl RootContext for Route {
    type Config = Json<Config>;

    fn configure(Json(config): Json<Config>, _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Route { config: Rc::new(config) })
    }
}

/// One per HTTP stream.
struct RouteStream {
    config: Rc<Config>,
}

#[callbacks]
impl HttpContext for RouteStream {
    type Root = Route;

    fn new(root: &Route) -> Self {
        RouteStream { config: root.config.clone() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let mut route = None;
        for rule in &self.config.rules {
            if rule.holds(request)? {
                route = Some(rule.route.as_str());
                break;
            }
        }
        // Also removes one that the client forged.
        request.headers_mut().set(HEADER, route)?;
        if let Some(route) = route {
            FilterState::new("envoy.string", route).span(Span::Request).set(request)?;
        }
        clear_route_cache(request)?;
        Ok(Action::Continue)
    }
}

#[cfg(test)]
mod tests {
    use super::Route;
    use waxwing::attributes::{connection, source};
    use waxwing_testing::{Host, Native, Request, Scenario, explore, json, on_every_host};

    fn config() -> waxwing_testing::Value {
        json!({ "rules": [
            { "route": "beta", "query": "beta=1" },
            { "route": "partner", "mtls": true, "clients": ["10.0.0.7", "2001:db8::7"] },
            { "route": "internal", "clients": ["127.0.0.1"] },
        ] })
    }

    #[test]
    fn a_rule_holds_if_all_of_its_conditions_do() {
        let host = Host::builder::<Route>().config(config()).start();
        let partner = |address: &str, mtls: bool| {
            Request::get("/").attribute(source::ADDRESS, address).attribute(connection::MTLS, mtls)
        };
        let exchange = host.exchange(partner("[2001:db8::7]:4711", true));
        exchange.upstream_request().assert_header("x-route", "partner");
        assert_eq!(exchange.route_choices(), 1);
        host.exchange(partner("10.0.0.7:4711", false)).upstream_request().assert_no_header("x-route");
        host.exchange(partner("10.0.0.8:4711", true)).upstream_request().assert_no_header("x-route");
        host.exchange(partner("/run/proxy.sock", true)).upstream_request().assert_no_header("x-route");
    }

    #[test]
    fn a_route_that_the_client_asks_for_is_not_taken() {
        let host = Host::builder::<Route>().config(config()).start();
        let forged = Request::get("/").attribute(source::ADDRESS, "10.9.9.9:1").header("x-route", "internal");
        host.exchange(forged).upstream_request().assert_no_header("x-route");
    }

    #[test]
    fn a_condition_that_is_misspelt_is_refused_and_not_taken_for_none() {
        let config = json!({ "rules": [{ "route": "internal", "client": ["127.0.0.1"] }] });
        let refusal = Host::builder::<Route>().config(config).try_start().unwrap_err();
        refusal.logs().assert_contains("unknown field `client`");
    }

    #[test]
    fn it_does_the_same_on_every_host() {
        let scenario = Scenario::new("routes")
            .config(config())
            .route("to-beta", "x-route", "beta")
            .route("to-partner", "x-route", "partner")
            .request(Request::get("/orders?a=b&beta=1"))
            .request(Request::get("/orders?beta=10"))
            .request(Request::get("/orders?%ff").header("x-route", "partner"))
            .request(Request::post("/orders").body("two apples"));
        let runs = on_every_host::<Route>("route-by-attribute", [scenario]);
        runs[0][0]
            .upstream_request()
            .assert_header("x-route", "beta")
            .assert_header("x-taken-route", "to-beta");
        let forged = runs[0][2].upstream_request();
        forged.assert_header("x-route", "internal").assert_no_header("x-taken-route");
    }

    #[test]
    fn survives_what_took_others_down() {
        let scenario = Scenario::new("a route").config(config()).request(Request::get("/orders?beta=1"));
        explore::incidents(&Native::<Route>::new(), &scenario).check();
    }

    #[test]
    fn survives_each_failure_of_each_call() {
        let scenario = Scenario::new("two routes")
            .config(config())
            .route("to-beta", "x-route", "beta")
            .request(Request::get("/orders?beta=1"))
            .request(Request::get("/orders"));
        explore::faults(&Native::<Route>::new(), &scenario).hostile().check();
    }

    #[test]
    fn in_every_order_a_request_takes_its_route() {
        let scenario = Scenario::new("two routes")
            .config(config())
            .route("to-beta", "x-route", "beta")
            .request(Request::get("/orders?beta=1"))
            .request(Request::post("/orders").body("two apples"));
        explore::orders(&Native::<Route>::new(), &scenario).disconnects().reconfigurations().check();
    }
}
