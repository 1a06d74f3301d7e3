//! The task of an exchange: a future, and what it shares with its owner, in one allocation.
//!
//! The future has handles to the task that it is part of. They see what is shared, and, while the future is polled, the
//! callback that polls it. The future itself is touched by its one owner only, who has it by `&mut`.
//!
//! Handles count themselves, as those of an `Rc` do. One of a type that is not known would look up at each use how the
//! future is aligned, to find what lies before it; these are pointers to what is shared, and the future comes behind.

use crate::Result;
use crate::view::Cx;
use alloc::alloc::dealloc;
use alloc::boxed::Box;
use core::alloc::Layout;
use core::cell::{Cell, UnsafeCell};
use core::fmt;
use core::future::Future;
use core::mem::MaybeUninit;
use core::ops::Deref;
use core::pin::Pin;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

#[cfg(test)]
mod tests;

/// What the handles of a task see.
pub(crate) struct Task<S: 'static> {
    pub(crate) shared: S,
    /// The running callback, while the future is polled or dropped in it.
    lent: Cell<Option<NonNull<Cx<'static>>>>,
    /// How many handles there are. At the most that can be counted it stays, and the task stays in memory.
    handles: Cell<u32>,
    /// What can be done with its future.
    future: Cell<&'static Type<S>>,
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

/// A task with the place of its future, which is empty when the owner says that it is over. C's layout has the task at
/// its start.
#[repr(C)]
struct Place<S: 'static, F> {
    task: Task<S>,
    future: UnsafeCell<MaybeUninit<F>>,
}

/// A type of futures. What is done with one gets a pointer to its [`Place`].
struct Type<S: 'static> {
    /// Of the place.
    layout: Layout,
    poll: PollFuture<S>,
    drop: unsafe fn(NonNull<Task<S>>),
}

type PollFuture<S> = unsafe fn(NonNull<Task<S>>, &mut Context<'_>) -> Poll<Result<()>>;

impl<S, F: Future<Output = Result<()>> + 'static> Place<S, F> {
    const TYPE: &'static Type<S> =
        &Type { layout: Layout::new::<Place<S, F>>(), poll: Self::poll, drop: Self::drop };

    /// Where the future is.
    ///
    /// # Safety
    ///
    /// The pointer is to an allocation of this layout, for all of it.
    #[inline(always)]
    unsafe fn future(task: NonNull<Task<S>>) -> *mut F {
        let place = task.cast::<Self>().as_ptr();
        // SAFETY: the field is inside of the allocation.
        let future = unsafe { &raw const (*place).future };
        UnsafeCell::raw_get(future).cast()
    }

    /// # Safety
    ///
    /// The pointer is to such a place, whose future is there, and nobody else touches it.
    unsafe fn poll(task: NonNull<Task<S>>, context: &mut Context<'_>) -> Poll<Result<()>> {
        // SAFETY: it is to such a place.
        let future = unsafe { Self::future(task) };
        // SAFETY: it is there, and nobody else touches it.
        let future = unsafe { &mut *future };
        // SAFETY: it never moves: it stays in the task's allocation, and is dropped there.
        unsafe { Pin::new_unchecked(future) }.poll(context)
    }

    /// # Safety
    ///
    /// As with `poll`; afterwards the future is not there any more.
    unsafe fn drop(task: NonNull<Task<S>>) {
        // SAFETY: it is to such a place.
        let future = unsafe { Self::future(task) };
        // SAFETY: it is there, nobody else touches it, and nobody will.
        unsafe { ptr::drop_in_place(future) };
    }
}

/// A handle to a task.
pub(crate) struct Handle<S: 'static>(NonNull<Task<S>>);

impl<S> Handle<S> {
    /// A task with a place for such a future.
    #[cold]
    #[inline(never)]
    fn new<F: Future<Output = Result<()>> + 'static>(shared: S) -> Self {
        let future = Cell::new(Place::<S, F>::TYPE);
        let task = Task { shared, lent: Cell::new(None), handles: Cell::new(1), future };
        let place = Box::new(Place { task, future: UnsafeCell::new(MaybeUninit::<F>::uninit()) });
        Handle(NonNull::from(Box::leak(place)).cast())
    }

    /// Frees a task to which there are no other handles.
    #[inline(never)]
    fn free(&mut self) {
        let layout = self.future.get().layout;
        // SAFETY: this was the last handle. The future is gone already: the owner, who has a handle, drops it first.
        unsafe { ptr::drop_in_place(self.0.as_ptr()) };
        // SAFETY: it was allocated as a `Box` of that layout, and nobody has a pointer to it any more.
        unsafe { dealloc(self.0.as_ptr().cast(), layout) };
    }
}

