//! Requests and responses.

use super::HeaderList;
use crate::attribute::{self, AttributeValue};
use waxwing::attributes::{Attribute, Kind};

/// A piece of a body as it arrives, and whether it ends the message.
pub(crate) type Piece = (Vec<u8>, bool);

/// A body, in the pieces in which it arrives, and how its end is marked.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Body {
    pub(crate) chunks: Vec<Vec<u8>>,
    /// Whether the end is an empty piece of its own, as HTTP/2 and chunked coding can have it.
    pub(crate) empty_end: bool,
}

impl Body {
    /// The whole of it.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.chunks.concat()
    }

    /// Whether the message ends with its headers, or with its trailers.
    pub(crate) fn is_absent(&self) -> bool {
        self.chunks.is_empty() && !self.empty_end
    }

    /// Adds a piece that has arrived.
    pub(crate) fn push(&mut self, piece: Vec<u8>, end: bool) {
        if piece.is_empty() && end {
            self.empty_end = true;
        } else {
            self.chunks.push(piece);
        }
    }

    /// What arrives one after the other; with trailers, no piece is the end.
    pub(crate) fn pieces(&self, trailers: bool) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = self.chunks.iter().map(|chunk| (chunk.clone(), false)).collect();
        if self.empty_end && !trailers {
            pieces.push((Vec::new(), true));
        } else if let Some((_, end)) = pieces.last_mut() {
            *end = !trailers;
        }
        pieces
    }
}

/// A request, as a client sends it or as an upstream receives it.
///
/// ```
/// use waxwing_testing::Request;
///
/// let request = Request::post("/orders?id=7").header("accept", "text/plain").body("two apples");
/// assert_eq!(request.path(), "/orders?id=7");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub(crate) headers: HeaderList,
    pub(crate) body: Body,
    pub(crate) trailers: HeaderList,
    /// Path and value of what the host knows about this request only.
    pub(crate) properties: Vec<(Vec<u8>, Vec<u8>)>,
}

/// A response, as an upstream sends it or as a client receives it.
///
/// ```
/// use waxwing_testing::Response;
///
/// let response = Response::new(404).header("content-type", "text/plain").body("no such order");
/// assert_eq!(response.status(), 404);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub(crate) headers: HeaderList,
    pub(crate) body: Body,
    pub(crate) trailers: HeaderList,
}

/// What a message of either kind consists of.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) headers: &'a HeaderList,
    pub(crate) body: &'a Body,
    pub(crate) trailers: &'a HeaderList,
}

impl Request {
    /// A request with this method and this path, to `example.com` over `http`.
    ///
    /// In place of a path it takes a whole URL, which also gives `:scheme` and `:authority`:
    ///
    /// ```
    /// use waxwing_testing::Request;
    ///
    /// let request = Request::new("PUT", "https://shop.example/cart?id=7");
    /// assert_eq!(request.path(), "/cart?id=7");
    /// assert_eq!(request.headers().get(":authority"), Some(&b"shop.example"[..]));
    /// ```
    pub fn new(method: &str, path: &str) -> Self {
        let (scheme, authority, path) = match path.split_once("://") {
            Some((scheme, rest)) if !scheme.contains('/') => {
                let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
                (scheme, authority, if path.is_empty() { "/" } else { path })
            }
            _ => ("http", "example.com", path),
        };
        let headers = [(":method", method), (":path", path), (":scheme", scheme), (":authority", authority)];
        Request::from_headers(headers.into_iter().collect())
    }

    /// A GET request.
    pub fn get(path: &str) -> Self {
        Request::new("GET", path)
    }

    /// A POST request.
    pub fn post(path: &str) -> Self {
        Request::new("POST", path)
    }

    /// A HEAD request.
    pub fn head(path: &str) -> Self {
        Request::new("HEAD", path)
    }

    /// Sets a property that the host answers for this request only, whatever it answers otherwise.
    ///
    /// The value is bytes, encoded as the host encodes the property's type: text as it is, integers as 8
    /// bytes little-endian, a bool as one byte.
    ///
    /// ```
    /// use waxwing_testing::Request;
    ///
    /// let request = Request::get("/").property(["source", "address"], "10.0.0.7:4711");
    /// ```
    #[must_use]
    pub fn property<S: AsRef<[u8]>>(
        mut self,
        path: impl IntoIterator<Item = S>,
        value: impl Into<Vec<u8>>,
    ) -> Self {
        self.properties.push((property_path(path), value.into()));
        self
    }

