//! The host, as a VM's thread reaches it: on the test's thread.

use super::thread::{self, Message};
use std::sync::mpsc::{Sender, sync_channel};
use waxwing::__private::{
    Answer, BufferType, GrpcCallParts, Host, HttpCallParts, LocalResponseParts, MapType, MetricType,
    StreamType,
};

/// Passes each call on, with copies of its arguments, and waits for the answer.
pub(super) struct RemoteHost {
    said: Sender<Message>,
}

impl RemoteHost {
    pub(super) fn new(said: Sender<Message>) -> Self {
        RemoteHost { said }
    }

    fn ask<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn Host) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let (answer, answered) = sync_channel(1);
        let question = Box::new(move |host: &dyn Host| {
            // The guest waits for it.
            let _ = answer.send(call(host));
        });
        if self.said.send(Message::Call(question)).is_err() {
            thread::wait_for_ever();
        }
        // Without an answer, the call has ended the test.
        answered.recv().unwrap_or_else(|_| thread::wait_for_ever())
    }
}

impl Host for RemoteHost {
    fn log(&self, level: u32, message: &[u8]) -> Answer {
        let message = message.to_vec();
        self.ask(move |host| host.log(level, &message))
    }

    fn log_level(&self) -> Answer<u32> {
        self.ask(|host| host.log_level())
    }

    fn current_time_nanoseconds(&self) -> Answer<u64> {
        self.ask(|host| host.current_time_nanoseconds())
    }

    fn set_tick_period(&self, milliseconds: u32) -> Answer {
        self.ask(move |host| host.set_tick_period(milliseconds))
    }

    fn buffer_bytes(&self, buffer: BufferType, start: usize, max_len: usize) -> Answer<Vec<u8>> {
        self.ask(move |host| host.buffer_bytes(buffer, start, max_len))
    }

    fn set_buffer_bytes(&self, buffer: BufferType, start: usize, len: usize, data: &[u8]) -> Answer {
        let data = data.to_vec();
        self.ask(move |host| host.set_buffer_bytes(buffer, start, len, &data))
    }

    fn header_map_pairs(&self, map: MapType) -> Answer<Vec<u8>> {
        self.ask(move |host| host.header_map_pairs(map))
    }

    fn set_header_map_pairs(&self, map: MapType, block: &[u8]) -> Answer {
        let block = block.to_vec();
        self.ask(move |host| host.set_header_map_pairs(map, &block))
    }

    fn header_map_value(&self, map: MapType, key: &[u8]) -> Answer<Vec<u8>> {
        let key = key.to_vec();
        self.ask(move |host| host.header_map_value(map, &key))
    }

    fn add_header_map_value(&self, map: MapType, key: &[u8], value: &[u8]) -> Answer {
        let (key, value) = (key.to_vec(), value.to_vec());
        self.ask(move |host| host.add_header_map_value(map, &key, &value))
    }

    fn replace_header_map_value(&self, map: MapType, key: &[u8], value: &[u8]) -> Answer {
        let (key, value) = (key.to_vec(), value.to_vec());
        self.ask(move |host| host.replace_header_map_value(map, &key, &value))
    }

    fn remove_header_map_value(&self, map: MapType, key: &[u8]) -> Answer {
        let key = key.to_vec();
        self.ask(move |host| host.remove_header_map_value(map, &key))
    }

    fn continue_stream(&self, stream: StreamType) -> Answer {
        self.ask(move |host| host.continue_stream(stream))
    }

    fn close_stream(&self, stream: StreamType) -> Answer {
        self.ask(move |host| host.close_stream(stream))
    }

    fn send_local_response(&self, response: LocalResponseParts<'_>) -> Answer {
        let LocalResponseParts { status, grpc_status, .. } = response;
        let [details, body, headers] =
            [response.details, response.body, response.headers].map(<[u8]>::to_vec);
        self.ask(move |host| {
            host.send_local_response(LocalResponseParts {
                status,
                details: &details,
                body: &body,
                headers: &headers,
                grpc_status,
            })
        })
    }

    fn property(&self, path: &[u8]) -> Answer<Vec<u8>> {
        let path = path.to_vec();
        self.ask(move |host| host.property(&path))
    }

    fn set_property(&self, path: &[u8], value: &[u8]) -> Answer {
        let (path, value) = (path.to_vec(), value.to_vec());
        self.ask(move |host| host.set_property(&path, &value))
    }

    fn set_effective_context(&self, context: u32) -> Answer {
        self.ask(move |host| host.set_effective_context(context))
    }

