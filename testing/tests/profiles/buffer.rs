//! Buffers that cannot be read where the extension is.

use super::*;

/// The answers in the callback of the request's headers.
fn read(profile: Profile, buffer: u32) -> String {
    answers(profile, &[&format!("bytes {buffer} 0 10")]).remove(0)
}

#[test]
fn a_body_that_is_not_there_yet() {
    assert_eq!(read(Profile::ENVOY, 0), "0 bytes: ");
    assert_eq!(read(Profile::ENVOY, 4), "proxy_get_buffer_bytes: not found");

    for (line, message) in [
        ("bytes 0 0 10", "there is no http request body now: ngx_wasm_module traps"),
        ("bytes 1 0 10", "there is no http response body now: ngx_wasm_module traps"),
        ("bytes 4 0 10", "there is no http call response body now: ngx_wasm_module traps"),
        ("set-bytes 0 0 0 x", "there is no http request body now: ngx_wasm_module traps"),
    ] {
        let host = host(Profile::NGX_WASM_MODULE, &format!("request-headers {line}"));
        host.exchange(Request::get("/")).response().assert_status(503);
        host.expect_trap(message);
    }

    assert_eq!(read(Profile::GOOGLE_SERVICE_EXTENSIONS, 0), "proxy_get_buffer_bytes: not found");
}

#[test]
fn a_body_in_its_own_callback() {
    for profile in Profile::ALL {
        let exchange = exchange(profile, "request-body bytes 0 0 10", Request::post("/").body("abc"));
        assert_eq!(answers_of(&exchange), ["3 bytes: abc"], "{profile}");
    }
}

#[test]
fn a_body_in_the_callback_of_the_other_direction() {
    let script = "request-body pause-until-end\nresponse-headers bytes 0 0 10\nresponse-body bytes 0 0 10";
    let answers = |profile| answers_of(&exchange(profile, script, Request::post("/").body("abc")));
    assert_eq!(answers(Profile::ENVOY), ["0 bytes: ", "0 bytes: "]);
    let refused = "proxy_get_buffer_bytes: not found";
    assert_eq!(answers(Profile::GOOGLE_SERVICE_EXTENSIONS), [refused, refused]);
}

#[test]
fn buffers_of_tcp_grpc_and_calls_end_traffic_server() {
    for buffer in [2, 3, 5, 8] {
        assert_eq!(read(Profile::ENVOY, buffer), "0 bytes: ");
        let host = host(Profile::TRAFFIC_SERVER, &format!("request-headers bytes {buffer} 0 10"));
        host.exchange(Request::get("/"));
        host.expect_trap("is not implemented: the whole proxy aborts");
    }
    for buffer in [0, 6] {
        assert_eq!(read(Profile::TRAFFIC_SERVER, buffer), read(Profile::ENVOY, buffer));
    }
}

#[test]
fn the_configuration_of_the_plugin_in_a_stream() {
    for profile in Profile::ALL {
        let answer = read(profile, 7);
        match profile {
            Profile::ENVOY => assert_eq!(answer, "proxy_get_buffer_bytes: not found"),
            _ => assert_eq!(answer, "10 bytes: request-he", "{profile}"),
        }
    }
}
