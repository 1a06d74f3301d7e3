//! Asks a gRPC service whether a request may go on.
//!
//! The service is `acme.auth.v1.Auth`, with the method `Check`. The request is held back until the answer is there. If it
//! is allowed, it goes on, with the user that the answer names; if it is not, the client gets 403, or 401 if the
//! service does not know who it is. Anything else, no answer included, is an error, and fails closed.
//!
//! The messages are written by hand, as `protoc` would write them, so that the build needs no other tool.
//!
//! Run it: `cargo waxwing run examples/grpc-auth`, where nobody serves gRPC, so that it fails closed.
#![forbid(unsafe_code)]

use serde::Deserialize;
use std::rc::Rc;
use std::time::Duration;
use waxwing::prelude::*;

/// What the service is asked: `message CheckRequest`.
#[derive(Clone, PartialEq, prost::Message)]
struct CheckRequest {
    #[prost(string, tag = "1")]
    authorization: String,
    #[prost(string, tag = "2")]
    method: String,
    #[prost(string, tag = "3")]
    path: String,
}

/// What it answers: `message CheckResponse`.
#[derive(Clone, PartialEq, prost::Message)]
struct CheckResponse {
    #[prost(bool, tag = "1")]
    allowed: bool,
    #[prost(string, tag = "2")]
    user: String,
    /// Why not, for the client.
    #[prost(string, tag = "3")]
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The cluster of the proxy's that serves it.
    cluster: String,
    /// How long the answer may take.
    #[serde(default = "one_second")]
    timeout_milliseconds: u64,
}

fn one_second() -> u64 {
    1000
}

/// The header that names the user to the upstream. One that the client sends is never passed on.
const USER: &str = "x-user";

#[derive(Extension)]
#[extension(http = AuthStream)]
struct Auth {
    config: Rc<Config>,
}

impl RootContext for Auth {
    type Config = Json<Config>;

    fn configure(Json(config): Json<Config>, _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Auth { config: Rc::new(config) })
    }
}

struct AuthStream {
    config: Rc<Config>,
}

#[callbacks]
impl HttpContext for AuthStream {
    type Root = Auth;

    fn new(root: &Auth) -> Self {
        AuthStream { config: root.config.clone() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let headers = request.headers();
        // Text, because the service expects text: credentials that are none are an error.
        let text = |name| headers.get_str(name).map(|value| value.unwrap_or_default().to_owned());
        let check = CheckRequest {
            authorization: text("authorization")?,
            method: text(":method")?,
            path: text(":path")?,
        };
        GrpcCall::new(&self.config.cluster, "acme.auth.v1.Auth", "Check")
            .encode(&check)
            .timeout(Duration::from_millis(self.config.timeout_milliseconds))
            .send(request)?;
        Ok(Action::Pause)
    }

    fn on_grpc_call_response(
        &mut self,
        _call: GrpcCallId,
        response: &GrpcCallResponse<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        match response.status() {
            GrpcStatus::UNAUTHENTICATED => return Ok(denied(401, "who are you?".to_owned())),
            GrpcStatus::PERMISSION_DENIED => return Ok(denied(403, String::new())),
            // Of a call that failed otherwise, there is nothing to decode.
            _ => {}
        }
        let answer: CheckResponse = response.decode()?;
        if !answer.allowed {
            return Ok(denied(403, answer.reason));
        }
        // Without a user in the answer it removes what the client sent.
        let user = Some(answer.user).filter(|user| !user.is_empty());
        stream.request_headers_mut().set(USER, user)?;
        Ok(Action::Continue)
    }
}

fn denied(status: u16, reason: String) -> Action {
    LocalResponse::new(status).details("grpc_auth_denied").body(reason).into()
}

#[cfg(test)]
mod tests {
    use super::{Auth, CheckRequest, CheckResponse};
    use prost::Message;
    use std::time::Duration;
    use waxwing_testing::matching::grpc::{method, service};
    use waxwing_testing::{
        GrpcAnswer, GrpcRequest, Host, HostBuilder, Native, Phase, Request, Scenario, Value, explore, json,
        on_each_host, on_every_host,
    };

