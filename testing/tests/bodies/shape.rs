//! Each mode, for each way in which a message can end.

use super::*;

/// The ways in which a message can end: with its headers, with a piece that says so, with an empty one, with
/// trailers; each body is "banana".
const SHAPES: [(&str, usize, &[&str], bool, bool); 7] = [
    ("no body", 0, &[], false, false),
    ("one piece", 1, &["banana"], false, false),
    ("one piece and an empty end", 1, &["banana"], true, false),
    ("pieces", 1, &["ban", "an", "a"], false, false),
    ("pieces and an empty end", 1, &["ban", "ana"], true, false),
    ("pieces and trailers", 1, &["ban", "ana"], false, true),
    ("trailers alone", 0, &[], false, true),
];

/// Gives a message one of the shapes.
macro_rules! shaped {
    ($message:expr, $number:expr) => {{
        let (_, _, pieces, empty_end, trailers): (_, _, &[&str], _, _) = SHAPES[$number];
        let mut message = $message;
        if !pieces.is_empty() {
            message = message.chunks(pieces.iter().copied());
        }
        if empty_end {
            message = message.empty_end();
        }
        if trailers {
            message = message.trailer("x-end", "1");
        }
        message
    }};
}

/// The shapes that a client of HTTP/1 can send: where no length is stated, an empty piece ends the body.
const WIRE: [usize; 5] = [0, 2, 4, 5, 6];

/// Requests of these shapes, whose responses have them as well.
fn shapes(mode: &str, numbers: impl IntoIterator<Item = usize>) -> Scenario {
    let scenario = scenario(
        format!("messages that end in each way, {mode}"),
        &format!("request {mode}\nresponse {mode}"),
    )
    .origin(|request| {
        let number: usize = request.path().trim_start_matches('/').parse().unwrap_or_default();
        shaped!(Response::new(200), number)
    });
    numbers.into_iter().fold(scenario, |scenario, number| {
        scenario.request(shaped!(Request::post(&format!("/{number}")), number))
    })
}

/// What became of every shape on the hosts that can be sent it, of each of these modes.
fn every_shape<const N: usize>(modes: [&str; N]) -> [Run; N] {
    compare(modes.map(|mode| shapes(mode, WIRE)));
    let module = WasmModule::build("waxwing-bodies").unwrap();
    let runners: [&dyn Runner; 2] = [&Native::<Bodies>::new(), &Wasm::new(module)];
    modes.map(|mode| shapes(mode, 0..SHAPES.len()).compare(&runners))
}

/// Both bodies of each exchange, and its shape.
fn bodies(run: &Run) -> Vec<(&'static str, usize, [Vec<u8>; 2])> {
    let bodies = run.exchanges().iter().zip(SHAPES).map(|(exchange, (name, times, pieces, ..))| {
        let bodies = [exchange.upstream_request().body_bytes(), exchange.response().body_bytes()];
        if pieces.is_empty() {
            assert_eq!(bodies, [b"", b""], "{name}");
        }
        (name, times, bodies)
    });
    bodies.collect()
}

#[test]
fn a_body_that_is_buffered_is_shown_once_and_whole_however_it_ends() {
    for (change, expected) in [("", "banana"), (" double", "bbaannaannaa"), (" no-a", "bnn")] {
        let [run] = every_shape([&format!("buffer{change}")]);
        for ((name, times, bodies), exchange) in bodies(&run).into_iter().zip(run.exchanges()) {
            for (direction, body) in ["request", "response"].iter().zip(bodies) {
                let shown = count(exchange, &format!("{direction} body, "));
                assert_eq!(shown, times, "{name}, {direction}: {}", exchange.timeline());
                if exchange.sent().body_bytes() == b"banana" {
                    assert_eq!(String::from_utf8_lossy(&body), expected, "{name}, {direction}");
                    let shown = format!("{direction} body, 6 bytes");
                    assert_eq!(count(exchange, &shown), 1, "{name}: {}", exchange.timeline());
                }
            }
        }
    }
}

#[test]
fn a_body_that_is_transformed_changes_on_its_way_however_it_ends() {
    for (change, expected) in [("", "banana"), (" double", "bbaannaannaa"), (" no-a", "bnn")] {
        let [run] = every_shape([&format!("transform{change}")]);
        for (name, _, bodies) in bodies(&run) {
            for body in bodies.iter().filter(|body| !body.is_empty()) {
                assert_eq!(String::from_utf8_lossy(body), expected, "{name}");
            }
        }
    }
}

#[test]
fn a_body_that_is_inspected_passes_as_it_is() {
    let [run] = every_shape(["inspect"]);
    for ((name, _, bodies), exchange) in bodies(&run).into_iter().zip(run.exchanges()) {
        assert!(bodies.iter().all(|body| body.is_empty() || body == b"banana"), "{name}");
        assert_eq!(count(exchange, "request body, ") + count(exchange, "response body, "), 0, "{name}");
    }
}

#[test]
fn a_body_that_is_skipped_passes_without_a_callback() {
    for run in &every_shape(["skip", "buffer skip-this double"]) {
        for ((name, _, bodies), exchange) in bodies(run).into_iter().zip(run.exchanges()) {
            assert!(bodies.iter().all(|body| body.is_empty() || body == b"banana"), "{name}");
            assert_eq!(count(exchange, "request body") + count(exchange, "response body"), 0, "{name}");
        }
    }
}

#[test]
fn a_request_can_be_refused_where_its_body_is_inspected_and_where_it_is_buffered() {
    let modes = ["inspect refuse", "buffer refuse", "transform refuse"];
    for run in &compare_answers(modes.map(|mode| shapes(mode, WIRE))) {
        run[2].local_response().assert_status(422).assert_body("refused");
        assert!(!run[0].response().body_bytes().starts_with(b"refused"), "a message without a body passes");
    }
}

#[test]
fn errors_of_each_mode_are_those_of_the_policy() {
    let modes = ["inspect fail", "buffer fail", "transform fail"];
    for run in &compare_answers(modes.map(|mode| {
        scenario(format!("a request, {mode}"), &format!("request {mode}"))
            .request(shaped!(Request::post("/"), 4))
    })) {
        run[0].local_response().assert_status(500);
    }
    compare(modes.map(|mode| {
        scenario(format!("a response, {mode}"), &format!("response {mode}"))
            .origin(|_| shaped!(Response::new(200), 4))
            .request(Request::get("/"))
    }));
}
