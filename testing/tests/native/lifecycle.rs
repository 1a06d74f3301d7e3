use super::*;

#[derive(Extension)]
#[extension(http = CountedStream)]
struct Counted {
    names: Rc<RefCell<Vec<String>>>,
}

impl RootContext for Counted {
    type Config = String;

    fn configure(config: String, _: &mut Configure<'_>) -> Result<Self> {
        if config.is_empty() {
            return Err(Error::new("the configuration is empty"));
        }
        assert!(config != "boom", "boom");
        Ok(Counted { names: Rc::new(RefCell::new(vec![config])) })
    }
}

struct CountedStream {
    names: Rc<RefCell<Vec<String>>>,
}

#[callbacks]
impl HttpContext for CountedStream {
    type Root = Counted;

    fn new(root: &Counted) -> Self {
        CountedStream { names: root.names.clone() }
    }

    fn on_log(&mut self, stream: &mut StreamLog<'_>) -> Result<()> {
        let path = stream.request_headers().get_str(":path")?.unwrap_or("none").to_owned();
        let status = stream.response_headers().get_str(":status")?.unwrap_or("none").to_owned();
        self.names.borrow_mut().push(format!("{path} {status}"));
        stream.log(LogLevel::Info, &self.names.borrow().join(", "));
        Ok(())
    }
}

#[test]
fn a_configuration_can_be_text_bytes_or_json() {
    for (host, expected) in [
        (Host::builder::<Counted>().config("a"), "a"),
        (Host::builder::<Counted>().config(b"a"), "a"),
        (Host::builder::<Counted>().config(waxwing_testing::json!({ "a": 1 })), r#"{"a":1}"#),
    ] {
        host.start().exchange(Request::get("/")).logs().assert_contains(expected);
    }
}

#[test]
fn the_log_callback_sees_what_was_sent_and_what_came_back() {
    let host = Host::builder::<Counted>().config("root").start();
    host.exchange(Request::get("/a"));
    let exchange = host.exchange(Request::get("/b"));
    assert_eq!(exchange.logs().at(LogLevel::Info), ["root, /a 200, /b 200"]);
    assert_eq!(host.logs().lines().len(), 2);
}

#[test]
fn a_client_that_leaves_is_logged_without_a_response() {
    let host = Host::builder::<Counted>().config("root").start();
    let stream = host.begin();
    stream.send_request_headers(&Request::post("/upload"), EndOfStream::No);
    stream.disconnect();
    let exchange = stream.finish();
    assert_eq!(exchange.outcome(), Outcome::Reset);
    exchange.logs().assert_contains("/upload none");
}

#[test]
fn a_stream_that_another_filter_answered_is_logged_without_its_request() {
    let host = Host::builder::<Counted>().config("root").start();
    let stream = host.begin();
    stream.send_response(&Response::new(400));
    stream.finish().logs().assert_contains("none 400");
}

#[test]
fn a_refused_configuration_is_an_error_with_the_log() {
    let error = Host::builder::<Counted>().config("").try_start().unwrap_err();
    assert_eq!(error.refused_by(), Some(waxwing_testing::Callback::Configure));
    error.logs().assert_contains("the configuration is empty");
    let message = failure(|| drop(Host::builder::<Counted>().config("").start()));
    assert!(message.starts_with("the extension refuses its configuration\nlog:\n  [error]"), "{message}");
}

#[test]
fn a_trap_while_it_is_configured_is_an_error_with_its_place() {
    let error = Host::builder::<Counted>().config("boom").try_start().unwrap_err();
    assert!(error.trap().unwrap().location.as_deref().unwrap().contains("lifecycle.rs:"), "{error}");
}
