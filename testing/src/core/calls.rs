//! The host functions.

use super::answering::{bytes, done, number, size};
use super::direction::{Shown, Side};
use super::field::Owner;
use super::local_response::LocalReply;
use super::queue::AfterCall;
use super::stream::Stream;
use super::{HostCore, buffer, maps};
use crate::HeaderList;
use crate::host_call::{HostCall, Reply};
use crate::log::LogLine;
use crate::misuse::Misuse;
use crate::profile::Properties;
use std::collections::HashMap;
use waxwing::__private::{
    Answer, BufferType, Callback, GrpcCallParts, Host, HttpCallParts, LocalResponseParts, MapType,
    MetricType, StreamType,
};
use waxwing::{LogLevel, Status};

impl Host for HostCore {
    fn log(&self, level: u32, message: &[u8]) -> Answer {
        let call = HostCall::Log { level, message: message.to_vec() };
        self.answer(call, done, |stream| {
            let level = LogLevel::from_u32(level).ok_or(Status::BAD_ARGUMENT)?;
            if self.settings().log_level.is_none_or(|least| level < least) {
                return Ok(());
            }
            let line = LogLine { level, message: String::from_utf8_lossy(message).into_owned() };
            match stream {
                Some(stream) => stream.state_mut().logs.push(line.clone()),
                None => match self.acting_connection() {
                    Some(connection) => connection.state_mut().logs.push(line.clone()),
                    None => self.root_logs.borrow_mut().push(line.clone()),
                },
            }
            self.process.log(self.index, line);
            Ok(())
        })
    }

    fn log_level(&self) -> Answer<u32> {
        let level = |level: &u32| Reply::Number((*level).into());
        self.answer(HostCall::LogLevel, level, |_| {
            Ok(self.settings().log_level.map_or(OFF, LogLevel::as_u32))
        })
    }

    fn current_time_nanoseconds(&self) -> Answer<u64> {
        self.answer(HostCall::CurrentTime, |time| Reply::Number(*time), |_| Ok(self.process.wall_clock()))
    }

    fn set_tick_period(&self, milliseconds: u32) -> Answer {
        self.answer(HostCall::SetTickPeriod { milliseconds }, done, |_| {
            self.set_tick(milliseconds);
            Ok(())
        })
    }

    fn buffer_bytes(&self, buffer: BufferType, start: usize, max_len: usize) -> Answer<Vec<u8>> {
        let call = HostCall::BufferBytes { buffer, start, max_len };
        self.answer(
            call,
            |found: &Vec<u8>| bytes(found),
            |stream| self.read_buffer(stream, buffer, start, max_len),
        )
    }

    fn buffer_status(&self, buffer: BufferType) -> Answer<usize> {
        self.answer(HostCall::BufferStatus { buffer }, size, |stream| {
            self.read_buffer(stream, buffer, 0, usize::MAX).map(|bytes| bytes.len())
        })
    }

    fn set_buffer_bytes(&self, buffer: BufferType, start: usize, len: usize, data: &[u8]) -> Answer {
        let call = HostCall::SetBufferBytes { buffer, start, len, data: data.to_vec() };
        self.answer(call, done, |stream| {
            self.edit_buffer(stream, buffer, start, |bytes| buffer::splice(bytes, start, len, data))
        })
    }

    fn header_map_pairs(&self, map: MapType) -> Answer<Vec<u8>> {
        self.answer(
            HostCall::HeaderMapPairs { map },
            |block: &Vec<u8>| Reply::Pairs(maps::decode(block).len()),
            |stream| self.map_block(stream, map),
        )
    }

    fn set_header_map_pairs(&self, map: MapType, block: &[u8]) -> Answer {
        let pairs = maps::decode(block);
        let call = HostCall::SetHeaderMapPairs { map, pairs: pairs.clone() };
        self.change_map(call, map, |list, owner| maps::replace_all(list, owner, &pairs))
    }

