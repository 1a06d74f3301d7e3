//! An extension on Waxwing beside the one whose place it takes.
#![allow(missing_docs, reason = "a test")]

use waxwing::prelude::*;
use waxwing_testing::{Host, Linked, Native, Request, Scenario, link};

link! {
    fn extension = waxwing_linked::_initialize;
}

#[derive(Extension)]
#[extension(http = TagStream)]
struct Tag {
    tag: String,
}

impl RootContext for Tag {
    type Config = String;

    fn configure(tag: String, cx: &mut Configure<'_>) -> Result<Self> {
        cx.set_log_level(LogLevel::Info);
        log::info!("the tag is {tag}");
        log::debug!("nobody wants to know that");
        Ok(Tag { tag })
    }
}

struct TagStream {
    tag: String,
}

#[callbacks]
impl HttpContext for TagStream {
    type Root = Tag;

    fn new(root: &Tag) -> Self {
        TagStream { tag: root.tag.clone() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        request.headers_mut().remove("x-internal")?;
        request.headers_mut().add("x-tag", &self.tag)?;
        Ok(Action::Continue)
    }

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        response.headers_mut().set("x-tag", &self.tag)?;
        response.headers_mut().remove("server")?;
        Ok(Action::Continue)
    }
}

#[test]
fn the_new_extension_does_what_the_old_one_did() {
    // Native first: what it does with the logger of the process must not be in the way.
    let host = Host::builder::<Tag>().config("blue").start();
    assert!(!host.logs().to_string().contains("nobody"), "{}", host.logs());

    Scenario::new("a tag")
        .config("blue")
        .request(Request::get("/").header("x-internal", "1").header("x-tag", "red"))
        .compare(&[&Native::<Tag>::new(), &Linked::new(extension())]);
}
