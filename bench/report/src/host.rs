//! The host of the measurements: it answers every call at once, always the same.

use crate::allocation::uncounted;
use std::cell::Cell;
use waxwing::__private::{
    Answer, BufferType, Host, HttpCallParts, LocalResponseParts, MapType, MetricType, StreamType, pairs,
};
use waxwing::Status;

/// A host with 20 request headers and 8 response headers, of which it forgets every change.
///
/// It is not the model of `waxwing-testing`, so that the numbers do not change with the model; what a guest
/// executes is the same on both.
#[derive(Debug)]
pub(crate) struct FixedHost {
    request: Vec<u8>,
    response: Vec<u8>,
    time: Cell<u64>,
}

/// The number of headers of every request.
pub(crate) const REQUEST_HEADERS: usize = 20;

/// The number of headers of every response.
pub(crate) const RESPONSE_HEADERS: usize = 8;

/// The token of every callout: one is answered before the next is made.
pub(crate) const TOKEN: u32 = 4;

/// What a request gives for each of its headers.
const VALUE: &[u8] = b"a header value of 29 bytes...";

impl FixedHost {
    pub(crate) fn new() -> Self {
        FixedHost { request: block(REQUEST_HEADERS), response: block(RESPONSE_HEADERS), time: Cell::new(0) }
    }
}

/// The pair block of so many headers.
fn block(count: usize) -> Vec<u8> {
    let names: Vec<_> = (0..count).map(|number| format!("x-header-{number}")).collect();
    let headers = names.iter().map(|name| (name.as_bytes(), VALUE));
    let mut block = vec![0; pairs::encoded_size(headers.clone()).unwrap_or_default()];
    pairs::encode(headers, &mut block);
    block
}

impl Host for FixedHost {
    fn log(&self, level: u32, message: &[u8]) -> Answer {
        // The guests have nothing to say unless something is wrong; the soak's means to be.
        if !message.ends_with(b"it is the turn of an error") {
            uncounted(|| eprintln!("the guest logs at level {level}: {}", String::from_utf8_lossy(message)));
        }
        Ok(())
    }

    /// The clock, which moves on by a nanosecond each time.
    fn current_time_nanoseconds(&self) -> Answer<u64> {
        self.time.set(self.time.get() + 1);
        Ok(self.time.get())
    }

    fn buffer_bytes(&self, buffer: BufferType, _start: usize, max_len: usize) -> Answer<Vec<u8>> {
        uncounted(|| match buffer {
            BufferType::HTTP_RESPONSE_BODY => Ok(vec![b'b'; max_len]),
            _ => Ok(Vec::new()),
        })
    }

    fn header_map_pairs(&self, map: MapType) -> Answer<Vec<u8>> {
        uncounted(|| match map {
            MapType::HTTP_REQUEST_HEADERS => Ok(self.request.clone()),
            _ => Ok(self.response.clone()),
        })
    }

    fn header_map_value(&self, _map: MapType, key: &[u8]) -> Answer<Vec<u8>> {
        uncounted(|| Ok(if key == b":status" { b"200".to_vec() } else { VALUE.to_vec() }))
    }

    fn http_call(&self, _call: HttpCallParts<'_>) -> Answer<u32> {
        Ok(TOKEN)
    }

    fn set_effective_context(&self, _context: u32) -> Answer {
        Ok(())
    }

    fn add_header_map_value(&self, _map: MapType, _key: &[u8], _value: &[u8]) -> Answer {
        Ok(())
    }

    fn replace_header_map_value(&self, _map: MapType, _key: &[u8], _value: &[u8]) -> Answer {
        Ok(())
    }

    fn set_header_map_pairs(&self, _map: MapType, _block: &[u8]) -> Answer {
        Ok(())
    }

    fn set_buffer_bytes(&self, _buffer: BufferType, _start: usize, _len: usize, _data: &[u8]) -> Answer {
        Ok(())
    }

    fn close_stream(&self, _stream: StreamType) -> Answer {
        Ok(())
    }

    fn property(&self, path: &[u8]) -> Answer<Vec<u8>> {
        uncounted(|| match path {
            b"request\0method" => Ok(b"GET".to_vec()),
            b"source\0address" => Ok(b"10.0.0.7:41234".to_vec()),
            b"source\0port" => Ok(41_234u64.to_le_bytes().to_vec()),
            b"connection\0mtls" => Ok(vec![1]),
            b"request\0time" => Ok(1_767_225_600_000_000_000u64.to_le_bytes().to_vec()),
            _ => Err(Status::NOT_FOUND),
        })
    }

    fn shared_data(&self, _key: &[u8]) -> Answer<(Vec<u8>, u32)> {
        uncounted(|| Ok((vec![1; 8], 1)))
    }

    fn set_shared_data(&self, _key: &[u8], _value: &[u8], _cas: u32) -> Answer {
        Ok(())
    }

    fn define_metric(&self, _kind: MetricType, _name: &[u8]) -> Answer<u32> {
        Ok(4)
    }

    fn increment_metric(&self, _metric: u32, _delta: i64) -> Answer {
        Ok(())
    }

    fn remove_header_map_value(&self, _map: MapType, _key: &[u8]) -> Answer {
        Ok(())
    }

    fn continue_stream(&self, _stream: StreamType) -> Answer {
        Ok(())
    }

    fn send_local_response(&self, _response: LocalResponseParts<'_>) -> Answer {
        Ok(())
    }
}
