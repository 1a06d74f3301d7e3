//! What is accepted and then mishandled: that each is flagged, and what looks like it is not.

use super::callout::CHECK;
use super::*;
use crate::matching::any;
use crate::misuse::Strictness;
use crate::{HostBuilder, Misuse, Profile};
use waxwing::__private::{GrpcCallParts, Host as Calls, MetricType};

const REQUEST_BODY: BufferType = BufferType::HTTP_REQUEST_BODY;
const RESPONSE_BODY: BufferType = BufferType::HTTP_RESPONSE_BODY;
const STREAM: GrpcCallParts<'_> =
    GrpcCallParts { upstream: b"authz", service: b"acme.Auth", method: b"Watch", metadata: b"" };

/// A host for it on which the first misuse fails the test, with an origin and upstreams that answer after a while.
fn strict(script: Script) -> Host {
    strict_on(Profile::ENVOY, script)
}

fn strict_on(profile: Profile, script: Script) -> Host {
    started(script.host().profile(profile).strictness(Strictness { fails: true, allowed: Vec::new() }))
}

/// The host, with an origin and upstreams that answer after a while.
fn started(builder: HostBuilder) -> Host {
    let response = |_: &Request| {
        Response::new(200).header("content-length", "5").chunks(["ab", "cde"]).trailer("x-end", "1")
    };
    let host = builder.buffer_limit(100).origin(response).start();
    host.upstream("authz").on(any()).reply(Response::new(204)).delay(ms(10)).times(0..);
    host.grpc_upstream("authz").on(crate::matching::grpc::any()).times(0..);
    host
}

/// A guest that does this in that callback, and continues.
fn doing(callback: Callback, act: impl Fn(&dyn Calls) + 'static) -> Script {
    Script::new().on(callback, move |host, _, _| {
        act(host);
        CONTINUE
    })
}

/// What each extension does wrong, in which callback the failure says so, and with which call.
fn wrong() -> Vec<(Misuse, Profile, Script, &'static str)> {
    let envoy = |misuse, script, place| (misuse, Profile::ENVOY, script, place);
    vec![
        envoy(
            Misuse::SecondLocalResponse,
            doing(WAY[0], |host| {
                host.send_local_response(reply(401, b"")).unwrap();
                host.send_local_response(reply(402, b"")).unwrap();
            }),
            "on_request_headers",
        ),
        envoy(
            Misuse::LateLocalResponse,
            doing(WAY[4], |host| host.send_local_response(reply(500, b"")).unwrap()),
            "on_response_body",
        ),
        envoy(
            Misuse::NotPaused,
            doing(WAY[3], |host| host.continue_stream(StreamType::HTTP_REQUEST).unwrap()),
            "on_response_headers",
        ),
        envoy(
            Misuse::ResumedInside,
            doing(WAY[1], |host| host.continue_stream(StreamType::HTTP_REQUEST).unwrap()),
            "on_request_body",
        ),
        envoy(
            Misuse::ClosedInTrailers,
            doing(WAY[5], |host| host.close_stream(StreamType::HTTP_RESPONSE).unwrap()),
            "on_response_trailers",
        ),
        envoy(
            Misuse::DroppedCallout,
            doing(WAY[0], |host| {
                CHECK.send(host).unwrap();
            }),
            "on_request_headers",
        ),
        envoy(
            Misuse::UnclosedGrpcStream,
            doing(WAY[0], |host| {
                host.grpc_stream(STREAM).unwrap();
            }),
            "on_request_headers",
        ),
        envoy(
            Misuse::RedefinedMetric,
            doing(WAY[0], |host| {
                host.define_metric(MetricType::COUNTER, b"requests").unwrap();
                host.define_metric(MetricType::COUNTER, b"requests").unwrap();
            }),
            "on_request_headers",
        ),
        envoy(
            Misuse::StaleContentLength,
            doing(WAY[4], |host| host.set_buffer_bytes(RESPONSE_BODY, 0, 0, b"more ").unwrap()),
            "on_response_body",
        ),
        envoy(
            Misuse::BehindTheEnd,
            doing(WAY[1], |host| host.set_buffer_bytes(REQUEST_BODY, 50, 0, b"x").unwrap()),
            "on_request_body",
        ),
        envoy(
            Misuse::OutOfPhase,
            doing(WAY[3], |host| {
                let method = host.header_map_value(MapType::HTTP_REQUEST_HEADERS, b":method");
                assert_eq!(method, Err(Status::BAD_ARGUMENT));
            }),
            "on_response_headers",
        ),
        envoy(
            Misuse::OvergrownBody,
            Script::new().on(WAY[4], |host, _, arguments| {
                if arguments != body(2, false) {
                    host.set_buffer_bytes(RESPONSE_BODY, 0, 0, &[b'x'; 200]).unwrap();
                }
                PAUSE
            }),
            "on_response_body",
        ),
        envoy(
            Misuse::ChangedLifeSpan,
            doing(WAY[0], |host| {
                for span in [0, 1] {
                    let (name, value) = (b"envoy.tcp_proxy.cluster", b"x");
                    let argument = [&[0x0a, 23], &name[..], &[0x12, 1], value, &[0x18, span]].concat();
                    host.call_foreign_function(b"set_envoy_filter_state", &argument).unwrap();
                }
            }),
            "on_request_headers",
        ),
        (
            Misuse::TooMuchChanged,
            Profile::GOOGLE_SERVICE_EXTENSIONS,
            doing(WAY[1], |host| host.set_buffer_bytes(REQUEST_BODY, 0, 9, &[b'x'; 200_000]).unwrap()),
            "on_request_body",
        ),
        (
            Misuse::ForbiddenPause,
            Profile::NGX_WASM_MODULE,
            Script::new().returning(PAUSE, [WAY[3]]),
            "on_response_headers",
        ),
    ]
}

