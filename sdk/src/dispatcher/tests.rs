//! What the tables of a VM know of its contexts, and when they forget it.

use super::{Dispatcher, Kind};
use crate::abi::guest::{Callback, Callbacks, Guest};
use crate::abi::host::{self, Answer, Host, HttpCallParts};
use crate::abi::wire::{StreamType, action};
use crate::context::{DeriveWithoutRoot, Extension, NoStreams};
use crate::exchange::NoTask;
use crate::view::{RequestHeaders, ResponseHeaders, RootView, StreamView};
use crate::{
    Action, Configure, Error, ErrorPolicy, Flow, HttpCall, HttpCallId, HttpCallResponse, HttpContext,
    LocalResponse, ResponseBody, Result, RootCallbacks, RootContext, TimerId,
};
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::marker::PhantomData;
use core::time::Duration;

const ROOT: Callbacks = Callbacks::NONE.with(Callback::HttpCallResponse).with(Callback::Tick);
const ANSWERED: Callbacks = Callbacks::NONE
    .with(Callback::RequestHeaders)
    .with(Callback::ResponseHeaders)
    .with(Callback::ResponseBody)
    .with(Callback::HttpCallResponse);

/// A host that gives each callout a number, and notes what it is asked to do.
#[derive(Default)]
struct Noting {
    calls: Cell<u32>,
    configuration: RefCell<Vec<u8>>,
    notes: RefCell<Vec<String>>,
}

impl Noting {
    fn note(&self, text: &str) {
        self.notes.borrow_mut().push(text.into());
    }

    #[track_caller]
    fn assert_notes(&self, expected: &[&str]) {
        assert_eq!(self.notes.take(), expected);
    }
}

impl Host for Noting {
    fn log(&self, _level: u32, message: &[u8]) -> Answer {
        self.note(&String::from_utf8_lossy(message));
        Ok(())
    }

    fn buffer_bytes(
        &self,
        _buffer: crate::abi::wire::BufferType,
        _start: usize,
        _max_len: usize,
    ) -> Answer<Vec<u8>> {
        Ok(self.configuration.borrow().clone())
    }

    fn http_call(&self, _call: HttpCallParts<'_>) -> Answer<u32> {
        self.calls.set(self.calls.get() + 4);
        Ok(self.calls.get())
    }

    fn set_effective_context(&self, _context: u32) -> Answer {
        Ok(())
    }

    fn set_tick_period(&self, _milliseconds: u32) -> Answer {
        Ok(())
    }

    fn continue_stream(&self, stream: StreamType) -> Answer {
        self.note(if stream == StreamType::HTTP_REQUEST { "resume request" } else { "resume response" });
        Ok(())
    }

    fn send_local_response(&self, _response: host::LocalResponseParts<'_>) -> Answer {
        self.note("answer");
        Ok(())
    }

    fn close_stream(&self, _stream: StreamType) -> Answer {
        self.note("reset");
        Ok(())
    }
}

fn run<R: Extension>(test: impl FnOnce(&Noting, &Dispatcher<R>)) {
    let (noting, guest) = (Rc::new(Noting::default()), Rc::new(Dispatcher::<R>::new()));
    host::enter(noting.clone(), guest.clone(), || {
        guest.on_context_create(1, 0);
        test(&noting, &guest);
    });
}

/// A root context that does nothing, for streams of this type.
pub(super) struct Plain<S>(PhantomData<S>);

impl<S: 'static> RootContext for Plain<S> {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Plain(PhantomData))
    }
}

impl<S> DeriveWithoutRoot for Plain<S> {}

impl<S: HttpContext<Root = Plain<S>>> Extension for Plain<S> {
    type Http = S;
    type Tcp = NoStreams<Plain<S>>;
    type Task = NoTask;
}

/// Only its root context hears of callouts and timers.
struct Alone {
    name: u8,
}

impl RootContext for Alone {
    type Config = Vec<u8>;

    fn configure(config: Vec<u8>, cx: &mut Configure<'_>) -> Result<Self> {
        HttpCall::get("keys", "/").send(cx)?;
        match config.first() {
            Some(name) => Ok(Alone { name: *name }),
            None => Err(Error::NotText),
        }
    }
}

impl RootCallbacks for Alone {
    const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks = ROOT;

