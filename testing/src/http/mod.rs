//! HTTP messages, as a test writes and reads them.

mod headers;
mod message;

pub use headers::HeaderList;
pub(crate) use message::property_path;
pub use message::{Body, Request, Response};
