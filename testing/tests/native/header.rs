use super::*;

extension!(Tagger, TaggerStream {
    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let path = request.headers().get_str(":path")?.unwrap_or("").to_owned();
        let mut headers = request.headers_mut();
        headers.set("x-path", &path)?;
        headers.add("x-list", "c")?;
        headers.remove("x-internal")?;
        Ok(Action::Continue)
    }

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        response.headers_mut().set("x-tag", "blue")?;
        Ok(Action::Continue)
    }
});

#[test]
fn headers_are_set_added_and_removed_in_both_directions() {
    let host = Host::builder::<Tagger>().start();
    let exchange = host.exchange(
        Request::get("/cart?id=7")
            .header("x-list", "a")
            .header("x-internal", "1")
            .header("X-List", "b")
            .header("x-path", "forged"),
    );
    exchange
        .upstream_request()
        .assert_method("GET")
        .assert_path("/cart?id=7")
        .assert_header("x-path", "/cart?id=7")
        .assert_header_all("x-list", ["a", "b", "c"])
        .assert_no_header("x-internal");
    exchange.response().assert_status(200).assert_header("x-tag", "blue");
    assert_eq!(exchange.outcome(), Outcome::Forwarded);
    host.logs().assert_none_at_least(LogLevel::Warn);
}

#[test]
fn the_default_upstream_echoes_the_body() {
    let host = Host::builder::<Tagger>().start();
    host.exchange(Request::post("/").body("hello")).response().assert_body("hello");
}

#[test]
fn the_upstream_is_a_closure_that_sees_what_was_forwarded() {
    let paths = Rc::new(RefCell::new(Vec::new()));
    let seen = paths.clone();
    let host = Host::builder::<Tagger>()
        .origin(move |request| {
            seen.borrow_mut().push(request.headers().get("x-path").unwrap().to_vec());
            Response::new(404).body("no such cart").trailer("x-end", "1")
        })
        .start();
    let exchange = host.exchange(Request::get("/cart"));
    exchange.response().assert_status(404).assert_body("no such cart").assert_trailer("x-end", "1");
    assert_eq!(*paths.borrow(), [b"/cart"]);
}
