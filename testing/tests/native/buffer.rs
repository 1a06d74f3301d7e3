use super::*;

extension!(Prefix, PrefixStream {
    fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        assert_eq!(body.size(), body.bytes()?.len());
        let first = body.range(0..1)?.to_owned();
        body.prepend([&first[..], b":"].concat())?;
        Ok(Action::Continue)
    }
});

#[test]
fn each_piece_is_seen_and_changed_as_it_passes() {
    let host = Host::builder::<Prefix>().start();
    let stream = host.begin();
    stream.send_request_headers(&Request::post("/"), EndOfStream::No);
    stream.send_request_body("abc", EndOfStream::No);
    stream.upstream_request().assert_body("a:abc");
    stream.send_request_body("def", EndOfStream::Yes);
    stream.upstream_request().assert_body("a:abcd:def");
}
