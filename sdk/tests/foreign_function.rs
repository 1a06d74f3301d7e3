//! Functions of an extension that its host calls, as ngx_wasm_module does and Envoy does not.
#![forbid(unsafe_code)]
#![allow(missing_docs, reason = "a test")]

use std::cell::RefCell;
use std::rc::Rc;
use waxwing::__private::{Answer, BufferType, Dispatcher, Guest, Host, StreamType, enter};
use waxwing::prelude::*;

/// A host that calls functions with an argument, and notes what it is asked for.
#[derive(Default)]
struct CallingHost {
    asked: RefCell<Vec<String>>,
}

impl CallingHost {
    fn note(&self, call: String) -> Answer {
        self.asked.borrow_mut().push(call);
        Ok(())
    }
}

impl Host for CallingHost {
    fn log(&self, _level: u32, message: &[u8]) -> Answer {
        self.note(format!("log {}", String::from_utf8_lossy(message)))
    }

    fn buffer_bytes(&self, buffer: BufferType, _start: usize, _max_len: usize) -> Answer<Vec<u8>> {
        if buffer == BufferType::CALL_DATA { Ok(b"argument".to_vec()) } else { Err(Status::NOT_FOUND) }
    }

    fn set_effective_context(&self, context: u32) -> Answer {
        self.note(format!("effective {context}"))
    }

    fn continue_stream(&self, stream: StreamType) -> Answer {
        self.note(format!("continue {stream:?}"))
    }
}

#[derive(Extension)]
#[extension(http = Stream, tcp = Connection, root)]
struct Root;

impl RootContext for Root {
    type Config = ();

    fn configure(_config: (), _cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Root)
    }
}

#[callbacks]
impl RootCallbacks for Root {
    fn on_foreign_function(&mut self, function: u32, argument: &[u8], root: &mut RootView<'_>) -> Result<()> {
        root.log(LogLevel::Info, &format!("root {function} {}", String::from_utf8_lossy(argument)));
        Ok(())
    }
}

struct Stream;

#[callbacks]
impl HttpContext for Stream {
    type Root = Root;

    fn new(_root: &Root) -> Self {
        Stream
    }

    fn on_request_headers(&mut self, _request: &mut RequestHeaders<'_>) -> Result<Action> {
        Ok(Action::Pause)
    }

    fn on_foreign_function(
        &mut self,
        function: u32,
        argument: &[u8],
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        stream.log(LogLevel::Info, &format!("stream {function} {}", String::from_utf8_lossy(argument)));
        if function == 1 { Ok(Action::Pause) } else { Ok(Action::Continue) }
    }
}

struct Connection;

#[callbacks]
impl StreamContext for Connection {
    type Root = Root;

    fn new(_root: &Root) -> Self {
        Connection
    }

    fn on_downstream_data(&mut self, _data: &mut DownstreamData<'_>) -> Result<Flow> {
        Ok(Flow::Pause)
    }

    fn on_foreign_function(
        &mut self,
        function: u32,
        argument: &[u8],
        connection: &mut ConnectionView<'_>,
    ) -> Result<Flow> {
        connection
            .log(LogLevel::Info, &format!("connection {function} {}", String::from_utf8_lossy(argument)));
        Ok(Flow::Continue)
    }
}

/// What the host is asked for when it calls these functions, of the root context 1, its stream 2 and its connection 3,
/// which both wait.
fn asked(calls: &[(u32, u32)]) -> Vec<String> {
    let (host, guest) = (Rc::new(CallingHost::default()), Rc::new(Dispatcher::<Root>::new()));
    enter(host.clone(), guest.clone(), || {
        guest.on_context_create(1, 0);
        assert!(guest.on_configure(1, 0));
        guest.on_context_create(2, 1);
        assert_eq!(guest.on_request_headers(2, 0, false), 1);
        guest.on_context_create(3, 1);
        guest.on_new_connection(3);
        assert_eq!(guest.on_downstream_data(3, 1, false), 1);
        for (context, function) in calls {
            guest.on_foreign_function(*context, *function, 8);
        }
    });
    host.asked.take()
}

#[test]
fn the_context_that_the_host_means_gets_the_number_and_the_argument() {
    assert_eq!(asked(&[(1, 7)]), ["log root 7 argument"]);
    assert!(asked(&[(2, 1)]).contains(&"log stream 1 argument".to_owned()));
}

#[test]
fn a_stream_goes_on_if_its_function_says_so() {
    assert!(!asked(&[(2, 1)]).contains(&"continue HTTP_REQUEST".to_owned()));
    assert!(asked(&[(2, 1), (2, 2)]).contains(&"continue HTTP_REQUEST".to_owned()));
}

#[test]
fn a_connection_is_resumed_by_its_function() {
    assert_eq!(asked(&[(3, 5)]), ["log connection 5 argument", "continue DOWNSTREAM"]);
}

#[test]
fn a_function_of_a_context_that_there_is_not_is_logged() {
    let asked = asked(&[(77, 1)]);
    assert_eq!(asked.len(), 1);
    assert!(
        asked[0].starts_with("log on_foreign_function (context 77): the context is unknown"),
        "{asked:?}"
    );
}
