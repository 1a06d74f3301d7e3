//! Hosts that answer lookups, also while they are begun.

use super::*;
use crate::abi::guest::{Callbacks, Guest};
use crate::abi::host::{self, Answer, Host};
use crate::abi::wire::{BufferType, StreamType, action};
use crate::exchange::NoTask;
use crate::view::{DownstreamData, RequestHeaders};
use crate::{Action, Configure, Flow, LogLevel, RootContext, Status, View};
use alloc::format;
use alloc::rc::{Rc, Weak};
use alloc::string::{String, ToString};
use core::cell::RefCell;

const CALLBACKS: Callbacks = Callbacks::NONE.with(Callback::ResolveDns).with(Callback::Tick);

/// Looks a name up wherever it can, and logs what came of it.
struct Root(Option<DnsLookupId>);

impl RootContext for Root {
    type Config = ();

    fn configure(_config: (), cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Root(cx.resolve_dns("root").ok()))
    }
}

impl RootCallbacks for Root {
    const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks = CALLBACKS;

    fn on_dns_resolved(
        &mut self,
        lookup: DnsLookupId,
        answer: &DnsAnswer<'_>,
        root: &mut RootView<'_>,
    ) -> Result<()> {
        assert_eq!(self.0.take(), Some(lookup));
        tell(root, "root", answer)
    }
}

impl Extension for Root {
    type Http = Stream;
    type Tcp = Connection;
    type Task = NoTask;
}

struct Stream(Option<DnsLookupId>);

impl HttpContext for Stream {
    type Root = Root;

    const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks = CALLBACKS.with(Callback::RequestHeaders);

    fn new(_root: &Root) -> Self {
        Stream(None)
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        self.0 = Some(request.resolve_dns("stream")?);
        request.log(LogLevel::Info, "waits");
        Ok(Action::Pause)
    }

    fn on_dns_resolved(
        &mut self,
        lookup: DnsLookupId,
        answer: &DnsAnswer<'_>,
        stream: &mut StreamView<'_>,
    ) -> Result<Action> {
        assert_eq!(self.0.take(), Some(lookup));
        tell(stream, "stream", answer)?;
        Ok(Action::Continue)
    }
}

struct Connection;

impl StreamContext for Connection {
    type Root = Root;

    const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks = CALLBACKS.with(Callback::DownstreamData);

    fn new(_root: &Root) -> Self {
        Connection
    }

    fn on_downstream_data(&mut self, data: &mut DownstreamData<'_>) -> Result<Flow> {
        data.resolve_dns("connection")?;
        Ok(Flow::Pause)
    }

    fn on_dns_resolved(
        &mut self,
        _lookup: DnsLookupId,
        answer: &DnsAnswer<'_>,
        connection: &mut ConnectionView<'_>,
    ) -> Result<Flow> {
        tell(connection, "connection", answer)?;
        Ok(Flow::Continue)
    }
}

fn tell<'cb>(view: &impl View<'cb>, who: &str, answer: &DnsAnswer<'_>) -> Result<()> {
    let addresses: Vec<_> =
        answer.addresses()?.map(|found| format!("{} for {:?}", found.address(), found.ttl())).collect();
    view.log(LogLevel::Info, &format!("{who}: {addresses:?}"));
    Ok(())
}

/// What a lookup is answered with while it is being begun.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Early {
    Nothing,
    Address,
    Failure,
    Junk,
    /// An answer that cannot be read.
    Unreadable,
    /// Those to lookups that there are not.
    Others,
}

struct Resolver {
    early: Cell<Early>,
    refuses: Cell<bool>,
    tokens: Cell<u32>,
    buffer: RefCell<Answer<Vec<u8>>>,
    notes: RefCell<Vec<String>>,
    guest: Weak<Dispatcher<Root>>,
}

const ADDRESS: &[u8] = b"\x01\0\0\0\x3c\0\0\x0010.0.0.7:0\0";

