//! Adds a configured header to every response.
//!
//! Run it: `cargo waxwing run examples/add-header`
#![forbid(unsafe_code)]

use serde::Deserialize;
use std::rc::Rc;
use waxwing::prelude::*;

#[derive(Deserialize)]
struct Config {
    name: String,
    value: String,
}

/// One per configured plugin instance.
#[derive(Extension)]
#[extension(http = AddHeaderStream)]
struct AddHeader {
    config: Rc<Config>,
}

impl RootContext for AddHeader {
    type Config = Json<Config>;

    fn configure(Json(config): Json<Config>, _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(AddHeader { config: Rc::new(config) })
    }
}

/// One per HTTP stream.
struct AddHeaderStream {
    config: Rc<Config>,
}

#[callbacks]
impl HttpContext for AddHeaderStream {
    type Root = AddHeader;

    fn new(root: &AddHeader) -> Self {
        AddHeaderStream { config: root.config.clone() }
    }

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        response.headers_mut().set(&self.config.name, &self.config.value)?;
        Ok(Action::Continue)
    }
}
