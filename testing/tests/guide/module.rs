//! Needs the feature `wasm`.

use waxwing_testing::wasm::WasmModule;
use waxwing_testing::{Host, Phase, Request};

/// A plugin that asks Redis who the user is.
fn plugin() -> Vec<u8> {
    wat::parse_str(include_str!("../modules/wat/redis.wat")).unwrap()
}

#[test]
fn redis_knows_the_user() {
    let module = WasmModule::loader()
        .import("env", "proxy_redis_init", |_| Ok(()))
        .import("env", "proxy_redis_call", |call| {
            assert_eq!(call.bytes(2)?, b"GET user");
            call.write_u32(4, 7)
        })
        .bytes("plugin.wasm", &plugin());
    let host = Host::wasm(&module.unwrap()).start();

    let stream = host.open(Request::get("/cart"));
    stream.assert_paused(Phase::RequestHeaders);
    host.worker(0).call_export("proxy_on_redis_call_response", &[1, 7, 0, 3], (9, b"ana".to_vec()));

    stream.finish().upstream_request().assert_header("x-user", "ana");
}