#[test]
fn each_misuse_fails_the_test_and_says_where() {
    for (misuse, profile, script, callback) in wrong() {
        let host = strict_on(profile, script);
        let message = failure(|| host.exchange(full_request()));
        let first =
            format!("the extension does what {profile} accepts and then mishandles: {misuse}\n  what:     ");
        assert!(message.starts_with(&first), "{misuse}: {message}");
        for part in [
            format!("\n  callback: {callback} #2 "),
            "\n  stream:   #2: POST /\n".to_owned(),
            format!("\n  instead:  {}\n", misuse.instead()),
            format!("`.allow(Misuse::{misuse})`"),
        ] {
            assert!(message.contains(&part), "{misuse}: {part:?} is not in\n{message}");
        }
        assert_eq!(message.contains("\n  call:     "), misuse != Misuse::ForbiddenPause, "{message}");
    }
}

#[test]
fn there_is_an_extension_that_does_wrong_for_each() {
    let tested: Vec<_> = wrong().into_iter().map(|(misuse, ..)| misuse).collect();
    for misuse in Misuse::ALL {
        assert!(tested.contains(misuse), "{misuse}");
    }
    assert_eq!(tested.len(), Misuse::ALL.len());
}

#[test]
fn what_is_allowed_is_no_misuse_and_is_told_all_the_same() {
    for (misuse, profile, script, _) in wrong() {
        let host = started(script.host().profile(profile).allow(misuse));
        let stream = host.open(full_request());
        let is_it = |event: &Event| matches!(event, Event::Misuse { misuse: it, .. } if *it == misuse);
        let timeline = stream.timeline();
        assert!(!timeline.events().iter().any(is_it), "{timeline}");
        assert!(timeline.to_string().contains("* allowed: "), "{timeline}");
    }
}

/// What a guest that does this in that callback is flagged for in one exchange.
fn flagged(callback: Callback, act: impl Fn(&dyn Calls) + 'static) -> Vec<Misuse> {
    let stream = started(doing(callback, act).host()).open(full_request());
    misuses(&stream)
}

fn misuses(stream: &HttpStream) -> Vec<Misuse> {
    let events = stream.timeline().events().to_vec();
    let misuse = |event| match event {
        Event::Misuse { misuse, .. } => Some(misuse),
        _ => None,
    };
    events.into_iter().filter_map(misuse).collect()
}

