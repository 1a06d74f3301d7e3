//! Tags requests and responses, and hides what is internal: what `testing/linked/src/header.rs` does on another SDK.
#![forbid(unsafe_code)]

use std::rc::Rc;
use waxwing::prelude::*;

/// The root context, with the tag.
#[derive(Extension)]
#[extension(http = TagStream)]
pub struct Tag {
    tag: Rc<str>,
}

impl RootContext for Tag {
    type Config = String;

    fn configure(tag: String, _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Tag { tag: tag.into() })
    }
}

/// A stream.
pub struct TagStream {
    tag: Rc<str>,
}

#[callbacks]
impl HttpContext for TagStream {
    type Root = Tag;

    fn new(root: &Tag) -> Self {
        TagStream { tag: root.tag.clone() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let headers = request.headers().iter()?.count();
        log::debug!("{headers} request headers");
        request.headers_mut().remove("x-internal")?;
        request.headers_mut().add("x-tag", &*self.tag)?;
        Ok(Action::Continue)
    }

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        response.headers_mut().set("x-tag", &*self.tag)?;
        response.headers_mut().remove("server")?;
        Ok(Action::Continue)
    }
}
