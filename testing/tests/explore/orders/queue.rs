//! Items of queues arrive whenever they may.

use std::cell::RefCell;
use std::rc::Rc;
use waxwing::prelude::*;
use waxwing_testing::explore::{self, Problem};
use waxwing_testing::{Native, Request, Scenario};

/// Puts each request's path into a queue, which it reads itself.
#[derive(Extension)]
#[extension(http = PathsStream, root)]
struct Paths {
    defect: Rc<str>,
    queue: Queue,
    seen: Rc<RefCell<Vec<Vec<u8>>>>,
}

impl RootContext for Paths {
    type Config = String;

    fn configure(defect: String, cx: &mut Configure<'_>) -> Result<Self> {
        Ok(Paths { defect: defect.into(), queue: Queue::register(cx, "paths")?, seen: Rc::default() })
    }
}

#[callbacks]
impl RootCallbacks for Paths {
    fn on_queue_ready(&mut self, queue: Queue, root: &mut RootView<'_>) -> Result<()> {
        while let Some(path) = queue.dequeue(root)? {
            self.seen.borrow_mut().push(path.to_vec());
        }
        Ok(())
    }
}

struct PathsStream {
    defect: Rc<str>,
    queue: Queue,
    seen: Rc<RefCell<Vec<Vec<u8>>>>,
    path: Vec<u8>,
}

#[callbacks]
impl HttpContext for PathsStream {
    type Root = Paths;

    fn new(root: &Paths) -> Self {
        let Paths { defect, queue, seen } = root;
        PathsStream { defect: defect.clone(), queue: *queue, seen: seen.clone(), path: Vec::new() }
    }

    fn on_request_headers(&mut self, request: &mut RequestHeaders<'_>) -> Result<Action> {
        self.path = request.headers().get(":path")?.unwrap_or_default().to_vec();
        self.queue.enqueue(request, &self.path)?;
        Ok(Action::Continue)
    }

    fn on_response_headers(&mut self, response: &mut ResponseHeaders<'_>) -> Result<Action> {
        let seen = self.seen.borrow();
        assert!(&*self.defect != "reads late" || !seen.contains(&self.path), "the item has arrived");
        if &*self.defect == "counts" {
            response.headers_mut().set("x-seen", seen.len().to_string())?;
        }
        Ok(Action::Continue)
    }
}

fn scenario(defect: &str) -> Scenario {
    Scenario::new(defect).config(defect).request(Request::get("/1")).request(Request::get("/2"))
}

#[test]
fn an_item_arrives_before_the_response() {
    let report = explore::orders(&Native::<Paths>::new(), &scenario("reads late")).report();
    let [violation] = report.violations() else { panic!("{report}") };
    let Problem::Trap(trap) = violation.problem() else { panic!("{report}") };
    assert_eq!(trap.message, "the item has arrived");
    assert!(!violation.plan().is_empty(), "{report}");
}

#[test]
fn how_many_have_arrived_is_a_difference() {
    let model = Native::<Paths>::new();
    let report = explore::orders(&model, &scenario("counts")).one_at_a_time().report();
    let [violation] = report.violations() else { panic!("{report}") };
    let Problem::Difference(text) = violation.problem() else { panic!("{report}") };
    assert!(text.contains("header x-seen"), "{text}");
}

#[test]
fn whoever_does_not_wait_for_them_passes() {
    explore::orders(&Native::<Paths>::new(), &scenario("")).disconnects().check();
}
