//! Tasks on a host that configures in place, calls back from inside of calls, and shows bodies whenever it likes.

mod host;

use self::host::Noting;
use crate::abi::guest::{Callback, Callbacks, Guest};
use crate::abi::host::enter;
use crate::abi::wire::action;
use crate::context::{DeriveWithoutRoot, Extension, HttpContext, NoStreams, StreamContext};
use crate::dispatcher::Dispatcher;
use crate::exchange::{Exchange, Exchanges, HasTask, HttpExchange, Root, RootTask, Stage};
use crate::view::{RequestBody, RequestHeaders};
use crate::{Action, Configure, Error, GrpcCall, HttpCall, LogLevel, Result, RootContext, View};
use alloc::boxed::Box;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::time::Duration;

/// Its name is its configuration; without one, it refuses that.
#[derive(Clone)]
struct Tasked {
    name: char,
}

impl RootContext for Tasked {
    type Config = Vec<u8>;

    fn configure(config: Vec<u8>, _cx: &mut Configure<'_>) -> Result<Self> {
        let name = *config.first().ok_or(Error::NotText)?;
        Ok(Tasked { name: name.into() })
    }
}

impl DeriveWithoutRoot for Tasked {}

impl Extension for Tasked {
    type Http = Stream;
    type Tcp = NoStreams<Tasked>;
    type Task = HasTask;
}

impl RootTask for Tasked {
    async fn start(self, root: Root) -> Result<()> {
        let _hang = GrpcCall::new("hang", "acme.Hang", "Hang").message("").send(&root);
        HttpCall::get("keys", "/").send(&root).await?;
        log(&root, &format!("{} starts", self.name))
    }

    async fn run(self, root: Root) -> Result<()> {
        root.every(Duration::from_secs(1), async || log(&root, &format!("{} runs", self.name))).await
    }
}

fn log(root: &Root, line: &str) -> Result<()> {
    root.with(|host| {
        host.log(LogLevel::Info, line);
        Ok(())
    })
}

struct Stream {
    name: char,
}

impl HttpContext for Stream {
    type Root = Tasked;

    const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks =
        Callbacks::NONE.with(Callback::RequestHeaders).with(Callback::RequestBody);

    fn new(root: &Tasked) -> Self {
        Stream { name: root.name }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        request.log(LogLevel::Info, &format!("{} headers, end {}", self.name, request.end_of_stream()));
        Ok(Action::Continue)
    }

    fn on_request_body(&mut self, body: &mut RequestBody<'_>) -> Result<Action> {
        body.log(LogLevel::Info, &format!("body of {}, end {}", body.size(), body.end_of_stream()));
        Ok(Action::Continue)
    }
}

/// Its streams are functions, of which each says with which configuration it runs.
#[derive(Clone)]
struct Functions(Tasked);

impl RootContext for Functions {
    type Config = Vec<u8>;

    fn configure(config: Vec<u8>, cx: &mut Configure<'_>) -> Result<Self> {
        Tasked::configure(config, cx).map(Functions)
    }
}

impl DeriveWithoutRoot for Functions {}

impl Extension for Functions {
    type Http = Exchanges<Functions>;
    type Tcp = NoStreams<Functions>;
    type Task = HasTask;
}

impl RootTask for Functions {
    async fn start(self, root: Root) -> Result<()> {
        self.0.start(root).await
    }
}

impl HttpExchange for Functions {
    async fn handle(self, exchange: Exchange) -> Result<()> {
        let body = exchange.request_headers().await?.buffer(1000).await?;
        body.with(|host| {
            host.log(LogLevel::Info, &format!("{} body of {}", self.0.name, body.len()));
            Ok(())
        })
    }
}

/// It has connections as well.
#[derive(Clone)]
struct Mixed;

impl RootContext for Mixed {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Mixed)
    }
}

impl DeriveWithoutRoot for Mixed {}

impl Extension for Mixed {
    type Http = Silent;
    type Tcp = Silent;
    type Task = HasTask;
}

impl RootTask for Mixed {
    async fn start(self, root: Root) -> Result<()> {
        HttpCall::get("keys", "/").send(&root).await.map(drop)
    }
}

struct Silent;

impl HttpContext for Silent {
    type Root = Mixed;

    const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks = Callbacks::NONE;

    fn new(_root: &Mixed) -> Self {
        Silent
    }
}

impl StreamContext for Silent {
    type Root = Mixed;

    const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks = Callbacks::NONE;

    fn new(_root: &Mixed) -> Self {
        Silent
    }
}

/// The root context 1 is there, and its start waits for the callout 8; the call 4 hangs.
fn run(test: impl FnOnce(&Rc<Noting>, &Dispatcher<Tasked>)) {
    let (noting, guest) = (Rc::new(Noting::default()), Rc::new(Dispatcher::<Tasked>::new()));
    noting.guest.replace(Some(guest.clone()));
    enter(noting.clone(), guest.clone(), || {
        guest.on_context_create(1, 0);
        assert!(noting.configure(&guest, 1, "a"));
        test(&noting, &guest);
    });
    noting.guest.take();
}

