//! Collects the paths of requests in a queue, and says how long it has been doing so.

use log::info;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};
use std::time::Duration;

/// Holds the queue and the ticks that have passed.
#[derive(Debug, Default)]
pub struct Root {
    queue: u32,
    ticks: u32,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_vm_start(&mut self, _size: usize) -> bool {
        self.set_tick_period(Duration::from_secs(1));
        self.queue = self.register_shared_queue("paths");
        true
    }

    fn on_tick(&mut self) {
        self.ticks += 1;
        info!("tick {}", self.ticks);
    }

    fn on_queue_ready(&mut self, queue: u32) {
        while let Ok(Some(path)) = self.dequeue_shared_queue(queue) {
            info!("a request for {}", String::from_utf8_lossy(&path));
        }
    }

    fn create_http_context(&self, _context: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { queue: self.queue }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Stream {
    queue: u32,
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let path = self.get_http_request_header(":path").unwrap_or_default();
        self.enqueue_shared_queue(self.queue, Some(path.as_bytes())).unwrap();
        Action::Continue
    }
}
