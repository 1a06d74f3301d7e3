//! The task of an exchange: a future, and what it shares with its owner, in one allocation.
//!
//! The future has handles to the task that it is part of. They see what is shared, and, while the future is polled, the
//! callback that polls it. The future itself is touched by its one owner only, who has it by `&mut`.

use crate::Result;
use crate::view::Cx;
use alloc::rc::{Rc, Weak};
use core::cell::{Cell, UnsafeCell};
use core::fmt;
use core::future::Future;
use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

/// A future whose type is not known.
type AnyFuture = dyn Future<Output = Result<()>>;

/// A future and what it shares, through a handle.
pub(crate) struct Task<S, F: ?Sized = AnyFuture> {
    pub(crate) shared: S,
    /// The running callback, while the future is polled or dropped in it.
    lent: Cell<Option<NonNull<Cx<'static>>>>,
    /// Dropped in place, because handles in it keep the task itself alive.
    future: UnsafeCell<ManuallyDrop<F>>,
}

impl<S> Task<S> {
    /// Uses the callback that polls the future; `None` if none does.
    ///
    /// Nothing that belongs to the callback can leave the closure, which knows no name for its lifetime.
    #[inline]
    pub(crate) fn with<T>(&self, use_it: impl for<'cb> FnOnce(Cx<'cb>) -> T) -> Option<T> {
        let lent = self.lent.get()?;
        // SAFETY: `Lent` keeps the pointer here only while the value that it points to is borrowed.
        let cx = unsafe { lent.as_ref() };
        Some(use_it(*cx))
    }
}

/// The owner of a task.
///
/// It drops the future when it is dropped itself. What handles still see of the task then is over.
pub(crate) struct Owned<S: 'static> {
    task: Rc<Task<S>>,
    is_over: bool,
}

impl<S> Owned<S> {
    /// Makes a task: `make` gets the handle that its future may keep.
    #[inline]
    pub(crate) fn new<F>(shared: S, make: impl FnOnce(Weak<Task<S>>) -> F) -> Self
    where
        F: Future<Output = Result<()>> + 'static,
    {
        let task = Rc::new_cyclic(|handle: &Weak<Task<S, F>>| Task {
            shared,
            lent: Cell::new(None),
            future: UnsafeCell::new(ManuallyDrop::new(make(handle.clone()))),
        });
        Owned { task, is_over: false }
    }

    pub(crate) fn shared(&self) -> &S {
        &self.task.shared
    }

    /// Whether the future has ended, and is dropped.
    #[inline(always)]
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Lets the future go on in a callback, until it waits for something that is not there. One that has ended is ready.
    #[inline]
    pub(crate) fn poll(&mut self, cx: Cx<'_>) -> Poll<Result<()>> {
        let Owned { task, is_over } = self;
        if *is_over {
            return Poll::Ready(Ok(()));
        }
        let _lent = Lent::new(task, &cx);
        let mut context = Context::from_waker(&WAKER);
        loop {
            let wakes = WAKES.load(Ordering::Relaxed);
            // SAFETY: only the owner touches the future, and has it by `&mut`; it is not over, so it is not dropped.
            let future: &mut ManuallyDrop<AnyFuture> = unsafe { &mut *task.future.get() };
            // SAFETY: it never moves: it stays in the task's allocation, and is dropped there.
            let future = unsafe { Pin::new_unchecked(&mut **future) };
            let polled = future.poll(&mut context);
            if polled.is_ready() {
                drop_future(task, is_over);
                return polled;
            }
            // What has woken itself wants to be asked again at once.
            if WAKES.load(Ordering::Relaxed) == wakes {
                return polled;
            }
        }
    }

    /// Drops the future in a callback.
    pub(crate) fn end(&mut self, cx: Cx<'_>) {
        let Owned { task, is_over } = self;
        let _lent = Lent::new(task, &cx);
        drop_future(task, is_over);
    }
}

/// Drops the future of a task, whose owner says that it is its owner, once.
fn drop_future<S>(task: &Task<S>, is_over: &mut bool) {
    if *is_over {
        return;
    }
    *is_over = true;
    // SAFETY: only the owner touches the future, and has it by `&mut`, as it has `is_over`.
    let future: &mut ManuallyDrop<AnyFuture> = unsafe { &mut *task.future.get() };
    // SAFETY: `is_over` was false, so it was not dropped, and stays true, so it is not used any more.
    unsafe { ManuallyDrop::drop(future) };
}

impl<S> Drop for Owned<S> {
    fn drop(&mut self) {
        drop_future(&self.task, &mut self.is_over);
    }
}

impl<S> fmt::Debug for Owned<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owned").field("is_over", &self.is_over).finish_non_exhaustive()
    }
}

/// A callback that is lent to a task. At its end, also by unwinding, the task has what it had before.
struct Lent<'a, S: 'static> {
    task: &'a Task<S>,
    before: Option<NonNull<Cx<'static>>>,
}

