//! Gives each client a number of requests per time, whichever worker takes them; more are answered with 429.
//!
//! Run it: `cargo waxwing run examples/rate-limit`
//!
//! The workers of a proxy share nothing but shared data, so that is where the budgets are: for each client the start of
//! its window and the number of requests in it, changed by compare and swap. A request that the proxy cannot count,
//! because it has no shared data or everybody changes the same budget at once, passes: [`ON_ERROR`] fails open, and the
//! reason is in the proxy's log. Where the limit protects something that must not be reached too often, write
//! `ErrorPolicy::FailClosed`, and such requests are answered with 500.
//!
//! A proxy keeps a budget as long as it runs, at some fifty bytes. So let clients be named by what they cannot make up:
//! their address, which is the default, or a header that was checked before it gets here.
//!
//! [`ON_ERROR`]: RootContext::ON_ERROR
#![forbid(unsafe_code)]

use core::time::Duration;
use serde::Deserialize;
use std::rc::Rc;
use waxwing::prelude::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// How many requests a client may make in a window.
    requests: u64,
    /// How long a window is. It begins with a client's first request, and the next one with its first after that.
    per_seconds: u64,
    /// The header that names the client; those without it are one client. Without this, the address names it.
    header: Option<String>,
}

impl Config {
    fn check(&self) -> Result<()> {
        if self.requests == 0 {
            return Err(Error::new("`requests` is 0, which lets nothing through"));
        }
        if self.per_seconds == 0 {
            return Err(Error::new("`per_seconds` is 0, and a window has some length"));
        }
        Ok(())
    }

    /// The key of a client's budget.
    fn key(&self, request: &RequestHeaders<'_>) -> Result<Vec<u8>> {
        let client = match &self.header {
            Some(header) => request.headers().get(header)?,
            None => request.property(&["source", "address"])?.map(without_port),
        };
        Ok([b"rate-limit/", client.unwrap_or_default()].concat())
    }

    /// Takes a request from the budget, unless it is used up: then it gives the time until there is a new one.
    fn take(&self, budget: Option<&[u8]>, now: Duration) -> Result<Window, Duration> {
        let length = Duration::from_secs(self.per_seconds);
        // One that begins in the future comes from a clock that was wrong.
        let window = budget.and_then(Window::from_bytes).filter(|window| window.start <= now);
        match window {
            Some(window) if now - window.start >= length => Ok(Window { start: now, requests: 1 }),
            Some(window) if window.requests >= self.requests => Err(length - (now - window.start)),
            Some(window) => Ok(Window { requests: window.requests + 1, ..window }),
            None => Ok(Window { start: now, requests: 1 }),
        }
    }
}

/// What the workers share for each client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    /// Since the Unix epoch.
    start: Duration,
    requests: u64,
}

impl Window {
    fn from_bytes(bytes: &[u8]) -> Option<Window> {
        let (start, requests) = bytes.split_first_chunk()?;
        Some(Window {
            start: Duration::from_nanos(u64::from_le_bytes(*start)),
            requests: u64::from_le_bytes(requests.try_into().ok()?),
        })
    }

    fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        let (start, requests) = bytes.split_at_mut(8);
        // Nanoseconds are what the proxy's clock counts, in as many bits.
        start.copy_from_slice(&u64::try_from(self.start.as_nanos()).unwrap_or(u64::MAX).to_le_bytes());
        requests.copy_from_slice(&self.requests.to_le_bytes());
        bytes
    }
}

#[derive(Extension)]
#[extension(http = RateLimitStream)]
struct RateLimit {
    config: Rc<Config>,
}

impl RootContext for RateLimit {
    type Config = Json<Config>;

    const ON_ERROR: ErrorPolicy = ErrorPolicy::FailOpen;

    fn configure(Json(config): Json<Config>, _cx: &mut Configure<'_>) -> Result<Self> {
        config.check()?;
        Ok(RateLimit { config: Rc::new(config) })
    }
}

struct RateLimitStream {
    config: Rc<Config>,
}

#[callbacks]
impl HttpContext for RateLimitStream {
    type Root = RateLimit;

