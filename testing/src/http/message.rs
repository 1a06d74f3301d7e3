//! Requests and responses.

use super::HeaderList;

/// A body, in the pieces in which it arrives, and how its end is marked.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Body {
    pub(crate) chunks: Vec<Vec<u8>>,
    /// Whether the end is an empty piece of its own, as HTTP/2 and chunked coding can have it.
    pub(crate) empty_end: bool,
}

impl Body {
    /// The whole of it.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.chunks.concat()
    }

    /// Whether the message ends with its headers, or with its trailers.
    pub fn is_absent(&self) -> bool {
        self.chunks.is_empty() && !self.empty_end
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

impl Request {
    /// A request with this method and this path, to `example.com` over `http`.
    pub fn new(method: &str, path: &str) -> Self {
        let headers =
            [(":method", method), (":path", path), (":scheme", "http"), (":authority", "example.com")];
        Request { headers: headers.into_iter().collect(), body: Body::default(), trailers: HeaderList::new() }
    }

    /// A GET request.
    pub fn get(path: &str) -> Self {
        Request::new("GET", path)
    }

    /// A POST request.
    pub fn post(path: &str) -> Self {
        Request::new("POST", path)
    }

    /// The method, with bytes that are not text replaced.
    pub fn method(&self) -> String {
        pseudo(&self.headers, ":method")
    }

    /// The path with its query, with bytes that are not text replaced.
    pub fn path(&self) -> String {
        pseudo(&self.headers, ":path")
    }
}

impl Response {
    /// A response with this status.
    pub fn new(status: u16) -> Self {
        let headers = [(":status", status.to_string())].into_iter().collect();
        Response { headers, body: Body::default(), trailers: HeaderList::new() }
    }

    /// The status; 0 if there is none.
    pub fn status(&self) -> u16 {
        pseudo(&self.headers, ":status").parse().unwrap_or(0)
    }
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
        }
    };
}

message!(Request);
message!(Response);
