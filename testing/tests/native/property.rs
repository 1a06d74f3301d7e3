use super::*;

extension!(Where, WhereStream {
    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        for path in [&["source", "address"][..], &["plugin_name"], &["request", "method"], &["nope"]] {
            let value = request.property(path)?.map(|value| String::from_utf8_lossy(value).into_owned());
            let name = path.join(".");
            request.log(LogLevel::Info, &format!("{name}: {}", value.as_deref().unwrap_or("absent")));
        }
        let now = request.current_time()?.as_secs();
        request.log(LogLevel::Info, &format!("now: {now}"));
        Ok(Action::Continue)
    }
});

#[test]
fn properties_are_given_for_the_host_or_one_request_and_derived_from_the_headers() {
    let host =
        Host::builder::<Where>().plugin_name("where").property(["source", "address"], "10.0.0.1:1").start();
    let exchange = host.exchange(Request::get("/"));
    assert_eq!(
        exchange.logs().at(LogLevel::Info)[..4],
        ["source.address: 10.0.0.1:1", "plugin_name: where", "request.method: GET", "nope: absent"]
    );
    let exchange = host.exchange(Request::get("/").property(["source", "address"], "10.0.0.2:2"));
    exchange.logs().assert_contains("source.address: 10.0.0.2:2");
}

#[test]
fn the_clock_stands_still_until_the_test_sets_it() {
    let host = Host::builder::<Where>().start();
    host.exchange(Request::get("/")).logs().assert_contains("now: 1767225600");
    host.clock().set(std::time::SystemTime::UNIX_EPOCH);
    host.exchange(Request::get("/")).logs().assert_contains("now: 0");
}