    fn new(root: &RateLimit) -> Self {
        RateLimitStream { config: root.config.clone() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        let now = request.current_time()?;
        let key = self.config.key(request)?;
        let mut wait = Duration::ZERO;
        let taken = request.shared_data().update(key, |budget| match self.config.take(budget, now) {
            Ok(window) => Ok(Some(window.to_bytes())),
            Err(time) => {
                wait = time;
                Ok(None)
            }
        })?;
        match taken {
            Some(_) => Ok(Action::Continue),
            None => Ok(too_many(wait)),
        }
    }
}

fn too_many(wait: Duration) -> Action {
    let seconds = wait.as_nanos().div_ceil(1_000_000_000);
    LocalResponse::new(429)
        .header("retry-after", seconds.to_string())
        .details("rate_limit")
        .body("too many requests\n")
        .into()
}

/// The host of `host:port`.
fn without_port(address: &[u8]) -> &[u8] {
    let colon = address.iter().rposition(|byte| *byte == b':');
    colon.and_then(|colon| address.get(..colon)).unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use super::{Config, RateLimit, Window};
    use std::time::{Duration, SystemTime};
    use waxwing_testing::envoy::Envoy;
    use waxwing_testing::wasm::WasmModule;
    use waxwing_testing::{
        Exchange, Host, Native, Profile, Request, Run, Runner, Scenario, Value, Wasm, explore, json,
        on_every_host,
    };

    fn three_a_minute() -> Value {
        json!({ "requests": 3, "per_seconds": 60, "header": "x-api-key" })
    }

    fn by(client: &str) -> Request {
        Request::get("/orders").header("x-api-key", client)
    }

    #[test]
    fn a_budget_holds_whichever_worker_takes_a_request() {
        let host = Host::builder::<RateLimit>().config(three_a_minute()).workers(2).start();
        let status = |worker: usize, client| host.worker(worker).exchange(by(client)).response().status();
        assert_eq!([status(0, "ana"), status(1, "ana"), status(1, "ana")], [200, 200, 200]);
        assert_eq!([status(0, "ana"), status(1, "ana")], [429, 429]);
        assert_eq!([status(0, "bo"), status(1, "bo")], [200, 200]);
    }

    #[test]
    fn a_request_that_another_worker_takes_meanwhile_counts() {
        let host = Host::builder::<RateLimit>().config(three_a_minute()).workers(2).start();
        host.exchange(by("ana")).response().assert_status(200);
        let now = host.clock().now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        host.race_shared_data("rate-limit/ana", Window { start: now, requests: 3 }.to_bytes());
        host.worker(1).exchange(by("ana")).response().assert_status(429);
    }

    #[test]
    fn a_refusal_says_when_to_come_again_and_reaches_no_upstream() {
        let host = Host::builder::<RateLimit>().config(three_a_minute()).workers(2).start();
        for worker in [0, 1, 0] {
            assert!(host.worker(worker).exchange(by("ana")).reached_upstream());
        }
        host.clock().advance(Duration::from_millis(17_500));
        let refused = host.worker(1).exchange(by("ana"));
        refused
            .response()
            .assert_status(429)
            .assert_header("retry-after", "43")
            .assert_body("too many requests\n");
        refused.assert_not_forwarded();
        host.clock().advance(Duration::from_millis(42_500));
        host.worker(1).exchange(by("ana")).response().assert_status(200);
    }

    #[test]
    fn what_is_refused_takes_nothing_from_the_next_window() {
        let host = Host::builder::<RateLimit>().config(three_a_minute()).start();
        for _ in 0..10 {
            host.exchange(by("ana"));
        }
        host.clock().advance(Duration::from_secs(60));
        let statuses: Vec<_> = (0..4).map(|_| host.exchange(by("ana")).response().status()).collect();
        assert_eq!(statuses, [200, 200, 200, 429]);
    }

    #[test]
    fn the_address_names_the_client_if_no_header_does() {
        let host = Host::builder::<RateLimit>().config(json!({ "requests": 1, "per_seconds": 1 })).start();
        let from = |address: &str| {
            let request = Request::get("/").property(["source", "address"], address);
            host.exchange(request).response().status()
        };
        assert_eq!([from("10.0.0.1:1234"), from("10.0.0.1:99"), from("10.0.0.2:1234")], [200, 429, 200]);
        assert_eq!([from("[fd00::1]:1"), from("[fd00::1]:2"), from("[fd00::2]:1")], [200, 429, 200]);
    }

    #[test]
    fn a_clock_that_goes_back_and_a_budget_that_is_none_begin_a_new_window() {
        let config = Config { requests: 1, per_seconds: 60, header: None };
        let second = Duration::from_secs(1);
        let used_up = Window { start: second * 100, requests: 1 };
        assert_eq!(config.take(Some(&used_up.to_bytes()), second * 130), Err(second * 30));
        for (budget, now) in [(&used_up.to_bytes()[..], 99), (&used_up.to_bytes(), 160), (b"?", 1), (b"", 1)]
        {
            let new = Window { start: second * now, requests: 1 };
            assert_eq!(config.take(Some(budget), second * now), Ok(new));
        }
    }

    #[test]
    fn a_bad_configuration_is_refused() {
        for (config, problem) in [
            (json!({ "requests": 0, "per_seconds": 1 }), "`requests` is 0"),
            (json!({ "requests": 1, "per_seconds": 0 }), "`per_seconds` is 0"),
            (json!({ "requests": 1 }), "missing field `per_seconds`"),
            (json!({ "requests": 1, "per_seconds": 1, "headers": "a" }), "unknown field `headers`"),
        ] {
            let error = Host::builder::<RateLimit>().config(config).try_start().unwrap_err();
            error.logs().assert_contains(problem);
        }
    }

    #[test]
    fn on_a_host_without_shared_data_all_requests_pass_and_the_log_says_why() {
        Profile::each(|profile| {
            let host = Host::builder::<RateLimit>().profile(profile).config(three_a_minute()).start();
            let exchanges: Vec<_> = (0..4).map(|_| host.exchange(by("ana"))).collect();
            let expected = if profile == Profile::GOOGLE_SERVICE_EXTENSIONS { 200 } else { 429 };
            exchanges[3].response().assert_status(expected);
            if expected == 200 {
                exchanges[3].logs().assert_contains("proxy_get_shared_data: unimplemented");
            }
        });
    }

    #[test]
    fn requests_within_the_budget_are_the_same_on_every_host() {
        let scenario = Scenario::new("within the budget")
            .config(three_a_minute())
            .workers(2)
            .request(by("ana"))
            .request_to(1, by("bo"))
            .request_to(1, by("ana"))
            .request(Request::post("/").body("no key"));
        on_every_host::<RateLimit>("rate-limit", [scenario]);
    }

    /// Their clocks are not the same, so neither are their exchanges.
    #[test]
    fn two_workers_have_one_budget_on_every_host() {
        let module = WasmModule::build("rate-limit").unwrap_or_else(|error| panic!("{error}"));
        let workers = [0, 1, 1, 0, 1, 0];
        let scenario = Scenario::new("beyond the budget").config(three_a_minute()).workers(2);
        let scenario =
            workers.into_iter().fold(scenario, |scenario, worker| scenario.request_to(worker, by("ana")));
        let runners: [&dyn Runner; 3] =
            [&Native::<RateLimit>::new(), &Wasm::new(module.clone()), &Envoy::new(module.name())];
        for runner in runners {
            let run = runner.run(&scenario);
            let statuses: Vec<_> =
                run.exchanges().iter().map(|exchange| exchange.response().status()).collect();
            assert_eq!(statuses, [200, 200, 200, 429, 429, 429], "{}", runner.name());
            let refused = run[3].response();
            let wait = refused.headers().get("retry-after").expect("it says when to come again");
            let wait: u32 = String::from_utf8_lossy(wait).parse().expect("a number of seconds");
            assert!((30..=60).contains(&wait), "{}: {wait}", runner.name());
        }
    }

    #[test]
    fn survives_what_took_others_down() {
        let scenario = Scenario::new("within the budget").config(three_a_minute()).request(by("ana"));
        explore::incidents(&Native::<RateLimit>::new(), &scenario).check();
    }

    #[test]
    fn survives_each_failure_of_each_call() {
        let scenario = Scenario::new("up to the budget, and beyond").config(three_a_minute());
        let scenario = [(); 4].into_iter().fold(scenario, |scenario, ()| scenario.request(by("ana")));
        explore::faults(&Native::<RateLimit>::new(), &scenario).fail_open().hostile().check();
    }

    #[test]
    fn in_every_order_no_client_gets_more_than_its_budget() {
        let scenario = Scenario::new("two clients, two workers").config(three_a_minute()).workers(2);
        let clients = ["ana", "ana", "bo", "ana", "ana"];
        let scenario = clients.into_iter().fold(scenario, |scenario, client| scenario.request(by(client)));
        let passed = |run: &Run, client: &str| {
            let of_client =
                |exchange: &&Exchange| exchange.sent().headers().get("x-api-key") == Some(client.as_bytes());
            run.exchanges().iter().filter(of_client).filter(|exchange| exchange.reached_upstream()).count()
        };
        explore::orders(&Native::<RateLimit>::new(), &scenario)
            .disconnects()
            .may_differ()
            .check_each(|run| assert_eq!((passed(run, "ana"), passed(run, "bo")), (3, 1)))
            .check();
    }
}
