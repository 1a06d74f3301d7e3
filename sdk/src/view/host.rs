//! The host, for the length of a closure.

use super::{Cx, sealed::Sealed};

/// What an exchange can ask the host at any stage: see [`View`](crate::View).
/// [`Stage::with`](crate::exchange::Stage::with) gives it to a closure.
#[derive(Debug)]
pub struct HostView<'cb> {
    cx: Cx<'cb>,
}

impl<'cb> HostView<'cb> {
    pub(crate) fn new(cx: Cx<'cb>) -> Self {
        HostView { cx }
    }
}

impl<'cb> Sealed<'cb> for HostView<'cb> {
    #[inline(always)]
    fn cx(&self) -> Cx<'cb> {
        self.cx
    }
}
