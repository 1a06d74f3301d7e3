//! Properties: given, derived from the stream, and set by the guest.

use super::*;

/// What a guest reads in one callback.
fn read_in(callback: Callback, request: Request, paths: &'static [&'static [u8]]) -> Vec<Answer<Vec<u8>>> {
    let read: Notes<Answer<Vec<u8>>> = notes();
    let noted = read.clone();
    let script = Script::new().on(callback, move |host, _, _| {
        noted.borrow_mut().extend(paths.iter().map(|path| host.property(path)));
        1 - u32::from(callback != Callback::Configure)
    });
    let host = script
        .host()
        .plugin_name("tag")
        .root_id("root")
        .vm_id("vm")
        .property(["xds", "node", "id"], "node-1")
        .property(["source", "address"], "10.0.0.1:1")
        .start();
    if callback != Callback::Configure {
        host.exchange(request);
    }
    read.take()
}

fn text(text: &str) -> Answer<Vec<u8>> {
    Ok(text.into())
}

const NOT_FOUND: Answer<Vec<u8>> = Err(Status::NOT_FOUND);

#[test]
fn request_attributes_are_those_of_the_live_headers() {
    let request = Request::get("/cart?id=7").header("x-a", "1").header("user-agent", "t").header("x-a", "2");
    let paths: &[&[u8]] = &[
        b"request\0path",
        b"request\0url_path",
        b"request\0query",
        b"request\0host",
        b"request\0scheme",
        b"request\0method",
        b"request\0useragent",
        b"request\0referer",
        b"request\0headers\0X-A",
        b"request\0headers\0x-a\0",
        b"request\0time",
    ];
    let start = 1_767_225_600_000_000_000_u64.to_le_bytes().to_vec();
    let expected = ["/cart?id=7", "/cart", "id=7", "example.com", "http", "GET", "t"].map(text);
    let found = read_in(Callback::RequestHeaders, request.clone(), paths);
    assert_eq!(found[..7], expected);
    assert_eq!(found[7..], [NOT_FOUND, text("1,2"), text("1,2"), Ok(start.clone())]);
    // The headers have gone, and with them what is derived from them.
    let found = read_in(Callback::ResponseHeaders, request.clone(), paths);
    assert!(found[..10].iter().all(|answer| *answer == NOT_FOUND), "{found:?}");
    assert_eq!(found[10], Ok(start));
    // The log has them again.
    assert_eq!(read_in(Callback::Log, request, paths)[..7], expected);
}

#[test]
fn an_attribute_follows_a_change_of_its_header() {
    let script = Script::new().on(Callback::RequestHeaders, |host, _, _| {
        host.replace_header_map_value(MapType::HTTP_REQUEST_HEADERS, b":path", b"/new").unwrap();
        assert_eq!(host.property(b"request\0path"), Ok(b"/new".to_vec()));
        CONTINUE
    });
    script.host().start().exchange(Request::get("/old"));
}

#[test]
fn numbers_are_eight_bytes() {
    let found = read_in(
        Callback::ResponseHeaders,
        Request::post("/").body("abc"),
        &[b"response\0code", b"request\0size", b"response\0headers\0:status"],
    );
    assert_eq!(found[0], Ok(200u64.to_le_bytes().to_vec()));
    assert_eq!(found[1], Ok(3u64.to_le_bytes().to_vec()));
    assert_eq!(found[2], text("200"));
}

#[test]
fn given_properties_are_answered_the_requests_own_first() {
    let paths: &[&[u8]] = &[b"source\0address", b"xds\0node\0id", b"request\0path"];
    let request = Request::get("/").property(["request", "path"], "/given");
    assert_eq!(
        read_in(Callback::RequestHeaders, request, paths),
        [text("10.0.0.1:1"), text("node-1"), text("/given")]
    );
    let request = Request::get("/").property(["source", "address"], "10.0.0.2:2");
    assert_eq!(read_in(Callback::RequestHeaders, request, paths)[0], text("10.0.0.2:2"));
}

#[test]
fn a_root_context_knows_the_plugin_and_the_node_only() {
    let paths: &[&[u8]] = &[
        b"plugin_name",
        b"plugin_root_id",
        b"plugin_vm_id",
        b"xds\0node\0id",
        b"source\0address",
        b"request\0path",
    ];
    let script = read_in(Callback::Configure, Request::get("/"), paths);
    assert_eq!(script, [text("tag"), text("root"), text("vm"), text("node-1"), NOT_FOUND, NOT_FOUND]);
}

#[test]
fn an_empty_path_and_a_bare_object_cannot_be_serialized() {
    let failure = Err(Status::SERIALIZATION_FAILURE);
    assert_eq!(
        read_in(Callback::RequestHeaders, Request::get("/"), &[b"", b"\0", b"request", b"no\0such"]),
        [failure.clone(), failure.clone(), failure, NOT_FOUND]
    );
}

#[test]
fn what_a_guest_sets_is_read_back_by_one_segment_in_the_same_stream() {
    let script = Script::new().on(Callback::RequestHeaders, |host, context, _| {
        if context == 2 {
            assert_eq!(host.set_property(b"mine", b"1"), Ok(()));
            assert_eq!(host.set_property(b"a\0b", b"2"), Ok(()));
            assert_eq!(host.set_property(b"plugin_name", b"3"), Ok(()));
            assert_eq!(host.property(b"mine"), Ok(b"1".to_vec()));
            // Two segments are looked up as the first, and then into it.
            assert_eq!(host.property(b"a\0b"), NOT_FOUND);
            // A built-in name hides it.
            assert_eq!(host.property(b"plugin_name"), Ok(b"plugin".to_vec()));
        } else {
            assert_eq!(host.property(b"mine"), NOT_FOUND);
        }
        CONTINUE
    });
    let host = script.host().start();
    host.exchange(Request::get("/"));
    host.exchange(Request::get("/"));
}