impl<S> Deref for Handle<S> {
    type Target = Task<S>;

    #[inline(always)]
    fn deref(&self) -> &Task<S> {
        // SAFETY: a task lives as long as it has a handle, and is borrowed mutably only by its last one.
        unsafe { self.0.as_ref() }
    }
}

impl<S> Clone for Handle<S> {
    #[inline(always)]
    fn clone(&self) -> Self {
        self.handles.set(self.handles.get().saturating_add(1));
        Handle(self.0)
    }
}

impl<S> Drop for Handle<S> {
    #[inline]
    fn drop(&mut self) {
        match self.handles.get() {
            1 => self.free(),
            u32::MAX => {}
            handles => self.handles.set(handles.wrapping_sub(1)),
        }
    }
}

/// The owner of a task.
///
/// It drops the future when it is dropped itself. What handles still see of the task then is over.
pub(crate) struct Owned<S: 'static> {
    task: Handle<S>,
    /// Whether there is no future: it has ended and is dropped, or is not made yet.
    is_over: bool,
}

impl<S> Owned<S> {
    /// Makes a task: `make` gets the handle that its future may keep.
    #[inline]
    pub(crate) fn new<F>(shared: S, make: impl FnOnce(Handle<S>) -> F) -> Self
    where
        F: Future<Output = Result<()>> + 'static,
    {
        let mut owned = Owned { task: Handle::new::<F>(shared), is_over: true };
        owned.begin(make);
        owned
    }

    /// Makes a task again, in the memory of this one if that has ended and nobody else has a handle to it; `reset` then
    /// lets what is shared be as if it were new.
    #[inline]
    pub(crate) fn renew<F>(&mut self, reset: impl FnOnce(&mut S), make: impl FnOnce(Handle<S>) -> F)
    where
        S: Default,
        F: Future<Output = Result<()>> + 'static,
    {
        let fits = self.task.future.get().layout == Layout::new::<Place<S, F>>();
        if fits && self.is_over && self.task.handles.get() == 1 {
            // SAFETY: there is no other handle, and this one is borrowed mutably.
            let task = unsafe { self.task.0.as_mut() };
            reset(&mut task.shared);
            task.future.set(Place::<S, F>::TYPE);
        } else {
            *self = Owned { task: Handle::new::<F>(S::default()), is_over: true };
        }
        self.begin(make);
    }

    /// Lets the future begin of a task that has none, and whose place is for such a one.
    #[inline(always)]
    fn begin<F>(&mut self, make: impl FnOnce(Handle<S>) -> F)
    where
        F: Future<Output = Result<()>> + 'static,
    {
        let future = make(self.task.clone());
        // SAFETY: `new` and `renew` have made the place for it.
        let place = unsafe { Place::<S, F>::future(self.task.0) };
        // SAFETY: there is no future, so that nobody touches the place.
        unsafe { place.write(future) };
        self.is_over = false;
    }

    #[inline(always)]
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
        let poll = task.future.get().poll;
        loop {
            let wakes = WAKES.load(Ordering::Relaxed);
            // SAFETY: only the owner touches the future, and has it by `&mut`; it is not over, so it is there.
            let polled = unsafe { poll(task.0, &mut context) };
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
#[inline]
fn drop_future<S>(task: &Handle<S>, is_over: &mut bool) {
    if *is_over {
        return;
    }
    *is_over = true;
    let drop = task.future.get().drop;
    // SAFETY: only the owner touches the future, and has it by `&mut`, as it has `is_over`. That was false, so it is
    // there, and stays true, so it is not used any more.
    unsafe { drop(task.0) };
}

impl<S> Drop for Owned<S> {
    #[inline(never)]
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
