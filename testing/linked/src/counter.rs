//! Counts requests, in data that the workers share and in a metric.

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, MetricType, Status};

/// Holds the metric.
#[derive(Debug, Default)]
pub struct Root {
    metric: u32,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _size: usize) -> bool {
        self.metric = hostcalls::define_metric(MetricType::Counter, "requests").unwrap();
        true
    }

    fn create_http_context(&self, _context: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { metric: self.metric }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Stream {
    metric: u32,
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        hostcalls::increment_metric(self.metric, 1).unwrap();
        loop {
            let (value, cas) = self.get_shared_data("hits");
            let hits = value.and_then(|value| value.try_into().ok()).map_or(0, u64::from_le_bytes) + 1;
            match self.set_shared_data("hits", Some(&hits.to_le_bytes()), cas) {
                Err(Status::CasMismatch) => {}
                other => {
                    other.unwrap();
                    self.set_http_request_header("x-hits", Some(&hits.to_string()));
                    return Action::Continue;
                }
            }
        }
    }
}
