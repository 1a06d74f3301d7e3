//! Header maps: when they can be reached, and what the calls answer.

use super::*;

const REQUEST: MapType = MapType::HTTP_REQUEST_HEADERS;
const RESPONSE: MapType = MapType::HTTP_RESPONSE_HEADERS;

/// Runs `look` in one callback of an exchange.
fn look_in(callback: Callback, look: impl Fn(&dyn waxwing::__private::Host) + 'static) -> HttpStream {
    let script = Script::new().on(callback, move |host, _, _| {
        look(host);
        CONTINUE
    });
    let host = script.host().origin(|_| Response::new(200).body("ok").trailer("x-end", "1")).start();
    host.open(full_request().header("x-a", "1").header("x-a", "2"))
}

#[test]
fn only_the_maps_of_the_running_callback_can_be_reached() {
    for (callback, reachable) in WAY.into_iter().zip([
        Some(MapType::HTTP_REQUEST_HEADERS),
        None,
        Some(MapType::HTTP_REQUEST_TRAILERS),
        Some(MapType::HTTP_RESPONSE_HEADERS),
        None,
        Some(MapType::HTTP_RESPONSE_TRAILERS),
    ]) {
        look_in(callback, move |host| {
            for map in (0..8).map(MapType).filter(|map| Some(*map) != reachable) {
                assert_eq!(host.header_map_pairs(map), Ok(Vec::new()), "{callback} {map:?}");
                assert_eq!(host.header_map_value(map, b"a"), Err(Status::BAD_ARGUMENT), "{callback} {map:?}");
                assert_eq!(host.add_header_map_value(map, b"a", b"b"), Err(Status::BAD_ARGUMENT));
                assert_eq!(host.replace_header_map_value(map, b"a", b"b"), Err(Status::BAD_ARGUMENT));
                assert_eq!(host.remove_header_map_value(map, b"a"), Err(Status::BAD_ARGUMENT));
                assert_eq!(host.set_header_map_pairs(map, b""), Err(Status::BAD_ARGUMENT));
            }
            if let Some(map) = reachable {
                assert_ne!(host.header_map_pairs(map), Ok(Vec::new()), "{callback}");
                assert_eq!(host.header_map_value(map, b"no-such"), Err(Status::NOT_FOUND), "{callback}");
            }
        });
    }
}

#[test]
fn the_size_of_a_map_is_its_bytes_and_only_where_it_could_be_changed() {
    look_in(Callback::RequestHeaders, |host| {
        // Names and values: `:method POST`, `:path /`, `:scheme http`, `:authority example.com`, `x-a` twice.
        assert_eq!(host.header_map_size(REQUEST), Ok(11 + 6 + 11 + 21 + 4 + 4));
        for map in [1, 2, 3, 4, 5, 6, 7, 8] {
            assert_eq!(host.header_map_size(MapType(map)), Err(Status::BAD_ARGUMENT), "{map}");
        }
        assert_eq!(host.log_level(), Ok(0));
    });
    look_in(Callback::Log, |host| {
        assert_eq!(host.header_map_size(RESPONSE), Err(Status::BAD_ARGUMENT));
    });
}

#[test]
fn there_is_no_map_above_7() {
    look_in(Callback::RequestHeaders, |host| {
        assert_eq!(host.header_map_pairs(MapType(8)), Err(Status::BAD_ARGUMENT));
        assert_eq!(host.header_map_value(MapType(8), b"a"), Err(Status::BAD_ARGUMENT));
        assert_eq!(host.remove_header_map_value(MapType(8), b"a"), Err(Status::BAD_ARGUMENT));
    });
}

#[test]
fn one_value_is_the_first_and_names_have_no_case() {
    look_in(Callback::RequestHeaders, |host| {
        assert_eq!(host.header_map_value(REQUEST, b"X-A"), Ok(b"1".to_vec()));
    });
}

#[test]
fn removing_takes_all_and_succeeds_without_any() {
    let stream = look_in(Callback::RequestHeaders, |host| {
        assert_eq!(host.remove_header_map_value(REQUEST, b"X-a"), Ok(()));
        assert_eq!(host.remove_header_map_value(REQUEST, b"x-a"), Ok(()));
    });
    stream.upstream_request().assert_no_header("x-a");
}

#[test]
fn adding_keeps_the_old_entry_and_lowers_the_name() {
    let stream = look_in(Callback::RequestHeaders, |host| {
        assert_eq!(host.add_header_map_value(REQUEST, b"X-A", b"3"), Ok(()));
    });
    let request = stream.upstream_request();
    assert_eq!(request.headers().iter().last(), Some((&b"x-a"[..], &b"3"[..])));
    request.assert_header_all("x-a", ["1", "2", "3"]);
}

