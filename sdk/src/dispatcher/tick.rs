//! The host's tick, as the timers of contexts.

use super::Dispatcher;
use super::protocol::{Http, Protocol, Tcp};
use super::timers::{Owner, Owners, Timers};
use crate::abi::call;
use crate::abi::guest::Callback;
use crate::context::{Extension, HttpContext, RootCallbacks, StreamContext};
use crate::exchange::Outside;
use crate::view::{ConnectionView, RootView, StreamView};
use crate::{Result, TimerId};

impl<R: Extension> Dispatcher<R> {
    /// Whether streams of either kind have timers.
    const STREAMS_TIMED: bool = <Http as Protocol<R>>::TIMED || <Tcp as Protocol<R>>::TIMED;

    /// Whether they or root contexts of this type have.
    pub(super) const TIMED: bool = Self::STREAMS_TIMED
        || <R as RootCallbacks>::PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL.contains(Callback::Tick);

    /// Which of them.
    pub(super) const TIMER_OWNERS: Owners = Owners::NONE
        .with(
            Owner::Root,
            <R as RootCallbacks>::PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL.contains(Callback::Tick),
        )
        .with(Owner::Http, <Http as Protocol<R>>::TIMED)
        .with(Owner::Tcp, <Tcp as Protocol<R>>::TIMED);

    /// How timers work; `None` if there has been none.
    #[inline(always)]
    fn clockwork(&self) -> Option<&'static Clockwork> {
        if Self::TIMED { Some(CLOCKWORK) } else { self.vm.clockwork() }
    }

    /// Calls for the timers that are due, of the root context and of its streams.
    pub(super) fn tick(&self, root: u32) {
        let callback = Callback::Tick.entry();
        let timers = &self.vm.timers;
        let Some(clockwork) = self.clockwork() else { return };
        (clockwork.tick)(timers, root);
        while let Some((context, timer)) = (clockwork.next_due)(timers, root) {
            #[cfg(feature = "envoy-dns")]
            if self.early_answer(root, timer) {
                continue;
            }
            if Self::HAS_TASK && timer.is_of_task() {
                self.task_outside(callback, root, context, Outside::Timer(timer));
            } else if self.roots.contains(context) {
                self.wake_root(callback, context, |root, cx| root.on_timer(timer, &mut RootView::new(cx)));
            } else if Self::EXCHANGES && !self.is_connection(context) {
                self.exchange_outside(callback, root, context, Outside::Timer(timer));
            } else if Self::STREAMS_TIMED {
                self.wake(
                    callback,
                    root,
                    context,
                    |stream, cx| stream.on_timer(timer, &mut StreamView::new(cx)),
                    |connection, cx| connection.on_timer(timer, &mut ConnectionView::new(cx)),
                );
            } else {
                (clockwork.cancel)(timers, context, timer);
            }
        }
        if let Err(error) = (clockwork.end_tick)(timers, root) {
            self.vm.report(callback, root, &error);
        }
    }
}

/// How timers work: in a static table, so that a module of exchanges has the code and the imports only if one of them
/// sleeps. Where callbacks have timers it is known when the module is compiled.
#[derive(Debug)]
pub(super) struct Clockwork {
    tick: fn(&Timers, u32),
    next_due: fn(&Timers, u32) -> Option<(u32, TimerId)>,
    end_tick: fn(&Timers, u32) -> Result<()>,
    cancel: fn(&Timers, u32, TimerId) -> bool,
    pub(super) forget_stream: fn(&Timers, u32),
    pub(super) forget_root: fn(&Timers, u32),
}

