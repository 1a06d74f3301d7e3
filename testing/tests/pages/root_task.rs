//! The code of `docs/async.md` about the tasks of root contexts.

use serde::Deserialize;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use waxwing::prelude::*;
use waxwing_testing::matching::any;
use waxwing_testing::{Answer, Host, HostBuilder, Request, Response, Upstream, json};

#[derive(Deserialize)]
struct Config {
    cluster: String,
}

#[derive(Extension, Clone)]
#[extension(exchange, task)]
struct Keyed {
    config: Rc<Config>,
    keys: Rc<RefCell<Vec<u8>>>,
}

impl Keyed {
    async fn fetch(&self, root: &Root) -> Result<()> {
        let reply =
            HttpCall::get(&self.config.cluster, "/keys").timeout(Duration::from_secs(1)).send(root).await?;
        *self.keys.borrow_mut() = reply.body()?.to_vec();
        Ok(())
    }
}

impl RootTask for Keyed {
    async fn start(self, root: Root) -> Result<()> {
        self.fetch(&root).await
    }

    async fn run(self, root: Root) -> Result<()> {
        root.every(Duration::from_secs(300), async || self.fetch(&root).await).await
    }
}

impl RootContext for Keyed {
    type Config = Json<Config>;

    fn configure(Json(config): Json<Config>, _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Keyed { config: Rc::new(config), keys: Rc::default() })
    }
}

impl HttpExchange for Keyed {
    async fn handle(self, exchange: Exchange) -> Result<()> {
        let request = exchange.request_headers().await?;
        request.headers_mut().set("x-keys", &*self.keys.borrow())
    }
}

/// The same, which tries until it has keys, and answers for itself until then.
#[derive(Extension, Clone)]
#[extension(exchange, task)]
struct Patient(Keyed);

impl Patient {
    async fn fetch(&self, root: &Root) -> Result<()> {
        self.0.fetch(root).await
    }
}

impl RootTask for Patient {
    async fn start(self, root: Root) -> Result<()> {
        while let Err(error) = self.fetch(&root).await {
            root.with(|host| {
                host.log(LogLevel::Warn, &format!("no keys yet: {error}"));
                Ok(())
            })?;
            root.sleep(Duration::from_secs(1)).await?;
        }
        Ok(())
    }

    fn while_starting(&self) -> WhileStarting {
        WhileStarting::Respond(LocalResponse::new(503).header("retry-after", "1"))
    }
}

impl RootContext for Patient {
    type Config = Json<Config>;

    fn configure(config: Json<Config>, cx: &mut Configure<'_>) -> Result<Self> {
        Keyed::configure(config, cx).map(Patient)
    }
}

impl HttpExchange for Patient {
    async fn handle(self, exchange: Exchange) -> Result<()> {
        self.0.handle(exchange).await
    }
}

/// A host with an upstream that has keys, after that many answers that never come.
fn start(host: HostBuilder, failures: usize) -> Host {
    let keys = Upstream::new("keys");
    let rule = keys.on(any());
    let rule = (0..failures).fold(rule, |rule, _| rule.then(Answer::Reset));
    rule.then(Response::new(200).body("old")).then(Response::new(200).body("new"));
    host.config(json!({ "cluster": "keys" })).upstream(&keys).start()
}

#[test]
fn keys_are_fetched_before_the_first_request_and_again_later() {
    let host = start(Host::builder::<Keyed>(), 0);
    host.exchange(Request::get("/")).upstream_request().assert_header("x-keys", "old");
    host.clock().advance(Duration::from_secs(301));
    host.exchange(Request::get("/")).upstream_request().assert_header("x-keys", "new");
}

#[test]
fn without_keys_it_tries_again_and_answers_meanwhile() {
    let host = start(Host::builder::<Patient>(), 1);
    let exchange = host.exchange(Request::get("/"));
    exchange.local_response().assert_status(503).assert_header("retry-after", "1");
    host.clock().advance(Duration::from_secs(2));
    host.exchange(Request::get("/")).upstream_request().assert_header("x-keys", "old");
    host.logs().assert_contains("no keys yet: ");
}
