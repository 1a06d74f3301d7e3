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
    upstream: String,
    /// The answer to this callout is the reason.
    asked: Option<HttpCallId>,
}

impl RootContext for Block {
    type Config = String;

    /// The configuration is the upstream that knows the reason; there need not be one.
    fn configure(upstream: String, cx: &mut Configure<'_>) -> Result<Self> {
        let asked = match upstream.as_str() {
            "" => None,
            upstream => Some(HttpCall::get(upstream, "/reason").send(cx)?),
        };
        Ok(Block { reason: "no reason".to_owned(), upstream, asked })
    }
}

#[callbacks]
impl RootCallbacks for Block {
    fn on_vm_start(vm: &mut VmStart<'_>) -> Result<()> {
        match vm.configuration()? {
            b"broken" => Err(Error::new("the VM is configured as broken")),
            _ => Ok(()),
        }
    }

    /// Says goodbye to the upstream first, if it has one.
    fn on_done(&mut self, root: &mut RootView<'_>) -> Result<Done> {
        if self.upstream.is_empty() {
            return Ok(Done::Now);
        }
        HttpCall::get(&self.upstream, "/goodbye").send(root)?;
        Ok(Done::Later)
    }

    fn on_log(&mut self, stream: &mut StreamLog<'_>) -> Result<()> {
        let path = stream.request_headers().get_str(":path")?.unwrap_or_default();
        stream.log(LogLevel::Info, &format!("logged {path}"));
        Ok(())
    }

    fn on_http_call_response(
        &mut self,
        call: HttpCallId,
        response: &HttpCallResponse<'_>,
        root: &mut RootView<'_>,
    ) -> Result<()> {
        if self.asked != Some(call) {
            return root.done();
        }
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
