//! Asks a service who the client is, and lets it wait meanwhile.

use log::warn;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};
use std::time::Duration;

/// Holds the configuration: the cluster of the service.
#[derive(Debug, Default)]
pub struct Root {
    cluster: String,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _size: usize) -> bool {
        self.cluster = String::from_utf8(self.get_plugin_configuration().unwrap_or_default()).unwrap();
        true
    }

    fn create_http_context(&self, _context: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { cluster: self.cluster.clone() }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Stream {
    cluster: String,
}

impl Context for Stream {
    fn on_http_call_response(&mut self, _token: u32, _headers: usize, body_size: usize, _trailers: usize) {
        let status = self.get_http_call_response_header(":status");
        if status.as_deref() == Some("200") {
            let user = self.get_http_call_response_body(0, body_size).unwrap_or_default();
            self.set_http_request_header("x-user", Some(&String::from_utf8_lossy(&user)));
            self.resume_http_request();
        } else {
            warn!("the service answers {}", status.as_deref().unwrap_or("nothing"));
            self.send_http_response(403, vec![("x-reason", "auth")], Some(b"denied"));
        }
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let token = self.get_http_request_header("authorization").unwrap_or_default();
        let headers = vec![
            (":method", "GET"),
            (":path", "/check"),
            (":authority", "authz"),
            ("authorization", token.as_str()),
        ];
        match self.dispatch_http_call(&self.cluster, headers, None, vec![], Duration::from_millis(200)) {
            Ok(_) => Action::Pause,
            Err(status) => {
                warn!("no call: {status:?}");
                self.send_http_response(503, vec![], None);
                Action::Pause
            }
        }
    }
}
