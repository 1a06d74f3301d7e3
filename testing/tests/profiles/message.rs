//! What a callback is told of a message: its headers, its end, its trailers.

use super::*;
use waxwing_testing::{Arguments, Callback, Event};

/// The arguments of the callbacks of a message's way.
fn told(exchange: &Exchange) -> Vec<(Callback, Arguments)> {
    let event = |event: &Event| match event {
        Event::Callback { callback, arguments, .. } => Some((*callback, *arguments)),
        _ => None,
    };
    let way = |(_, arguments): &(Callback, Arguments)| {
        matches!(arguments, Arguments::Headers { .. } | Arguments::Body { .. } | Arguments::Trailers(_))
    };
    exchange.timeline().events().iter().filter_map(event).filter(way).collect()
}

fn request_headers(profile: Profile) -> Arguments {
    told(&exchange(profile, "", Request::get("/")))[0].1
}

#[test]
fn how_many_headers_there_are() {
    let count = |profile| match request_headers(profile) {
        Arguments::Headers { count, .. } => count,
        other => panic!("{other:?}"),
    };
    assert_eq!(count(Profile::ENVOY), 4);
    assert_eq!(count(Profile::APISIX), 0);
    for profile in [Profile::NGX_WASM_MODULE, Profile::TRAFFIC_SERVER, Profile::GOOGLE_SERVICE_EXTENSIONS] {
        assert_eq!(count(profile), 4, "{profile}");
    }
    // They are there all the same.
    assert_ne!(answers(Profile::APISIX, &["pairs 0"]), ["0 bytes: "]);
}

#[test]
fn whether_a_message_ends_with_its_headers() {
    let ends = |profile| match request_headers(profile) {
        Arguments::Headers { end_of_stream, .. } => end_of_stream,
        other => panic!("{other:?}"),
    };
    assert!(ends(Profile::ENVOY));
    for profile in [Profile::NGX_WASM_MODULE, Profile::APISIX] {
        assert!(!ends(profile), "{profile}");
    }
}

#[test]
fn trailers_go_past_the_extension_and_the_body_ends_before_them() {
    let trailers = |exchange: &Exchange| {
        told(exchange).iter().filter(|(_, arguments)| matches!(arguments, Arguments::Trailers(_))).count()
    };
    let end = (Callback::RequestBody, Arguments::Body { size: 0, end_of_stream: true });
    for profile in Profile::ALL {
        let host = Host::builder::<Probe>().profile(profile);
        let host = host.origin(|_| Response::new(200).body("up").trailer("x-end", "1")).start();
        let exchange = host.exchange(full());
        if profile == Profile::ENVOY {
            assert_eq!(trailers(&exchange), 2);
            assert!(!told(&exchange).contains(&end));
        } else {
            assert_eq!(trailers(&exchange), 0, "{profile}");
            assert!(told(&exchange).contains(&end), "{profile}");
        }
        exchange.upstream_request().assert_body("abcde").assert_trailer("x-sum", "5");
        exchange.response().assert_body("up").assert_trailer("x-end", "1");
    }
}

#[test]
fn a_body_that_is_collected_is_whole_without_the_callback_of_the_trailers() {
    let script = "request-body pause-until-end\nrequest-body set-bytes 0 0 9999 new";
    for profile in [Profile::NGX_WASM_MODULE, Profile::TRAFFIC_SERVER, Profile::GOOGLE_SERVICE_EXTENSIONS] {
        let exchange = exchange(profile, script, full());
        exchange.upstream_request().assert_body("new").assert_trailer("x-sum", "5");
    }
    // In Envoy the callback of the trailers is where it ends.
    let of_envoy = exchange(Profile::ENVOY, script, full());
    assert!(!callbacks(&of_envoy).contains(&"request-body 5 bytes end".to_owned()));
    of_envoy.upstream_request().assert_trailer("x-sum", "5");
}