    fn header_map_value(&self, map: MapType, key: &[u8]) -> Answer<Vec<u8>> {
        let call = HostCall::HeaderMapValue { map, key: key.to_vec() };
        self.answer(call, |found: &Vec<u8>| bytes(found), |stream| self.map_value(stream, map, key))
    }

    fn add_header_map_value(&self, map: MapType, key: &[u8], value: &[u8]) -> Answer {
        let call = HostCall::AddHeaderMapValue { map, key: key.to_vec(), value: value.to_vec() };
        self.change_map(call, map, |list, owner| maps::add(list, owner, key, value))
    }

    fn replace_header_map_value(&self, map: MapType, key: &[u8], value: &[u8]) -> Answer {
        let call = HostCall::ReplaceHeaderMapValue { map, key: key.to_vec(), value: value.to_vec() };
        self.change_map(call, map, |list, owner| maps::replace(list, owner, key, value))
    }

    fn remove_header_map_value(&self, map: MapType, key: &[u8]) -> Answer {
        let call = HostCall::RemoveHeaderMapValue { map, key: key.to_vec() };
        self.change_map(call, map, |list, owner| maps::remove(list, owner, key))
    }

    fn header_map_size(&self, map: MapType) -> Answer<usize> {
        self.answer(HostCall::HeaderMapSize { map }, size, |stream| {
            // As if it was to be changed: also the trailers that are not there yet are made by it.
            let mut size = 0;
            self.edit_map(stream, map, |list, _| {
                size = list.iter().map(|(name, value)| name.len() + value.len()).sum();
            })?;
            Ok(size)
        })
    }

    fn continue_stream(&self, stream_type: StreamType) -> Answer {
        self.answer(HostCall::ContinueStream { stream: stream_type }, done, |stream| {
            let side = match stream_type.0 {
                0 => Side::Request,
                1 => Side::Response,
                2 => {
                    if let Some(connection) = self.acting_connection() {
                        self.vm.after_call(AfterCall::ContinueReading(connection.context));
                    }
                    return Ok(());
                }
                3 => return Err(Status::UNIMPLEMENTED),
                _ => return Err(Status::BAD_ARGUMENT),
            };
            // Without a stream it succeeds and does nothing.
            let Some(stream) = stream else { return Ok(()) };
            if self.is_inside(stream, side) {
                let what = side.name();
                let text = format!("the {what} is resumed inside its own callback: ignored");
                self.flag(stream, Misuse::ResumedInside, text);
            } else {
                self.note_crossing(stream, "resumes");
                self.vm.after_call(AfterCall::Continue(stream.context, side));
            }
            // Both directions: whichever is resumed, what was known of the request goes at once.
            let mut state = stream.state_mut();
            state.request.headers_live = false;
            state.request.trailers_live = false;
            // It goes its way all the same.
            if let Shown::Piece(piece) = std::mem::take(&mut state.request.shown) {
                state.request.out_of_reach = piece;
            }
            Ok(())
        })
    }

    fn close_stream(&self, stream_type: StreamType) -> Answer {
        self.answer(HostCall::CloseStream { stream: stream_type }, done, |stream| {
            match (stream_type.0, stream) {
                (0 | 1, Some(stream)) => {
                    if self.vm.is_running(Callback::ResponseTrailers) {
                        let text = "a stream closed in on_response_trailers: Envoy 1.40 crashes";
                        self.flag(stream, Misuse::ClosedInTrailers, text);
                    }
                    self.vm.after_call(AfterCall::Reset(stream.context));
                    Ok(())
                }
                (2 | 3, _) => {
                    if let Some(connection) = self.acting_connection() {
                        self.vm.after_call(AfterCall::Close(connection.context));
                    }
                    Ok(())
                }
                (0 | 1, None) => Ok(()),
                _ => Err(Status::BAD_ARGUMENT),
            }
        })
    }