impl Resolver {
    fn run(early: Early, test: impl FnOnce(&Resolver, &Dispatcher<Root>)) {
        let guest = Rc::new(Dispatcher::<Root>::new());
        let resolver = Rc::new(Resolver {
            early: Cell::new(early),
            refuses: Cell::new(false),
            tokens: Cell::new(1),
            buffer: RefCell::new(Ok(Vec::new())),
            notes: RefCell::default(),
            guest: Rc::downgrade(&guest),
        });
        host::enter(resolver.clone(), guest.clone(), || {
            guest.on_context_create(1, 0);
            assert!(guest.on_configure(1, 0));
            resolver.notes.take();
            test(&resolver, &guest);
        });
    }

    fn answer(&self, guest: &Dispatcher<Root>, token: u32, buffer: Answer<Vec<u8>>) {
        let size = buffer.as_ref().map_or(1, Vec::len);
        *self.buffer.borrow_mut() = buffer;
        guest.on_resolve_dns(1, token, size);
        *self.buffer.borrow_mut() = Ok(Vec::new());
    }

    #[track_caller]
    fn assert_notes(&self, expected: &[&str]) {
        assert_eq!(self.notes.take(), expected);
    }
}

impl Host for Resolver {
    fn log(&self, _level: u32, message: &[u8]) -> Answer {
        self.notes.borrow_mut().push(String::from_utf8_lossy(message).into());
        Ok(())
    }

    fn current_time_nanoseconds(&self) -> Answer<u64> {
        Err(Status::UNIMPLEMENTED)
    }

    fn set_tick_period(&self, _milliseconds: u32) -> Answer {
        Ok(())
    }

    fn set_effective_context(&self, _context: u32) -> Answer {
        Ok(())
    }

    fn continue_stream(&self, stream: StreamType) -> Answer {
        self.notes.borrow_mut().push(format!("continue {}", stream.0));
        Ok(())
    }

    fn buffer_bytes(&self, buffer: BufferType, _start: usize, _max_len: usize) -> Answer<Vec<u8>> {
        assert_eq!(buffer, BufferType::CALL_DATA);
        self.buffer.borrow().clone()
    }

    fn resolve_dns(&self, _name: &[u8]) -> Answer<u32> {
        let token = self.tokens.get() + 1;
        self.tokens.set(token);
        let guest = self.guest.upgrade().unwrap();
        match self.early.get() {
            Early::Nothing => {}
            Early::Address => self.answer(&guest, token, Ok(ADDRESS.to_vec())),
            Early::Failure => self.answer(&guest, token, Ok(Vec::new())),
            Early::Junk => self.answer(&guest, token, Ok(b"junk".to_vec())),
            Early::Unreadable => self.answer(&guest, token, Err(Status::INTERNAL_FAILURE)),
            Early::Others => {
                for other in 1000..2000 {
                    self.answer(&guest, other, Ok(ADDRESS.to_vec()));
                }
            }
        }
        if self.refuses.get() { Err(Status::BAD_ARGUMENT) } else { Ok(token) }
    }
}

fn ask(guest: &Dispatcher<Root>, context: u32) {
    guest.on_context_create(context, 1);
    assert_eq!(guest.on_request_headers(context, 0, true), action::PAUSE);
}

#[test]
fn an_answer_wakes_the_context_that_asked() {
    Resolver::run(Early::Nothing, |resolver, guest| {
        ask(guest, 2);
        guest.on_context_create(3, 1);
        guest.on_new_connection(3);
        assert_eq!(guest.on_downstream_data(3, 1, false), action::PAUSE);
        for token in [4, 3, 2, 2, 3, 4, 77] {
            resolver.answer(guest, token, Ok(ADDRESS.to_vec()));
        }
        resolver.assert_notes(&[
            "waits",
            r#"connection: ["10.0.0.7:0 for 60s"]"#,
            "continue 2",
            r#"stream: ["10.0.0.7:0 for 60s"]"#,
            "continue 0",
            r#"root: ["10.0.0.7:0 for 60s"]"#,
        ]);
    });
}

