use std::time::Duration;
use waxwing::prelude::*;

/// Asks another service whether a token is known, and whose it is.
#[derive(Extension)]
#[extension(http = AuthStream)]
pub(crate) struct Auth;

impl RootContext for Auth {
    type Config = ();

    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(Auth)
    }
}

pub(crate) struct AuthStream;

#[callbacks]
impl HttpContext for AuthStream {
    type Root = Auth;

    fn new(_: &Auth) -> Self {
        AuthStream
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        HttpCall::get("authz", "/check")
            .header("x-token", request.headers().get("x-token")?.unwrap_or_default())
            .timeout(Duration::from_millis(200))
            .send(request)?;
        Ok(Action::Pause)
    }

    fn on_http_call_response(
        &mut self,
        _: HttpCallId,
        response: &HttpCallResponse<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        if response.error()?.is_some() {
            return Ok(LocalResponse::new(503).into());
        }
        match response.status()? {
            200 => {
                stream.request_headers_mut().set("x-user", response.headers().get("x-user")?)?;
                Ok(Action::Continue)
            }
            _ => Ok(LocalResponse::new(403).into()),
        }
    }
}