fn answer(guest: &Dispatcher<Tasked>, token: u32) {
    guest.on_http_call_response(1, token, 1, 0, 0);
}

fn begin(guest: &Dispatcher<Tasked>, context: u32) -> u32 {
    guest.on_context_create(context, 1);
    guest.on_request_headers(context, 0, true)
}

#[test]
fn a_new_configuration_in_place_ends_the_old_task_and_remakes_what_is_held() {
    run(|noting, guest| {
        assert_eq!(begin(guest, 2), action::PAUSE);
        // Its request has not arrived.
        guest.on_context_create(3, 1);
        assert!(noting.configure(guest, 1, "b"));
        noting.assert_notes(&["cancel 4"]);
        answer(guest, 8);
        noting.assert_notes(&[]);
        answer(guest, 16);
        noting.assert_notes(&["b starts", "cancel 12", "tick 1000", "b headers, end true", "resume"]);
        assert_eq!(guest.on_request_headers(3, 0, true), action::CONTINUE);
        noting.assert_notes(&["b headers, end true"]);
        // One that runs is not held, and has the configuration with which it has begun.
        assert!(noting.configure(guest, 1, "c"));
        assert_eq!(guest.on_request_body(3, 7, true), action::CONTINUE);
        assert_eq!(begin(guest, 4), action::PAUSE);
        guest.on_tick(1);
        noting.assert_notes(&["body of 7, end true", "tick 0"]);
    });
}

#[test]
fn a_configuration_that_is_refused_in_place_changes_nothing() {
    run(|noting, guest| {
        assert_eq!(begin(guest, 2), action::PAUSE);
        assert!(!noting.configure(guest, 1, ""));
        noting.notes.take();
        answer(guest, 8);
        noting.assert_notes(&["a starts", "cancel 4", "tick 1000", "a headers, end true", "resume"]);
        assert!(!noting.configure(guest, 1, ""));
        noting.notes.take();
        noting.clock.set(1_000_000_000);
        guest.on_tick(1);
        noting.assert_notes(&["a runs"]);
    });
}

#[test]
fn a_body_that_is_shown_while_its_headers_are_held_is_shown_once_behind_them() {
    run(|noting, guest| {
        for context in [2, 3, 4] {
            guest.on_context_create(context, 1);
            assert_eq!(guest.on_request_headers(context, 0, false), action::PAUSE);
        }
        assert_eq!(guest.on_request_body(2, 3, false), action::PAUSE);
        assert_eq!(guest.on_request_body(2, 7, true), action::PAUSE);
        // Of this one the host shows all once more, with the rest.
        assert_eq!(guest.on_request_body(3, 3, false), action::PAUSE);
        // And of this one trailers say that the body is whole.
        assert_eq!(guest.on_request_body(4, 5, false), action::PAUSE);
        assert_eq!(guest.on_request_trailers(4, 1), action::PAUSE);
        answer(guest, 8);
        noting.assert_notes(&[
            "a starts",
            "cancel 4",
            "tick 1000",
            "a headers, end false",
            "body of 7, end true",
            "resume",
            "a headers, end false",
            "a headers, end false",
            "body of 5, end false",
            "resume",
        ]);
        assert_eq!(guest.on_request_body(3, 9, true), action::CONTINUE);
        noting.assert_notes(&["body of 9, end true"]);
    });
}

#[test]
fn a_host_that_calls_back_while_a_task_begins_finds_everything_in_order() {
    // A request, an answer to a callout that is about to be made, and a tick.
    run(|noting, guest| {
        noting.nested.replace(Some(Box::new(|guest| {
            assert_eq!(begin(guest, 2), action::PAUSE);
            answer(guest, 16);
            guest.on_tick(1);
        })));
        assert!(noting.configure(guest, 1, "b"));
        noting.notes.take();
        answer(guest, 16);
        noting.assert_notes(&["b starts", "cancel 12", "tick 1000", "b headers, end true", "resume"]);
    });
    // Another configuration: the task that made the call is over when it returns.
    run(|noting, guest| {
        assert_eq!(begin(guest, 2), action::PAUSE);
        let again = noting.clone();
        noting.nested.replace(Some(Box::new(move |guest| assert!(again.configure(guest, 1, "c")))));
        assert!(noting.configure(guest, 1, "b"));
        // Of the first task, and of the second, whose callout is made behind those of the third.
        noting.assert_notes(&["cancel 4", "cancel 12"]);
        answer(guest, 24);
        noting.assert_notes(&[]);
        answer(guest, 20);
        noting.assert_notes(&["c starts", "cancel 16", "tick 1000", "c headers, end true", "resume"]);
    });
    // The end of the root context.
    run(|noting, guest| {
        assert_eq!(begin(guest, 2), action::PAUSE);
        noting.nested.replace(Some(Box::new(|guest| guest.on_delete(1))));
        assert!(noting.configure(guest, 1, "b"));
        noting.assert_notes(&["cancel 4", "cancel 12"]);
        answer(guest, 16);
        guest.on_tick(1);
        noting.assert_notes(&[]);
        // Nobody starts any more.
        guest.on_context_create(1, 0);
        guest.on_context_create(3, 1);
        assert_eq!(guest.on_request_body(2, 0, true), action::PAUSE);
    });
}

