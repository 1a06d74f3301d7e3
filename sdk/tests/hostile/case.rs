//! The case that runs on this thread: what the host and the extension share.

use crate::asked::Asked;
use crate::chaos::Chaos;
use crate::coverage::Coverage;
use crate::ledger::Ledger;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) chaos: Rc<Chaos>,
    pub(crate) coverage: Rc<Coverage>,
    pub(crate) ledger: Rc<Ledger>,
    pub(crate) asked: Rc<Asked>,
    /// How many functions of exchanges have begun and not ended.
    pub(crate) functions: Rc<Cell<u32>>,
}

thread_local! {
    static CASE: RefCell<Option<Case>> = const { RefCell::new(None) };
}

/// Gives the extension its decisions, for the case that runs on this thread.
pub(crate) fn set_case(case: Option<Case>) {
    CASE.with(|place| *place.borrow_mut() = case);
}

pub(crate) fn case() -> Case {
    CASE.with(|case| case.borrow().clone()).expect("a case runs")
}