pub(super) const CLOCKWORK: &Clockwork = &Clockwork {
    tick: |timers, root| timers.tick(root, call::current_time_nanoseconds().ok()),
    next_due: Timers::next_due,
    end_tick: |timers, root| {
        let Some(tick) = timers.end_tick(root) else { return Ok(()) };
        call::set_tick_period(tick.period)?;
        timers.has_set(tick);
        Ok(())
    },
    cancel: Timers::cancel,
    forget_stream: Timers::forget_stream,
    forget_root: Timers::forget_root,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::guest::{Callbacks, Guest};
    use crate::abi::host::{self, Answer, Host};
    use crate::context::NoStreams;
    use crate::exchange::NoTask;
    use crate::view::RequestHeaders;
    use crate::{Action, Configure, Error, LogLevel, Result, RootContext, Status, TimerId, View};
    use alloc::rc::Rc;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;
    use core::cell::{Cell, RefCell};
    use core::time::Duration;

    const TICK: Callbacks = Callbacks::NONE.with(Callback::Tick);

    struct Root(TimerId);

    impl RootContext for Root {
        type Config = ();

        fn configure(_config: (), cx: &mut Configure<'_>) -> Result<Self> {
            Ok(Root(cx.set_interval(Duration::from_secs(1))?))
        }
    }

    impl RootCallbacks for Root {
        const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks = TICK;

        fn on_timer(&mut self, timer: TimerId, root: &mut RootView<'_>) -> Result<()> {
            assert_eq!(timer, self.0);
            root.log(LogLevel::Info, "root");
            Ok(())
        }
    }

    impl Extension for Root {
        type Http = Stream;
        type Tcp = NoStreams<Root>;
        type Task = NoTask;
    }

    struct Stream;

    impl HttpContext for Stream {
        type Root = Root;

        const PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL: Callbacks = TICK;

        fn new(_root: &Root) -> Self {
            Stream
        }

        fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
            request.set_timer(Duration::from_millis(10))?;
            Ok(Action::Pause)
        }

        fn on_timer(&mut self, _timer: TimerId, stream: &mut StreamView<'_>) -> Result<Action> {
            stream.log(LogLevel::Info, "stream");
            Ok(Action::Pause)
        }
    }

    /// Notes the periods and the lines that it gets.
    #[derive(Default)]
    struct Noting {
        no_ticks: Cell<bool>,
        clock: Cell<Option<u64>>,
        notes: RefCell<Vec<String>>,
    }

    impl Noting {
        fn run(self, test: impl FnOnce(&Noting, &Dispatcher<Root>)) {
            let (noting, guest) = (Rc::new(self), Rc::new(Dispatcher::<Root>::new()));
            host::enter(noting.clone(), guest.clone(), || test(&noting, &guest));
        }

        /// Lets time pass until a tick comes.
        fn tick(&self, guest: &Dispatcher<Root>, root: u32, milliseconds: u64) {
            self.clock.set(self.clock.get().map(|clock| clock + milliseconds * 1_000_000));
            guest.on_tick(root);
        }

        #[track_caller]
        fn assert_notes(&self, expected: &[&str]) {
            assert_eq!(self.notes.take(), expected);
        }
    }

    impl Host for Noting {
        fn log(&self, _level: u32, message: &[u8]) -> Answer {
            self.notes.borrow_mut().push(String::from_utf8_lossy(message).into());
            Ok(())
        }

        fn current_time_nanoseconds(&self) -> Answer<u64> {
            self.clock.get().ok_or(Status::UNIMPLEMENTED)
        }

        fn set_tick_period(&self, milliseconds: u32) -> Answer {
            if self.no_ticks.get() {
                return Err(Status::UNIMPLEMENTED);
            }
            self.notes.borrow_mut().push(milliseconds.to_string());
            Ok(())
        }

        fn set_effective_context(&self, _context: u32) -> Answer {
            Ok(())
        }
    }

    #[test]
    fn a_host_without_ticks_makes_setting_a_timer_an_error() {
        let noting = Noting { no_ticks: Cell::new(true), clock: Cell::new(Some(1)), ..Noting::default() };
        noting.run(|noting, guest| {
            guest.on_context_create(1, 0);
            assert!(!guest.on_configure(1, 0));
            noting.assert_notes(&[
                "on_configure (context 1): proxy_set_tick_period_milliseconds: unimplemented",
            ]);
            noting.no_ticks.set(false);
            assert!(guest.on_configure(1, 0));
            guest.on_context_create(2, 1);
            noting.no_ticks.set(true);
            assert_eq!(
                guest.vm.enter(2, |cx| RequestHeaders::new(cx, true).set_timer(Duration::ZERO)),
                Err(Error::Host {
                    call: "proxy_set_tick_period_milliseconds",
                    status: Status::UNIMPLEMENTED
                }),
            );
            noting.no_ticks.set(false);
            // A timer that was not accepted does not come, and one that was is still there.
            noting.tick(guest, 1, 1_000);
            noting.assert_notes(&["1000", "root"]);
        });
    }

    #[test]
    fn without_a_clock_timers_come_by_ticks_alone() {
        Noting::default().run(|noting, guest| {
            guest.on_context_create(1, 0);
            assert!(guest.on_configure(1, 0));
            for _ in 0..9 {
                guest.on_tick(1);
            }
            noting.assert_notes(&["100"]);
            guest.on_tick(1);
            noting.assert_notes(&["root"]);
        });
    }

    #[test]
    fn each_root_context_has_ticks_of_its_own_for_itself_and_its_streams() {
        let noting = Noting { clock: Cell::new(Some(1)), ..Noting::default() };
        noting.run(|noting, guest| {
            for root in [1, 2, 3] {
                guest.on_context_create(root, 0);
                assert!(guest.on_configure(root, 0));
            }
            noting.assert_notes(&["1000", "1000", "1000"]);
            for (stream, root) in [(4, 1), (5, 2), (6, 3)] {
                guest.on_context_create(stream, root);
                guest.on_request_headers(stream, 0, true);
            }
            noting.assert_notes(&["10", "10", "10"]);
            noting.tick(guest, 2, 10);
            noting.assert_notes(&["stream", "990"]);
            // The first of them goes, and another comes.
            guest.on_delete(4);
            guest.on_delete(1);
            noting.tick(guest, 1, 10);
            noting.assert_notes(&[]);
            guest.on_context_create(7, 0);
            assert!(guest.on_configure(7, 0));
            guest.on_context_create(8, 7);
            guest.on_request_headers(8, 0, true);
            noting.assert_notes(&["1000", "10"]);
            noting.tick(guest, 7, 10);
            noting.assert_notes(&["stream", "990"]);
            // The clock is that of all: this tick is late.
            noting.tick(guest, 3, 0);
            noting.assert_notes(&["stream", "980"]);
            for root in [7, 3] {
                noting.tick(guest, root, 990);
                noting.assert_notes(&["root", "1000"]);
            }
        });
    }

    #[test]
    fn timers_of_streams_that_have_ended_do_not_pile_up() {
        Noting { clock: Cell::new(Some(1)), ..Noting::default() }.run(|noting, guest| {
            guest.on_context_create(1, 0);
            assert!(guest.on_configure(1, 0));
            for stream in 2..10_000 {
                guest.on_context_create(stream, 1);
                guest.on_request_headers(stream, 0, true);
                guest.on_delete(stream);
            }
            noting.assert_notes(&["1000", "10"]);
            assert!(guest.vm.timers.places() < 200, "{}", guest.vm.timers.places());
            noting.tick(guest, 1, 10);
            noting.assert_notes(&["990"]);
        });
    }
}
