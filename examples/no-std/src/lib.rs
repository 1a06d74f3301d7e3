//! Adds a configured header to every response, without `std`: the smallest module.
//!
//! Natively it has `std`, for its tests. On wasm it brings what `std` would: an allocator, and what happens
//! with a panic.
//!
//! Run it: `cargo waxwing run examples/no-std`
#![cfg_attr(target_arch = "wasm32", no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

use alloc::rc::Rc;
use alloc::string::String;
use waxwing::prelude::*;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(panic: &core::panic::PanicInfo<'_>) -> ! {
    waxwing::log_panic(panic);
    core::arch::wasm32::unreachable()
}

/// A header, written as `name: value`.
struct Header {
    name: String,
    value: String,
}

impl FromConfig for Header {
    fn from_config(bytes: &[u8]) -> Result<Self> {
        let text = String::from_config(bytes)?;
        let Some((name, value)) = text.split_once(':') else {
            return Err(Error::new("the configuration is a header, written as `name: value`"));
        };
        Ok(Header { name: name.trim().into(), value: value.trim().into() })
    }
}

#[derive(Extension)]
#[extension(http = AddHeaderStream)]
struct AddHeader {
    header: Rc<Header>,
}

impl RootContext for AddHeader {
    type Config = Header;

    fn configure(header: Header, _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(AddHeader { header: Rc::new(header) })
    }
}

struct AddHeaderStream {
    header: Rc<Header>,
}

#[callbacks]
impl HttpContext for AddHeaderStream {
    type Root = AddHeader;

    fn new(root: &AddHeader) -> Self {
        AddHeaderStream { header: root.header.clone() }
    }

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        response.headers_mut().set(&self.header.name, &self.header.value)?;
        Ok(Action::Continue)
    }
}

#[cfg(test)]
mod tests {
    use super::AddHeader;
    use waxwing_testing::{Host, Native, Request, Response, Scenario, explore, on_every_host};

    #[test]
    fn the_header_is_added() {
        let host = Host::builder::<AddHeader>().config("x-tag: blue").start();
        host.exchange(Request::get("/")).response().assert_header("x-tag", "blue");
    }

    #[test]
    fn a_configuration_without_a_colon_is_refused() {
        let refusal = Host::builder::<AddHeader>().config("x-tag blue").try_start();
        refusal
            .unwrap_err()
            .logs()
            .assert_contains("the configuration is a header, written as `name: value`");
    }

    #[test]
    fn it_does_the_same_on_every_host() {
        let scenario = |name| Scenario::new(name).config("x-tag: blue");
        on_every_host::<AddHeader>(
            "no-std",
            [
                scenario("a response without body").request(Request::get("/")),
                scenario("an echoed body").request(Request::post("/").body("two apples")),
                scenario("a header that the origin has already")
                    .request(Request::get("/"))
                    .origin(|_| Response::new(404).header("x-tag", "green").body("no")),
                Scenario::new("a name that is none").config(": blue").request(Request::get("/")),
            ],
        );
    }

    #[test]
    fn survives_what_took_others_down() {
        let scenario = Scenario::new("a header").config("x-tag: blue").request(Request::get("/"));
        explore::incidents(&Native::<AddHeader>::new(), &scenario).check();
    }

    #[test]
    fn survives_each_failure_of_each_call() {
        let scenario = Scenario::new("a header").config("x-tag: blue").request(Request::get("/"));
        explore::faults(&Native::<AddHeader>::new(), &scenario).hostile().check();
    }

    #[test]
    fn in_every_order_the_header_is_added() {
        let scenario = Scenario::new("two requests")
            .config("x-tag: blue")
            .request(Request::post("/").body("two apples"))
            .request(Request::get("/"));
        explore::orders(&Native::<AddHeader>::new(), &scenario).disconnects().reconfigurations().check();
    }
}