    fn send_local_response(&self, response: LocalResponseParts<'_>) -> Answer {
        let call = HostCall::SendLocalResponse {
            status: response.status,
            details: response.details.to_vec(),
            body: response.body.to_vec(),
            headers: maps::decode(response.headers),
            grpc_status: Some(response.grpc_status).filter(|status| *status <= 16),
        };
        self.answer(call, done, |stream| {
            self.vm.request_stop();
            if let Some(stream) = stream {
                let is_second = std::mem::replace(&mut stream.state_mut().reply_asked, true);
                let has_begun = stream.state().response.forwarded.headers.is_some();
                if is_second {
                    let text = "a second local response for the same stream";
                    self.flag(stream, Misuse::SecondLocalResponse, text);
                } else if has_begun {
                    let text =
                        "a local response, and the headers of the response have gone: the stream is reset";
                    self.flag(stream, Misuse::LateLocalResponse, text);
                }
                self.note_crossing(stream, "answers");
                self.vm.after_call(AfterCall::Reply(stream.context, LocalReply::from_parts(&response)));
            }
            Ok(())
        })
    }

    fn property(&self, path: &[u8]) -> Answer<Vec<u8>> {
        let call = HostCall::Property { path: path.to_vec() };
        self.answer(
            call,
            |found: &Vec<u8>| bytes(found),
            |stream| self.property_of(stream.map(|stream| &**stream), path),
        )
    }

    fn set_property(&self, path: &[u8], value: &[u8]) -> Answer {
        let call = HostCall::SetProperty { path: path.to_vec(), value: value.to_vec() };
        self.answer(call, done, |stream| {
            if self.facts().properties == Properties::Text {
                return self.keep_property(stream.map(|stream| &**stream), path, value);
            }
            let kept = |filter_state: &mut HashMap<Vec<u8>, Vec<u8>>| {
                if filter_state.contains_key(path) && self.foreign.is_read_only(path) {
                    return Err(Status::BAD_ARGUMENT);
                }
                filter_state.insert(path.to_vec(), value.to_vec());
                Ok(())
            };
            match (stream, self.acting_connection()) {
                (Some(stream), _) => kept(&mut stream.state_mut().filter_state),
                (None, Some(connection)) => kept(&mut connection.state_mut().filter_state),
                (None, None) => Err(Status::NOT_FOUND),
            }
        })
    }

    fn set_effective_context(&self, context: u32) -> Answer {
        if std::thread::panicking() {
            // A destructor asks, while a native guest is unwound. A module is not: its last line is for the context that it
            // acted on.
            return Ok(());
        }
        self.answer(HostCall::SetEffectiveContext { context }, done, |_| {
            if context != 0 && !self.exists(context) {
                return Err(Status::BAD_ARGUMENT);
            }
            self.vm.set_effective(context);
            Ok(())
        })
    }
    fn http_call(&self, parts: HttpCallParts<'_>) -> Answer<u32> {
        let call = HostCall::HttpCall {
            upstream: parts.upstream.to_vec(),
            headers: maps::decode(parts.headers),
            body: parts.body.to_vec(),
            trailers: maps::decode(parts.trailers),
            timeout_milliseconds: parts.timeout_milliseconds,
        };
        let context = self.vm.acting().unwrap_or_default();
        self.answer(call, number, |_| self.start_callout(context, &parts))
    }

    fn grpc_call(&self, parts: GrpcCallParts<'_>, message: &[u8], timeout_milliseconds: u32) -> Answer<u32> {
        let call = HostCall::GrpcCall {
            upstream: parts.upstream.to_vec(),
            service: parts.service.to_vec(),
            method: parts.method.to_vec(),
            metadata: maps::decode(parts.metadata),
            message: message.to_vec(),
            timeout_milliseconds,
        };
        let context = self.vm.acting().unwrap_or_default();
        self.answer(call, number, |_| self.start_grpc(context, parts, Some((message, timeout_milliseconds))))
    }

    fn grpc_stream(&self, parts: GrpcCallParts<'_>) -> Answer<u32> {
        let call = HostCall::GrpcStream {
            upstream: parts.upstream.to_vec(),
            service: parts.service.to_vec(),
            method: parts.method.to_vec(),
            metadata: maps::decode(parts.metadata),
        };
        let context = self.vm.acting().unwrap_or_default();
        self.answer(call, number, |_| self.start_grpc(context, parts, None))
    }

