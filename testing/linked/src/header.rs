//! Tags requests and responses, and hides what is internal.

use log::{debug, info};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

/// Starts this extension alone.
pub fn start() {
    proxy_wasm::set_log_level(LogLevel::Debug);
    proxy_wasm::set_root_context(|_| Box::<Root>::default());
}

/// Holds the configuration: the tag.
#[derive(Debug, Default)]
pub struct Root {
    tag: String,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _size: usize) -> bool {
        let configuration = self.get_plugin_configuration().unwrap_or_default();
        match String::from_utf8(configuration) {
            Ok(tag) if !tag.is_empty() => {
                info!("the tag is {tag}");
                self.tag = tag;
                true
            }
            _ => false,
        }
    }

    fn create_http_context(&self, _context: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { tag: self.tag.clone() }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Stream {
    tag: String,
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, count: usize, _end_of_stream: bool) -> Action {
        debug!("{count} request headers");
        for (name, value) in self.get_http_request_headers_bytes() {
            debug!("{name}: {}", String::from_utf8_lossy(&value));
        }
        self.set_http_request_header("x-internal", None);
        self.add_http_request_header("x-tag", &self.tag);
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        self.set_http_response_header("x-tag", Some(&self.tag));
        self.set_http_response_header("server", None);
        Action::Continue
    }
}

#[cfg(test)]
mod tests {
    use waxwing_testing::{Host, Request, link};

    link! {
        fn extension = crate::_initialize;
    }

    #[test]
    fn the_tag_is_on_the_response() {
        let host = Host::linked(&extension()).config("blue").start();
        host.exchange(Request::get("/")).response().assert_header("x-tag", "blue");
    }
}