    fn on_http_call_response(
        &mut self,
        call: HttpCallId,
        _response: &HttpCallResponse<'_>,
        root: &mut RootView<'_>,
    ) -> Result<()> {
        use crate::View;
        let name = char::from(self.name);
        root.log(crate::LogLevel::Info, &alloc::format!("{name} gets {}", call.as_u32()));
        Ok(())
    }
}

impl Extension for Alone {
    type Http = Telling;
    type Tcp = NoStreams<Alone>;
    type Task = NoTask;
}

/// Tells an upstream of each request, and tries to set a timer.
struct Telling;

impl HttpContext for Telling {
    type Root = Alone;

    const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks =
        Callbacks::NONE.with(Callback::RequestHeaders);

    fn new(_root: &Alone) -> Self {
        Telling
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        HttpCall::get("reports", "/").send(request)?;
        assert!(matches!(request.set_timer(Duration::from_secs(1)), Err(Error::Other(_))));
        Ok(Action::Continue)
    }
}

#[test]
fn callouts_of_a_stream_are_forgotten_with_it_also_if_only_the_root_context_hears_of_any() {
    run::<Alone>(|noting, guest| {
        noting.configuration.replace(b"a".to_vec());
        assert!(guest.on_configure(1, 0));
        guest.on_http_call_response(1, 4, 0, 0, 0);
        noting.assert_notes(&["a gets 4"]);
        for context in 2..1000 {
            guest.on_context_create(context, 1);
            assert_eq!(guest.on_request_headers(context, 0, true), action::CONTINUE);
            guest.on_delete(context);
        }
        assert!((0..5000).all(|token| guest.vm.pending.take(Kind::Http, token).is_none()));
    });
}

#[test]
fn a_stream_that_hears_of_no_timer_cannot_set_one_although_its_root_context_can() {
    run::<Alone>(|noting, guest| {
        noting.configuration.replace(b"a".to_vec());
        assert!(guest.on_configure(1, 0));
        guest.on_context_create(2, 1);
        assert_eq!(guest.on_request_headers(2, 0, true), action::CONTINUE);
        assert_eq!(guest.vm.timers.places(), 0);
        assert!(guest.vm.enter(1, |cx| RootView::new(cx).set_timer(Duration::from_secs(1))).is_ok());
        assert_eq!(guest.vm.timers.places(), 1);
    });
}

#[test]
fn callouts_end_with_the_configuration_that_made_them() {
    run::<Alone>(|noting, guest| {
        for (configuration, accepted) in [(&b"a"[..], true), (b"", false), (b"b", true)] {
            noting.configuration.replace(configuration.to_vec());
            assert_eq!(guest.on_configure(1, 0), accepted);
        }
        noting.notes.take();
        for token in [4, 8, 12] {
            guest.on_http_call_response(1, token, 0, 0, 0);
        }
        noting.assert_notes(&["b gets 12"]);
    });
}

#[test]
fn a_refused_configuration_takes_no_callouts_from_the_one_that_stays() {
    run::<Alone>(|noting, guest| {
        noting.configuration.replace(b"a".to_vec());
        assert!(guest.on_configure(1, 0));
        noting.configuration.replace(Vec::new());
        assert!(!guest.on_configure(1, 0));
        noting.notes.take();
        for token in [8, 4] {
            guest.on_http_call_response(1, token, 0, 0, 0);
        }
        noting.assert_notes(&["a gets 4"]);
    });
}

/// Its streams do what they are told to do, callback by callback.
struct Told;

impl RootContext for Told {
    type Config = ();

    const ON_ERROR: ErrorPolicy = ErrorPolicy::FailOpen;

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Told)
    }
}

impl RootCallbacks for Told {
    const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks = Callbacks::NONE;
}

impl Extension for Told {
    type Http = ToldStream;
    type Tcp = NoStreams<Told>;
    type Task = NoTask;
}

/// Pauses the response until a callout is answered, and answers the client at the second one.
struct ToldStream {
    answers: u32,
}

impl HttpContext for ToldStream {
    type Root = Told;

    const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks = ANSWERED;

    fn new(_root: &Told) -> Self {
        ToldStream { answers: 0 }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        HttpCall::get("first", "/").send(request)?;
        HttpCall::get("second", "/").send(request)?;
        if request.end_of_stream() { Ok(Action::Continue) } else { Ok(Action::Pause) }
    }