#[test]
fn headers_trailers_and_bodies_have_their_time() {
    type Act = fn(&dyn Calls) -> Answer;
    let acts: [(Act, [usize; 6]); 7] = [
        (
            |host| host.header_map_value(MapType::HTTP_REQUEST_HEADERS, b":method").map(drop),
            [0, 1, 1, 1, 1, 1],
        ),
        (|host| host.header_map_pairs(MapType::HTTP_REQUEST_HEADERS).map(drop), [0, 1, 1, 1, 1, 1]),
        (|host| host.add_header_map_value(MapType::HTTP_RESPONSE_HEADERS, b"a", b"1"), [1, 1, 1, 0, 1, 1]),
        (|host| host.header_map_value(MapType::HTTP_RESPONSE_TRAILERS, b"a").map(drop), [1, 1, 1, 1, 1, 0]),
        (|host| host.buffer_bytes(REQUEST_BODY, 0, 9).map(drop), [1, 0, 0, 1, 1, 1]),
        (|host| host.buffer_status(RESPONSE_BODY).map(drop), [1, 1, 1, 1, 0, 0]),
        (|host| host.set_buffer_bytes(REQUEST_BODY, 0, 0, b""), [1, 0, 1, 1, 1, 1]),
    ];
    for (number, (act, times)) in acts.into_iter().enumerate() {
        for (callback, expected) in WAY.into_iter().zip(times) {
            let flagged = flagged(callback, move |host| {
                let _ = act(host);
            });
            let is_flagged = usize::from(flagged.contains(&Misuse::OutOfPhase));
            assert_eq!(is_flagged, expected, "act {number} in {callback}: {flagged:?}");
        }
    }
}

#[test]
fn what_a_log_shows_is_no_matter_of_phases() {
    let script = doing(Callback::Log, |host| {
        for map in 0..4 {
            let _ = host.header_map_pairs(MapType(map));
            let _ = host.header_map_value(MapType(map), b"x");
        }
    });
    assert_eq!(misuses(&started(script.host()).open(full_request())), []);
}

#[test]
fn a_callout_is_dropped_only_by_who_never_waits_for_it() {
    let dropped = |script: Script, leave: bool| {
        let host = started(script.host());
        let stream = host.begin();
        stream.send_request_headers(&Request::get("/"), EndOfStream::Yes);
        if leave {
            stream.disconnect();
        } else {
            stream.send_response(&Response::new(200));
        }
        host.clock().advance(ms(5));
        misuses(&stream)
    };
    let send = |host: &dyn Calls| assert!(CHECK.send(host).is_ok());
    assert_eq!(dropped(doing(WAY[0], send), false), [Misuse::DroppedCallout]);
    assert_eq!(dropped(doing(WAY[0], send), true), [], "the client has left");
    let held = Script::new().on(WAY[0], move |host, _, _| {
        send(host);
        host.set_tick_period(1).unwrap();
        PAUSE
    });
    // It waits for a millisecond.
    let impatient = held.on(Callback::Tick, |host, _, _| {
        host.set_tick_period(0).unwrap();
        host.set_effective_context(2).unwrap();
        host.continue_stream(StreamType::HTTP_REQUEST).unwrap();
        0
    });
    let host = started(impatient.host());
    let exchange = host.exchange(Request::get("/"));
    exchange.response().assert_status(200);
    assert_eq!(exchange.timeline().misuses(), Vec::<&str>::new());
    let denying = doing(WAY[0], move |host| {
        send(host);
        host.send_local_response(reply(403, b"")).unwrap();
    });
    assert_eq!(dropped(denying, false), [], "it knows the answer without");
    assert_eq!(dropped(doing(Callback::Log, send), false), [], "nobody could wait there");
}