#[test]
fn an_answer_that_comes_while_the_lookup_is_begun_is_handed_over_at_the_next_tick() {
    Resolver::run(Early::Address, |resolver, guest| {
        ask(guest, 2);
        guest.on_context_create(3, 1);
        guest.on_new_connection(3);
        assert_eq!(guest.on_downstream_data(3, 1, false), action::PAUSE);
        resolver.assert_notes(&["waits"]);
        (0..9).for_each(|_| guest.on_tick(1));
        let mut notes = resolver.notes.take();
        notes.sort();
        assert_eq!(
            notes,
            [
                r#"connection: ["10.0.0.7:0 for 60s"]"#,
                "continue 0",
                "continue 2",
                r#"root: ["10.0.0.7:0 for 60s"]"#,
                r#"stream: ["10.0.0.7:0 for 60s"]"#,
            ]
        );
    });
}

#[test]
fn an_early_answer_is_a_failure_like_any_other() {
    for (early, line) in [
        (Early::Failure, "the name could not be resolved"),
        (
            Early::Junk,
            "envoy_on_resolve_dns: malformed answer: not a list of addresses with their times to live",
        ),
        (Early::Unreadable, "proxy_get_buffer_bytes: internal failure"),
    ] {
        Resolver::run(early, |resolver, guest| {
            ask(guest, 2);
            (0..9).for_each(|_| guest.on_tick(1));
            let notes = resolver.notes.take();
            assert!(notes.contains(&format!("on_resolve_dns (context 2): {line}")), "{notes:?}");
        });
    }
}

#[test]
fn nobody_gets_an_answer_that_is_not_theirs_or_comes_too_late() {
    Resolver::run(Early::Others, |resolver, guest| {
        ask(guest, 2);
        // This one is unknown, and no lookup is being begun.
        resolver.answer(guest, 1000, Ok(ADDRESS.to_vec()));
        resolver.early.set(Early::Address);
        ask(guest, 3);
        guest.on_delete(3);
        resolver.refuses.set(true);
        guest.on_context_create(4, 1);
        guest.on_request_headers(4, 0, true);
        (0..9).for_each(|_| guest.on_tick(1));
        let notes = resolver.notes.take();
        let told = notes.iter().filter(|note| note.contains("10.0.0.7")).count();
        assert_eq!(told, 0, "{notes:?}");
        assert!(notes.iter().any(|note| note.contains("envoy_resolve_dns: bad argument")), "{notes:?}");
        let early = guest.vm.lookups.early.take().unwrap();
        assert_eq!((early.unclaimed.len(), early.kept.len()), (0, 0));
    });
}

#[test]
fn a_root_context_that_is_replaced_takes_its_early_answers_with_it() {
    Resolver::run(Early::Address, |resolver, guest| {
        assert!(guest.on_configure(1, 0));
        let kept = guest.vm.lookups.early.take().unwrap();
        assert_eq!(kept.kept.iter().map(|kept| kept.token).collect::<Vec<_>>(), [3]);
        guest.vm.lookups.early.set(Some(kept));
        (0..9).for_each(|_| guest.on_tick(1));
        resolver.assert_notes(&[r#"root: ["10.0.0.7:0 for 60s"]"#]);
    });
}

#[test]
fn a_lookup_of_which_nobody_would_be_told_is_not_begun() {
    Resolver::run(Early::Nothing, |_, guest| {
        guest.vm.start(Callbacks::ALWAYS);
        let refused = guest.vm.enter(1, |cx| RootView::new(cx).resolve_dns("x").unwrap_err().to_string());
        assert!(refused.contains("implement `on_dns_resolved`"), "{refused}");
    });
}