    fn done(&self) -> Answer {
        self.ask(|host| host.done())
    }

    fn http_call(&self, call: HttpCallParts<'_>) -> Answer<u32> {
        let HttpCallParts { upstream, headers, body, trailers, timeout_milliseconds } = call;
        let [upstream, headers, body, trailers] = [upstream, headers, body, trailers].map(<[u8]>::to_vec);
        self.ask(move |host| {
            host.http_call(HttpCallParts {
                upstream: &upstream,
                headers: &headers,
                body: &body,
                trailers: &trailers,
                timeout_milliseconds,
            })
        })
    }

    fn grpc_call(&self, call: GrpcCallParts<'_>, message: &[u8], timeout_milliseconds: u32) -> Answer<u32> {
        let (call, message) = (OwnedGrpcCall::from(call), message.to_vec());
        self.ask(move |host| host.grpc_call(call.parts(), &message, timeout_milliseconds))
    }

    fn grpc_stream(&self, call: GrpcCallParts<'_>) -> Answer<u32> {
        let call = OwnedGrpcCall::from(call);
        self.ask(move |host| host.grpc_stream(call.parts()))
    }

    fn grpc_send(&self, token: u32, message: &[u8], end_of_stream: bool) -> Answer {
        let message = message.to_vec();
        self.ask(move |host| host.grpc_send(token, &message, end_of_stream))
    }

    fn grpc_close(&self, token: u32) -> Answer {
        self.ask(move |host| host.grpc_close(token))
    }

    fn grpc_cancel(&self, token: u32) -> Answer {
        self.ask(move |host| host.grpc_cancel(token))
    }

    fn status(&self) -> Answer<(u32, Vec<u8>)> {
        self.ask(|host| host.status())
    }

    fn shared_data(&self, key: &[u8]) -> Answer<(Vec<u8>, u32)> {
        let key = key.to_vec();
        self.ask(move |host| host.shared_data(&key))
    }

    fn set_shared_data(&self, key: &[u8], value: &[u8], cas: u32) -> Answer {
        let (key, value) = (key.to_vec(), value.to_vec());
        self.ask(move |host| host.set_shared_data(&key, &value, cas))
    }

    fn register_shared_queue(&self, name: &[u8]) -> Answer<u32> {
        let name = name.to_vec();
        self.ask(move |host| host.register_shared_queue(&name))
    }

    fn resolve_shared_queue(&self, vm_id: &[u8], name: &[u8]) -> Answer<u32> {
        let (vm_id, name) = (vm_id.to_vec(), name.to_vec());
        self.ask(move |host| host.resolve_shared_queue(&vm_id, &name))
    }

    fn enqueue_shared_queue(&self, queue: u32, item: &[u8]) -> Answer {
        let item = item.to_vec();
        self.ask(move |host| host.enqueue_shared_queue(queue, &item))
    }

    fn dequeue_shared_queue(&self, queue: u32) -> Answer<Vec<u8>> {
        self.ask(move |host| host.dequeue_shared_queue(queue))
    }

    fn define_metric(&self, kind: MetricType, name: &[u8]) -> Answer<u32> {
        let name = name.to_vec();
        self.ask(move |host| host.define_metric(kind, &name))
    }

    fn increment_metric(&self, metric: u32, delta: i64) -> Answer {
        self.ask(move |host| host.increment_metric(metric, delta))
    }

    fn record_metric(&self, metric: u32, value: u64) -> Answer {
        self.ask(move |host| host.record_metric(metric, value))
    }

    fn metric(&self, metric: u32) -> Answer<u64> {
        self.ask(move |host| host.metric(metric))
    }

    fn call_foreign_function(&self, name: &[u8], argument: &[u8]) -> Answer<Vec<u8>> {
        let (name, argument) = (name.to_vec(), argument.to_vec());
        self.ask(move |host| host.call_foreign_function(&name, &argument))
    }
}

/// The arguments of a gRPC call or stream.
struct OwnedGrpcCall([Vec<u8>; 4]);

impl From<GrpcCallParts<'_>> for OwnedGrpcCall {
    fn from(call: GrpcCallParts<'_>) -> Self {
        OwnedGrpcCall([call.upstream, call.service, call.method, call.metadata].map(<[u8]>::to_vec))
    }
}

impl OwnedGrpcCall {
    fn parts(&self) -> GrpcCallParts<'_> {
        let [upstream, service, method, metadata] = &self.0;
        GrpcCallParts { upstream, service, method, metadata }
    }
}
