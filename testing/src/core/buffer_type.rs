//! The buffers of the ABI: which of them can be read now, and which changed.

use super::connection::Sender;
use super::direction::Side;
use super::stream::Stream;
use super::{HostCore, buffer};
use crate::misuse::Misuse;
use std::rc::Rc;
use waxwing::__private::{Answer, BufferType, Callback};
use waxwing::Status;

impl HostCore {
    /// A part of a buffer.
    pub(super) fn read_buffer(
        &self,
        stream: Option<&Rc<Stream>>,
        buffer: BufferType,
        start: usize,
        max_len: usize,
    ) -> Answer<Vec<u8>> {
        let range = |bytes: &[u8]| Ok(buffer::range(bytes, start, max_len));
        if let Some((_, data)) = self.export_data.borrow().as_ref().filter(|(number, _)| *number == buffer.0)
        {
            return range(data);
        }
        match buffer {
            BufferType::HTTP_REQUEST_BODY | BufferType::HTTP_RESPONSE_BODY => {
                let Some(stream) = stream else { return Ok(Vec::new()) };
                let side = side(buffer);
                let found = stream.state_mut().direction_mut(side).visible_mut().map(|body| range(body));
                found.unwrap_or_else(|| {
                    // A message of headers and trailers has a body without bytes, which is as good as any.
                    if !self.is_in_trailers(stream, side) {
                        self.flag_no_body(stream, side);
                    }
                    Ok(Vec::new())
                })
            }
            BufferType::HTTP_CALL_RESPONSE_BODY => self
                .with_callout_response(|response| range(&response.body_bytes()))
                .unwrap_or(Err(Status::NOT_FOUND)),
            BufferType::GRPC_MESSAGE => {
                self.with_grpc_message(|message| range(message)).unwrap_or(Ok(Vec::new()))
            }
            BufferType::VM_CONFIGURATION => range(&self.settings().vm_config),
            BufferType::PLUGIN_CONFIGURATION
                if self.configuring.get() || self.facts().keeps_configuration =>
            {
                range(&self.process.config.borrow())
            }
            BufferType::PLUGIN_CONFIGURATION => Err(Status::NOT_FOUND),
            BufferType::DOWNSTREAM_DATA | BufferType::UPSTREAM_DATA => {
                let Some(connection) = self.acting_connection() else { return Ok(Vec::new()) };
                let mut state = connection.state_mut();
                state.visible_mut(sender(buffer)).map_or(Ok(Vec::new()), |data| range(data))
            }
            BufferType::CALL_DATA => self.with_dns_answer(range),
            _ if buffer.0 <= LAST => Ok(Vec::new()),
            _ => Err(Status::BAD_ARGUMENT),
        }
    }

    /// Changes a buffer.
    pub(super) fn edit_buffer(
        &self,
        stream: Option<&Rc<Stream>>,
        buffer: BufferType,
        start: usize,
        edit: impl FnOnce(&mut Vec<u8>) -> Answer,
    ) -> Answer {
        match buffer {
            BufferType::HTTP_REQUEST_BODY | BufferType::HTTP_RESPONSE_BODY => {
                let (stream, side) = (stream.ok_or(Status::BAD_ARGUMENT)?, side(buffer));
                let size = stream.state_mut().direction_mut(side).visible_mut().map(|body| body.len());
                let Some(size) = size else {
                    self.flag_no_body(stream, side);
                    return Err(Status::BAD_ARGUMENT);
                };
                // The largest numbers are a custom of some SDKs: "at the end, wherever that is".
                if (size + 1..END_OF_ANY).contains(&start) {
                    let text = format!(
                        "data for the place {start} of a {} body of {size} bytes: it goes to its end",
                        side.name()
                    );
                    self.flag(stream, Misuse::BehindTheEnd, text);
                }
                stream
                    .state_mut()
                    .direction_mut(side)
                    .visible_mut()
                    .map_or(Err(Status::BAD_ARGUMENT), edit)?;
                self.check_growth(stream, side);
                Ok(())
            }
            BufferType::DOWNSTREAM_DATA | BufferType::UPSTREAM_DATA => {
                let connection = self.acting_connection().ok_or(Status::BAD_ARGUMENT)?;
                let mut state = connection.state_mut();
                edit(state.visible_mut(sender(buffer)).ok_or(Status::BAD_ARGUMENT)?)
            }
            BufferType::GRPC_MESSAGE => self.with_grpc_message(edit).unwrap_or(Err(Status::BAD_ARGUMENT)),
            // What is not there comes before what cannot be changed.
            BufferType::HTTP_CALL_RESPONSE_BODY if self.with_callout_response(|_| ()).is_none() => {
                Err(Status::NOT_FOUND)
            }
            BufferType::PLUGIN_CONFIGURATION if !self.configuring.get() => Err(Status::NOT_FOUND),
            _ => Err(Status::BAD_ARGUMENT),
        }
    }

    fn is_in_trailers(&self, stream: &Stream, side: Side) -> bool {
        let trailers = match side {
            Side::Request => Callback::RequestTrailers,
            Side::Response => Callback::ResponseTrailers,
        };
        self.is_inside(stream, side) && self.vm.is_running(trailers)
    }

    /// Flags that there is no body to be reached now.
    fn flag_no_body(&self, stream: &Stream, side: Side) {
        let text = format!("the {} body is reached for outside of its callbacks", side.name());
        self.flag(stream, Misuse::OutOfPhase, text);
    }

    /// Flags what Envoy 1.40 does not cope with: a body that is held already, and that the extension makes too large.
    fn check_growth(&self, stream: &Stream, side: Side) {
        let limit = self.settings().buffer_limit;
        let is_fine = {
            let state = stream.state();
            let direction = state.direction(side);
            let held = direction.buffered.as_ref().map_or(0, Vec::len);
            !direction.buffering || direction.streaming || held <= limit
        };
        if is_fine {
            return;
        }
        let consequence = match side {
            // The answer is sent when it has returned.
            Side::Request if self.is_inside(stream, side) => return,
            Side::Request => "never answers it",
            Side::Response => "ends the stream inside the call",
        };
        let text = format!(
            "the extension makes a {} that is held larger than the limit of {limit} bytes: Envoy 1.40 {consequence}",
            side.name()
        );
        self.flag(stream, Misuse::OvergrownBody, text);
    }
}

fn side(body: BufferType) -> Side {
    if body == BufferType::HTTP_REQUEST_BODY { Side::Request } else { Side::Response }
}

fn sender(data: BufferType) -> Sender {
    if data == BufferType::DOWNSTREAM_DATA { Sender::Client } else { Sender::Upstream }
}

/// From here on, a start is no place that anybody has counted.
const END_OF_ANY: usize = i32::MAX as usize;

/// The largest number of the ABI.
const LAST: u32 = 8;
