//! gRPC calls and streams.

mod call;
mod ending;
mod message;
mod response;
mod service;
mod status;
mod stream;

pub use call::{GrpcCall, GrpcCallId};
pub use message::GrpcMessage;
pub use response::GrpcCallResponse;
pub use status::GrpcStatus;
pub use stream::{GrpcClose, GrpcStream};
