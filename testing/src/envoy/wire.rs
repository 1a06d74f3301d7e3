//! HTTP/1.1 as it is on the wire: messages to bytes, and bytes to messages.
//!
//! A library for clients and servers would hide what matters here: the order of headers, bytes that are not
//! text, where a body is cut, and whether a message was complete.

use std::io::{self, Read};

use crate::http::Body;
use crate::{HeaderList, Request, Response};

/// The most headers that a message may have.
const MAX_HEADERS: usize = 1024;

/// A message that was read, maybe only in part.
#[derive(Debug)]
pub(super) struct Incoming<M> {
    pub(super) message: M,
    /// Whether it came to its end.
    pub(super) complete: bool,
}

/// The bytes of a request, cut where the proxy is to see a cut.
///
/// A piece of a body that is empty cannot be sent, because that is the mark of the end.
pub(super) fn request_pieces(request: &Request) -> Vec<Vec<u8>> {
    let text = |name: &str| request.headers.get(name).unwrap_or_default();
    let mut head = [text(":method"), b" ", text(":path"), b" HTTP/1.1\r\n"].concat();
    if let Some(authority) = request.headers.get(":authority") {
        push_header(&mut head, b"host", authority);
    }
    if request.headers.get(FORWARDED_PROTO).is_none() {
        // From this Envoy takes the scheme, for which HTTP/1.1 has no other place.
        push_header(&mut head, FORWARDED_PROTO.as_bytes(), text(":scheme"));
    }
    let framing = match framing(&request.headers) {
        Framing::Unknown if request.body.is_absent() && request.trailers.is_empty() => Framing::Known,
        framing => framing,
    };
    pieces(head, &request.headers, framing, &request.body, &request.trailers)
}

/// The bytes of a response to a request with this method, cut where the proxy is to see a cut.
pub(super) fn response_pieces(response: &Response, method: &str) -> Vec<Vec<u8>> {
    let status = response.status();
    let mut head = format!("HTTP/1.1 {status} \r\n").into_bytes();
    if has_no_body(status, method) {
        return pieces(head, &response.headers, Framing::Known, &Body::default(), &HeaderList::new());
    }
    let framing = match framing(&response.headers) {
        Framing::Unknown if response.body.is_absent() && response.trailers.is_empty() => {
            push_header(&mut head, b"content-length", b"0");
            Framing::Known
        }
        framing => framing,
    };
    pieces(head, &response.headers, framing, &response.body, &response.trailers)
}

/// Where Envoy notes the scheme of a request; it adds this header if it is missing.
pub(super) const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// How the end of a body is found.
enum Framing {
    /// The headers say it.
    Known,
    /// In chunks; the headers say so.
    Chunked,
    /// The headers say nothing.
    Unknown,
}

fn framing(headers: &HeaderList) -> Framing {
    if headers.get("transfer-encoding").is_some() {
        Framing::Chunked
    } else if headers.get("content-length").is_some() {
        Framing::Known
    } else {
        Framing::Unknown
    }
}

fn has_no_body(status: u16, method: &str) -> bool {
    method == "HEAD" || status == 204 || status == 304 || (100..200).contains(&status)
}

