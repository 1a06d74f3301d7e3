//! Tests that run natively and as `.wasm`.

/// Makes two tests of each function: one on the extension as it is compiled into the test, and one on the
/// `.wasm` that its package builds.
///
/// The functions take the [`HostBuilder`](crate::HostBuilder) to start from. `cargo test native` runs the
/// fast half. It needs the feature `wasm`; the package is built once for each test process.
///
/// ```
/// # use waxwing::prelude::*;
/// # #[derive(Extension)]
/// # #[extension(http = Stream)]
/// # struct AddHeader;
/// # impl RootContext for AddHeader {
/// #     type Config = ();
/// #     fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> { Ok(AddHeader) }
/// # }
/// # struct Stream;
/// # #[callbacks]
/// # impl HttpContext for Stream {
/// #     type Root = AddHeader;
/// #     fn new(_: &AddHeader) -> Self { Stream }
/// # }
/// # fn main() {}
/// use waxwing_testing::{Request, json, on_each_host};
///
/// on_each_host! {
///     extension: AddHeader,
///     package: "add-header",
///
///     fn adds_the_header(host) {
///         let host = host.config(json!({ "name": "x-tag", "value": "blue" })).start();
///         host.exchange(Request::get("/")).response().assert_header("x-tag", "blue");
///     }
/// }
/// ```
///
/// That makes the tests `adds_the_header::native` and `adds_the_header::wasm`.
#[macro_export]
macro_rules! on_each_host {
    (
        extension: $extension:ty,
        package: $package:expr,
        $( $(#[$attribute:meta])* fn $name:ident($host:ident) $body:block )*
    ) => { $(
        $(#[$attribute])*
        #[$crate::test(extension = $extension, package = $package, crate = $crate)]
        fn $name($host: $crate::HostBuilder) $body
    )* };
}