    fn config() -> Value {
        json!({ "cluster": "authz", "timeout_milliseconds": 200 })
    }

    fn with_one_user(host: HostBuilder) -> Host {
        host.config(config()).grpc_cluster("authz", decide).start()
    }

    /// A service that knows one user.
    fn decide(call: &GrpcRequest) -> GrpcAnswer {
        let check = CheckRequest::decode(call.messages()[0].as_slice()).unwrap();
        assert_eq!((call.service(), call.method()), ("acme.auth.v1.Auth", "Check"));
        if (&*check.method, &*check.path) != ("GET", "/orders?id=7") {
            return GrpcAnswer::error(3, "nobody has asked for that");
        }
        let allowed = |user: &str| reply(true, user, "");
        match check.authorization.as_str() {
            "Bearer alice" => allowed("alice"),
            "Bearer robot" => allowed(""),
            "Bearer eve" => reply(false, "eve", "not you"),
            "Bearer late" => GrpcAnswer::hang(),
            "Bearer broken" => GrpcAnswer::error(13, "a bug"),
            "Bearer garbage" => GrpcAnswer::reply([0xFF; 3]),
            "Bearer reset" => GrpcAnswer::reset(),
            "" => GrpcAnswer::error(16, "no credentials"),
            _ => GrpcAnswer::error(7, "unknown"),
        }
    }

    fn reply(allowed: bool, user: &str, reason: &str) -> GrpcAnswer {
        let answer = CheckResponse { allowed, user: user.to_owned(), reason: reason.to_owned() };
        GrpcAnswer::reply(answer.encode_to_vec())
    }

    fn bearer(token: &str) -> Request {
        Request::get("/orders?id=7").header("authorization", format!("Bearer {token}"))
    }

    on_each_host! {
        extension: Auth,
        package: "grpc-auth",

        fn a_user_that_the_service_knows_goes_on_by_name(host) {
            let host = with_one_user(host);
            let exchange = host.exchange(bearer("alice").header("x-user", "mallory"));
            exchange.upstream_request().assert_header("x-user", "alice").assert_path("/orders?id=7");
            exchange.response().assert_status(200);
        }

        fn a_forged_user_does_not_go_on_where_the_answer_names_none(host) {
            let host = with_one_user(host);
            let exchange = host.exchange(bearer("robot").header("x-user", "mallory"));
            exchange.upstream_request().assert_no_header("x-user");
        }

        fn a_denied_request_is_answered_with_the_reason(host) {
            let host = with_one_user(host);
            let exchange = host.exchange(bearer("eve"));
            exchange.local_response().assert_status(403).assert_body("not you").assert_details("grpc_auth_denied");
            exchange.assert_not_forwarded();
            host.exchange(bearer("mallory")).local_response().assert_status(403);
            let nobody = host.exchange(Request::get("/orders?id=7"));
            nobody.local_response().assert_status(401).assert_body("who are you?");
            nobody.assert_not_forwarded();
        }

        fn an_answer_that_is_none_fails_closed(host) {
            let host = with_one_user(host);
            for (token, why) in [
                ("broken", "internal"),
                ("garbage", "failed to decode Protobuf message"),
                ("reset", "the answer broke off"),
            ] {
                let exchange = host.exchange(bearer(token));
                exchange.local_response().assert_status(500);
                exchange.assert_not_forwarded();
                exchange.logs().assert_contains(why);
            }
        }

        fn a_hung_service_never_lets_the_request_through(host) {
            let host = with_one_user(host);
            let stream = host.open(bearer("late"));
            stream.assert_paused(Phase::RequestHeaders);
            host.clock().advance(Duration::from_millis(199));
            stream.assert_paused(Phase::RequestHeaders);
            host.clock().advance(Duration::from_millis(1));
            stream.local_response().assert_status(500);
            stream.assert_not_forwarded();
            stream.finish().logs().assert_contains("the upstream did not answer in time");
        }

        fn a_service_that_is_down_fails_closed(host) {
            let host = host.config(config()).start();
            host.grpc_upstream("authz").set_refusing(true);
            let exchange = host.exchange(bearer("alice"));
            exchange.local_response().assert_status(500);
            exchange.logs().assert_contains("the upstream cannot be reached");
        }
    }

