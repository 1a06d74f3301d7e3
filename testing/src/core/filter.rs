//! The callbacks of a direction, and what their answers mean.

use super::HostCore;
use super::direction::{DataStatus, Iteration, Shown, Side};
use super::local_response::LocalReply;
use super::stream::{State, Stream};
use super::vm::Called;
use crate::timeline::Arguments;
use std::rc::Rc;
use waxwing::__private::Callback;

impl HostCore {
    /// Shows headers that have arrived. `Continue` lets them pass.
    pub(super) fn filter_headers(self: &Rc<Self>, stream: &Rc<Stream>, side: Side, end: bool) -> Iteration {
        if !self.is_shown(stream, side) {
            return Iteration::Continue;
        }
        let count = {
            let mut state = stream.state_mut();
            let direction = state.direction_mut(side);
            direction.headers_live = true;
            direction.end_of_stream = end;
            direction.headers.as_ref().map_or(0, |headers| headers.len())
        };
        let callback = match side {
            Side::Request => Callback::RequestHeaders,
            Side::Response => Callback::ResponseHeaders,
        };
        let arguments = self.headers_arguments(count, end);
        let iteration = self.call(callback, stream.context, arguments, |called| {
            match self.allowed(stream, callback, called) {
                Called::Absent => Iteration::Continue,
                Called::Returned { replied: true, .. } => Iteration::StopAllWatermark,
                Called::Returned { value: PAUSE, .. } if self.settings().headers_stop_alone => {
                    Iteration::StopSingle
                }
                Called::Returned { value, .. } => headers_status(value),
                Called::Failed => {
                    self.fail(stream);
                    Iteration::StopAllWatermark
                }
            }
        });
        if iteration == Iteration::Continue {
            stream.state_mut().direction_mut(side).headers_live = false;
        }
        iteration
    }

    /// Shows a part of a body. Gives back what it decided, and the piece as it is now; `None` if the stream
    /// ended before it could be shown.
    pub(super) fn filter_data(
        self: &Rc<Self>,
        stream: &Rc<Stream>,
        side: Side,
        shown: Shown,
        end: bool,
    ) -> Option<(DataStatus, Vec<u8>)> {
        if !self.is_shown(stream, side) {
            return Some((DataStatus::Continue, into_piece(shown)));
        }
        let mut shown = shown;
        if stream.state().direction(side).buffering {
            // It sees the new piece behind what is held already.
            if let Shown::Piece(piece) = &mut shown {
                let piece = std::mem::take(piece);
                self.hold(stream, side, piece);
                // A request that is too large is still shown; it is answered when the callback has returned.
                if stream.has_ended() {
                    return None;
                }
            }
        }
        let size = {
            let mut state = stream.state_mut();
            let direction = state.direction_mut(side);
            direction.shown = shown;
            direction.out_of_reach.clear();
            direction.end_of_stream = end;
            direction.visible_mut().map_or(0, |body| body.len())
        };
        let callback = match side {
            Side::Request => Callback::RequestBody,
            Side::Response => Callback::ResponseBody,
        };
        let arguments = Arguments::Body { size, end_of_stream: end };
        let status = self.call(callback, stream.context, arguments, |called| {
            match self.allowed(stream, callback, called) {
                Called::Absent => DataStatus::Continue,
                Called::Returned { replied: true, .. } => DataStatus::StopNoBuffer,
                Called::Returned { value, .. } => data_status(value),
                Called::Failed => {
                    self.fail(stream);
                    DataStatus::StopNoBuffer
                }
            }
        });
        let mut state = stream.state_mut();
        let direction = state.direction_mut(side);
        direction.buffering = status == DataStatus::StopAndBuffer;
        let piece = match std::mem::take(&mut direction.shown) {
            Shown::Nothing => std::mem::take(&mut direction.out_of_reach),
            shown => into_piece(shown),
        };
        if status != DataStatus::Continue {
            // The host still holds the piece's place, which is empty now.
            direction.shown = Shown::Piece(Vec::new());
        }
        Some((status, piece))
    }

    /// Shows trailers. True lets them pass.
    pub(super) fn filter_trailers(self: &Rc<Self>, stream: &Rc<Stream>, side: Side) -> bool {
        if !self.is_shown(stream, side) {
            return true;
        }
        let count = {
            let mut state = stream.state_mut();
            let direction = state.direction_mut(side);
            direction.trailers_live = true;
            direction.trailers.as_ref().map_or(0, |trailers| trailers.len())
        };
        let callback = match side {
            Side::Request => Callback::RequestTrailers,
            Side::Response => Callback::ResponseTrailers,
        };
        let arguments = Arguments::Trailers(count);
        let passes = self.call(callback, stream.context, arguments, |called| {
            match self.allowed(stream, callback, called) {
                Called::Absent => true,
                Called::Returned { replied: true, .. } => false,
                Called::Returned { value, .. } => value == 0,
                Called::Failed => {
                    self.fail(stream);
                    false
                }
            }
        });
        if passes {
            stream.state_mut().direction_mut(side).trailers_live = false;
        }
        passes
    }

    /// Shows the guest that HTTP/2 metadata has come. It passes, whatever the guest says.
    pub(crate) fn metadata(self: &Rc<Self>, stream: &Rc<Stream>, side: Side, entries: usize) {
        if stream.is_over(side) || !self.is_shown(stream, side) {
            return;
        }
        let callback = match side {
            Side::Request => Callback::RequestMetadata,
            Side::Response => Callback::ResponseMetadata,
        };
        self.call(callback, stream.context, Arguments::Metadata(entries), |called| {
            if matches!(called, Called::Failed) {
                self.fail(stream);
            }
        });
    }

    /// Whether the extension sees this direction at all.
    fn is_shown(&self, stream: &Stream, side: Side) -> bool {
        let state: &State = &stream.state();
        // A VM that was dead when the stream began has no context, but still its policy.
        let known = state.created || (side == Side::Request && self.vm.is_dead());
        state.installed && known && !state.failed
    }

    /// What becomes of a stream whose guest has trapped, whatever the policy is: that is for later streams.
    fn fail(self: &Rc<Self>, stream: &Rc<Stream>) {
        stream.note_trap(self.vm.trap());
        if self.ends_with_proxy(stream) {
            return;
        }
        if !std::mem::replace(&mut stream.state_mut().failed, true) {
            self.reply(stream, LocalReply::failure());
        }
    }
}

/// The number of a plain pause.
const PAUSE: u32 = 1;

/// A pause of a headers callback holds back everything, unless the host is configured otherwise.
fn headers_status(value: u32) -> Iteration {
    match value {
        // 2 is "continue and end the stream", for which Envoy does nothing.
        0 | 2 => Iteration::Continue,
        3 => Iteration::StopAllBuffer,
        _ => Iteration::StopAllWatermark,
    }
}

fn data_status(value: u32) -> DataStatus {
    match value {
        0 => DataStatus::Continue,
        1 => DataStatus::StopAndBuffer,
        2 => DataStatus::StopAndWatermark,
        _ => DataStatus::StopNoBuffer,
    }
}

fn into_piece(shown: Shown) -> Vec<u8> {
    match shown {
        Shown::Piece(piece) => piece,
        Shown::Buffered | Shown::Nothing => Vec::new(),
    }
}