    fn on_request_body(&mut self, _body: &mut crate::RequestBody<'_>) -> Result<Action> {
        Err(Error::NotText)
    }

    fn on_response_headers(&mut self, _response: &mut ResponseHeaders<'_>) -> Result<Action> {
        Ok(Action::Pause)
    }

    fn on_response_body(&mut self, _body: &mut ResponseBody<'_>) -> Result<Flow> {
        Ok(Flow::Continue)
    }

    fn on_http_call_response(
        &mut self,
        _call: HttpCallId,
        _response: &HttpCallResponse<'_>,
        _stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        self.answers += 1;
        match self.answers {
            1 => Ok(Action::Continue),
            _ => Ok(LocalResponse::new(403).into()),
        }
    }

    fn on_timer(&mut self, _timer: TimerId, _stream: &mut StreamView<'_>) -> Result<Action> {
        Ok(Action::Continue)
    }
}

#[test]
fn a_response_that_was_resumed_from_outside_has_begun_and_is_not_answered() {
    run::<Told>(|noting, guest| {
        assert!(guest.on_configure(1, 0));
        guest.on_context_create(2, 1);
        assert_eq!(guest.on_request_headers(2, 0, true), action::CONTINUE);
        assert_eq!(guest.on_response_headers(2, 0, false), action::PAUSE);
        guest.on_http_call_response(1, 4, 0, 0, 0);
        noting.assert_notes(&["resume response"]);
        guest.on_http_call_response(1, 8, 0, 0, 0);
        noting.assert_notes(&[
            "on_http_call_response (context 2): the response has begun, and it is too late for another one",
        ]);
    });
}

#[test]
fn a_response_whose_body_lets_its_headers_go_has_begun() {
    run::<Told>(|noting, guest| {
        assert!(guest.on_configure(1, 0));
        guest.on_context_create(2, 1);
        assert_eq!(guest.on_request_headers(2, 0, true), action::CONTINUE);
        assert_eq!(guest.on_response_headers(2, 0, false), action::PAUSE);
        assert_eq!(guest.on_response_body(2, 1, true), action::CONTINUE);
        guest.on_http_call_response(1, 4, 0, 0, 0);
        noting.assert_notes(&[]);
        guest.on_http_call_response(1, 8, 0, 0, 0);
        noting.assert_notes(&[
            "on_http_call_response (context 2): the response has begun, and it is too late for another one",
        ]);
    });
}

#[test]
fn what_went_on_because_a_callback_failed_open_is_not_resumed() {
    run::<Told>(|noting, guest| {
        assert!(guest.on_configure(1, 0));
        guest.on_context_create(2, 1);
        assert_eq!(guest.on_request_headers(2, 0, false), action::PAUSE);
        assert_eq!(guest.on_request_body(2, 1, true), action::CONTINUE);
        noting.notes.take();
        guest.on_http_call_response(1, 4, 0, 0, 0);
        noting.assert_notes(&[]);
    });
}

/// Answers with each of its two callouts.
struct Eager;

impl HttpContext for Eager {
    type Root = Plain<Eager>;

    const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks = ANSWERED;

    fn new(_root: &Plain<Eager>) -> Self {
        Eager
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        HttpCall::get("first", "/").send(request)?;
        HttpCall::get("second", "/").send(request)?;
        Ok(Action::Pause)
    }

    fn on_http_call_response(
        &mut self,
        _call: HttpCallId,
        _response: &HttpCallResponse<'_>,
        _stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        Ok(LocalResponse::new(403).into())
    }
}

#[test]
fn a_second_answer_is_told_from_one_that_comes_too_late() {
    run::<Plain<Eager>>(|noting, guest| {
        assert!(guest.on_configure(1, 0));
        guest.on_context_create(2, 1);
        assert_eq!(guest.on_request_headers(2, 0, true), action::PAUSE);
        guest.on_http_call_response(1, 4, 0, 0, 0);
        noting.assert_notes(&["answer"]);
        // The answer itself passes, as a response.
        assert_eq!(guest.on_response_headers(2, 0, true), action::CONTINUE);
        guest.on_http_call_response(1, 8, 0, 0, 0);
        noting.assert_notes(&["on_http_call_response (context 2): the stream has been answered already"]);
    });
}
