//! Queues that the workers of a proxy share.

use crate::abi::arena::Scope;
use crate::abi::call;
use crate::view::View;
use crate::{Error, Result};

/// A queue of items, which are bytes, that all workers of the proxy share.
///
/// A root context [registers](Queue::register) it by a name. Whoever has it, in any callback of any worker, puts items
/// in and takes them out; each is taken out once. For each item that comes in, the host calls `on_queue_ready` of
/// [`RootCallbacks`](crate::RootCallbacks) for one root context: the one that has registered the queue last. Where
/// each worker registers it, only one of them is told, and which one is not said.
///
/// It has no limit, in Envoy, and goes with the proxy's process: what is put in faster than it is taken out uses up the
/// proxy's memory. ngx_wasm_module has queues in zones of shared memory, which its configuration must name, and never
/// calls `on_queue_ready`; Google Service Extensions have none.
///
/// It is a number that can be copied and kept; in another worker it is the same one.
///
/// ```
/// use waxwing::prelude::*;
///
/// #[derive(Extension)]
/// #[extension(http = Stream, root)]
/// struct Audit {
///     paths: Queue,
/// }
///
/// impl RootContext for Audit {
///     type Config = ();
///     fn configure(_config: (), cx: &mut Configure<'_>) -> Result<Self> {
///         Ok(Audit { paths: Queue::register(cx, "paths")? })
///     }
/// }
///
/// #[callbacks]
/// impl RootCallbacks for Audit {
///     fn on_queue_ready(&mut self, queue: Queue, root: &mut RootView<'_>) -> Result<()> {
///         for path in queue.drain(root) {
///             root.log(LogLevel::Info, &String::from_utf8_lossy(path?));
///         }
///         Ok(())
///     }
/// }
///
/// struct Stream {
///     paths: Queue,
/// }
///
/// #[callbacks]
/// impl HttpContext for Stream {
///     type Root = Audit;
///     fn new(root: &Audit) -> Self {
///         Stream { paths: root.paths }
///     }
///     fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
///         self.paths.enqueue(request, request.headers().get(":path")?.unwrap_or_default())?;
///         Ok(Action::Continue)
///     }
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Queue(pub(crate) u32);

impl Queue {
    /// The queue of that name, which is made if there is none.
    ///
    /// From now on the root context is told of its items: the one whose callback this is, or that of the stream. What is
    /// in it already stays, and is not told of again. In Envoy, extensions with the same `vm_id` have the same names.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the host has no queues.
    #[doc(alias = "proxy_register_shared_queue")]
    pub fn register<'cb>(view: &impl View<'cb>, name: impl AsRef<[u8]>) -> Result<Queue> {
        let queue = call::register_shared_queue(name.as_ref())?;
        view.cx().vm.queues.add(queue);
        Ok(Queue(queue))
    }

    /// The queue of that name that an extension with this `vm_id` has registered, an empty one being the own; `None`
    /// if there is none, or not yet.
    ///
    /// It can be read and written like a registered one; nobody is told of its items who was not before.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the host has no queues. ngx_wasm_module traps.
    #[doc(alias = "proxy_resolve_shared_queue")]
    pub fn resolve<'cb>(
        _view: &impl View<'cb>,
        vm_id: impl AsRef<[u8]>,
        name: impl AsRef<[u8]>,
    ) -> Result<Option<Queue>> {
        Ok(call::resolve_shared_queue(vm_id.as_ref(), name.as_ref())?.map(Queue))
    }

    /// The number by which the host knows it.
    pub const fn as_u32(self) -> u32 {
        self.0
    }

    /// Puts an item in, behind all others. It may be empty.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the host does not have the queue, or no room.
    #[doc(alias = "proxy_enqueue_shared_queue")]
    pub fn enqueue<'cb>(self, _view: &impl View<'cb>, item: impl AsRef<[u8]>) -> Result<()> {
        call::enqueue_shared_queue(self.0, item.as_ref())
    }

    /// Takes out the first item; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Host`] if the host does not have the queue.
    #[doc(alias = "proxy_dequeue_shared_queue")]
    pub fn dequeue<'cb>(self, view: &impl View<'cb>) -> Result<Option<&'cb [u8]>> {
        call::dequeue_shared_queue(view.cx().scope, self.0)
    }

    /// Takes out one item after the other until there is none, or the host refuses.
    ///
    /// The items live until the callback ends. Where others put items in as fast as these are taken out, it does not
    /// end; `take` limits it.
    pub fn drain<'cb>(self, view: &impl View<'cb>) -> Drain<'cb> {
        Drain { queue: Some(self), scope: view.cx().scope }
    }
}

/// The items of a queue: [`Queue::drain`] gives it.
#[derive(Debug)]
#[must_use = "an item is taken out when it is asked for"]
pub struct Drain<'cb> {
    /// None at the end.
    queue: Option<Queue>,
    scope: Scope<'cb>,
}

impl<'cb> Iterator for Drain<'cb> {
    type Item = Result<&'cb [u8], Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = call::dequeue_shared_queue(self.scope, self.queue?.0).transpose();
        if !matches!(item, Some(Ok(_))) {
            self.queue = None;
        }
        item
    }
}
