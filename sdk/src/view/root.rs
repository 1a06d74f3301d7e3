//! A root context in its callbacks.

use super::{Cx, sealed::Sealed};

/// A root context in one of its callbacks: see [`View`](crate::View).
///
/// There is no stream, so properties of a request do not exist; in Envoy `plugin_name`, `plugin_root_id`,
/// `plugin_vm_id` and `xds.node` do.
#[derive(Debug)]
pub struct RootView<'cb> {
    cx: Cx<'cb>,
}

impl<'cb> RootView<'cb> {
    #[inline(always)]
    pub(crate) fn new(cx: Cx<'cb>) -> Self {
        RootView { cx }
    }
}

impl<'cb> Sealed<'cb> for RootView<'cb> {
    #[inline(always)]
    fn cx(&self) -> Cx<'cb> {
        self.cx
    }
}
