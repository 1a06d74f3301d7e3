//! Two extensions in one module, of which the proxy's configuration chooses by `root_id`.
//!
//! They implement other callbacks, fail in other ways, and one of them has a root context that does something.

use waxwing::prelude::*;

waxwing::extensions! {
    /// The module.
    pub struct Several(Tag, Block);
}

/// Adds its configuration to each response, as a header; fails open.
#[derive(Debug, Extension)]
#[extension(http = TagStream, root_id = "tag")]
pub struct Tag {
    value: String,
}

impl RootContext for Tag {
    type Config = String;

    const ON_ERROR: ErrorPolicy = ErrorPolicy::FailOpen;

    fn configure(value: String, cx: &mut Configure<'_>) -> Result<Self> {
        cx.log(LogLevel::Info, "a tag");
        Ok(Tag { value })
    }
}

/// A stream of [`Tag`].
#[derive(Debug)]
pub struct TagStream {
    value: String,
}

#[callbacks]
impl HttpContext for TagStream {
    type Root = Tag;

    fn new(root: &Tag) -> Self {
        TagStream { value: root.value.clone() }
    }

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        response.headers_mut().set("x-tag", &self.value)?;
        Err(Error::new("lets the response pass"))
    }
}

/// Answers each request, with what an upstream says of it; fails closed.
#[derive(Debug, Extension)]
#[extension(http = BlockStream, root, root_id = "block")]
pub struct Block {
    reason: String,
}

impl RootContext for Block {
    type Config = String;

    /// The configuration is the upstream that knows the reason; there need not be one.
    fn configure(upstream: String, cx: &mut Configure<'_>) -> Result<Self> {
        if !upstream.is_empty() {
            HttpCall::get(&upstream, "/reason").send(cx)?;
        }
        Ok(Block { reason: "no reason".to_owned() })
    }
}

#[callbacks]
impl RootCallbacks for Block {
    fn on_http_call_response(
        &mut self,
        _call: HttpCallId,
        response: &HttpCallResponse<'_>,
        root: &mut RootView<'_>,
    ) -> Result<()> {
        self.reason = String::from_utf8_lossy(response.body()?).into_owned();
        root.log(LogLevel::Info, &self.reason);
        Ok(())
    }
}

/// A stream of [`Block`].
#[derive(Debug)]
pub struct BlockStream {
    reason: String,
}

#[callbacks]
impl HttpContext for BlockStream {
    type Root = Block;

    fn new(root: &Block) -> Self {
        BlockStream { reason: root.reason.clone() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        if request.headers().get("x-fail")?.is_some() {
            return Err(Error::new("lets nothing pass"));
        }
        Ok(LocalResponse::new(403).body(self.reason.clone()).into())
    }
}
