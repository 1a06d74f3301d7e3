use super::*;

/// Puts the path of each request into a queue, and logs what is in it.
#[derive(Extension)]
#[extension(http = AuditStream, root)]
struct Audit {
    paths: Queue,
}

impl RootContext for Audit {
    type Config = ();
    fn configure(_: (), cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Audit { paths: Queue::register(cx, "paths")? })
    }
}

#[callbacks]
impl RootCallbacks for Audit {
    fn on_queue_ready(&mut self, queue: Queue, root: &mut RootView<'_>) -> Result<()> {
        assert_eq!(queue, self.paths);
        let items = queue.drain(root).collect::<Result<Vec<_>>>()?;
        if items.contains(&&b"/bad"[..]) {
            return Err(Error::new("a bad path"));
        }
        root.log(LogLevel::Info, &format!("{} items: {}", items.len(), items.concat().escape_ascii()));
        Ok(())
    }
}

struct AuditStream {
    paths: Queue,
}

#[callbacks]
impl HttpContext for AuditStream {
    type Root = Audit;
    fn new(root: &Audit) -> Self {
        AuditStream { paths: root.paths }
    }
    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        self.paths.enqueue(request, request.headers().get(":path")?.unwrap_or_default())?;
        self.paths.enqueue(request, "")?;
        if let Some(theirs) = Queue::resolve(request, "theirs", "paths")? {
            theirs.enqueue(request, "seen")?;
        }
        Ok(Action::Continue)
    }
}

#[test]
fn items_reach_the_root_context_that_registered_last_from_every_worker() {
    let host = Host::builder::<Audit>().workers(2).start();
    host.worker(0).exchange(Request::get("/a"));
    host.worker(1).exchange(Request::get("/b"));
    assert!(host.worker(0).logs().lines().is_empty());
    let logs = host.worker(1).logs();
    // The second call finds what the first has left, which is nothing.
    assert_eq!(logs.at(LogLevel::Info), ["2 items: /a", "0 items: ", "2 items: /b", "0 items: "]);
    assert!(host.queue("paths").items().is_empty());
}

#[test]
fn a_queue_of_another_vm_is_found_once_it_is_there() {
    let host = Host::builder::<Audit>().start();
    host.exchange(Request::get("/"));
    let theirs = host.queue_of("theirs", "paths");
    host.exchange(Request::get("/"));
    assert_eq!(theirs.items(), [b"seen"]);
    assert!(host.queue("paths").items().is_empty());
}

#[test]
fn an_item_of_a_queue_that_the_extension_has_not_registered_tells_nobody() {
    let host = Host::builder::<Audit>().start();
    host.queue("others").push("x");
    assert!(host.logs().lines().is_empty());
    assert_eq!(host.queue("others").items(), [b"x"]);
}

#[test]
fn an_error_of_the_callback_is_logged_and_ends_nothing() {
    let host = Host::builder::<Audit>().start();
    host.exchange(Request::get("/bad")).response().assert_status(200);
    host.logs().assert_contains("on_queue_ready (context 1): a bad path");
    host.queue("paths").push("/good");
    host.logs().assert_contains("1 items: /good");
}
