//! Callouts that are answered before, while and after something else happens.

use super::*;

/// Answers when the path says: `/headers/1/body/3` is the first callout later by 1, and the second by 3.
fn authz(request: &Request) -> Answer {
    let path = request.path();
    let mut words = path.split('/').skip(1);
    let (stage, headers, body) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    let steps = if stage == "headers" { headers } else { body };
    later(Response::new(200).header("x-user", "ann"), steps.parse().unwrap())
}

#[test]
fn an_answer_before_during_and_after_the_body_gives_the_same_exchange() {
    let pieces = |path: &str| Request::post(path).header("x-user", "mallory");
    let slow = |request: Request| Client::new(request).pauses(LATER * 2);
    let run = |name: &str, paths: &[&str], shape: fn(Request) -> Request| {
        let scenario = scenario(name, "ask-twice").cluster("authz", authz);
        paths.iter().fold(scenario, |scenario, path| scenario.client(slow(shape(pieces(path)))))
    };
    let runs = compare([
        run("asked twice, around a body of pieces", &["/0/0", "/1/1", "/3/0", "/5/1", "/7/0"], |request| {
            request.chunks(["ab", "cd"]).empty_end()
        }),
        run("asked twice, around a body with trailers", &["/0/1", "/3/0", "/7/1"], |request| {
            request.chunks(["ab", "cd"]).trailer("x-end", "1")
        }),
    ]);
    for exchange in runs.iter().flat_map(|run| run.exchanges()) {
        let request = exchange.upstream_request();
        request.assert_body("ABCD").assert_header("x-user", "ann").assert_no_header("content-length");
        exchange.response().assert_status(200).assert_header("x-asked", "twice").assert_body("ABCD");
        for line in ["headers 200", "body ABCD", "behind the body 200", "response 200"] {
            exchange.logs().assert_contains(line);
        }
    }
    let [run] = compare([scenario("asked twice, without a body", "ask-twice")
        .cluster("authz", authz)
        .request(Request::get("/1/1"))
        .request(Request::get("/0/0"))]);
    for exchange in run.exchanges() {
        exchange.response().assert_status(200).assert_header("x-asked", "twice");
    }
}

#[test]
fn a_piece_that_is_held_during_a_callout_can_still_be_read_and_the_rest_is_seen() {
    let answer = |request: &Request| {
        assert_eq!(request.path(), "/piece");
        later(Response::new(200), 3)
    };
    let body = |pieces: &[&'static str]| Request::post("/").chunks(pieces.to_vec());
    let slow = |request: Request| Client::new(request).pauses(LATER * 2);
    let [run] = compare([scenario("a piece is held during a callout", "ask-with-a-piece")
        .cluster("authz", answer)
        .client(slow(body(&["ab", "cd", "ef"]).empty_end()))
        .client(slow(body(&["ab", "cd", "ef"]).trailer("x-end", "1")))
        .client(body(&["ab", "cd", "ef"]).empty_end())
        .client(body(&["ab", "cd", "ef"]).trailer("x-end", "1"))]);
    for exchange in run.exchanges() {
        let body = exchange.sent().body_bytes();
        exchange.upstream_request().assert_body(body.clone());
        exchange.logs().assert_contains("first ab");
        exchange.logs().assert_contains("still ab");
        exchange.logs().assert_contains(&format!("rest {}", String::from_utf8_lossy(&body[2..])));
    }
}

#[test]
fn each_piece_is_changed_when_it_was_asked_about() {
    let response = || Response::new(200).chunks(["gh", "ij"]);
    let scenario = scenario("asked about each piece", "ask-about-pieces")
        .cluster("authz", |_| Answer::from(Response::new(200)).after(ms(40)))
        .origin(move |request| match request.path().as_str() {
            "/trailers" => Answer::Slowly(response().trailer("x-end", "1"), LATER * 2),
            _ => Answer::Slowly(response().empty_end(), LATER * 2),
        });
    let request = |path: &str| Request::post(path).chunks(["ab", "cd", "ef"]);
    let [run] = compare([scenario
        .client(Client::new(request("/").empty_end()).pauses(LATER * 2))
        .client(Client::new(request("/trailers").trailer("x-end", "1")).pauses(LATER * 2))]);
    // The empty piece that ends a body is one as well.
    for (exchange, end) in run.exchanges().iter().zip([".", ""]) {
        exchange.upstream_request().assert_body(format!("AB.CD.EF.{end}"));
        exchange.response().assert_body(format!("GH.IJ.{end}"));
    }
}

/// Two upstreams of which the path says which one is later.
fn two(name: &str, function: &str) -> Scenario {
    let answer = |late: &'static str, status, body: &'static str| {
        move |request: &Request| {
            later(Response::new(status).body(body), if request.path() == late { 2 } else { 0 })
        }
    };
    scenario(name, function)
        .cluster("a", answer("/b-first", 200, "from a"))
        .cluster("b", answer("/a-first", 201, "from b"))
        .request(Request::get("/a-first"))
        .request(Request::get("/b-first"))
        .wait(LATER * 3)
}

#[test]
fn two_callouts_race_are_both_used_and_are_joined() {
    let [race, both, joined] =
        compare([two("two race", "race"), two("two are both used", "both"), two("two are joined", "join")]);
    race[0].upstream_request().assert_header("x-winner", "a 200 from a");
    race[1].upstream_request().assert_header("x-winner", "b 201 from b");
    both[0].upstream_request().assert_header("x-other", "other 201 from b");
    both[1].upstream_request().assert_header("x-other", "other 200 from a");
    for exchange in joined.exchanges() {
        exchange.response().assert_body("a 200 from a, b 201 from b");
        exchange.assert_not_forwarded();
    }
}

#[test]
fn a_callout_that_comes_to_nothing_is_an_error_wherever_it_is_awaited() {
    let request = || Request::get("/0/0");
    let ask = |name: &str| scenario(name, "ask-twice");
    let runs = compare([
        ask("asked, and nobody listens").refusing_cluster("authz").request(request()),
        ask("asked, and the connection breaks").cluster("authz", |_| Answer::Reset).request(request()),
        ask("asked, and there is no such cluster").request(request()),
        ask("asked, and the second answer breaks off")
            .cluster("authz", |request| match request.path().starts_with("/headers") {
                true => Answer::from(Response::new(200)),
                false => Answer::BreakOff(Response::new(200).body("y")),
            })
            .request(request()),
    ]);
    for run in &runs {
        run[0].response().assert_status(500);
        run[0].logs().assert_contains("awaiting an HTTP callout");
    }
}
