//! HTTP callouts: where they go, how they fail, who is told, and who resumes.

use super::*;
use std::time::Duration;
use waxwing::prelude::*;
use waxwing_testing::matching::any;
use waxwing_testing::{Answer, Callback, Event, HttpStream, Phase};

const NGINX: Profile = Profile::NGX_WASM_MODULE;
const ATS: Profile = Profile::TRAFFIC_SERVER;

/// An extension that asks an upstream about each request, and says how that ended. With the header `x-pass` it does not wait
/// for the answer by itself.
#[derive(Extension)]
#[extension(http = AskingStream)]
struct Asking {
    upstream: String,
}

impl RootContext for Asking {
    type Config = String;

    fn configure(upstream: String, _: &mut Configure<'_>) -> Result<Self> {
        Ok(Asking { upstream })
    }
}

struct AskingStream {
    upstream: String,
}

#[callbacks]
impl HttpContext for AskingStream {
    type Root = Asking;

    fn new(root: &Asking) -> Self {
        AskingStream { upstream: root.upstream.clone() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let timeout = Duration::from_millis(100);
        HttpCall::get(&self.upstream, "/check")
            .authority("authz.internal:8080")
            .timeout(timeout)
            .send(request)?;
        let passes = request.headers().get("x-pass")?.is_some();
        Ok(if passes { Action::Continue } else { Action::Pause })
    }

    fn on_http_call_response(
        &mut self,
        call: HttpCallId,
        response: &HttpCallResponse<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        let end = match response.error()? {
            Some(error) => format!("{error:?}"),
            None => response.status()?.to_string(),
        };
        stream.log(LogLevel::Info, &format!("call {}: {end}", call.as_u32()));
        Ok(Action::Continue)
    }
}

fn asking(profile: Profile, upstream: &str) -> Host {
    Host::builder::<Asking>().profile(profile).lenient().config(upstream).start()
}

/// How the callout of a request ended, whose upstream of that name gives this answer.
fn end(profile: Profile, target: &str, upstream: &str, answer: Answer) -> String {
    let host = asking(profile, target);
    host.upstream(upstream).on(any()).answer_with(move |_| answer.clone());
    let exchange = host.exchange(Request::get("/"));
    exchange.response().assert_status(200);
    exchange.logs().lines().last().map(|line| line.message.clone()).unwrap_or_default()
}

/// The callback at the end of the callout: the context, the token, and how many headers there are by count.
fn told(host: &Host, stream: &HttpStream) -> (u32, u32, usize) {
    let mut events = stream.timeline().events().to_vec();
    events.extend(host.timeline().events().iter().cloned());
    let end = events.iter().find_map(|event| match event {
        Event::Callback { callback: Callback::HttpCallResponse, context, arguments } => {
            let waxwing_testing::Arguments::HttpCall { token, headers, .. } = arguments else { return None };
            Some((*context, *token, *headers))
        }
        _ => None,
    });
    end.expect("a callout has ended")
}

#[test]
fn the_target_is_a_cluster_a_host_or_nothing() {
    let ok = || Answer::from(Response::new(204));
    assert_eq!(end(Profile::ENVOY, "authz", "authz", ok()), "call 4: 204");
    assert_eq!(end(NGINX, "authz:8080", "authz", ok()), "call 0: 204");
    assert_eq!(end(NGINX, "authz:8080", "authz:8080", ok()), "call 0: 204");
    // The authority is what counts.
    assert_eq!(end(ATS, "authz", "authz.internal", ok()), "call 4: 204");

    let refused = |profile, target| {
        let exchange = asking(profile, target).exchange(Request::get("/"));
        exchange.response().status()
    };
    // Envoy knows no cluster of that name; nginx finds out later that there is no such host.
    assert_eq!(refused(Profile::ENVOY, "authz:8080"), 500);
    let host = asking(NGINX, "nobody:80");
    let exchange = host.exchange(Request::get("/"));
    exchange.response().assert_status(200);
    exchange.logs().assert_contains("call 0: NoUpstream");
    let exchange = asking(ATS, "authz").exchange(Request::get("/"));
    exchange.response().assert_status(200);
}

#[test]
fn a_failure_is_the_proxys_response_or_a_reason() {
    let late = || Answer::from(Response::new(200)).after(Duration::from_millis(101));
    for (answer, of_envoy, in_nginx) in [
        (late as fn() -> Answer, "Timeout", "Timeout"),
        (|| Answer::Hang, "Timeout", "Timeout"),
        (|| Answer::Refuse, "NoUpstream", "Reset"),
        (|| Answer::Reset, "Reset", "Reset"),
        (|| Answer::BreakOff(Response::new(200)), "Reset", "Reset"),
    ] {
        assert_eq!(end(Profile::ENVOY, "authz", "authz", answer()), format!("call 4: {of_envoy}"));
        assert_eq!(end(NGINX, "authz", "authz", answer()), format!("call 0: {in_nginx}"));
    }
}

#[test]
fn in_nginx_a_failure_has_no_headers_by_count_and_yet_one() {
    let script = "request-headers call authz GET / 100\nrequest-headers pause\ncall-response value 6 :dispatch_status\n\
                  call-response value 6 :status";
    for (answer, reason) in [
        (Answer::Hang, "7 bytes: timeout"),
        (Answer::Refuse, "17 bytes: broken connection"),
        (Answer::BreakOff(Response::new(200)), "14 bytes: reader failure"),
    ] {
        let host = host(NGINX, script);
        host.upstream("authz").on(any()).answer_with(move |_| answer.clone());
        let stream = host.open(Request::get("/"));
        host.clock().advance(Duration::from_millis(100));
        assert_eq!(told(&host, &stream).2, 0);
        assert_eq!(answers_of(&stream.finish())[1..], [reason, "not found"]);
    }
    let host = host(Profile::ENVOY, script);
    host.upstream("authz").on(any()).hang();
    let stream = host.open(Request::get("/"));
    host.clock().advance(Duration::from_millis(100));
    assert_eq!(told(&host, &stream).2, 3);
    assert_eq!(answers_of(&stream.finish())[1..], ["not found", "3 bytes: 504"]);
}

#[test]
fn in_nginx_a_callout_that_cannot_be_made_traps() {
    let script = "request-headers raw-call authz 100 :method GET :path /";
    let answer = |profile| {
        let host = host(profile, script);
        host.upstream("authz");
        (host.exchange(Request::get("/")), host)
    };
    assert_eq!(answers_of(&answer(Profile::ENVOY).0), ["proxy_http_call: bad argument"]);
    answer(NGINX).1.expect_trap("the callout has no :authority: ngx_wasm_module traps");
}

#[test]
fn who_is_told_and_by_which_token() {
    let told = |profile, target| {
        let host = asking(profile, target);
        host.upstream("authz").on(any()).reply(Response::new(204));
        let first = host.open(Request::get("/"));
        let told = told(&host, &first);
        (told.0 == first.context(), told.1)
    };
    assert_eq!(told(Profile::ENVOY, "authz"), (false, 4));
    assert_eq!(told(NGINX, "authz"), (true, 0));
}

#[test]
fn in_nginx_a_callout_ends_with_the_stream_that_made_it() {
    let calls_back = |profile| {
        let host = asking(profile, "authz");
        host.upstream("authz").on(any()).reply(Response::new(204)).delay(Duration::from_millis(10));
        host.open(Request::get("/")).disconnect();
        host.clock().advance(Duration::from_millis(10));
        host.timeline().callbacks().contains(&Callback::HttpCallResponse)
    };
    assert!(calls_back(Profile::ENVOY));
    assert!(!calls_back(NGINX));
}

#[test]
fn traffic_server_waits_without_end() {
    let after_a_minute = |profile, upstream| {
        let host = asking(profile, "authz");
        host.upstream(upstream).on(any()).hang();
        let stream = host.open(Request::get("/"));
        host.clock().advance(Duration::from_secs(60));
        stream.paused_at()
    };
    assert_eq!(after_a_minute(Profile::ENVOY, "authz"), None);
    assert_eq!(after_a_minute(ATS, "authz.internal"), Some(Phase::RequestHeaders));
}

#[test]
fn who_resumes_a_request_whose_callouts_are_over() {
    // Nobody asks to go on.
    let script = "request-headers call authz GET /a 100\nrequest-headers call authz GET /b 100\nrequest-headers pause\n\
                  call-response pause";
    let stream = |profile| {
        let host = host(profile, script);
        let authz = host.upstream("authz");
        authz.on(waxwing_testing::matching::path("/a")).reply(Response::new(200));
        authz.on(any()).reply(Response::new(200)).delay(Duration::from_millis(10));
        let stream = host.open(Request::get("/"));
        // The first is over.
        stream.assert_paused(Phase::RequestHeaders);
        host.clock().advance(Duration::from_millis(10));
        stream
    };
    stream(Profile::ENVOY).assert_paused(Phase::RequestHeaders);
    for profile in [NGINX, Profile::APISIX] {
        let exchange = stream(profile).finish();
        exchange.response().assert_status(200);
        assert!(exchange.timeline().to_string().contains(&format!("{profile} resumes by itself")));
    }
}

#[test]
fn apisix_waits_for_callouts_whatever_the_extension_says() {
    let stream = |profile| {
        let host = asking(profile, "authz");
        host.upstream("authz").on(any()).reply(Response::new(204)).delay(Duration::from_millis(10));
        let stream = host.open(Request::get("/").header("x-pass", "1"));
        (stream.paused_at(), host.clock().advance(Duration::from_millis(10)), stream)
    };
    assert_eq!(stream(Profile::ENVOY).0, None);
    assert_eq!(stream(NGINX).0, None);
    let (paused, (), stream) = stream(Profile::APISIX);
    assert_eq!(paused, Some(Phase::RequestHeaders));
    stream.finish().upstream_request().assert_path("/");
}

/// What the SDK asks for is what the host would do anyway: nothing comes twice.
#[test]
fn an_extension_that_resumes_and_a_host_that_does_get_along() {
    for profile in [Profile::ENVOY, NGINX, Profile::APISIX, ATS] {
        let host = asking(profile, "authz");
        for upstream in ["authz", "authz.internal"] {
            host.upstream(upstream).on(any()).reply(Response::new(204)).delay(Duration::from_millis(10));
        }
        let exchange = host.exchange(Request::post("/").body("abc"));
        exchange.upstream_request().assert_body("abc");
        exchange.response().assert_status(200);
        assert_eq!(exchange.timeline().misuses(), Vec::<&str>::new(), "{profile}");
        host.logs().assert_none_at_least(LogLevel::Warn);
    }
}

#[test]
fn google_makes_none() {
    let exchange = asking(Profile::GOOGLE_SERVICE_EXTENSIONS, "authz").exchange(Request::get("/"));
    exchange.local_response().assert_status(500);
    exchange.logs().assert_contains("the host did not make the call: unimplemented");
}
