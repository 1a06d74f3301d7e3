//! What upstreams can speak.

use crate::matching::Subject;
use crate::quoted::Quoted;
use crate::{Answer, GrpcAnswer, GrpcRequest, Request, Response};
use std::fmt;
use std::time::Duration;

/// What an upstream speaks.
pub trait Protocol: sealed::Sealed + Sized + 'static {
    /// What it receives.
    type Call: Subject + Clone;
    /// What it does with it.
    type Answer: Clone + 'static;

    /// The method of a host that makes one.
    #[doc(hidden)]
    const UPSTREAM: &'static str;

    /// What it does if nothing was said.
    #[doc(hidden)]
    fn otherwise() -> Self::Answer;

    /// Lets time pass before that.
    #[doc(hidden)]
    fn after(answer: Self::Answer, delay: Duration) -> Self::Answer;

    /// A call in one line.
    #[doc(hidden)]
    fn write_line(call: &Self::Call, f: &mut fmt::Formatter<'_>) -> fmt::Result;

    /// The rest of it, one line for each thing.
    #[doc(hidden)]
    fn write_rest(call: &Self::Call, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// HTTP.
#[derive(Clone, Copy, Debug)]
pub struct Http;

/// gRPC.
#[derive(Clone, Copy, Debug)]
pub struct Grpc;

impl Protocol for Http {
    type Call = Request;
    type Answer = Answer;
    const UPSTREAM: &'static str = "upstream";

    fn otherwise() -> Answer {
        Response::new(200).into()
    }

    fn after(answer: Answer, delay: Duration) -> Answer {
        answer.after(delay)
    }

    fn write_line(request: &Request, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&request.line())
    }

    fn write_rest(request: &Request, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in
            request.headers().iter().filter(|(name, _)| ![&b":method"[..], b":path"].contains(name))
        {
            write!(f, "\n  {}: {}", name.escape_ascii(), Quoted(value))?;
        }
        if !request.body_bytes().is_empty() {
            write!(f, "\n  (body) {}", Quoted(&request.body_bytes()))?;
        }
        Ok(())
    }
}

impl Protocol for Grpc {
    type Call = GrpcRequest;
    type Answer = GrpcAnswer;
    const UPSTREAM: &'static str = "grpc_upstream";

    fn otherwise() -> GrpcAnswer {
        GrpcAnswer::reply("")
    }

    fn after(answer: GrpcAnswer, delay: Duration) -> GrpcAnswer {
        answer.after(delay)
    }

    fn write_line(call: &GrpcRequest, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", call.service(), call.method())
    }

    fn write_rest(call: &GrpcRequest, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in call.client_metadata().iter() {
            write!(f, "\n  {}: {}", name.escape_ascii(), Quoted(value))?;
        }
        call.messages().iter().try_for_each(|message| write!(f, "\n  (message) {}", Quoted(message)))
    }
}

mod sealed {
    #[expect(unnameable_types, reason = "part of a sealed trait")]
    pub trait Sealed {}
    impl Sealed for super::Http {}
    impl Sealed for super::Grpc {}
}

/// A call in one line.
pub(super) struct Line<'a, P: Protocol>(pub(super) &'a P::Call);

impl<P: Protocol> fmt::Display for Line<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        P::write_line(self.0, f)
    }
}

/// All of a call, indented.
pub(super) struct Lines<'a, P: Protocol>(pub(super) &'a P::Call);

impl<P: Protocol> fmt::Display for Lines<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {}", Line::<P>(self.0))?;
        P::write_rest(self.0, f)
    }
}
