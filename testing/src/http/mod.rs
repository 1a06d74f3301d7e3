//! HTTP messages, as a test writes and reads them.

mod headers;
mod message;

pub use headers::HeaderList;
pub use message::{Body, Request, Response};
