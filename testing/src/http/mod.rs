//! HTTP messages, as a test writes and reads them.

mod headers;
mod message;

pub use headers::HeaderList;
pub(crate) use message::{Body, Parts, property_path};
pub use message::{Request, Response};
