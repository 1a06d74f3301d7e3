//! What upstreams answer in HTTP.

use super::Rule;
use crate::{Answer, Request, Response};

impl Rule {
    /// Answers with this response.
    pub fn reply(self, response: Response) -> Self {
        self.then(response)
    }

    /// Answers with what the closure makes of the request.
    pub fn reply_with(self, mut response: impl FnMut(&Request) -> Response + 'static) -> Self {
        self.answer_with(move |request| response(request).into())
    }

    /// Takes the request and never answers.
    pub fn hang(self) -> Self {
        self.then(Answer::Hang)
    }

    /// Begins to answer with this response, and closes the connection before its end.
    pub fn break_off(self, response: Response) -> Self {
        self.then(Answer::BreakOff(response))
    }

    /// Takes the request and closes the connection without an answer.
    pub fn reset(self) -> Self {
        self.then(Answer::Reset)
    }

    /// Refuses the connection.
    pub fn refuse(self) -> Self {
        self.then(Answer::Refuse)
    }
}