    fn grpc_send(&self, token: u32, message: &[u8], end_of_stream: bool) -> Answer {
        let call = HostCall::GrpcSend { token, message: message.to_vec(), end_of_stream };
        self.answer(call, done, |_| self.send_grpc(token, message, end_of_stream))
    }

    fn grpc_close(&self, token: u32) -> Answer {
        self.answer(HostCall::GrpcClose { token }, done, |_| self.close_grpc(token))
    }

    fn grpc_cancel(&self, token: u32) -> Answer {
        self.answer(HostCall::GrpcCancel { token }, done, |_| self.cancel_grpc(token))
    }

    fn status(&self) -> Answer<(u32, Vec<u8>)> {
        let reply = |(code, message): &(u32, Vec<u8>)| Reply::Numbered((*code).into(), message.clone());
        self.answer(HostCall::Status, reply, |_| Ok(self.last_status()))
    }

    fn shared_data(&self, key: &[u8]) -> Answer<(Vec<u8>, u32)> {
        self.get_shared_data(key)
    }

    fn set_shared_data(&self, key: &[u8], value: &[u8], cas: u32) -> Answer {
        self.change_shared_data(key, value, cas)
    }

    fn register_shared_queue(&self, name: &[u8]) -> Answer<u32> {
        self.register_queue(name)
    }

    fn resolve_shared_queue(&self, vm_id: &[u8], name: &[u8]) -> Answer<u32> {
        self.resolve_queue(vm_id, name)
    }

    fn enqueue_shared_queue(&self, queue: u32, item: &[u8]) -> Answer {
        self.enqueue(queue, item)
    }

    fn dequeue_shared_queue(&self, queue: u32) -> Answer<Vec<u8>> {
        self.dequeue(queue)
    }

    fn define_metric(&self, kind: MetricType, name: &[u8]) -> Answer<u32> {
        self.define(kind, name)
    }

    fn increment_metric(&self, metric: u32, delta: i64) -> Answer {
        self.increment(metric, delta)
    }

    fn record_metric(&self, metric: u32, value: u64) -> Answer {
        self.record(metric, value)
    }

    fn metric(&self, metric: u32) -> Answer<u64> {
        self.metric_value(metric)
    }

    fn call_foreign_function(&self, name: &[u8], argument: &[u8]) -> Answer<Vec<u8>> {
        let call = HostCall::CallForeignFunction { name: name.to_vec(), argument: argument.to_vec() };
        self.answer(
            call,
            |found: &Vec<u8>| bytes(found),
            |stream| self.foreign_function(stream.map(|stream| &**stream), name, argument),
        )
    }

    fn import(&self, name: &str, arguments: &[u64], act: &mut dyn FnMut() -> Answer) -> Answer {
        let call = HostCall::Import { name: name.to_owned(), arguments: arguments.to_vec() };
        self.answer(call, done, |_| act())
    }

    fn resolve_dns(&self, name: &[u8]) -> Answer<u32> {
        self.begin_lookup(name)
    }

    fn done(&self) -> Answer {
        self.answer(HostCall::Done, done, |_| self.root_is_done())
    }
}

impl HostCore {
    /// Whether a callback of this direction of this very stream is running.
    pub(super) fn is_inside(&self, stream: &Stream, side: Side) -> bool {
        let callbacks = match side {
            Side::Request => [Callback::RequestHeaders, Callback::RequestBody, Callback::RequestTrailers],
            Side::Response => [Callback::ResponseHeaders, Callback::ResponseBody, Callback::ResponseTrailers],
        };
        self.vm.running() == Some(stream.context)
            && callbacks.into_iter().any(|callback| self.vm.is_running(callback))
    }

    fn change_map(&self, call: HostCall, map: MapType, edit: impl FnOnce(&mut HeaderList, Owner)) -> Answer {
        self.answer(call, done, |stream| self.edit_map(stream, map, edit))
    }
}

/// What a host that logs nothing says of its level.
const OFF: u32 = 6;
