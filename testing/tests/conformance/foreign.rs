use super::*;
use std::fmt::Write;
use waxwing::attributes::{Bool, Integer, Text};
use waxwing_testing::Runner;
use waxwing_testing::envoy::Envoy;
use waxwing_testing::wasm::WasmModule;

/// A key of RSA that was made for these tests, and its signature of `two_apples` with SHA-256.
const PRIVATE_KEY: &[u8] = include_bytes!("key/private.der");
const PUBLIC_KEY: &[u8] = include_bytes!("key/public.der");
const SIGNATURE: &[u8] = include_bytes!("key/signature.bin");

/// Kinds of objects of the filter state, with texts of which one makes an object, and one may not.
const OBJECTS: [(&str, &str, &str); 13] = [
    ("envoy.string", "abc", "-"),
    ("envoy.hashable_string", "abc", "-"),
    ("envoy.network.upstream_server_name", "example.com", "-"),
    ("envoy.network.application_protocols", "h2,http/1.1", "-"),
    ("envoy.network.upstream_subject_alt_names", "a,b", "-"),
    ("envoy.tcp_proxy.cluster", "origin", "-"),
    ("envoy.tcp_proxy.disable_tunneling", "true", "maybe"),
    ("envoy.tcp_proxy.per_connection_idle_timeout_ms", "100", "soon"),
    ("envoy.filters.listener.original_dst.local_ip", "127.0.0.1:80", "here"),
    ("envoy.network.transport_socket.original_dst_address", "127.0.0.1:80", "here"),
    ("envoy.upstream.dynamic_host", "example.com", "-"),
    ("envoy.upstream.dynamic_port", "80", "http"),
    ("envoy.ratelimit.hits_addend", "3", "many"),
];

#[test]
fn filter_state_is_made_of_text_and_read_back() {
    let mut script = String::new();
    for (name, value, other) in OBJECTS {
        script += &format!(
            "request-headers filter-state {name} {other} request\nrequest-headers filter-state {name} {value} request\n"
        );
        script +=
            &format!("request-headers property filter_state/{name}\nlog property filter_state/{name}\n");
    }
    script += "request-headers filter-state envoy.string other\nlog property filter_state/envoy.string\n\
               request-headers filter-state envoy.tcp_proxy.disable_tunneling 1 request\n\
               log property filter_state/envoy.tcp_proxy.disable_tunneling\n\
               request-headers filter-state my.own abc\nrequest-headers property filter_state/my.own\n\
               configure filter-state envoy.string abc\nrequest-headers foreign set_envoy_filter_state xyz\n\
               request-headers set-property mine 1\nlog property filter_state/wasm.mine\n";
    compare([scenario("filter state of each kind", &script).request(full())]);
}

#[test]
fn a_property_is_read_only_if_its_root_context_has_declared_it() {
    let script = "configure declare once read-only request\nconfigure declare once\nconfigure declare often - request\n\
                  request-headers declare once\nrequest-headers declare own read-only\nrequest-headers declare own\n\
                  request-headers set-property once 1\nrequest-headers set-property once 2\n\
                  request-headers set-property often 1\nresponse-headers set-property often 2\n\
                  request-headers set-property own 1\nrequest-headers set-property own 2\n\
                  response-headers set-property once 3\nlog property once\nlog property often\nlog property own\n\
                  request-headers foreign declare_property zzz\nconfigure set-property once 1\n";
    compare([scenario("declared properties", script).request(full()).request(without_body())]);
}

#[test]
fn what_the_host_compresses_it_uncompresses() {
    let script = "configure round-trip abc 100\nrequest-headers round-trip abc 1000\n\
                  request-headers foreign uncompress abc\nrequest-headers foreign compress\nlog round-trip abc 2000\n";
    compare([scenario("compression", script).request(full())]);
}

#[test]
fn the_route_can_be_chosen_anew_anywhere() {
    let calls = WAY.iter().chain(&["log", "done", "configure"]);
    let script: String = calls.map(|callback| format!("{callback} foreign clear_route_cache x\n")).collect();
    compare([scenario("the route is chosen anew in each callback", &script).request(full())]);
}

#[test]
fn a_function_that_there_is_not_is_not_found() {
    let script = "configure foreign no_such\nrequest-headers foreign no_such x\nrequest-headers foreign - x\n\
                  request-headers foreign expr_evaluate abcd\nrequest-headers foreign expr_evaluate ab\n\
                  request-headers foreign expr_delete abcd\nrequest-headers foreign expr_delete ab\n";
    compare([scenario("foreign functions that there are not", script).request(full())]);
}

