//! Greets the upstream on each connection.

use log::info;
use proxy_wasm::traits::{Context, RootContext, StreamContext};
use proxy_wasm::types::{Action, ContextType, PeerType};

/// Has no configuration.
#[derive(Debug)]
pub struct Root;

impl Context for Root {}

impl RootContext for Root {
    fn create_stream_context(&self, _context: u32) -> Option<Box<dyn StreamContext>> {
        Some(Box::new(Connection { greeted: false }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::StreamContext)
    }
}

struct Connection {
    greeted: bool,
}

impl Context for Connection {}

impl StreamContext for Connection {
    fn on_downstream_data(&mut self, _size: usize, _end_of_stream: bool) -> Action {
        if !self.greeted {
            self.greeted = true;
            self.set_downstream_data(0, 0, b"hello, ");
        }
        Action::Continue
    }

    fn on_downstream_close(&mut self, peer: PeerType) {
        info!("closed by {peer:?}");
    }
}
