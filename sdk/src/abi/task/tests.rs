use super::*;
use crate::Error;
use crate::dispatcher::Vm;
use alloc::rc::Rc;
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
            let task = handle;
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
    let handle = handles[0].clone();
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
            let _task = handle;
            let _kept = kept;
            core::future::pending().await
        }
    });
    assert!(in_callback(|cx| task.poll(cx)).is_pending());
    let handle = handles[0].clone();
    drop(task);
    assert_eq!(Rc::strong_count(&dropped), 1);
    assert!(handle.with(|_| ()).is_none());
}

#[test]
fn what_is_dropped_in_a_callback_can_use_it() {
    struct Noting(Handle<Cell<u32>>);
    impl Drop for Noting {
        fn drop(&mut self) {
            self.0.shared.set(self.0.with(|cx| cx.context).unwrap());
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
    assert!(handles[0].clone().with(|_| ()).is_none());
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

#[test]
fn a_task_that_has_ended_begins_again_in_its_memory_and_another_future_in_memory_of_its_own() {
    let count = |task: Handle<Cell<u32>>| async move {
        task.shared.set(task.shared.get() + 1);
        Ok(())
    };
    let mut task = Owned::new(Cell::new(5), count);
    let first = task.task.0;
    assert_eq!(in_callback(|cx| task.poll(cx)), Poll::Ready(Ok(())));
    task.renew(|shared| shared.set(8), count);
    assert_eq!((task.task.0, task.is_over()), (first, false));
    assert_eq!(in_callback(|cx| task.poll(cx)), Poll::Ready(Ok(())));
    assert_eq!(task.shared().get(), 9);
    let large = [1_u64; 100];
    task.renew(
        |_| unreachable!("it does not fit"),
        |task| async move {
            task.with(|_| ()).unwrap();
            task.shared.set(u32::try_from(large.iter().sum::<u64>()).unwrap());
            Ok(())
        },
    );
    assert_eq!(in_callback(|cx| task.poll(cx)), Poll::Ready(Ok(())));
    assert_eq!(task.shared().get(), 100);
}

#[test]
fn a_task_that_somebody_has_a_handle_to_or_that_goes_on_is_left_alone() {
    let mut handles = Vec::new();
    let mut wait = |task: Handle<Cell<u32>>| {
        handles.push(task.clone());
        async move {
            let _task = task;
            core::future::pending().await
        }
    };
    let mut task = Owned::new(Cell::new(1), &mut wait);
    task.renew(|_| unreachable!("it goes on"), &mut wait);
    in_callback(|cx| task.end(cx));
    task.renew(|_| unreachable!("there is a handle to it"), &mut wait);
    assert_eq!(task.shared().get(), 0);
    drop(task);
    let counts: Vec<_> = handles.iter().map(|handle| (handle.shared.get(), handle.handles.get())).collect();
    assert_eq!(counts, [(1, 1), (0, 1), (0, 1)]);
}