#[test]
fn a_stream_that_the_host_has_forgotten_is_in_nobodys_way() {
    run(|noting, guest| {
        for context in [2, 3] {
            assert_eq!(begin(guest, context), action::PAUSE);
        }
        noting.gone.set(2);
        answer(guest, 8);
        let notes = noting.notes.take();
        assert!(notes.contains(&"resume".to_string()));
        assert_eq!(notes.iter().filter(|note| note.contains("headers")).count(), 2, "{notes:?}");
        assert!(notes.iter().any(|note| note.starts_with("on_request_headers (context 2)")), "{notes:?}");
    });
}

#[test]
fn each_root_context_has_its_own_start_and_its_own_ticks() {
    run(|noting, guest| {
        guest.on_context_create(5, 0);
        assert!(noting.configure(guest, 5, "e"));
        guest.on_context_create(6, 5);
        assert_eq!(guest.on_request_headers(6, 0, true), action::PAUSE);
        assert_eq!(begin(guest, 2), action::PAUSE);
        guest.on_http_call_response(5, 16, 1, 0, 0);
        noting.assert_notes(&["e starts", "cancel 12", "tick 1000", "e headers, end true", "resume"]);
        assert_eq!(begin(guest, 3), action::PAUSE);
        answer(guest, 8);
        noting.assert_notes(&[
            "a starts",
            "cancel 4",
            "tick 1000",
            "a headers, end true",
            "resume",
            "a headers, end true",
            "resume",
        ]);
        noting.clock.set(1_000_000_000);
        guest.on_tick(1);
        noting.assert_notes(&["a runs"]);
        guest.on_delete(1);
        guest.on_tick(5);
        noting.assert_notes(&["e runs"]);
    });
}

#[test]
fn a_stream_of_a_root_context_that_is_gone_fails() {
    run(|noting, guest| {
        guest.on_context_create(2, 1);
        guest.on_delete(1);
        noting.notes.take();
        assert_eq!(guest.on_request_headers(2, 0, true), action::PAUSE);
        noting.assert_notes(&["on_request_headers (context 2): the root context has failed to start", "500"]);
    });
}

#[test]
fn beside_connections_a_stream_is_held_whatever_of_its_request_comes_first() {
    let (noting, guest) = (Rc::new(Noting::default()), Rc::new(Dispatcher::<Mixed>::new()));
    enter(noting, guest.clone(), || {
        guest.on_context_create(1, 0);
        assert!(guest.on_configure(1, 0));
        for context in [2, 3, 4] {
            guest.on_context_create(context, 1);
        }
        assert_eq!(guest.on_request_headers(2, 0, false), action::PAUSE);
        assert_eq!(guest.on_request_body(3, 1, false), action::PAUSE);
        assert_eq!(guest.on_request_headers(3, 0, false), action::PAUSE);
        assert_eq!(guest.on_new_connection(4), action::CONTINUE);
        assert_eq!(guest.on_downstream_data(4, 1, false), action::CONTINUE);
        guest.on_http_call_response(1, 4, 1, 0, 0);
        for context in [2, 3] {
            assert_eq!(guest.on_request_body(context, 2, true), action::CONTINUE);
        }
    });
}

#[test]
fn a_function_that_is_held_over_a_new_configuration_is_that_of_the_new_one() {
    let (noting, guest) = (Rc::new(Noting::default()), Rc::new(Dispatcher::<Functions>::new()));
    let configure = |name: &str| {
        noting.configuration.replace(name.as_bytes().to_vec());
        assert!(guest.on_configure(1, 0));
    };
    enter(noting.clone(), guest.clone(), || {
        guest.on_context_create(1, 0);
        configure("a");
        for context in [2, 3] {
            guest.on_context_create(context, 1);
            assert_eq!(guest.on_request_headers(context, 0, false), action::PAUSE);
        }
        assert_eq!(guest.on_request_body(2, 7, true), action::PAUSE);
        configure("b");
        assert_eq!(guest.on_request_body(3, 3, false), action::PAUSE);
        noting.notes.take();
        guest.on_http_call_response(1, 16, 1, 0, 0);
        noting.assert_notes(&["b starts", "cancel 12", "b body of 7", "resume"]);
        assert_eq!(guest.on_request_body(3, 9, true), action::CONTINUE);
        noting.assert_notes(&["b body of 9"]);
    });
}
