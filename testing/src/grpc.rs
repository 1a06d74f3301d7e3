//! What a gRPC server of a test receives, and what it answers.

use crate::HeaderList;
use std::time::Duration;

/// A gRPC call, as a server receives it.
///
/// ```
/// use waxwing_testing::GrpcRequest;
///
/// let request = GrpcRequest::new("acme.Auth", "Check").metadata("x-user", "ana").message("who?");
/// assert_eq!(request.service(), "acme.Auth");
/// assert_eq!(request.messages(), [b"who?"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrpcRequest {
    pub(crate) service: String,
    pub(crate) method: String,
    pub(crate) metadata: HeaderList,
    pub(crate) messages: Vec<Vec<u8>>,
}

impl GrpcRequest {
    /// A call of this method, without metadata and messages.
    pub fn new(service: impl Into<String>, method: impl Into<String>) -> Self {
        GrpcRequest {
            service: service.into(),
            method: method.into(),
            metadata: HeaderList::new(),
            messages: Vec::new(),
        }
    }

    /// Adds metadata of the client's. Names are in lower case; one that ends with `-bin` has a value in base64.
    #[must_use]
    pub fn metadata(mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.metadata.add(name, value);
        self
    }

    /// Adds a message.
    #[must_use]
    pub fn message(mut self, message: impl Into<Vec<u8>>) -> Self {
        self.messages.push(message.into());
        self
    }

    /// The full name of the service, with its package.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The name of the method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The metadata of the client, without what the protocol itself needs (`te`, `content-type`, `grpc-timeout`).
    pub fn client_metadata(&self) -> &HeaderList {
        &self.metadata
    }

    /// The messages, without the lengths in front of them.
    ///
    /// When a server is asked for its answer, there is the first one, or none if the client has ended without one.
    /// Those of a [`Run`](crate::Run) are all that came.
    pub fn messages(&self) -> &[Vec<u8>] {
        &self.messages
    }
}

/// Something that a gRPC server does in a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GrpcStep {
    /// It sends its initial metadata, which come once, before all messages.
    Metadata(HeaderList),
    /// It sends a message.
    Message(Vec<u8>),
    /// It sends back each message of the client's, those that are there already first, until the client has ended.
    Echo,
    /// It waits until the client has sent so many messages in all.
    AwaitMessages(usize),
    /// It waits until the client has ended its side.
    AwaitEnd,
    /// It lets time pass.
    Wait(Duration),
    /// It ends the call.
    End {
        /// The gRPC status: 0 for success.
        status: u32,
        /// The status in words; it may be empty.
        message: String,
        /// The trailing metadata.
        metadata: HeaderList,
    },
    /// It resets the stream, without a status.
    Reset,
}

/// What a gRPC server does with a call: steps, one after the other. A call whose steps do not end it stays open.
///
/// ```
/// use std::time::Duration;
/// use waxwing_testing::{GrpcAnswer, GrpcRequest};
///
/// let auth = |request: &GrpcRequest| match request.method() {
///     "Check" => GrpcAnswer::reply("yes"),
///     "Slow" => GrpcAnswer::reply("yes").after(Duration::from_millis(20)),
///     "Watch" => GrpcAnswer::stream().metadata("x-shard", "7").echo().trailer("x-count", "2").end(0, ""),
///     _ => GrpcAnswer::error(12, "no such method"),
/// };
/// assert_eq!(auth(&GrpcRequest::new("acme.Auth", "Check")).steps().len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct GrpcAnswer {
    steps: Vec<GrpcStep>,
    /// Those of the end that is still to come.
    trailers: HeaderList,
}

impl GrpcAnswer {
    /// No steps: to be followed by those of a stream.
    pub fn stream() -> Self {
        GrpcAnswer { steps: Vec::new(), trailers: HeaderList::new() }
    }

    /// One message, and success.
    pub fn reply(message: impl Into<Vec<u8>>) -> Self {
        GrpcAnswer::stream().message(message).end(0, "")
    }

    /// No message, and this status.
    pub fn error(status: u32, message: impl Into<String>) -> Self {
        GrpcAnswer::stream().end(status, message)
    }

    /// Nothing, for ever.
    pub fn hang() -> Self {
        GrpcAnswer::stream()
    }

    /// A reset stream, without a status.
    pub fn reset() -> Self {
        GrpcAnswer::stream().break_off()
    }

    /// Sends initial metadata.
    pub fn metadata(mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        if let Some(GrpcStep::Metadata(metadata)) = self.steps.last_mut() {
            metadata.add(name, value);
            return self;
        }
        self.step(GrpcStep::Metadata([(name.into(), value.into())].into_iter().collect()))
    }

    /// Sends a message.
    pub fn message(self, message: impl Into<Vec<u8>>) -> Self {
        self.step(GrpcStep::Message(message.into()))
    }

    /// Sends back each message of the client's, until the client has ended.
    pub fn echo(self) -> Self {
        self.step(GrpcStep::Echo)
    }

    /// Waits until the client has sent so many messages in all.
    pub fn await_messages(self, count: usize) -> Self {
        self.step(GrpcStep::AwaitMessages(count))
    }

    /// Waits until the client has ended its side.
    pub fn await_end(self) -> Self {
        self.step(GrpcStep::AwaitEnd)
    }

    /// Lets time pass.
    pub fn wait(self, time: Duration) -> Self {
        self.step(GrpcStep::Wait(time))
    }

    /// Adds trailing metadata to the end that follows.
    pub fn trailer(mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.trailers.add(name, value);
        self
    }

    /// Ends the call, with the trailing metadata that were given before.
    pub fn end(mut self, status: u32, message: impl Into<String>) -> Self {
        let metadata = std::mem::take(&mut self.trailers);
        self.step(GrpcStep::End { status, message: message.into(), metadata })
    }

    /// Resets the stream, without a status.
    pub fn break_off(self) -> Self {
        self.step(GrpcStep::Reset)
    }

    /// The same, when that long has passed.
    pub fn after(mut self, delay: Duration) -> Self {
        self.steps.insert(0, GrpcStep::Wait(delay));
        self
    }

    /// What it does, in order.
    pub fn steps(&self) -> &[GrpcStep] {
        &self.steps
    }

    fn step(mut self, step: GrpcStep) -> Self {
        self.steps.push(step);
        self
    }
}

/// As gRPC has it in headers: what is not printable ASCII is escaped.
pub(crate) fn percent_encoded(message: &str) -> String {
    let mut text = String::new();
    for byte in message.bytes() {
        match byte {
            b'%' => text += "%25",
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text += &format!("%{byte:02X}"),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_in_words_is_escaped() {
        assert_eq!(percent_encoded("100% \u{e9}\n"), "100%25 %C3%A9%0A");
    }

    #[test]
    fn metadata_are_sent_together_and_trailers_with_the_end() {
        let answer = GrpcAnswer::stream()
            .metadata("a", "1")
            .metadata("b", "2")
            .trailer("c", "3")
            .message("m")
            .end(7, "no");
        let expected = [
            GrpcStep::Metadata([("a", "1"), ("b", "2")].into_iter().collect()),
            GrpcStep::Message(b"m".to_vec()),
            GrpcStep::End {
                status: 7,
                message: "no".to_owned(),
                metadata: [("c", "3")].into_iter().collect(),
            },
        ];
        assert_eq!(answer.steps(), expected);
    }
}
