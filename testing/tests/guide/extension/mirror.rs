use waxwing::prelude::*;

/// Tells another service of each request, and goes on.
#[derive(Extension)]
#[extension(http = MirrorStream)]
pub(crate) struct Mirror;

impl RootContext for Mirror {
    type Config = ();

    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(Mirror)
    }
}

pub(crate) struct MirrorStream;

#[callbacks]
impl HttpContext for MirrorStream {
    type Root = Mirror;

    fn new(_: &Mirror) -> Self {
        MirrorStream
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        HttpCall::post("audit", "/seen", request.headers().get(":path")?.unwrap_or_default())
            .send(request)?;
        Ok(Action::Continue)
    }
}
