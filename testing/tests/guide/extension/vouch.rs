use waxwing::prelude::*;

/// Asks a gRPC server whose token it is.
#[derive(Extension)]
#[extension(http = VouchStream)]
pub(crate) struct Vouch;

impl RootContext for Vouch {
    type Config = ();

    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(Vouch)
    }
}

pub(crate) struct VouchStream;

#[callbacks]
impl HttpContext for VouchStream {
    type Root = Vouch;

    fn new(_: &Vouch) -> Self {
        VouchStream
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let token = request.headers().get("x-token")?.unwrap_or_default();
        GrpcCall::new("authz", "acme.Auth", "Check").message(token).send(request)?;
        Ok(Action::Pause)
    }

    fn on_grpc_call_response(
        &mut self,
        _: GrpcCallId,
        response: &GrpcCallResponse<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        if response.status() == GrpcStatus::UNAUTHENTICATED {
            return Ok(LocalResponse::new(401).into());
        }
        stream.request_headers_mut().set("x-user", response.message()?)?;
        Ok(Action::Continue)
    }
}
