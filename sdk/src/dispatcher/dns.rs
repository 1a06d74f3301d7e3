//! The answers to DNS lookups, also those that come before the lookup is known.

use super::foreign::call_data;
use super::protocol::{Http, Protocol, Tcp};
use super::{Dispatcher, Kind};
use crate::abi::guest::Callback;
use crate::callout::{DnsAnswer, DnsLookupId};
use crate::context::{Extension, HttpContext, RootCallbacks, StreamContext};
use crate::view::{ConnectionView, Cx, RootView, StreamView};
use crate::{Result, TimerId};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::Cell;
use core::fmt;

/// What a host has answered while a lookup was being begun.
///
/// All-zero bytes are the empty list, so that a static one costs nothing in a module's file. It is never borrowed while
/// the host is called.
pub(crate) struct Lookups {
    /// How many are being begun, one inside the other.
    beginning: Cell<u32>,
    early: Cell<Option<Box<Early>>>,
}

#[derive(Default)]
struct Early {
    /// Of lookups that may be the one that is being begun.
    unclaimed: Vec<(u32, Bytes)>,
    /// Those that are to be handed over.
    kept: Vec<Kept>,
}

struct Kept {
    context: u32,
    timer: TimerId,
    token: u32,
    answer: Bytes,
}

/// An answer as the host gave it, or why it could not be read.
type Bytes = Result<Vec<u8>>;

/// A host answers one lookup at once, that which is being begun. More answers than this are not kept.
const UNCLAIMED: usize = 8;

impl Lookups {
    pub(super) const fn new() -> Self {
        Lookups { beginning: Cell::new(0), early: Cell::new(None) }
    }

    /// A lookup is being begun.
    pub(crate) fn begin(&self) {
        self.beginning.set(self.beginning.get().saturating_add(1));
    }

    /// It has begun, and this is its token if the host did not refuse: gives the answer that has come already.
    pub(crate) fn end(&self, token: Option<u32>) -> Option<Bytes> {
        let beginning = self.beginning.get().saturating_sub(1);
        self.beginning.set(beginning);
        let mut early = self.early.take()?;
        let at = early.unclaimed.iter().position(|(other, _)| Some(*other) == token);
        let answer = at.map(|at| early.unclaimed.swap_remove(at).1);
        if beginning == 0 {
            early.unclaimed.clear();
        }
        self.early.set(Some(early));
        answer
    }

    /// Keeps an answer until a timer of its context is due.
    pub(crate) fn keep(&self, context: u32, timer: TimerId, token: u32, answer: Bytes) {
        self.with(|early| early.kept.push(Kept { context, timer, token, answer }));
    }

    /// Forgets the answers to a context that ends, as its timers are.
    pub(super) fn forget(&self, context: u32) {
        self.forget_with(context, |_| true);
    }

    /// Forgets those to a root context that is replaced, or was not to be, with its timers.
    pub(super) fn forget_with(&self, context: u32, ends: impl Fn(u64) -> bool) {
        let Some(mut early) = self.early.take() else { return };
        early.kept.retain(|kept| kept.context != context || !ends(kept.timer.0));
        self.early.set(Some(early));
    }

    fn note(&self, token: u32, answer: Bytes) {
        self.with(|early| {
            if early.unclaimed.len() < UNCLAIMED {
                early.unclaimed.push((token, answer));
            }
        });
    }

    /// The answer that was kept until this timer.
    fn take(&self, timer: TimerId) -> Option<Kept> {
        let mut early = self.early.take()?;
        let at = early.kept.iter().position(|kept| kept.timer == timer);
        let kept = at.map(|at| early.kept.swap_remove(at));
        self.early.set(Some(early));
        kept
    }

    fn with(&self, use_it: impl FnOnce(&mut Early)) {
        let mut early = self.early.take().unwrap_or_default();
        use_it(&mut early);
        self.early.set(Some(early));
    }
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookups").finish_non_exhaustive()
    }
}

/// Where an answer is.
enum Source {
    /// At the host, of this size.
    Host(usize),
    Kept(Bytes),
}

impl Source {
    fn read<'a>(&'a self, cx: Cx<'a>) -> Result<&'a [u8]> {
        match self {
            // Nothing is there to be read, and that is the answer.
            Source::Host(0) => Ok(&[]),
            Source::Host(_) => call_data(cx),
            Source::Kept(Ok(bytes)) => Ok(bytes),
            Source::Kept(Err(error)) => Err(error.clone()),
        }
    }
}

impl<R: Extension> Dispatcher<R> {
    /// Whether contexts of any kind resolve names.
    const RESOLVES: bool = <Http as Protocol<R>>::CALLBACKS.contains(Callback::ResolveDns)
        || <Tcp as Protocol<R>>::CALLBACKS.contains(Callback::ResolveDns)
        || <R as RootCallbacks>::PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL.contains(Callback::ResolveDns);

    /// The answer to a lookup, for the context that began it.
    pub(super) fn dns_resolved(&self, called: u32, token: u32, size: usize) {
        let source = Source::Host(size);
        match self.vm.pending.take(Kind::Dns, token) {
            Some(owner) => self.tell_addresses(called, owner, token, &source),
            // It may be that which is being begun, whose context is running.
            None if self.vm.lookups.beginning.get() != 0 => {
                let answer = self.vm.enter(called, |cx| source.read(cx).map(<[u8]>::to_vec));
                self.vm.lookups.note(token, answer);
            }
            // One that nobody waits for any more is nothing odd: its stream has ended.
            None => {}
        }
    }

    /// Hands over the answer that was kept until this timer; false if it is a timer of the extension's own.
    pub(super) fn early_answer(&self, root: u32, timer: TimerId) -> bool {
        if !Self::RESOLVES {
            return false;
        }
        let Some(kept) = self.vm.lookups.take(timer) else { return false };
        if let Some(owner) = self.vm.pending.take(Kind::Dns, kept.token) {
            self.tell_addresses(root, owner, kept.token, &Source::Kept(kept.answer));
        }
        true
    }

    fn tell_addresses(&self, called: u32, owner: u32, token: u32, source: &Source) {
        let callback = Callback::ResolveDns.entry();
        let lookup = DnsLookupId(token);
        if self.roots.contains(owner) {
            self.wake_root(callback, owner, |root, cx| {
                let answer = &DnsAnswer::new(source.read(cx)?);
                root.on_dns_resolved(lookup, answer, &mut RootView::new(cx))
            });
        } else {
            self.wake(
                callback,
                called,
                owner,
                |stream, cx| {
                    let answer = &DnsAnswer::new(source.read(cx)?);
                    stream.on_dns_resolved(lookup, answer, &mut StreamView::new(cx))
                },
                |connection, cx| {
                    let answer = &DnsAnswer::new(source.read(cx)?);
                    connection.on_dns_resolved(lookup, answer, &mut ConnectionView::new(cx))
                },
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::guest::{Callbacks, Guest};
    use crate::abi::host::{self, Answer, Host};
    use crate::abi::wire::{BufferType, StreamType, action};
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
}
