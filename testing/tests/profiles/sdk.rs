//! What the SDK makes of bodies works on each host.

use super::*;
use waxwing_bodies::Bodies;

#[test]
fn bodies_are_changed_on_each_host() {
    let requests = || {
        [
            Request::get("/"),
            Request::post("/").body("abc"),
            Request::post("/").chunks(["ab", "c"]).empty_end(),
            full(),
        ]
    };
    for mode in ["skip", "inspect", "chunks", "transform", "buffer 1000"] {
        let doubled = |body: Vec<u8>| match mode {
            "skip" | "inspect" => body,
            _ => body.iter().flat_map(|byte| [*byte; 2]).collect(),
        };
        Profile::each(|profile| {
            let host = Host::builder::<Bodies>().profile(profile);
            let host = host.config(format!("request {mode} double\nresponse {mode} double")).start();
            for request in requests() {
                let exchange = host.exchange(request.clone());
                let sent = doubled(request.body_bytes());
                exchange.upstream_request().assert_body(&sent);
                exchange.response().assert_status(200).assert_body(doubled(sent));
                assert_eq!(exchange.timeline().misuses(), Vec::<&str>::new(), "{mode}");
            }
            host.logs().assert_none_at_least(waxwing_testing::LogLevel::Warn);
        });
    }
}
