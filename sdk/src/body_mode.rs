//! What a stream wants of a body.

/// What a stream wants of the body of a message: see
/// [`request_body_mode`](crate::HttpContext::request_body_mode).
///
/// | mode | callback | who pauses | the body | `content-length` |
/// |---|---|---|---|---|
/// | [`Chunks`](BodyMode::Chunks) | `on_…_body`, for each piece | the extension | may change | is the extension's |
/// | [`Skip`](BodyMode::Skip) | none | nobody | passes | stays |
/// | [`Inspect`](BodyMode::Inspect) | `inspect_…_body`, for each piece | nobody | cannot change | stays |
/// | [`Transform`](BodyMode::Transform) | `on_…_body`, for each piece | nobody | may change | is removed |
/// | [`Buffer`](BodyMode::Buffer) | `on_…_body`, once | the SDK | may change | is removed |
///
/// `content-length` is removed in the callback of the headers, because they have gone on when the body comes; the
/// body is then sent in chunks. A message that ends with its headers keeps it: the answers to HEAD, and 204 and 304.
/// ngx_wasm_module does not say where a message ends with its headers, so there these lose it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyMode {
    /// Each piece as it comes; the callback decides whether it goes on. What is held back is shown again, with what
    /// comes next. This is the ABI as it is.
    Chunks,
    /// The body passes, and no callback is called for it.
    Skip,
    /// Each piece as it comes, to look at.
    Inspect,
    /// Each piece as it comes, to be changed on its way, longer or shorter.
    ///
    /// A pause is [`Error::Misplaced`](crate::Error::Misplaced): the piece would be shown, and changed, once more. In
    /// Envoy the extension can return `stop_and_watermark()` of the view instead.
    ///
    /// Nothing can be added once the last piece has passed. What is kept from one piece for the next must go out
    /// with the piece that ends the stream; where trailers follow there is none, so a message that may have
    /// trailers is one for [`Buffer`](BodyMode::Buffer).
    Transform,
    /// The whole body at once, if it is not larger than the limit.
    ///
    /// The SDK holds the pieces back until the last one, whichever way the body ends: with a piece that says so, with
    /// an empty one, or with trailers, in whose callback the body is shown before them. The callback is called once
    /// for a body, also for one that turns out to be empty at its last piece. It is not called for a message without
    /// one, which ends with its headers or whose trailers follow them at once.
    ///
    /// A body that is larger, by its `content-length` or as it comes, is [`Error::BodyTooLarge`]. Under
    /// [`ErrorPolicy::FailClosed`] the client then gets status 413 for a request, and for a response status 500, if
    /// the length was stated, or else a reset, because the response has begun. Under
    /// [`ErrorPolicy::FailOpen`] the body passes, and the callback is not called.
    ///
    /// The proxy has a limit of its own, in Envoy `per_connection_buffer_limit_bytes`, 1 MiB if it is not set: a body
    /// beyond it is answered by Envoy itself, in the same way.
    ///
    /// [`Error::BodyTooLarge`]: crate::Error::BodyTooLarge
    /// [`ErrorPolicy::FailClosed`]: crate::ErrorPolicy::FailClosed
    /// [`ErrorPolicy::FailOpen`]: crate::ErrorPolicy::FailOpen
    Buffer {
        /// The largest body, in bytes.
        limit: usize,
    },
}

/// Whether a stated length is above the limit. One that is not a number is not: what comes is counted as well.
pub(crate) fn is_above(length: &[u8], limit: usize) -> bool {
    let length = core::str::from_utf8(length).ok().and_then(|length| length.trim().parse::<u64>().ok());
    length.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit))
}