/// The log lines of a script in Envoy, of what the model does not do by itself.
fn in_envoy(script: &str) -> Vec<String> {
    let module = WasmModule::build("waxwing-probe").unwrap_or_else(|error| panic!("{error}"));
    let run = Envoy::new(module.name()).run(&scenario("in Envoy alone", script).request(full()));
    let lines = run[0].logs().lines().iter();
    lines.filter_map(|line| line.message.strip_prefix("  ").map(str::to_owned)).collect()
}

#[test]
fn expressions_have_values_of_the_types_that_attributes_have() {
    let values = [
        ("request.method", "4 bytes: POST"),
        ("request.method_==_'POST'", r"1 bytes: \x01"),
        ("connection.mtls", r"1 bytes: \x00"),
        ("-5", r"8 bytes: \xfb\xff\xff\xff\xff\xff\xff\xff"),
        ("5u", r"8 bytes: \x05\x00\x00\x00\x00\x00\x00\x00"),
        ("1.5", r"8 bytes: \x00\x00\x00\x00\x00\x00\xf8?"),
        ("duration('1.5s')", r"8 bytes: \x00/hY\x00\x00\x00\x00"),
        ("b'ab'", "2 bytes: ab"),
        ("{'a':'b'}", r"16 bytes: \x01\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00a\x00b\x00"),
        (
            "['a','b']",
            r"26 bytes: \x02\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00a\x00\x00b\x00\x00",
        ),
        ("null", "not found"),
        ("request", "not found"),
        ("no_such", "expr_create: bad argument"),
        ("nope", "expr_evaluate: internal failure"),
        ("1/0", "expr_evaluate: internal failure"),
        ("1+", "expr_create: bad argument"),
    ];
    let script: String =
        values.iter().map(|(source, _)| format!("request-headers evaluate {source}\n")).collect();
    let lines = in_envoy(&script);
    let expected = values.map(|(source, value)| format!("evaluate {source} -> {value}"));
    assert_eq!(lines, expected);
}

#[test]
fn expressions_whose_values_a_scenario_says() {
    let sources = ["request.method", "request.method_==_'GET'", "response.code", "no_such"];
    let script = sources.map(|source| format!("log evaluate {source}\n")).concat();
    compare([scenario("expressions with values", &script)
        .expression::<Text>("request.method", "POST")
        .expression::<Bool>("request.method == 'GET'", false)
        .expression::<Integer<u16>>("response.code", 200)
        .request(full())]);
}

#[test]
fn signatures_are_made_and_verified() {
    let word = |bytes: &[u8]| {
        bytes.iter().fold(String::new(), |mut word, byte| {
            let _ = write!(word, "%{byte:02x}");
            word
        })
    };
    let (private, public, signature) = (word(PRIVATE_KEY), word(PUBLIC_KEY), word(SIGNATURE));
    let script = format!(
        "request-headers verify sha256 {public} {signature} two_apples\n\
         request-headers verify sha256 {public} {signature} two_pears\n\
         request-headers verify sha512 {public} {signature} two_apples\n\
         request-headers verify sha256 {signature} {signature} two_apples\n\
         request-headers verify sha256 - {signature} two_apples\n\
         request-headers verify md4711 {public} {signature} two_apples\n\
         request-headers sign sha256 {private} two_apples\n\
         request-headers sign sha256 {public} two_apples\n\
         request-headers sign md4711 {private} two_apples\n"
    );
    let answers: Vec<String> =
        in_envoy(&script).iter().filter_map(|line| Some(line.split_once(" -> ")?.1.to_owned())).collect();
    let signed =
        format!("256 bytes: {}", SIGNATURE.escape_ascii().take(200).map(char::from).collect::<String>());
    assert_eq!(
        answers,
        [
            "true".to_owned(),
            "false".to_owned(),
            "false".to_owned(),
            // A key that it cannot read verifies nothing, and signs nothing.
            "false".to_owned(),
            "verify_signature: bad argument".to_owned(),
            "false".to_owned(),
            signed,
            "Invalid key type: private key required for signing operation.".to_owned(),
            "md4711 is not supported.".to_owned(),
        ]
    );
}
