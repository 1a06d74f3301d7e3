//! Lets requests through that have a token of a known issuer: a JSON Web Token, signed with EdDSA.
//!
//! The issuer's keys are a JSON Web Key Set, which each worker fetches at its start, again and again, and soon again after a
//! failure: the task of its root context. Until the first attempt has ended, requests wait or are denied, as the
//! configuration says. The subject of a good token goes to the upstream as `x-user`, in place of one that the client has sent.
//!
//! A token whose key nobody knows has the keys fetched at once, because the issuer may have a new one, and waits for them: at
//! most as long as any fetch may take. So that forged tokens cannot hammer the issuer, one request at a time does so, and none
//! until `unknown_key_seconds` after the last fetch of any kind. Meanwhile others like it are told to come again (503), and
//! outside of that they are denied.
//!
//! Everything else fails closed: without a token, and with one that is not in order or whose key nobody knows, the answer is 401;
//! without keys, or if they are too old because fetching them fails, it is 503.
//!
//! Run it: `cargo waxwing run examples/jwks`
#![forbid(unsafe_code)]

mod config;
mod keys;
mod store;
mod token;

use config::{Config, Early};
use keys::Keys;
use std::rc::Rc;
use std::time::Duration;
use store::Store;
use token::Refusal;
use waxwing::exchange::Request;
use waxwing::prelude::*;

/// The header that names the user to the upstream. One that the client sends is never passed on.
const USER: &str = "x-user";

/// One per configured plugin instance.
#[derive(Extension, Clone)]
#[extension(exchange, task)]
struct Jwks {
    config: Rc<Config>,
    store: Rc<Store>,
}

impl RootContext for Jwks {
    type Config = Json<Config>;

    fn configure(Json(config): Json<Config>, _cx: &mut Configure<'_>) -> Result<Self> {
        config.check()?;
        Ok(Jwks { config: Rc::new(config), store: Rc::default() })
    }
}

impl RootTask for Jwks {
    fn while_starting(&self) -> WhileStarting {
        match self.config.while_starting {
            Early::Hold => WhileStarting::Hold,
            Early::Deny => WhileStarting::Respond(no_keys()),
        }
    }

    /// One attempt. If it fails, requests are denied until another one succeeds.
    async fn start(self, root: Root) -> Result<()> {
        self.fetch(&root).await
    }

    /// Fetches the keys again and again, and soon after a failure.
    async fn run(self, root: Root) -> Result<()> {
        loop {
            let has_failed = self.store.has_failed();
            root.sleep(if has_failed { self.config.retry() } else { self.config.refresh() }).await?;
            self.fetch(&root).await?;
        }
    }
}

impl HttpExchange for Jwks {
    async fn handle(self, exchange: Exchange) -> Result<()> {
        let request = exchange.request_headers().await?;
        let Some(token) = request.headers().get("authorization")?.and_then(bearer) else {
            return request.respond(unauthorized("Bearer", "no token"));
        };
        let Some(mut verdict) = self.verify(token, &request)? else { return request.respond(no_keys()) };
        if verdict == Err(Refusal::UnknownKey) {
            if self.store.is_looking() {
                let again = LocalResponse::new(503).header("retry-after", "1").details("jwks_looking");
                return request.respond(again.body("the keys are being fetched"));
            }
            if let Some(_looking) = self.store.look(now(&request)?, self.config.unknown_key()) {
                self.fetch(&request).await?;
                verdict = self.verify(token, &request)?.unwrap_or(verdict);
            }
        }
        match verdict {
            Ok(user) => request.headers_mut().set(USER, &user),
            Err(refusal) => {
                let why = format!("the token is not accepted: {refusal}");
                request.respond(unauthorized("Bearer error=\"invalid_token\"", &why))
            }
        }
    }
}

impl Jwks {
    /// Fetches the keys. If they do not come, that is logged, and those that there are stay.
    ///
    /// The root context does it, or a request that needs a key which nobody knows.
    async fn fetch(&self, from: &impl Stage) -> Result<()> {
        let Err(error) = self.try_fetch(from).await else { return Ok(()) };
        self.store.fail();
        from.with(|host| {
            host.log(LogLevel::Warn, &format!("the keys were not fetched: {error}"));
            Ok(())
        })
    }

    async fn try_fetch(&self, from: &impl Stage) -> Result<()> {
        self.store.begin(now(from)?);
        let keys = self.ask(from).await?;
        self.store.set(keys, now(from)?);
        Ok(())
    }

    /// The keys that the issuer answers.
    async fn ask(&self, from: &impl Stage) -> Result<Keys> {
        let config = &self.config;
        let reply = HttpCall::get(&config.cluster, &config.path)
            .authority(config.authority.as_ref().unwrap_or(&config.cluster))
            .header("accept", "application/jwk-set+json, application/json")
            .timeout(config.timeout())
            .send(from)
            .await?;
        match reply.status() {
            200 => Keys::parse(reply.body()?).map_err(|error| Error::new(error.to_string())),
            status => Err(Error::new(format!("status {status}"))),
        }
    }

    /// Whom a token names, or why it is not accepted; `None` if there are no keys.
    fn verify(&self, token: &[u8], request: &Request) -> Result<Option<Result<String, Refusal>>> {
        let now = now(request)?;
        let keys = self.store.get(now, self.config.max_age());
        Ok(keys.map(|keys| token::verify(token, &keys, &self.config.expected(), now)))
    }
}

/// The token of a value of `authorization`.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(b"bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

fn now(stage: &impl Stage) -> Result<Duration> {
    stage.with(|host| host.current_time())
}

/// The answer to a request while there are no keys.
fn no_keys() -> LocalResponse {
    LocalResponse::new(503).details("jwks_no_keys").body("no keys")
}

/// The answer to a request whose token, or whose lack of one, does not do.
fn unauthorized(challenge: &'static str, why: &str) -> LocalResponse {
    LocalResponse::new(401)
        .header("www-authenticate", challenge)
        .details("jwks_denied")
        .body(why.as_bytes().to_vec())
}

#[cfg(test)]
mod tests;
