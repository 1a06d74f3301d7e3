//! Does what an extension should not. The configuration, or the request's header of that name, says what.

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

/// Panics before there is a host.
pub fn panic_in_start() {
    proxy_wasm::set_log_level(LogLevel::Info);
    panic!("no start today");
}

/// Calls the host before it may.
pub fn call_in_start() {
    log::info!("not set yet");
    proxy_wasm::set_log_level(LogLevel::Info);
    log::info!("starting");
    let _ = hostcalls::get_shared_data("key");
}

/// Has a destructor that calls the host.
#[derive(Debug, Default)]
pub struct Root {
    configuration: String,
}

impl Drop for Root {
    fn drop(&mut self) {
        log::info!("dropped");
        hostcalls::set_shared_data("dropped", Some(b"1"), None).unwrap();
    }
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _size: usize) -> bool {
        self.configuration = String::from_utf8(self.get_plugin_configuration().unwrap_or_default()).unwrap();
        match &*self.configuration {
            "panic" => panic!("a bad configuration"),
            "debug" => proxy_wasm::set_log_level(LogLevel::Debug),
            _ => {}
        }
        true
    }

    fn create_http_context(&self, _context: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Stream;

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        log::info!("a request");
        log::debug!("of a client");
        match self.get_http_request_header("x-flaw").as_deref() {
            Some("panic") => panic!("a flaw for {:?}", self.get_http_request_header(":path")),
            // What the crate's own convenience does for any status that it does not expect.
            Some("unwrap") => hostcalls::increment_metric(77, 1).unwrap(),
            Some("index") => {
                let empty: &[u8] = &[];
                let _ = empty[self.get_http_request_headers().len()];
            }
            Some("hang") => loop {
                std::hint::spin_loop();
            },
            Some("hang in calls") => loop {
                let _ = self.get_current_time();
            },
            Some("level") => {
                let _ = hostcalls::get_log_level();
            }
            Some("foreign") => {
                let _ = self.call_foreign_function("nested", None);
            }
            _ => {}
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        // Not UTF-8, which this getter does not expect.
        if self.get_http_response_header("x-flaw").is_some() {
            panic!("a flaw in the response");
        }
        Action::Continue
    }
}