fn pieces(
    mut head: Vec<u8>,
    headers: &HeaderList,
    framing: Framing,
    body: &Body,
    trailers: &HeaderList,
) -> Vec<Vec<u8>> {
    for (name, value) in headers.iter().filter(|(name, _)| !name.starts_with(b":")) {
        push_header(&mut head, name, value);
    }
    if matches!(framing, Framing::Unknown) {
        push_header(&mut head, b"transfer-encoding", b"chunked");
    }
    head.extend(b"\r\n");
    let chunks = body.chunks.iter().filter(|chunk| !chunk.is_empty());
    if matches!(framing, Framing::Known) {
        return std::iter::once(head).chain(chunks.cloned()).collect();
    }
    let chunks = chunks.map(|chunk| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
    let mut end = b"0\r\n".to_vec();
    for (name, value) in trailers.iter() {
        push_header(&mut end, name, value);
    }
    end.extend(b"\r\n");
    std::iter::once(head).chain(chunks).chain([end]).collect()
}

fn push_header(text: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    text.extend([name, b": ", value, b"\r\n"].concat());
}

/// Reads messages from a connection.
#[derive(Debug)]
pub(super) struct Reader<R> {
    source: R,
    /// What was received and belongs to no message yet.
    rest: Vec<u8>,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(source: R) -> Self {
        Reader { source, rest: Vec::new() }
    }

    /// The next request; `None` if the connection ends before the headers of one are complete.
    ///
    /// The scheme is not on the wire, so the caller has to add `:scheme`.
    pub(super) fn request(&mut self) -> io::Result<Option<Incoming<Request>>> {
        let Some((mut headers, fields)) = self.head(|text| {
            let mut space = [httparse::EMPTY_HEADER; MAX_HEADERS];
            let mut request = httparse::Request::new(&mut space);
            let status = request.parse(text).map_err(invalid)?;
            Ok(status.is_complete().then(|| {
                let start = [
                    (":method", request.method.unwrap_or_default()),
                    (":path", request.path.unwrap_or_default()),
                ];
                (consumed(status), start.into_iter().collect(), fields(request.headers))
            }))
        })?
        else {
            return Ok(None);
        };
        if let Some(host) = fields.get("host") {
            headers.add(":authority", host);
        }
        let fields_without_host = fields.iter().filter(|(name, _)| !name.eq_ignore_ascii_case(b"host"));
        let bounds = Bounds::of(&fields, Bounds::Length(0))?;
        add_end_to_end(&mut headers, fields_without_host);
        let mut message = Request::from_headers(headers);
        let complete = self.body(bounds, &mut message.body, &mut message.trailers)?;
        Ok(Some(Incoming { message, complete }))
    }

    /// The response to a request with this method; `None` if the connection ends before its headers do.
    pub(super) fn response(&mut self, method: &str) -> io::Result<Option<Incoming<Response>>> {
        loop {
            let Some((mut headers, fields)) = self.head(|text| {
                let mut space = [httparse::EMPTY_HEADER; MAX_HEADERS];
                let mut response = httparse::Response::new(&mut space);
                let status = response.parse(text).map_err(invalid)?;
                Ok(status.is_complete().then(|| {
                    let start = [(":status", response.code.unwrap_or_default().to_string())];
                    (consumed(status), start.into_iter().collect(), fields(response.headers))
                }))
            })?
            else {
                return Ok(None);
            };
            add_end_to_end(&mut headers, fields.iter());
            let mut message = Response::from_headers(headers);
            if (100..200).contains(&message.status()) {
                continue;
            }
            let bounds = if has_no_body(message.status(), method) {
                Bounds::Length(0)
            } else {
                Bounds::of(&fields, Bounds::Connection)?
            };
            let complete = self.body(bounds, &mut message.body, &mut message.trailers)?;
            return Ok(Some(Incoming { message, complete }));
        }
    }

    /// The start line, as pseudo-headers, and the fields.
    fn head(
        &mut self,
        parse: impl Fn(&[u8]) -> io::Result<Option<Head>>,
    ) -> io::Result<Option<(HeaderList, HeaderList)>> {
        loop {
            if let Some((length, start, fields)) = parse(&self.rest)? {
                self.rest.drain(..length);
                return Ok(Some((start, fields)));
            }
            if !self.receive()? {
                return Ok(None);
            }
        }
    }

    /// The rest of a message; false if the connection ends before the message does.
    fn body(&mut self, bounds: Bounds, body: &mut Body, trailers: &mut HeaderList) -> io::Result<bool> {
        match bounds {
            Bounds::Chunks => self.chunks(body, trailers),
            Bounds::Length(length) => self.piece(length, body),
            Bounds::Connection => {
                while self.receive()? {}
                let length = self.rest.len();
                self.piece(length, body)
            }
        }
    }

    /// So many bytes of a body, or those that come.
    fn piece(&mut self, length: usize, body: &mut Body) -> io::Result<bool> {
        let complete = self.await_bytes(length)?;
        let piece: Vec<u8> = self.rest.drain(..length.min(self.rest.len())).collect();
        if !piece.is_empty() {
            body.chunks.push(piece);
        }
        Ok(complete)
    }

    fn chunks(&mut self, body: &mut Body, trailers: &mut HeaderList) -> io::Result<bool> {
        loop {
            let (line, length) = match httparse::parse_chunk_size(&self.rest) {
                Ok(httparse::Status::Complete(chunk)) => chunk,
                Ok(httparse::Status::Partial) if self.receive()? => continue,
                Ok(httparse::Status::Partial) => return Ok(false),
                Err(_) => return Err(invalid("a chunk without a valid size")),
            };
            self.rest.drain(..line);
            let length = usize::try_from(length).map_err(invalid)?;
            if length == 0 {
                return self.trailers(trailers);
            }
            if !self.piece(length, body)? || !self.await_bytes(2)? {
                return Ok(false);
            }
            self.rest.drain(..2);
        }
    }

    fn trailers(&mut self, trailers: &mut HeaderList) -> io::Result<bool> {
        loop {
            let mut space = [httparse::EMPTY_HEADER; MAX_HEADERS];
            if let httparse::Status::Complete((length, found)) =
                httparse::parse_headers(&self.rest, &mut space).map_err(invalid)?
            {
                *trailers = fields(found);
                self.rest.drain(..length);
                return Ok(true);
            }
            if !self.receive()? {
                return Ok(false);
            }
        }
    }

    /// Receives until so many bytes are there; false if the connection ends before.
    fn await_bytes(&mut self, length: usize) -> io::Result<bool> {
        while self.rest.len() < length {
            if !self.receive()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Receives something; false at the end of the connection, in order or not.
    fn receive(&mut self) -> io::Result<bool> {
        let mut space = [0; 16 * 1024];
        match self.source.read(&mut space) {
            Ok(length) => {
                self.rest.extend_from_slice(&space[..length]);
                Ok(length > 0)
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The length of a head, its start line as pseudo-headers, and its fields.
type Head = (usize, HeaderList, HeaderList);

/// Where a body ends.
enum Bounds {
    Chunks,
    Length(usize),
    Connection,
}

impl Bounds {
    fn of(fields: &HeaderList, otherwise: Bounds) -> io::Result<Bounds> {
        if fields.get("transfer-encoding").is_some() {
            return Ok(Bounds::Chunks);
        }
        let Some(length) = fields.get("content-length") else { return Ok(otherwise) };
        let length = std::str::from_utf8(length).map_err(invalid)?.parse().map_err(invalid)?;
        Ok(Bounds::Length(length))
    }
}

/// Adds the headers that are not about this one connection.
fn add_end_to_end<'a>(headers: &mut HeaderList, fields: impl Iterator<Item = (&'a [u8], &'a [u8])>) {
    for (name, value) in fields {
        if !["transfer-encoding", "connection"].iter().any(|hop| name.eq_ignore_ascii_case(hop.as_bytes())) {
            headers.add(name, value);
        }
    }
}

fn fields(fields: &[httparse::Header<'_>]) -> HeaderList {
    fields.iter().map(|field| (field.name, field.value)).collect()
}

fn consumed(status: httparse::Status<usize>) -> usize {
    match status {
        httparse::Status::Complete(length) => length,
        httparse::Status::Partial => 0,
    }
}

fn invalid(problem: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reread_request(request: &Request) -> Incoming<Request> {
        let wire = request_pieces(request).concat();
        Reader::new(wire.as_slice()).request().unwrap().unwrap()
    }

    fn reread_response(response: &Response, method: &str) -> Incoming<Response> {
        let wire = response_pieces(response, method).concat();
        Reader::new(wire.as_slice()).response(method).unwrap().unwrap()
    }

    #[test]
    fn a_request_keeps_order_duplicates_and_bytes() {
        let request = Request::get("/").header("b", "1").header("a", b"\xff\x80".to_vec()).header("b", "2");
        let read = reread_request(&request);
        assert!(read.complete);
        let headers: Vec<_> = read.message.headers.iter().skip(3).collect();
        let expected: [(&[u8], &[u8]); 4] =
            [(b"x-forwarded-proto", b"http"), (b"b", b"1"), (b"a", b"\xff\x80"), (b"b", b"2")];
        assert_eq!(headers, expected);
    }

    #[test]
    fn chunks_and_trailers_come_back_as_they_were_cut() {
        let request = Request::post("/").chunks(["one", "", "two"]).trailer("sum", "6");
        let pieces = request_pieces(&request);
        assert_eq!(&pieces[1..], [&b"3\r\none\r\n"[..], b"3\r\ntwo\r\n", b"0\r\nsum: 6\r\n\r\n"]);
        let read = reread_request(&request);
        assert_eq!(read.message.body.chunks, [b"one", b"two"]);
        assert_eq!(read.message.trailers.get("sum"), Some(&b"6"[..]));
    }

    #[test]
    fn a_declared_length_is_kept() {
        let response = Response::new(200).header("content-length", "6").chunks(["one", "two"]);
        assert_eq!(response_pieces(&response, "GET").len(), 3);
        let read = reread_response(&response, "GET");
        assert_eq!((read.complete, read.message.body_bytes()), (true, b"onetwo".to_vec()));
    }

    #[test]
    fn the_response_to_head_has_its_headers_only() {
        let response = Response::new(200).header("content-length", "6").body("onetwo");
        assert_eq!(response_pieces(&response, "HEAD").len(), 1);
        let read = reread_response(&response, "HEAD");
        assert_eq!((read.complete, read.message.body_bytes()), (true, Vec::new()));
    }

    #[test]
    fn a_connection_that_ends_early_leaves_a_part() {
        let request = Request::post("/").chunks(["one", "two"]);
        let wire = request_pieces(&request).concat();
        let cut = &wire[..wire.len() - 8];
        let read = Reader::new(cut).request().unwrap().unwrap();
        assert_eq!((read.complete, read.message.body_bytes()), (false, b"onetw".to_vec()));
    }

    #[test]
    fn an_interim_response_is_skipped() {
        let wire = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
        let read = Reader::new(&wire[..]).response("GET").unwrap().unwrap();
        assert_eq!(read.message.status(), 204);
    }
}
