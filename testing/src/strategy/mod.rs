//! Requests, responses and their pieces, and faults, at random, for `proptest` (feature `proptest`).
//!
//! They are what a proxy hands to an extension: names in lower case, any bytes in values but those that end a line, duplicates,
//! empty values, bodies in odd pieces, each way to end. A failure shrinks toward a plain `GET /`.
//!
//! ```
//! use proptest::prelude::*;
//! use waxwing_testing::{Host, strategy};
//! # use waxwing::prelude::*;
//! # #[derive(Extension)]
//! # #[extension(http = Stream)]
//! # struct Gate;
//! # impl RootContext for Gate {
//! #     type Config = ();
//! #     fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> { Ok(Gate) }
//! # }
//! # struct Stream;
//! # #[callbacks]
//! # impl HttpContext for Stream {
//! #     type Root = Gate;
//! #     fn new(_: &Gate) -> Self { Stream }
//! # }
//!
//! # fn main() {
//! proptest!(|(request in strategy::requests())| {
//!     let host = Host::builder::<Gate>().start();
//!     let exchange = host.exchange(request.clone());
//!     exchange.upstream_request().assert_body(request.body_bytes());
//! });
//! # }
//! ```

mod body;
mod fault;
mod header;
mod message;

pub use body::{bodies, chunkings};
pub use fault::fault_plans;
pub use header::{header_names, header_values, headers};
pub use message::{requests, responses};
