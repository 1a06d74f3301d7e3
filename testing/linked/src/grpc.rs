//! Asks a gRPC service whether a request may pass.

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};
use std::time::Duration;

/// Has no configuration.
#[derive(Debug)]
pub struct Root;

impl Context for Root {}

impl RootContext for Root {
    fn create_http_context(&self, _context: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Stream;

impl Context for Stream {
    fn on_grpc_call_response(&mut self, _token: u32, status: u32, size: usize) {
        if status == 0 {
            let message = self.get_grpc_call_response_body(0, size).unwrap_or_default();
            self.set_http_request_header("x-quota", Some(&String::from_utf8_lossy(&message)));
            self.resume_http_request();
        } else {
            let (code, message) = self.get_grpc_status();
            let body = format!("{code} {}", message.unwrap_or_default());
            self.send_http_response(429, vec![], Some(body.as_bytes()));
        }
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let path = self.get_http_request_header(":path").unwrap_or_default();
        let metadata = vec![("x-from", b"edge".as_slice())];
        let timeout = Duration::from_secs(1);
        self.dispatch_grpc_call("quota", "shop.Quota", "Take", metadata, Some(path.as_bytes()), timeout)
            .unwrap();
        Action::Pause
    }
}
