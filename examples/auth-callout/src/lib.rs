//! Asks an HTTP upstream whether a request may go on.
//!
//! The request is held back until the answer is there. With 200 it goes on, with the user that the answer names; with
//! 401 or 403 the client gets that answer. Anything else, no answer included, is an error, and fails closed.
//!
//! Run it: `cargo waxwing run examples/auth-callout`
#![forbid(unsafe_code)]

use serde::Deserialize;
use std::rc::Rc;
use std::time::Duration;
use waxwing::prelude::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The upstream that decides: in Envoy the name of a cluster.
    cluster: String,
    #[serde(default = "check")]
    path: String,
    /// How long the answer may take.
    #[serde(default = "one_second")]
    timeout_milliseconds: u64,
}

fn check() -> String {
    "/check".to_owned()
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
        HttpCall::get(&self.config.cluster, &self.config.path)
            .header("authorization", headers.get("authorization")?.unwrap_or_default())
            .header("x-original-path", headers.get(":path")?.unwrap_or_default())
            .timeout(Duration::from_millis(self.config.timeout_milliseconds))
            .send(request)?;
        Ok(Action::Pause)
    }

    fn on_http_call_response(
        &mut self,
        _call: HttpCallId,
        response: &HttpCallResponse<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        match response.status()? {
            200 => {
                // Without a user in the answer it removes what the client sent.
                stream.request_headers_mut().set(USER, response.headers().get(USER)?)?;
                Ok(Action::Continue)
            }
            status @ (401 | 403) => Ok(LocalResponse::new(status)
                .details("auth_callout_denied")
                .body(response.body()?.to_vec())
                .into()),
            status => Err(Error::new(format!("the upstream that decides answered {status}"))),
        }
    }
}

#[cfg(test)]
mod tests;
