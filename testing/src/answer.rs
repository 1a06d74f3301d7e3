//! What an upstream does with a request.

use crate::{HeaderList, Response};
use std::time::Duration;

/// What an upstream does with a request: it answers, now or later, or it fails in one of the ways in which real
/// ones do. Upstreams of callouts do, and so does the [origin](crate::Scenario::origin).
///
/// ```
/// use std::time::Duration;
/// use waxwing_testing::{Answer, Request, Response};
///
/// let authz = |request: &Request| match request.path().as_str() {
///     "/check" => Answer::from(Response::new(200)).after(Duration::from_millis(20)),
///     _ => Answer::Hang,
/// };
/// assert_eq!(authz(&Request::get("/slow")), Answer::Hang);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// It answers with this response.
    Respond(Response),
    /// It takes that long, and does the other then.
    After(Duration, Box<Answer>),
    /// It answers with this response, and lets that long pass before each piece of its body, and before an end of its own.
    Slowly(Response, Duration),
    /// It begins to answer with this response, and closes the connection before its end.
    BreakOff(Response),
    /// It takes the request and never answers: a callout ends when its time is over, a request when its client leaves.
    Hang,
    /// It takes the request and closes the connection without an answer.
    Reset,
    /// It refuses the connection: nothing listens where it should be. Of a real upstream that is so for all
    /// requests or for none, so a scenario has [`refusing_cluster`](crate::Scenario::refusing_cluster) for it.
    Refuse,
}

impl Answer {
    /// The same, when that long has passed.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Answer::After(delay, Box::new(self))
    }

    /// A response that says that it is longer than it will be, without trailers.
    pub(crate) fn begun(mut response: Response) -> Response {
        response.headers.set("content-length", (response.body_bytes().len() + 1).to_string());
        response.trailers = HeaderList::new();
        response
    }
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Answer::Respond(response)
    }
}
