//! What each stage holds back, and lets go.

use super::*;
use waxwing::exchange::Request as Headers;

exchange!(Idle, |_exchange| { Ok(()) });

#[test]
fn a_function_that_returns_at_once_lets_everything_pass() {
    let host = Host::builder::<Idle>().start();
    let exchange = host.exchange(Request::post("/").chunks(["ab", "cd"]));
    exchange.upstream_request().assert_body("abcd");
    exchange.response().assert_status(200);
}

// It waits for the whole body, which must be an object, and answers or replaces it.
exchange!(Object, |exchange| {
    let mut body = exchange.request_headers().await?.buffer(8).await?;
    if !body.bytes()?.starts_with(b"{") {
        return body.respond(LocalResponse::new(400).body("an object is expected"));
    }
    body.replace("{}")
});

#[test]
fn a_body_as_a_whole_may_be_refused_replaced_or_too_large() {
    let host = Host::builder::<Object>().start();
    let send = |pieces: &[&'static str]| host.exchange(Request::post("/").chunks(pieces.to_vec()));
    send(&["{1", "23", "}"]).upstream_request().assert_body("{}");
    let refused = send(&["[", "]"]);
    refused.local_response().assert_status(400).assert_body("an object is expected");
    let large = send(&["{2345", "6789"]);
    large.local_response().assert_status(413);
    large.logs().assert_contains("at the request headers, awaiting the body of the request (");
    large.logs().assert_contains("the body is larger than the limit");
    let stated = host.exchange(Request::post("/").header("content-length", "9").body("{23456789"));
    stated.local_response().assert_status(413);
    stated.assert_not_forwarded();
    // A message without a body has an empty one.
    host.exchange(Request::get("/")).local_response().assert_status(400);
}

#[test]
fn a_local_response_after_a_partial_read_stops_the_rest() {
    exchange!(Partial, |exchange| {
        let mut pieces = exchange.request_headers().await?.inspect();
        while let Some(piece) = pieces.next_piece().await? {
            if piece.bytes()?.contains(&b'!') {
                return pieces.respond(LocalResponse::new(422));
            }
        }
        Ok(())
    });
    let host = Host::builder::<Partial>().start();
    let stream = host.begin();
    stream.send_request_headers(&Request::post("/"), EndOfStream::No);
    stream.send_request_body("ok", EndOfStream::No);
    stream.send_request_body("bad!", EndOfStream::No);
    stream.local_response().assert_status(422);
    assert_eq!(stream.finish().outcome(), Outcome::Local);
    host.exchange(Request::post("/").chunks(["o", "k"])).upstream_request().assert_body("ok");
}

#[test]
fn a_function_that_returns_in_the_middle_lets_the_rest_pass_untouched() {
    exchange!(First, |exchange| {
        let mut pieces = exchange.request_headers().await?.transform()?;
        if let Some(mut piece) = pieces.next_piece().await? {
            piece.replace("first")?;
        }
        Ok(())
    });
    let host = Host::builder::<First>().start();
    let exchange = host.exchange(Request::post("/").chunks(["a", "b", "c"]).trailer("x-end", "1"));
    exchange.upstream_request().assert_body("firstbc").assert_trailer("x-end", "1");
    exchange.response().assert_status(200);
}

// It changes the trailers that follow a body.
exchange!(Trailing, |exchange| {
    let body = exchange.request_headers().await?.buffer(100).await?;
    assert_eq!(body.bytes()?, b"abcd");
    match body.trailers().await? {
        Some(trailers) => {
            let seen = trailers.trailers().get("x-end")?.map(<[u8]>::to_vec);
            trailers.trailers_mut().set("x-seen", seen)
        }
        None => Ok(()),
    }
});

#[test]
fn trailers_come_behind_a_body_or_not_at_all() {
    let host = Host::builder::<Trailing>().start();
    let with = host.exchange(Request::post("/").chunks(["ab", "cd"]).trailer("x-end", "1"));
    with.upstream_request().assert_body("abcd").assert_trailer("x-seen", "1");
    let without = host.exchange(Request::post("/").chunks(["ab", "cd"]));
    without.upstream_request().assert_body("abcd");
    without.response().assert_status(200);
}

#[test]
fn a_value_lasts_as_long_as_its_stage() {
    exchange!(Keeping, |exchange| {
        let request = exchange.request_headers().await?;
        let (user, all) = (request.headers().get("x-user")?, request.headers().iter()?);
        request.sleep(ms(5)).await?;
        request.headers_mut().set("x-copy", user)?;
        request.headers_mut().set("x-count", all.len().to_string())
    });
    let host = Host::builder::<Keeping>().start();
    let exchange = host.exchange(Request::get("/").header("x-user", "ann").header("x-user", "bob"));
    exchange.upstream_request().assert_header("x-copy", "ann").assert_header("x-count", "6");
}

#[test]
fn the_host_is_asked_in_a_closure() {
    use waxwing::attributes::request::METHOD;
    exchange!(Attribute, |exchange| {
        let request = exchange.request_headers().await?;
        let method = request.with(|host| Ok(host.attribute(METHOD)?.map(str::to_owned)))?;
        request.headers_mut().set("x-method", method)
    });
    let host = Host::builder::<Attribute>().start();
    host.exchange(Request::post("/")).upstream_request().assert_header("x-method", "POST");
}

thread_local! {
    static SMUGGLED: RefCell<Option<Rc<Headers>>> = const { RefCell::new(None) };
}

#[test]
fn a_stage_that_leaves_its_function_is_over_and_harmless() {
    exchange!(Smuggling, |exchange| {
        let request = Rc::new(exchange.request_headers().await?);
        if let Some(other) = SMUGGLED.take() {
            // Of another exchange, whose function does not run.
            assert!(matches!(other.headers().get("x-user"), Err(Error::StageOver { .. })));
            assert!(matches!(other.headers_mut().remove("x-user"), Err(Error::StageOver { .. })));
            assert!(matches!(HttpCall::get("a", "/").send(&*other).await, Err(Error::StageOver { .. })));
            assert!(matches!(other.sleep(ms(1)).await, Err(Error::StageOver { .. })));
            return Ok(());
        }
        SMUGGLED.set(Some(request.clone()));
        request.sleep(ms(5)).await
    });
    let host = Host::builder::<Smuggling>().start();
    let waiting = host.open(Request::get("/").header("x-user", "ann"));
    host.exchange(Request::get("/").header("x-user", "bob"))
        .upstream_request()
        .assert_header("x-user", "bob");
    waiting.disconnect();
    assert!(host.trap().is_none());
}

thread_local! {
    static HANDED_OUT: RefCell<Option<waxwing::exchange::Request>> = const { RefCell::new(None) };
}

// The first hands its request out, and waits; the second tries to let it go.
exchange!(Handing, |exchange| {
    let request = exchange.request_headers().await?;
    if let Some(other) = HANDED_OUT.take() {
        let error = other.forward().await.map(|_| ()).unwrap_err();
        assert!(matches!(error, Error::StageOver { .. }), "{error}");
        return Ok(());
    }
    let (first, second) = (request.sleep(ms(10)), request.sleep(ms(20)));
    HANDED_OUT.set(Some(request));
    first.await?;
    second.await?;
    Err(Error::new("it was refused"))
});

#[test]
fn another_exchange_cannot_let_a_request_go() {
    let host = Host::builder::<Handing>().start();
    let first = host.open(Request::get("/"));
    let second = host.open(Request::get("/"));
    assert!(second.reached_upstream());
    host.clock().advance(ms(10));
    first.assert_paused(Phase::RequestHeaders);
    host.clock().advance(ms(10));
    assert!(!first.reached_upstream());
    first.local_response().assert_status(500);
}
