use serde_json::Value;
use waxwing::prelude::*;

/// Lets requests with a token, or from the own network, pass as its user.
#[derive(Extension)]
#[extension(http = GateStream)]
pub(crate) struct Gate {
    user: String,
}

impl RootContext for Gate {
    type Config = Vec<u8>;

    fn configure(config: Vec<u8>, _: &mut Configure<'_>) -> Result<Self> {
        let config: Value = serde_json::from_slice(&config)?;
        match config["user"].as_str() {
            Some("") | None => Err(Error::new("the user is empty")),
            Some(user) => Ok(Gate { user: user.to_owned() }),
        }
    }
}

pub(crate) struct GateStream {
    user: String,
}

#[callbacks]
impl HttpContext for GateStream {
    type Root = Gate;

    fn new(root: &Gate) -> Self {
        GateStream { user: root.user.clone() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let inside =
            request.property(&["source", "address"])?.is_some_and(|address| address.starts_with(b"10."));
        match request.headers().get("x-token")? {
            None if !inside => return Ok(LocalResponse::new(401).body("who are you?").into()),
            Some(b"panic") => panic!("what a token"),
            _ => {}
        }
        request.headers_mut().set("x-user", &self.user)?;
        request.headers_mut().remove("x-internal")?;
        Ok(Action::Continue)
    }
}