    /// Sets an attribute that the host answers for this request only, whatever it answers otherwise.
    ///
    /// ```
    /// use waxwing::attributes::{connection, source};
    /// use waxwing_testing::Request;
    ///
    /// let request = Request::get("/").attribute(source::ADDRESS, "10.0.0.7:4711").attribute(connection::MTLS, true);
    /// ```
    #[must_use]
    pub fn attribute<K: Kind>(mut self, attribute: Attribute<'_, K>, value: impl AttributeValue<K>) -> Self {
        self.properties.push(attribute::given(attribute, &value));
        self
    }

    /// The method, with bytes that are not text replaced.
    pub fn method(&self) -> String {
        pseudo(&self.headers, ":method")
    }

    /// The path with its query, with bytes that are not text replaced.
    pub fn path(&self) -> String {
        pseudo(&self.headers, ":path")
    }

    /// The method and the path: what it is called in texts.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method(), self.path())
    }

    pub(crate) fn from_headers(headers: HeaderList) -> Self {
        Request { headers, body: Body::default(), trailers: HeaderList::new(), properties: Vec::new() }
    }
}

impl Response {
    /// A response with this status.
    pub fn new(status: u16) -> Self {
        Response::from_headers([(":status", status.to_string())].into_iter().collect())
    }

    /// The status; 0 if there is none.
    pub fn status(&self) -> u16 {
        pseudo(&self.headers, ":status").parse().unwrap_or(0)
    }

    pub(crate) fn from_headers(headers: HeaderList) -> Self {
        Response { headers, body: Body::default(), trailers: HeaderList::new() }
    }
}

/// The path of a property as the ABI has it: its segments with NUL between them.
pub(crate) fn property_path<S: AsRef<[u8]>>(segments: impl IntoIterator<Item = S>) -> Vec<u8> {
    let segments: Vec<S> = segments.into_iter().collect();
    segments.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(&0)
}

fn pseudo(headers: &HeaderList, name: &str) -> String {
    headers.get(name).map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
}

/// What requests and responses have in common, once for both.
macro_rules! message {
    ($message:ident) => {
        impl $message {
            /// Adds a header; an entry with that name stays.
            #[must_use]
            pub fn header(mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
                self.headers.add(name, value);
                self
            }

            /// Sets the body: one piece, which is also the end unless trailers follow.
            #[must_use]
            pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
                self.chunks([body])
            }

            /// Sets the body, in pieces that arrive one after the other.
            #[must_use]
            pub fn chunks<C: Into<Vec<u8>>>(mut self, chunks: impl IntoIterator<Item = C>) -> Self {
                self.body.chunks = chunks.into_iter().map(Into::into).collect();
                self
            }

            /// Marks the end of the body with an empty piece of its own, as HTTP/2 may.
            #[must_use]
            pub fn empty_end(mut self) -> Self {
                self.body.empty_end = true;
                self
            }

            /// Adds a trailer.
            #[must_use]
            pub fn trailer(mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
                self.trailers.add(name, value);
                self
            }

            /// The headers, pseudo-headers included.
            pub fn headers(&self) -> &HeaderList {
                &self.headers
            }

            /// Whether the message ends with its headers.
            pub(crate) fn is_headers_only(&self) -> bool {
                self.body.is_absent() && self.trailers.is_empty()
            }

            /// The whole body.
            pub fn body_bytes(&self) -> Vec<u8> {
                self.body.to_bytes()
            }

            /// The body, as it is cut into pieces.
            pub fn body_chunks(&self) -> &[Vec<u8>] {
                &self.body.chunks
            }

            /// The trailers.
            pub fn trailers(&self) -> &HeaderList {
                &self.trailers
            }

            pub(crate) fn parts(&self) -> Parts<'_> {
                Parts { headers: &self.headers, body: &self.body, trailers: &self.trailers }
            }
        }
    };
}

message!(Request);
message!(Response);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_on_the_last_chunk_on_an_empty_one_or_on_the_trailers() {
        let request = Request::post("/").chunks(["a", "b"]);
        assert_eq!(request.body.pieces(false), [(b"a".to_vec(), false), (b"b".to_vec(), true)]);
        assert_eq!(request.body.pieces(true), [(b"a".to_vec(), false), (b"b".to_vec(), false)]);
        let request = Request::post("/").body("a").empty_end();
        assert_eq!(request.body.pieces(false), [(b"a".to_vec(), false), (Vec::new(), true)]);
        assert!(Request::get("/").body.pieces(false).is_empty());
    }

    #[test]
    fn a_url_gives_scheme_and_authority() {
        let request = Request::get("https://shop.example");
        assert_eq!(request.path(), "/");
        assert_eq!(request.headers().get(":scheme"), Some(&b"https"[..]));
        let request = Request::get("/go?to=http://other.example/");
        assert_eq!(request.path(), "/go?to=http://other.example/");
        assert_eq!(request.headers().get(":authority"), Some(&b"example.com"[..]));
    }
}
