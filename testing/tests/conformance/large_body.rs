//! Bodies of a mebibyte in odd pieces, and bodies that grow beyond what the host holds back.

use super::*;
use waxwing_bodies::Bodies;
use waxwing_testing::LogLevel;
use waxwing_testing::wasm::WasmModule;
use waxwing_testing::{Native, Runner, Wasm};

const MEBIBYTE: usize = 1024 * 1024;

/// A body of bytes that are not alike, in pieces of these sizes, one after the other.
fn pieces(size: usize, sizes: &[usize]) -> Vec<Vec<u8>> {
    let body: Vec<u8> = (0..size).map(|at| b'a' + u8::try_from(at % 23).unwrap_or_default()).collect();
    let mut rest = body.as_slice();
    let mut pieces = Vec::new();
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, others) = rest.split_at((*size).min(rest.len()));
        pieces.push(piece.to_vec());
        rest = others;
    }
    pieces
}

/// Both ways in such pieces, on an extension that says nothing of each.
fn large(mode: &str, sizes: &'static [usize], size: usize) -> Scenario {
    Scenario::new(format!("a large body in pieces of {sizes:?} bytes, {mode}"))
        .config(format!("request {mode}\nresponse {mode}"))
        .log_level(LogLevel::Warn)
        .origin(move |_| Response::new(200).chunks(pieces(size, sizes)).empty_end())
        .request(Request::post("/").chunks(pieces(size, sizes)).empty_end())
}

const MODES: [&str; 4] = ["buffer 2000000", "buffer 2000000 no-a", "transform", "transform no-a"];

#[test]
fn a_large_body_passes_in_odd_pieces() {
    const SIZES: [&[usize]; 3] = [&[4096], &[16385], &[1, 7, 4096, 16385]];
    let size = MEBIBYTE;
    for mode in MODES {
        let scenarios = SIZES.map(|sizes| large(mode, sizes, size));
        for run in on_every_host::<Bodies>("waxwing-bodies", scenarios) {
            let expected = if mode.ends_with("no-a") { size - size.div_ceil(23) } else { size };
            assert_eq!(run[0].upstream_request().body_bytes().len(), expected);
            assert_eq!(run[0].response().body_bytes().len(), expected);
        }
    }
}

/// So many pieces would take minutes on a wire, and the last ones in an interpreter.
#[test]
fn a_large_body_passes_in_tiny_pieces_in_the_model() {
    let module = WasmModule::build("waxwing-bodies").unwrap_or_else(|error| panic!("{error}"));
    let both: [&dyn Runner; 2] = [&Native::<Bodies>::new(), &Wasm::new(module)];
    for mode in ["buffer 2000000 no-a", "transform no-a"] {
        let run = large(mode, &[7], MEBIBYTE).compare(&both[..1]);
        assert_eq!(run[0].response().body_bytes().len(), MEBIBYTE - MEBIBYTE.div_ceil(23));
        large(mode, &[1], 8 * 1024).compare(&both);
    }
}

fn growing(name: impl Into<String>, script: &str) -> Scenario {
    scenario(name, &format!("{script}\nlog value 2 :status\nlog property response.code_details"))
        .origin(|_| Response::new(200).chunks(["ab", "cd", "ef"]).empty_end())
        .request(Request::post("/").chunks(["ab", "cd", "ef"]).empty_end())
}

/// By what the extension writes itself. Not where a response is held already, nor from outside: that breaks in Envoy 1.40
/// (`docs/fidelity.md`).
#[test]
fn a_body_that_grows() {
    let held = |direction: &str, size: u32| {
        let buffer = u8::from(direction == "response");
        let script = format!(
            "{direction}-headers pause\n{direction}-body pause-until-end\n{direction}-body fill {buffer} 0 0 {size}"
        );
        growing(format!("a held {direction} that grows by {size} bytes with each piece"), &script)
            .allow_on_headers_stop_iteration()
    };
    compare([
        growing("a request that grows passes", "request-body fill 0 0 0 600000"),
        growing("a response that grows passes", "response-body fill 1 0 0 600000"),
        held("request", 200_000),
        held("request", 600_000),
        held("request", 1_200_000),
        held("response", 200_000),
        held("response", 1_200_000),
        growing(
            "a response that grows beyond the limit when it has begun",
            "response-body pause-until-end\nresponse-body fill 1 0 0 1200000",
        ),
    ]);
}

#[test]
fn a_small_limit() {
    let script = "request-headers pause\nrequest-body pause-until-end\nresponse-headers pause\nresponse-body pause-until-end\nlog value 2 :status";
    let of = |name: &str, request: usize, response: usize| {
        scenario(name, script)
            .allow_on_headers_stop_iteration()
            .buffer_limit(10_000)
            .origin(move |_| Response::new(200).chunks(pieces(response, &[4000])).empty_end())
            .request(Request::post("/").chunks(pieces(request, &[4000])).empty_end())
    };
    compare([
        of("bodies as large as a small limit", 10_000, 10_000),
        of("a request larger than a small limit", 10_001, 100),
        of("a response larger than a small limit", 100, 10_001),
    ]);
}
