//! Whatever comes when: the function sees it once, and the proxy holds back what it has not let go.

use super::*;

thread_local! {
    /// What the function of this file has seen.
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn note(text: impl Into<String>) {
    SEEN.with_borrow_mut(|seen| seen.push(text.into()));
}

// It asks about the headers, looks at each piece of the body, asks again behind it, and marks the response.
exchange!(Asking, |exchange| {
    let request = exchange.request_headers().await?;
    let reply = HttpCall::get("authz", "/headers").send(&request).await?;
    note(format!("headers {}", reply.status()));
    let mut pieces = request.transform()?;
    while let Some(mut piece) = pieces.next_piece().await? {
        let upper = piece.bytes()?.to_ascii_uppercase();
        note(String::from_utf8_lossy(&upper));
        piece.replace(&upper)?;
    }
    let reply = HttpCall::get("authz", "/body").send(&pieces).await?;
    note(format!("body {}", reply.status()));
    let response = pieces.forward().await?;
    response.headers_mut().set("x-asked", "twice")
});

/// What happens from outside, one after the other.
#[derive(Clone, Copy, Debug)]
enum Step {
    Body(&'static str),
    Last(&'static str),
    Trailers,
    /// The next answer to a callout comes.
    Answer,
    /// The origin answers.
    Origin,
}
use Step::*;

/// Plays the steps behind the headers of the request, and gives the host and the stream.
fn play(steps: &[Step]) -> (Host, waxwing_testing::HttpStream) {
    SEEN.take();
    let host = Host::builder::<Asking>().start();
    host.upstream("authz").on(any()).reply(Response::new(200)).delay(ms(10));
    let stream = host.begin();
    stream.send_request_headers(&Request::post("/").header("content-length", "4"), EndOfStream::No);
    for step in steps {
        match *step {
            Body(piece) => stream.send_request_body(piece, EndOfStream::No),
            Last(piece) => stream.send_request_body(piece, EndOfStream::Yes),
            Trailers => stream.send_request_trailers([("x-end", "1")]),
            Answer => host.clock().advance(ms(10)),
            Origin => stream.send_response(&Response::new(200).body("fine")),
        }
    }
    (host, stream)
}

#[test]
fn an_answer_before_after_and_during_the_body_gives_the_same_exchange() {
    for steps in [
        &[Answer, Body("ab"), Last("cd"), Answer, Origin][..],
        &[Body("ab"), Answer, Last("cd"), Answer, Origin],
        &[Body("ab"), Last("cd"), Answer, Answer, Origin],
        &[Last("abcd"), Answer, Answer, Origin],
        &[Answer, Last("abcd"), Answer, Origin],
        &[Answer, Body("ab"), Body("cd"), Last(""), Answer, Origin],
        &[Body("a"), Body("b"), Answer, Body("c"), Last("d"), Answer, Origin],
        // A response that begins early is held back until the function asks for it.
        &[Answer, Body("ab"), Origin, Last("cd"), Answer],
        &[Answer, Last("abcd"), Origin, Answer],
        &[Answer, Body("ab"), Body("cd"), Trailers, Answer, Origin],
        &[Body("ab"), Body("cd"), Trailers, Answer, Answer, Origin],
    ] {
        let (_host, stream) = play(steps);
        let seen = SEEN.take();
        assert_eq!(seen.first().map(String::as_str), Some("headers 200"), "{steps:?}");
        assert_eq!(seen.last().map(String::as_str), Some("body 200"), "{steps:?}");
        assert_eq!(seen[1..seen.len() - 1].concat(), "ABCD", "{steps:?}: each byte once, in order");
        stream.upstream_request().assert_body("ABCD").assert_no_header("content-length");
        stream.response().assert_status(200).assert_header("x-asked", "twice").assert_body("fine");
        assert_eq!(stream.finish().outcome(), Outcome::Forwarded, "{steps:?}");
    }
}

#[test]
fn nothing_goes_on_that_the_function_has_not_let_go() {
    let (_host, stream) = play(&[Body("ab")]);
    stream.assert_paused(Phase::RequestHeaders);
    stream.assert_not_forwarded();

    let (_host, stream) = play(&[Answer, Body("ab"), Last("cd")]);
    // All pieces were seen, and the last one waits for the second answer.
    stream.assert_paused(Phase::RequestBody);
    assert_eq!(stream.buffered_request_body(), b"CD");

    let (_host, stream) = play(&[Answer, Body("ab"), Origin]);
    stream.assert_paused(Phase::ResponseHeaders);
}

#[test]
fn a_client_that_goes_away_ends_the_function_wherever_it_waits() {
    for steps in [
        &[][..],
        &[Body("ab")],
        &[Answer],
        &[Answer, Body("ab")],
        &[Answer, Body("ab"), Last("cd")],
        &[Answer, Last("abcd"), Answer],
        &[Answer, Body("ab"), Origin],
    ] {
        let (host, stream) = play(steps);
        stream.disconnect();
        host.clock().advance(ms(100));
        assert_eq!(host.open_streams(), 0, "{steps:?}");
        let exchange = stream.finish();
        assert!(exchange.logs().lines().is_empty(), "{steps:?}: {}", exchange.logs());
        assert!(host.trap().is_none());
    }
}

// It looks at the first piece of the body, and then awaits a callout while it has it.
exchange!(Holding, |exchange| {
    let mut pieces = exchange.request_headers().await?.inspect();
    let Some(piece) = pieces.next_piece().await? else { return Ok(()) };
    note(String::from_utf8_lossy(piece.bytes()?));
    HttpCall::get("authz", "/").send(&piece).await?;
    // It can still be read: the proxy holds it back.
    note(String::from_utf8_lossy(piece.bytes()?));
    while let Some(piece) = pieces.next_piece().await? {
        note(String::from_utf8_lossy(piece.bytes()?));
    }
    Ok(())
});

#[test]
fn pieces_that_come_while_one_is_held_are_seen_afterwards() {
    for (early, late) in [(&["cd", "ef"][..], &[][..]), (&["cd"], &["ef"]), (&[], &["cd", "ef"])] {
        SEEN.take();
        let host = Host::builder::<Holding>().start();
        host.upstream("authz").on(any()).reply(Response::new(200)).delay(ms(10));
        let stream = host.begin();
        stream.send_request_headers(&Request::post("/"), EndOfStream::No);
        stream.send_request_body("ab", EndOfStream::No);
        for piece in early {
            stream.send_request_body(*piece, EndOfStream::No);
        }
        stream.assert_paused(Phase::RequestBody);
        host.clock().advance(ms(10));
        for piece in late {
            stream.send_request_body(*piece, EndOfStream::No);
        }
        stream.send_request_body("", EndOfStream::Yes);
        let seen = SEEN.take();
        assert_eq!((&*seen[0], &*seen[1]), ("ab", "ab"));
        assert_eq!(seen[2..].concat(), "cdef", "{early:?} {late:?}");
        stream.upstream_request().assert_body("abcdef");
    }
}

// It replaces the body as a whole, and marks the response.
exchange!(Replacing, |exchange| {
    let mut body = exchange.request_headers().await?.buffer(100).await?;
    body.replace("replaced")?;
    let response = body.forward().await?;
    response.headers_mut().set("x-replaced", "1")
});

#[test]
fn a_response_that_has_begun_goes_on_with_the_end_of_the_request_which_is_not_lost() {
    for pieces in [&["abcd"][..], &["ab", "cd"], &["ab", "cd", ""]] {
        let host = Host::builder::<Replacing>().start();
        let stream = host.begin();
        stream.send_request_headers(&Request::post("/"), EndOfStream::No);
        stream.send_response_headers(&Response::new(200), EndOfStream::No);
        stream.assert_paused(Phase::ResponseHeaders);
        for (at, piece) in pieces.iter().enumerate() {
            let end = if at + 1 == pieces.len() { EndOfStream::Yes } else { EndOfStream::No };
            stream.send_request_body(*piece, end);
        }
        stream.send_response_body("fine", EndOfStream::Yes);
        let exchange = stream.finish();
        exchange.upstream_request().assert_body("replaced");
        exchange.response().assert_header("x-replaced", "1").assert_body("fine");
    }
}

// It waits for a body that the proxy does not show any more: without a path it has answered.
exchange!(Pathless, |exchange| {
    let request = exchange.request_headers().await?;
    request.headers_mut().remove(":path")?;
    let mut pieces = request.inspect();
    let error = pieces.next_piece().await.map(|_| ()).unwrap_err();
    note(error.to_string());
    Err(error)
});

#[test]
fn an_answer_of_the_proxy_passes_where_more_of_the_request_is_awaited() {
    SEEN.take();
    let host = Host::builder::<Pathless>().start();
    let stream = host.begin();
    stream.send_request_headers(&Request::post("/"), EndOfStream::No);
    let exchange = stream.finish();
    exchange.response().assert_status(404);
    assert_eq!(SEEN.take(), ["nothing more of the request comes: the proxy has answered it"]);
    assert!(exchange.logs().lines().is_empty(), "{}", exchange.logs());
}

// Two callouts race; the first answer decides.
exchange!(Racing, |exchange| {
    let request = exchange.request_headers().await?;
    let (a, b) = (HttpCall::get("a", "/").send(&request), HttpCall::get("b", "/").send(&request));
    match select(a, b).await {
        Either::First(a) => note(format!("a {}", a?.status())),
        Either::Second(b) => note(format!("b {}", b?.status())),
    }
    Ok(())
});

// Two callouts, of which the first answer is used, and the other awaited behind something else.
exchange!(Both, |exchange| {
    let request = exchange.request_headers().await?;
    let mut a = HttpCall::get("a", "/").send(&request);
    let mut b = HttpCall::get("b", "/").send(&request);
    let (other, name) = match select(&mut a, &mut b).await {
        Either::First(reply) => {
            note(format!("a {}", reply?.status()));
            (b, "b")
        }
        Either::Second(reply) => {
            note(format!("b {}", reply?.status()));
            (a, "a")
        }
    };
    // What the other answers meanwhile is not lost.
    request.sleep(ms(30)).await?;
    note(format!("{name} {}", String::from_utf8_lossy(other.await?.body()?)));
    Ok(())
});

fn two_upstreams(host: &Host, a: u64, b: u64) {
    host.upstream("a").on(any()).reply(Response::new(200).body("from a")).delay(ms(a));
    host.upstream("b").on(any()).reply(Response::new(201).body("from b")).delay(ms(b));
}

#[test]
fn the_first_of_two_callouts_decides_and_the_other_reaches_nobody() {
    for (a, b, expected) in [(10, 20, "a 200"), (20, 10, "b 201"), (10, 10, "a 200")] {
        SEEN.take();
        let host = Host::builder::<Racing>().start();
        two_upstreams(&host, a, b);
        let stream = host.open(Request::get("/"));
        stream.assert_paused(Phase::RequestHeaders);
        host.clock().advance(ms(a.min(b)));
        assert!(stream.reached_upstream());
        host.clock().advance(ms(50));
        assert_eq!(SEEN.take(), [expected]);
        assert!(stream.finish().logs().lines().is_empty());
    }
}

#[test]
fn an_answer_that_comes_while_something_else_is_awaited_is_kept() {
    for (a, b, expected) in
        [(10, 20, ["a 200", "b from b"]), (20, 10, ["b 201", "a from a"]), (5, 500, ["a 200", "b from b"])]
    {
        SEEN.take();
        let host = Host::builder::<Both>().start();
        two_upstreams(&host, a, b);
        let stream = host.open(Request::get("/"));
        host.clock().advance(ms(600));
        assert_eq!(SEEN.take(), expected, "{}", stream.timeline());
        assert!(stream.reached_upstream());
    }
}
