//! Lets requests through that have a token of a known issuer: a JSON Web Token, signed with EdDSA.
//!
//! The issuer's keys are a JSON Web Key Set, which each worker fetches at its start, again and again, and soon again after a
//! failure. Until the first attempt has ended, requests wait or are denied, as the configuration says. The subject of a good
//! token goes to the upstream as `x-user`, in place of one that the client has sent.
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

use config::{Config, WhileStarting};
use keys::Keys;
use std::rc::Rc;
use std::time::Duration;
use store::{Lookup, Store};
use waxwing::exchange::Request;
use waxwing::prelude::*;

/// The header that names the user to the upstream. One that the client sends is never passed on.
const USER: &str = "x-user";

/// How often a request that waits for the first keys looks for them.
const LOOK: Duration = Duration::from_millis(10);

/// One per configured plugin instance.
#[derive(Extension, Clone)]
#[extension(exchange, root)]
struct Jwks {
    config: Rc<Config>,
    store: Rc<Store>,
    /// What fetches the keys again after a failure.
    retry: Option<TimerId>,
}

impl RootContext for Jwks {
    type Config = Json<Config>;

    fn configure(Json(config): Json<Config>, cx: &mut Configure<'_>) -> Result<Self> {
        config.check()?;
        cx.set_interval(config.refresh())?;
        let mut jwks = Jwks { config: Rc::new(config), store: Rc::default(), retry: None };
        if let Err(error) = jwks.fetch(cx) {
            // The proxy may not know the cluster yet.
            cx.log(LogLevel::Warn, &format!("the keys were not fetched: {error}"));
            jwks.store.fail();
            jwks.retry = Some(cx.set_timer(jwks.config.retry())?);
        }
        Ok(jwks)
    }
}

#[callbacks]
impl RootCallbacks for Jwks {
    fn on_timer(&mut self, timer: TimerId, root: &mut RootView<'_>) -> Result<()> {
        self.retry.take_if(|retry| *retry == timer);
        match self.fetch(root) {
            Ok(()) => Ok(()),
            Err(error) => self.fail(&error, root),
        }
    }

    fn on_http_call_response(
        &mut self,
        _call: HttpCallId,
        response: &HttpCallResponse<'_>,
        root: &mut RootView<'_>,
    ) -> Result<()> {
        match read(response).and_then(|keys| Ok((keys, root.current_time()?))) {
            Ok((keys, now)) => {
                self.store.set(keys, now);
                Ok(())
            }
            Err(error) => self.fail(&error, root),
        }
    }
}

impl Jwks {
    fn fetch<'cb>(&self, view: &impl View<'cb>) -> Result<()> {
        let config = &self.config;
        HttpCall::get(&config.cluster, &config.path)
            .authority(config.authority.as_ref().unwrap_or(&config.cluster))
            .header("accept", "application/jwk-set+json, application/json")
            .timeout(config.timeout())
            .send(view)?;
        Ok(())
    }

    /// Goes on with the keys that there are, and fetches them again soon.
    fn fail(&mut self, error: &Error, root: &mut RootView<'_>) -> Result<()> {
        root.log(LogLevel::Warn, &format!("the keys were not fetched: {error}"));
        self.store.fail();
        if self.retry.is_none() {
            self.retry = Some(root.set_timer(self.config.retry())?);
        }
        Ok(())
    }

    /// The keys for a request; `None` if there are none.
    async fn keys(&self, request: &Request) -> Result<Option<Rc<Keys>>> {
        let mut waited = Duration::ZERO;
        loop {
            match self.store.get(now(request)?, self.config.max_age()) {
                Lookup::Found(keys) => return Ok(Some(keys)),
                // The attempt has a timeout of its own, but a host may forget to say that it is over.
                Lookup::Starting
                    if self.config.while_starting == WhileStarting::Hold
                        && waited <= self.config.timeout() =>
                {
                    request.sleep(LOOK).await?;
                    waited += LOOK;
                }
                Lookup::Starting | Lookup::Unavailable => return Ok(None),
            }
        }
    }
}

impl HttpExchange for Jwks {
    async fn handle(self, exchange: Exchange) -> Result<()> {
        let request = exchange.request_headers().await?;
        let Some(token) = request.headers().get("authorization")?.and_then(bearer) else {
            return request.respond(unauthorized("Bearer", "no token"));
        };
        let Some(keys) = self.keys(&request).await? else {
            return request.respond(LocalResponse::new(503).details("jwks_no_keys").body("no keys"));
        };
        match token::verify(token, &keys, &self.config.expected(), now(&request)?) {
            Ok(user) => request.headers_mut().set(USER, &user),
            Err(refusal) => {
                let why = format!("the token is not accepted: {refusal}");
                request.respond(unauthorized("Bearer error=\"invalid_token\"", &why))
            }
        }
    }
}

/// The keys that the issuer has answered.
fn read(response: &HttpCallResponse<'_>) -> Result<Keys> {
    match response.status()? {
        200 => Keys::parse(response.body()?).map_err(|error| Error::new(error.to_string())),
        status => Err(Error::new(format!("status {status}"))),
    }
}

/// The token of a value of `authorization`.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(b"bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

fn now(request: &Request) -> Result<Duration> {
    request.with(|host| host.current_time())
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
