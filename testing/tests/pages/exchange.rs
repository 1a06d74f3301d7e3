//! The code of `docs/async.md`.

use serde::Deserialize;
use std::rc::Rc;
use std::time::Duration;
use waxwing::attributes::source;
use waxwing::exchange::join;
use waxwing::prelude::*;
use waxwing_testing::matching::{any, header};
use waxwing_testing::{Answer, Host, Request, Response, json};

#[derive(Deserialize)]
struct Config {
    cluster: String,
}

#[derive(Extension, Clone)]
#[extension(exchange)]
struct Auth {
    config: Rc<Config>,
}

impl RootContext for Auth {
    type Config = Json<Config>;

    fn configure(Json(config): Json<Config>, _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Auth { config: Rc::new(config) })
    }
}

impl HttpExchange for Auth {
    async fn handle(self, exchange: Exchange) -> Result<()> {
        let request = exchange.request_headers().await?;
        let reply = HttpCall::get(&self.config.cluster, "/check")
            .header("authorization", request.headers().get("authorization")?.unwrap_or_default())
            .timeout(Duration::from_millis(200))
            .send(&request)
            .await?; // the request is held back meanwhile
        if reply.status() != 200 {
            return request.respond(LocalResponse::new(403).body("denied"));
        }
        request.headers_mut().set("x-user", reply.headers().get("x-user")?)?;
        let response = request.forward().await?; // until the headers of the response arrive
        response.headers_mut().remove("server")
    }
}

#[test]
fn a_user_is_named_to_the_upstream_and_nobody_else_gets_there() {
    let origin = |_: &Request| Response::new(200).header("server", "x/1.0");
    let host = Host::builder::<Auth>().config(json!({ "cluster": "authz" })).origin(origin).start();
    let authz = host.upstream("authz");
    authz.on(header("authorization", "ana")).reply(Response::new(200).header("x-user", "ana"));
    authz.on(any()).reply(Response::new(401));

    let exchange = host.exchange(Request::get("/").header("authorization", "ana"));
    exchange.upstream_request().assert_header("x-user", "ana");
    exchange.response().assert_status(200).assert_no_header("server");
    host.exchange(Request::get("/")).local_response().assert_status(403).assert_body("denied");
}

/// Declares an extension with this function.
macro_rules! exchange {
    ($name:ident, |$exchange:ident| $handle:block) => {
        #[derive(Extension, Clone)]
        #[extension(exchange)]
        struct $name;

        impl RootContext for $name {
            type Config = ();

            fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
                Ok($name)
            }
        }

        impl HttpExchange for $name {
            async fn handle(self, $exchange: Exchange) -> Result<()> $handle
        }
    };
}

exchange!(Lines, |exchange| {
    let mut count = 0;
    let mut pieces = exchange.request_headers().await?.forward().await?.inspect();
    while let Some(piece) = pieces.next_piece().await? {
        count += piece.bytes()?.iter().filter(|byte| **byte == b'\n').count();
    }
    pieces.with(|host| {
        host.log(LogLevel::Info, &format!("{count} lines"));
        Ok(())
    })
});

#[test]
fn the_lines_of_a_response_are_counted() {
    let origin = |_: &Request| Response::new(200).chunks(["a\nb", "\n", "c\n"]);
    let host = Host::builder::<Lines>().origin(origin).start();
    host.exchange(Request::get("/")).logs().assert_contains("3 lines");
}

exchange!(Address, |exchange| {
    let request = exchange.request_headers().await?;
    let address =
        request.with(|host| Ok(host.attribute(source::ADDRESS)?.map(|address| address.to_string())))?;
    request.sleep(Duration::from_millis(5)).await?;
    request.headers_mut().set("x-from", address)
});

#[test]
fn an_attribute_is_asked_in_a_closure() {
    let host = Host::builder::<Address>().start();
    let exchange = host.exchange(Request::get("/").attribute(source::ADDRESS, "10.0.0.7:4711"));
    exchange.upstream_request().assert_header("x-from", "10.0.0.7:4711");
}

exchange!(Both, |exchange| {
    let request = exchange.request_headers().await?;
    let price = HttpCall::get("prices", "/").send(&request);
    let stock = HttpCall::get("stock", "/").send(&request);
    let (price, stock) = request.timeout(Duration::from_millis(100), join(price, stock)).await?;
    let (price, stock) = (price?, stock?);
    request.headers_mut().set("x-offer", [price.body()?, b"/", stock.body()?].concat())
});

#[test]
fn two_upstreams_are_asked_at_once_and_not_for_long() {
    let host = Host::builder::<Both>().start();
    let (prices, stock) = (host.upstream("prices"), host.upstream("stock"));
    prices.on(any()).reply(Response::new(200).body("7")).delay(Duration::from_millis(80));
    stock.on(any()).reply(Response::new(200).body("2")).delay(Duration::from_millis(80)).then(Answer::Hang);
    host.exchange(Request::get("/")).upstream_request().assert_header("x-offer", "7/2");
    host.exchange(Request::get("/")).local_response().assert_status(500);
}