#[test]
fn an_answer_in_time_is_not_dropped() {
    let script = Script::new()
        .on(WAY[0], |host, _, _| {
            CHECK.send(host).unwrap();
            CONTINUE
        })
        .on(Callback::HttpCallResponse, |_, _, _| 0);
    let host = started(script.host());
    let stream = host.begin();
    stream.send_request_headers(&Request::get("/"), EndOfStream::Yes);
    host.clock().advance(ms(20));
    stream.send_response(&Response::new(200));
    assert_eq!(misuses(&stream), []);
}

#[test]
fn a_grpc_stream_may_be_closed_in_the_last_callback() {
    for (ends, expected) in [(false, 1), (true, 0)] {
        let script = Script::new()
            .on(WAY[0], |host, _, _| {
                host.grpc_stream(STREAM).unwrap();
                CONTINUE
            })
            .on(Callback::Done, move |host, _, _| {
                if ends {
                    host.grpc_close(6).unwrap();
                }
                1
            });
        let stream = started(script.host()).open(Request::get("/"));
        assert_eq!(misuses(&stream).len(), expected);
    }
}

#[test]
fn the_first_definition_of_a_metric_may_be_in_a_stream() {
    let defined = Rc::new(std::cell::Cell::new(false));
    let script = doing(WAY[0], move |host| {
        if !defined.replace(true) {
            host.define_metric(MetricType::COUNTER, b"requests").unwrap();
        }
    });
    let host = started(script.host());
    assert_eq!(misuses(&host.open(Request::get("/"))), []);
    assert_eq!(misuses(&host.open(Request::get("/"))), []);
}

#[test]
fn a_length_is_wrong_only_if_the_extension_made_it_wrong() {
    let stream = started(Script::new().host()).begin();
    stream.send_request_headers(&Request::post("/").header("content-length", "9"), EndOfStream::No);
    stream.send_request_body("four", EndOfStream::Yes);
    stream.send_response(&Response::new(200));
    assert_eq!(misuses(&stream), [], "it came so");
    let same = |host: &dyn Calls| host.set_buffer_bytes(RESPONSE_BODY, 0, 9, b"xy").unwrap();
    let first = Script::new().on(WAY[4], move |host, _, arguments| {
        if arguments == body(2, false) {
            same(host);
        }
        CONTINUE
    });
    assert_eq!(misuses(&started(first.host()).open(full_request())), [], "the size is the same");
    let removed = Script::new()
        .on(WAY[3], |host, _, _| {
            host.remove_header_map_value(MapType::HTTP_RESPONSE_HEADERS, b"content-length").unwrap();
            CONTINUE
        })
        .on(WAY[4], |host, _, _| {
            host.set_buffer_bytes(RESPONSE_BODY, 0, 0, b"more ").unwrap();
            CONTINUE
        });
    assert_eq!(misuses(&started(removed.host()).open(full_request())), [], "it is not there");
}

#[test]
fn data_goes_to_the_end_by_its_size_or_by_the_largest_number() {
    for (start, expected) in [(2, 0), (3, 1), (i32::MAX as usize, 0), (usize::MAX, 0)] {
        let script = Script::new().on(WAY[1], move |host, _, arguments| {
            if arguments == body(2, false) {
                host.set_buffer_bytes(REQUEST_BODY, start, 0, b"x").unwrap();
            }
            CONTINUE
        });
        let stream = started(script.host()).open(full_request());
        assert_eq!(misuses(&stream).len(), expected, "{start}");
    }
}

#[test]
fn a_misuse_while_time_passes_fails_the_test_as_well() {
    let script = Script::new().on(Callback::Configure, |host, _, _| {
        host.set_tick_period(5).unwrap();
        1
    });
    let script = script.on(Callback::RequestHeaders, |_, _, _| CONTINUE).on(Callback::Tick, |host, _, _| {
        host.set_effective_context(2).unwrap();
        host.continue_stream(StreamType::HTTP_REQUEST).unwrap();
        0
    });
    let host = strict(script);
    let stream = host.begin();
    stream.send_request_headers(&Request::post("/"), EndOfStream::No);
    let message = failure(|| host.clock().advance(ms(5)));
    assert!(message.contains("accepts and then mishandles: NotPaused"), "{message}");
}
