//! What the hostile host answers.

use crate::host::HostileHost;
use waxwing::__private::{
    Answer, BufferType, Extension, GrpcCallParts, Host, HttpCallParts, LocalResponseParts, MapType,
    MetricType, StreamType,
};
use waxwing::Status;

impl<R: Extension> Host for HostileHost<R> {
    fn log(&self, level: u32, message: &[u8]) -> Answer {
        if level >= 3 {
            self.case.coverage.logged(&String::from_utf8_lossy(message));
        }
        self.step("proxy_log")
    }
    fn log_level(&self) -> Answer<u32> {
        self.step("proxy_get_log_level")
            .map(|()| u32::from(self.chaos().byte()) << 24 >> self.chaos().below(32))
    }
    fn current_time_nanoseconds(&self) -> Answer<u64> {
        self.step("proxy_get_current_time_nanoseconds").map(|()| u64::from(self.chaos().byte()) << 56)
    }
    fn buffer_bytes(&self, buffer: BufferType, _start: usize, _max_len: usize) -> Answer<Vec<u8>> {
        self.step("proxy_get_buffer_bytes")?;
        match buffer {
            BufferType::PLUGIN_CONFIGURATION => {}
            BufferType::HTTP_CALL_RESPONSE_BODY | BufferType::GRPC_MESSAGE => return Ok(self.answer()),
            _ => return Ok(self.bytes()),
        }
        Ok(match self.chaos().below(16) {
            13 => b"".to_vec(),
            14 => b"{\"a\": \"secret\"}".to_vec(),
            15 => b"\"\xff".to_vec(),
            _ => b"{}".to_vec(),
        })
    }
    fn set_buffer_bytes(&self, _: BufferType, _: usize, _: usize, _: &[u8]) -> Answer {
        self.step("proxy_set_buffer_bytes")
    }
    fn buffer_status(&self, _buffer: BufferType) -> Answer<usize> {
        self.step("proxy_get_buffer_status").map(|()| usize::from(self.chaos().byte()) << 24)
    }
    fn header_map_size(&self, _map: MapType) -> Answer<usize> {
        self.step("proxy_get_header_map_size").map(|()| usize::from(self.chaos().byte()) << 24)
    }
    fn header_map_pairs(&self, _map: MapType) -> Answer<Vec<u8>> {
        self.step("proxy_get_header_map_pairs").map(|()| self.pairs())
    }
    fn set_header_map_pairs(&self, _map: MapType, _block: &[u8]) -> Answer {
        self.step("proxy_set_header_map_pairs")
    }
    fn header_map_value(&self, _map: MapType, key: &[u8]) -> Answer<Vec<u8>> {
        let is_status = key == b":status" && !self.chaos().rarely(4);
        self.step("proxy_get_header_map_value")
            .map(|()| if is_status { b"200".to_vec() } else { self.bytes() })
    }
    fn add_header_map_value(&self, _: MapType, _: &[u8], _: &[u8]) -> Answer {
        self.step("proxy_add_header_map_value")
    }
    fn replace_header_map_value(&self, _: MapType, _: &[u8], _: &[u8]) -> Answer {
        self.step("proxy_replace_header_map_value")
    }
    fn remove_header_map_value(&self, _: MapType, _: &[u8]) -> Answer {
        self.step("proxy_remove_header_map_value")
    }
    fn continue_stream(&self, _stream: StreamType) -> Answer {
        self.step("proxy_continue_stream")
    }
    fn close_stream(&self, _stream: StreamType) -> Answer {
        self.case.ledger.reset();
        self.step("proxy_close_stream")
    }
    fn send_local_response(&self, response: LocalResponseParts<'_>) -> Answer {
        self.case.ledger.answer(response.details, || {
            self.step("proxy_send_local_response")?;
            if self.chaos().rarely(4) { Err(Status::INTERNAL_FAILURE) } else { Ok(()) }
        })
    }
    fn property(&self, _path: &[u8]) -> Answer<Vec<u8>> {
        self.step("proxy_get_property").map(|()| self.bytes())
    }
    fn set_property(&self, _path: &[u8], _value: &[u8]) -> Answer {
        self.step("proxy_set_property")
    }
    fn call_foreign_function(&self, _name: &[u8], _argument: &[u8]) -> Answer<Vec<u8>> {
        // The token of an expression has four bytes.
        self.step("proxy_call_foreign_function")
            .map(|()| if self.chaos().rarely(2) { vec![1, 0, 0, 0] } else { self.bytes() })
    }
    fn http_call(&self, call: HttpCallParts<'_>) -> Answer<u32> {
        self.step("proxy_http_call").map(|()| self.asked(crate::caller::HTTP, call.body))
    }
    fn grpc_call(&self, call: GrpcCallParts<'_>, _message: &[u8], _timeout: u32) -> Answer<u32> {
        self.step("proxy_grpc_call").map(|()| self.asked(crate::caller::CALL, call.method))
    }
    fn grpc_stream(&self, call: GrpcCallParts<'_>) -> Answer<u32> {
        // It may tell of the stream before it is open.
        self.step("proxy_grpc_stream").map(|()| self.asked(crate::caller::STREAM, call.method))
    }
    fn grpc_send(&self, _token: u32, _message: &[u8], _end_of_stream: bool) -> Answer {
        self.step("proxy_grpc_send")
    }
    fn grpc_close(&self, _token: u32) -> Answer {
        self.step("proxy_grpc_close")
    }
    fn grpc_cancel(&self, _token: u32) -> Answer {
        self.step("proxy_grpc_cancel")
    }
    fn status(&self) -> Answer<(u32, Vec<u8>)> {
        self.step("proxy_get_status")?;
        let words: &[u8] = match self.chaos().below(6) {
            1 => b"upstream request timeout{response_timeout}",
            2 => b"no healthy upstream{x}",
            3 => b"upstream connect error or disconnect/reset before headers.",
            _ => return Ok((u32::from(self.chaos().byte()), self.bytes())),
        };
        Ok((u32::from(self.chaos().byte()), words.to_vec()))
    }
    fn define_metric(&self, _kind: MetricType, _name: &[u8]) -> Answer<u32> {
        self.step("proxy_define_metric").map(|()| u32::from(self.chaos().byte()))
    }
    fn increment_metric(&self, _metric: u32, _delta: i64) -> Answer {
        self.step("proxy_increment_metric")
    }
    fn record_metric(&self, _metric: u32, _value: u64) -> Answer {
        self.step("proxy_record_metric")
    }
    fn metric(&self, _metric: u32) -> Answer<u64> {
        self.step("proxy_get_metric").map(|()| u64::MAX - u64::from(self.chaos().byte()))
    }
    fn set_tick_period(&self, _milliseconds: u32) -> Answer {
        self.step("proxy_set_tick_period_milliseconds")
    }
    fn shared_data(&self, _key: &[u8]) -> Answer<(Vec<u8>, u32)> {
        self.share("proxy_get_shared_data").and_then(|()| self.shared.get(self.chaos()))
    }
    fn set_shared_data(&self, _key: &[u8], _value: &[u8], _cas: u32) -> Answer {
        self.share("proxy_set_shared_data").and_then(|()| self.shared.set(self.chaos()))
    }
    fn register_shared_queue(&self, _name: &[u8]) -> Answer<u32> {
        self.step("proxy_register_shared_queue").map(|()| u32::from(self.chaos().below(8)))
    }
    fn resolve_shared_queue(&self, _vm_id: &[u8], _name: &[u8]) -> Answer<u32> {
        self.step("proxy_resolve_shared_queue").map(|()| u32::from(self.chaos().below(8)))
    }
    fn enqueue_shared_queue(&self, _queue: u32, _item: &[u8]) -> Answer {
        self.step("proxy_enqueue_shared_queue")
    }
    fn dequeue_shared_queue(&self, _queue: u32) -> Answer<Vec<u8>> {
        self.step("proxy_dequeue_shared_queue").and_then(|()| self.shared.dequeue(self.chaos()))
    }
    fn done(&self) -> Answer {
        self.step("proxy_done")
    }
    fn resolve_dns(&self, _name: &[u8]) -> Answer<u32> {
        self.step("envoy_resolve_dns")?;
        let token = self.new_token();
        // Before the guest can know it.
        if self.chaos().rarely(2) {
            self.resolved(1, token, usize::from(self.chaos().below(4)));
        }
        Ok(token)
    }
    fn set_effective_context(&self, context: u32) -> Answer {
        self.step("proxy_set_effective_context")?;
        self.case.ledger.act_on(context);
        Ok(())
    }

    fn misplace(&self, address: usize, len: usize) -> (usize, usize) {
        let error = usize::from(self.chaos().byte()) << self.chaos().below(64);
        match self.chaos().below(16) {
            14 => (address.wrapping_add(error), len),
            15 => (address, len.wrapping_add(error)),
            _ => (address, len),
        }
    }
}
