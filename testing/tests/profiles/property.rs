//! Properties: which there are, and in which form.

use super::*;
use std::time::Duration;
use waxwing::attributes::{connection, request, response, source, xds};
use waxwing::prelude::*;

/// What the probe reads of each path, in the callback of the request's headers.
fn read(profile: Profile, paths: &[&str]) -> Vec<String> {
    let lines: Vec<_> = paths.iter().map(|path| format!("property {path}")).collect();
    answers(profile, &lines.iter().map(|line| &**line).collect::<Vec<_>>())
}

#[test]
fn nginx_has_texts() {
    let paths = [
        "source.port",
        "connection.mtls",
        "request.time",
        "source.address",
        "request.path",
        "request.headers.:method",
    ];
    assert_eq!(
        read(Profile::ENVOY, &paths),
        [
            r"8 bytes: @\x9c\x00\x00\x00\x00\x00\x00",
            r"1 bytes: \x00",
            r"8 bytes: \x00\x00\xfa\xedQr\x86\x18",
            "15 bytes: 127.0.0.1:40000",
            "6 bytes: /a?b=c",
            "3 bytes: GET",
        ]
    );
    assert_eq!(
        read(Profile::NGX_WASM_MODULE, &paths),
        [
            "5 bytes: 40000",
            "5 bytes: false",
            "14 bytes: 1767225600.000",
            "9 bytes: 127.0.0.1",
            "6 bytes: /a?b=c",
            "3 bytes: GET",
        ]
    );
}

#[test]
fn nginx_has_names_of_its_own_and_keeps_no_others() {
    let lines =
        ["set-property wasmx.user ana", "property wasmx.user", "set-property user ana", "property user"];
    let of_envoy = answers(Profile::ENVOY, &lines);
    // Envoy looks for the first segment alone.
    assert_eq!(of_envoy, ["done", "not found", "done", "3 bytes: ana"]);
    let of_nginx = answers(Profile::NGX_WASM_MODULE, &lines);
    assert_eq!(of_nginx, ["done", "3 bytes: ana", "proxy_set_property: not found", "not found"]);

    let builder = Host::builder::<Probe>().profile(Profile::NGX_WASM_MODULE);
    let host = builder
        .config("request-headers property ngx.hostname")
        .property(["ngx", "hostname"], "edge-1")
        .start();
    assert_eq!(answers_of(&host.exchange(Request::get("/"))), ["6 bytes: edge-1"]);
}

#[test]
fn nginx_keeps_those_of_a_root_context_apart() {
    let script = "configure set-property wasmx.user root\nconfigure property wasmx.user\nrequest-headers property wasmx.user";
    let answer = |profile| {
        let host = host(profile, script);
        let answers = |lines: Vec<String>| {
            lines.iter().filter_map(|line| Some(line.split_once(" -> ")?.1.to_owned())).collect::<Vec<_>>()
        };
        host.exchange(Request::get("/"));
        answers(host.logs().lines().iter().map(|line| line.message.clone()).collect())
    };
    assert_eq!(answer(Profile::ENVOY), ["proxy_set_property: not found", "not found", "not found"]);
    assert_eq!(answer(Profile::NGX_WASM_MODULE), ["done", "4 bytes: root", "not found"]);
}

#[test]
fn what_each_host_has() {
    let paths = ["plugin_root_id", "plugin_name", "xds.cluster_name", "source.address", "of_nobody"];
    let found =
        |profile| read(profile, &paths).iter().map(|answer| answer != "not found").collect::<Vec<_>>();
    assert_eq!(found(Profile::ENVOY), [true, true, true, true, false]);
    assert_eq!(found(Profile::NGX_WASM_MODULE), [true, true, false, true, false]);
    assert_eq!(found(Profile::APISIX), [true, false, false, false, false]);
    // What it does not know it has as an empty text.
    assert_eq!(found(Profile::TRAFFIC_SERVER), [true; 5]);
    assert_eq!(read(Profile::TRAFFIC_SERVER, &["of_nobody"]), ["0 bytes: "]);
    assert_eq!(found(Profile::GOOGLE_SERVICE_EXTENSIONS), [false; 5]);
}

#[test]
fn apisix_has_the_name_of_the_plugin_as_the_root_id() {
    assert_eq!(read(Profile::ENVOY, &["plugin_root_id"]), ["0 bytes: "]);
    assert_eq!(read(Profile::APISIX, &["plugin_root_id"]), ["6 bytes: plugin"]);
}

#[test]
fn google_has_what_is_forwarded() {
    let host = |profile| {
        Host::builder::<Probe>().profile(profile).config("request-headers property request.path").start()
    };
    let forwarded = || Request::get("/a").property(["request", "path"], "/forwarded");
    let answer = |profile, request| answers_of(&host(profile).exchange(request)).remove(0);
    assert_eq!(answer(Profile::ENVOY, Request::get("/a")), "2 bytes: /a");
    assert_eq!(answer(Profile::GOOGLE_SERVICE_EXTENSIONS, Request::get("/a")), "not found");
    assert_eq!(answer(Profile::GOOGLE_SERVICE_EXTENSIONS, forwarded()), "10 bytes: /forwarded");
}

/// An extension that reads attributes by their types, and says what they are.
#[derive(Extension)]
#[extension(http = TypedStream)]
struct Typed;

impl RootContext for Typed {
    type Config = ();

    fn configure(_: (), _: &mut Configure<'_>) -> Result<Self> {
        Ok(Typed)
    }
}

struct TypedStream;

#[callbacks]
impl HttpContext for TypedStream {
    type Root = Typed;

    fn new(_: &Typed) -> Self {
        TypedStream
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let port = request.attribute(source::PORT)?;
        let mtls = request.attribute(connection::MTLS)?;
        let time = request.attribute(request::TIME)?;
        request.log(LogLevel::Info, &format!("{port:?} {mtls:?} {time:?}"));
        let cluster = request.attribute(xds::CLUSTER_NAME)?;
        request.log(LogLevel::Info, &format!("{cluster:?}"));
        Ok(Action::Continue)
    }

    fn on_log(&mut self, stream: &mut StreamLog<'_>) -> Result<()> {
        let code = stream.attribute(response::CODE)?;
        stream.log(LogLevel::Info, &format!("{code:?}"));
        Ok(())
    }
}

#[test]
fn the_sdk_reads_the_values_of_both_forms() {
    for (profile, cluster) in [(Profile::ENVOY, "Some(\"origin\")"), (Profile::NGX_WASM_MODULE, "None")] {
        let exchange = Host::builder::<Typed>().profile(profile).start().exchange(Request::get("/"));
        let lines: Vec<_> = exchange.logs().lines().iter().map(|line| line.message.clone()).collect();
        let time = Duration::from_secs(1_767_225_600);
        assert_eq!(
            lines,
            [format!("Some(40000) Some(false) Some({time:?})"), cluster.to_owned(), "Some(200)".to_owned()]
        );
    }
}
