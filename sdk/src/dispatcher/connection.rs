//! The callbacks of TCP connections.

use super::Dispatcher;
use super::contexts::Streams;
use super::failure::hold_back;
use super::protocol::{Protocol, Tcp};
use super::slot::State;
use crate::abi::call;
use crate::abi::guest::{Callback, Callbacks, Entry};
use crate::abi::wire::{StreamType, action};
use crate::context::{Extension, RootContext, StreamContext};
use crate::view::Cx;
use crate::{Error, ErrorPolicy, Flow, Result};

impl<R: Extension> Protocol<R> for Tcp {
    type Stream = R::Tcp;
    type Decision = Flow;
    const CALLBACKS: Callbacks = <R::Tcp as StreamContext>::PUT_THE_CALLBACKS_ATTRIBUTE_ON_THIS_IMPL;

    #[inline(always)]
    fn streams(dispatcher: &Dispatcher<R>) -> &Streams<R::Tcp> {
        &dispatcher.connections
    }

    #[inline(always)]
    fn new(root: &R) -> R::Tcp {
        R::Tcp::new(root)
    }

    fn send(_dispatcher: &Dispatcher<R>, _context: u32, decision: Flow, _cx: Cx<'_>) -> Result<Flow> {
        Ok(decision)
    }

    fn conclude(dispatcher: &Dispatcher<R>, callback: &'static Entry, context: u32, decision: Result<Flow>) {
        match decision {
            Ok(Flow::Continue) => dispatcher.resume_connection(callback, context),
            Ok(Flow::Pause | Flow::Hold(_)) => {}
            Err(error) => {
                if dispatcher.fail_connection(callback, context, &error) == action::CONTINUE {
                    dispatcher.resume_connection(callback, context);
                }
            }
        }
    }
}

impl<R: Extension> Dispatcher<R> {
    /// Runs a callback on the way of bytes.
    #[inline(always)]
    pub(super) fn decide_connection(
        &self,
        callback: &'static Entry,
        context: u32,
        run: impl for<'cb> FnOnce(&mut R::Tcp, Cx<'cb>) -> Result<Flow>,
    ) -> u32 {
        match self.with::<Tcp, _>(context, run) {
            Some(Ok(flow)) => {
                self.note_connection_pause(callback, context, flow);
                match flow {
                    Flow::Continue => action::CONTINUE,
                    // The ways of HTTP messages mean a pause here.
                    Flow::Pause | Flow::Hold(_) => action::PAUSE,
                }
            }
            Some(Err(error)) => {
                let action = self.fail_connection(callback, context, &error);
                if action == action::CONTINUE {
                    self.note_connection_pause(callback, context, Flow::Continue);
                }
                action
            }
            None => self.fail_absent(callback, context),
        }
    }

    /// Notes whether what the client sends is held back. No host can resume the other direction.
    #[inline(always)]
    fn note_connection_pause(&self, callback: &'static Entry, context: u32, flow: Flow) {
        if !<Tcp as Protocol<R>>::WAITS || callback.callback == Callback::UpstreamData {
            return;
        }
        match flow {
            Flow::Pause | Flow::Hold(_) => self.connections.raise(context, State::REQUEST_PAUSED),
            Flow::Continue => self.connections.lower(context, State::REQUEST_PAUSED),
        }
    }

    fn resume_connection(&self, callback: &'static Entry, context: u32) {
        if self.connections.is(context, State::REQUEST_PAUSED) {
            self.connections.lower(context, State::REQUEST_PAUSED);
            if let Err(error) = call::continue_stream(StreamType::DOWNSTREAM) {
                self.vm.report(callback, context, &error);
            }
        }
    }

    /// Applies the policy to a connection.
    #[cold]
    #[inline(never)]
    fn fail_connection(&self, callback: &'static Entry, context: u32, error: &Error) -> u32 {
        self.vm.report(callback, context, error);
        match <R as RootContext>::ON_ERROR {
            ErrorPolicy::FailOpen => {}
            // Where the host cannot close it, it stays held back.
            ErrorPolicy::FailClosed | ErrorPolicy::Reset => {
                let _ = call::close_stream(StreamType::DOWNSTREAM);
            }
        }
        hold_back::<R>()
    }
}