impl<'a, S> Lent<'a, S> {
    fn new(task: &'a Task<S>, cx: &'a Cx<'_>) -> Self {
        // The lifetime is that of this guard; `Task::with` lets nobody see another one.
        let lent = NonNull::from(cx).cast::<Cx<'static>>();
        Lent { task, before: task.lent.replace(Some(lent)) }
    }
}

impl<S> Drop for Lent<'_, S> {
    fn drop(&mut self) {
        self.task.lent.set(self.before);
    }
}

/// How often a future has woken itself, in all tasks: what is awaited wakes nobody, because its event polls the task.
static WAKES: AtomicU32 = AtomicU32::new(0);

static WAKES_ITSELF: RawWakerVTable =
    RawWakerVTable::new(|_| RawWaker::new(ptr::null(), &WAKES_ITSELF), |_| wake(), |_| wake(), |_| ());

// SAFETY: the functions use no data, and can be called on any thread.
static WAKER: Waker = unsafe { Waker::new(ptr::null(), &WAKES_ITSELF) };

fn wake() {
    WAKES.fetch_add(1, Ordering::Relaxed);
}

/// Whether it is the waker with which tasks are polled, and not one that a future has made for a part of itself.
#[inline]
pub(crate) fn is_own(waker: &Waker) -> bool {
    waker.will_wake(&WAKER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use crate::dispatcher::Vm;
    use alloc::boxed::Box;
    use alloc::vec::Vec;
    use core::future::poll_fn;

    fn in_callback<T>(run: impl for<'cb> FnOnce(Cx<'cb>) -> T) -> T {
        Vm::new().enter(7, run)
    }

    #[test]
    fn a_future_uses_the_callback_that_polls_it_and_no_other() {
        let mut handles = Vec::new();
        let mut task = Owned::new(Cell::new(0), |handle| {
            handles.push(handle.clone());
            async move {
                let task = handle.upgrade().unwrap();
                let mut polls = 0;
                poll_fn(|_| {
                    polls += 1;
                    task.shared.set(task.with(|cx| cx.context).unwrap());
                    if polls == 3 { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
                Err(Error::NotText)
            }
        });
        let handle = handles[0].upgrade().unwrap();
        assert!(handle.with(|_| ()).is_none());
        assert!(in_callback(|cx| task.poll(cx)).is_pending());
        assert!(in_callback(|cx| task.poll(cx)).is_pending());
        assert_eq!((task.shared().get(), handle.with(|_| ())), (7, None));
        assert_eq!(in_callback(|cx| task.poll(cx)), Poll::Ready(Err(Error::NotText)));
        assert!(task.is_over());
        assert_eq!(in_callback(|cx| task.poll(cx)), Poll::Ready(Ok(())));
    }

    #[test]
    fn the_end_of_the_owner_is_that_of_the_future_and_a_handle_outlives_it() {
        let dropped = Rc::new(());
        let (kept, mut handles) = (dropped.clone(), Vec::new());
        let mut task = Owned::new((), |handle| {
            handles.push(handle.clone());
            async move {
                // The task keeps itself alive, and must not keep its future.
                let _task = handle.upgrade().unwrap();
                let _kept = kept;
                core::future::pending().await
            }
        });
        assert!(in_callback(|cx| task.poll(cx)).is_pending());
        let handle = handles[0].upgrade().unwrap();
        drop(task);
        assert_eq!(Rc::strong_count(&dropped), 1);
        assert!(handle.with(|_| ()).is_none());
    }

    #[test]
    fn what_is_dropped_in_a_callback_can_use_it() {
        struct Noting(Weak<Task<Cell<u32>>>);
        impl Drop for Noting {
            fn drop(&mut self) {
                let task = self.0.upgrade().unwrap();
                task.shared.set(task.with(|cx| cx.context).unwrap());
            }
        }
        let mut task = Owned::new(Cell::new(0), |handle| async move {
            let _noting = Noting(handle);
            core::future::pending().await
        });
        assert!(in_callback(|cx| task.poll(cx)).is_pending());
        in_callback(|cx| task.end(cx));
        assert_eq!(task.shared().get(), 7);
    }

    #[test]
    fn a_panic_ends_the_loan() {
        let mut handles = Vec::new();
        let mut task = Owned::new((), |handle| {
            handles.push(handle);
            Box::pin(async { panic!("the future's own") })
        });
        let panicked = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| {
            in_callback(|cx| task.poll(cx)).is_pending()
        }));
        assert!(panicked.is_err());
        assert!(handles[0].upgrade().unwrap().with(|_| ()).is_none());
    }

    #[test]
    fn a_future_that_wakes_itself_is_polled_again() {
        let mut task = Owned::new((), |_| async {
            let mut polls = 0;
            poll_fn(|context| {
                polls += 1;
                assert!(is_own(context.waker()));
                context.waker().wake_by_ref();
                if polls == 3 { Poll::Ready(Ok(())) } else { Poll::Pending }
            })
            .await
        });
        assert_eq!(in_callback(|cx| task.poll(cx)), Poll::Ready(Ok(())));
    }
}