#[test]
fn setting_all_with_a_malformed_block_clears_the_map() {
    let stream = look_in(Callback::ResponseTrailers, |host| {
        assert_eq!(host.set_header_map_pairs(MapType::HTTP_RESPONSE_TRAILERS, b"\x01\0\0\0"), Ok(()));
    });
    stream.response().assert_no_trailer("x-end");
}

#[test]
fn any_resume_takes_the_request_headers_away_at_once_and_leaves_the_response_headers() {
    look_in(Callback::RequestHeaders, |host| {
        assert_eq!(host.continue_stream(StreamType::HTTP_RESPONSE), Ok(()));
        assert_eq!(host.header_map_value(REQUEST, b":path"), Err(Status::BAD_ARGUMENT));
    });
    look_in(Callback::ResponseHeaders, |host| {
        assert_eq!(host.continue_stream(StreamType::HTTP_RESPONSE), Ok(()));
        assert_eq!(host.header_map_value(RESPONSE, b":status"), Ok(b"200".to_vec()));
    });
}

#[test]
fn the_log_sees_all_headers_but_request_trailers_and_can_change_none() {
    look_in(Callback::Log, |host| {
        assert_eq!(host.header_map_value(REQUEST, b":path"), Ok(b"/".to_vec()));
        assert_eq!(host.header_map_value(RESPONSE, b":status"), Ok(b"200".to_vec()));
        assert_eq!(host.header_map_value(MapType::HTTP_RESPONSE_TRAILERS, b"x-end"), Ok(b"1".to_vec()));
        assert_eq!(host.header_map_value(MapType::HTTP_REQUEST_TRAILERS, b"x-sum"), Err(Status::NOT_FOUND));
        assert_eq!(host.header_map_pairs(MapType::HTTP_REQUEST_TRAILERS), Ok(Vec::new()));
        for map in (0..8).map(MapType) {
            assert_eq!(host.add_header_map_value(map, b"a", b"b"), Err(Status::BAD_ARGUMENT), "{map:?}");
        }
    });
}

#[test]
fn the_log_finds_nothing_where_there_was_no_response() {
    let script =
        Script::new().returning(PAUSE, [Callback::RequestHeaders]).on(Callback::Log, |host, _, _| {
            assert_eq!(host.header_map_value(RESPONSE, b":status"), Err(Status::NOT_FOUND));
            assert_eq!(host.header_map_pairs(RESPONSE), Ok(Vec::new()));
            0
        });
    let host = script.host().start();
    let stream = host.open(Request::get("/"));
    stream.disconnect();
    assert_eq!(stream.finish().timeline().callbacks().last(), Some(&Callback::Log));
}

#[test]
fn changing_trailers_at_the_end_of_the_body_makes_them_and_reading_does_not() {
    let stream = look_in(Callback::RequestBody, |_| {});
    stream.upstream_request().assert_trailer("x-sum", "5");

    let trailers = MapType::HTTP_RESPONSE_TRAILERS;
    let script = Script::new().on(Callback::ResponseBody, move |host, _, arguments| {
        assert_eq!(host.header_map_value(trailers, b"x"), Err(Status::BAD_ARGUMENT));
        assert_eq!(host.header_map_pairs(trailers), Ok(Vec::new()));
        let end = matches!(arguments, Arguments::Body { end_of_stream: true, .. });
        let expected = if end { Ok(()) } else { Err(Status::BAD_ARGUMENT) };
        assert_eq!(host.add_header_map_value(trailers, b"x-made", b"1"), expected);
        CONTINUE
    });
    let script = script.returning(PAUSE, [Callback::ResponseTrailers]);
    let host = script.host().origin(|_| Response::new(200).chunks(["a", "b"])).start();
    let exchange = host.exchange(Request::get("/"));
    // It does not see its own trailers.
    exchange.response().assert_trailer("x-made", "1").assert_body("ab");
}

#[test]
fn a_message_without_its_required_headers_is_answered_by_the_proxy() {
    for (name, status, details) in [
        (":path", 404, "route_not_found"),
        (":method", 503, "filter_removed_required_request_headers{missing_required_header:_:method}"),
    ] {
        let stream = look_in(Callback::RequestHeaders, move |host| {
            assert_eq!(host.remove_header_map_value(REQUEST, name.as_bytes()), Ok(()));
        });
        stream.local_response().assert_status(status).assert_details(details);
    }
    let stream = look_in(Callback::ResponseHeaders, |host| {
        assert_eq!(host.set_header_map_pairs(RESPONSE, b""), Ok(()));
    });
    stream
        .local_response()
        .assert_status(502)
        .assert_details("filter_removed_required_response_headers{missing_required_header:_:status}");
}