    #[test]
    fn the_service_is_asked_once_for_each_request() {
        let host = Host::builder::<Auth>().config(config()).start();
        let authz = host.grpc_upstream("authz");
        authz.on(service("acme.auth.v1.Auth").and(method("Check"))).answer_with(decide).times(2);
        host.exchange(bearer("alice").header("cookie", "secret"));
        host.exchange(bearer("eve"));
        let check = CheckRequest::decode(authz.calls()[0].messages()[0].as_slice()).unwrap();
        assert_eq!(check.authorization, "Bearer alice");
        assert!(authz.calls()[0].client_metadata().is_empty());
    }

    #[test]
    fn the_answer_to_a_client_that_went_away_reaches_nobody() {
        let host = Host::builder::<Auth>().config(config()).start();
        host.grpc_upstream("authz").on(method("Check")).answer_with(decide).delay(Duration::from_millis(50));
        let gone = host.open(bearer("eve"));
        gone.disconnect();
        let waiting = host.open(bearer("alice"));
        host.clock().advance(Duration::from_millis(50));
        waiting.upstream_request().assert_header("x-user", "alice");
        assert_eq!(host.open_streams(), 0);
    }

    #[test]
    fn it_does_the_same_on_every_host() {
        let scenario = |name| Scenario::new(name).config(config()).grpc_cluster("authz", decide);
        let runs = on_every_host::<Auth>(
            "grpc-auth",
            [
                scenario("allowed").request(bearer("alice").header("x-user", "mallory")),
                scenario("no user in the answer").request(bearer("robot").header("x-user", "mallory")),
                scenario("denied").request(bearer("eve")).request(bearer("mallory")),
                scenario("nobody").request(Request::get("/orders?id=7")),
                scenario("an answer that is none").request(bearer("broken")).request(bearer("garbage")),
                scenario("a hung service").request(bearer("late")),
                scenario("a connection that breaks").request(bearer("reset")),
                Scenario::new("nobody listens")
                    .config(config())
                    .refusing_cluster("authz")
                    .request(bearer("alice")),
                Scenario::new("an unknown cluster").config(config()).request(bearer("alice")),
            ],
        );
        assert_eq!(runs[0].grpc_calls("authz").len(), 1);
    }

    #[test]
    fn survives_what_took_others_down() {
        let scenario =
            Scenario::new("allowed").config(config()).grpc_cluster("authz", decide).request(bearer("alice"));
        explore::incidents(&Native::<Auth>::new(), &scenario).fail_closed().check();
    }

    #[test]
    fn survives_each_failure_of_each_call() {
        let scenario = Scenario::new("allowed, denied, and neither")
            .config(config())
            .grpc_cluster("authz", decide)
            .request(bearer("alice").header("x-user", "mallory"))
            .request(bearer("eve"))
            .request(bearer("garbage"))
            .request(bearer("late"));
        explore::faults(&Native::<Auth>::new(), &scenario).fail_closed().hostile().check();
    }

    #[test]
    fn in_every_order_each_request_gets_its_own_answer() {
        let scenario = Scenario::new("three users, and one for whom nothing is decided")
            .config(config())
            .grpc_cluster("authz", decide)
            .request(bearer("alice").header("x-user", "mallory"))
            .request(bearer("eve"))
            .request(bearer("robot"))
            .request(bearer("late"));
        explore::orders(&Native::<Auth>::new(), &scenario).disconnects().reconfigurations().check();
    }
}
