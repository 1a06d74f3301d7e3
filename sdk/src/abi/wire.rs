//! The numbers of ABI 0.2.1 that go out to the host.
//!
//! They are newtypes and not enums because a host model, which receives them from any module, has to
//! represent numbers that this crate has never heard of.

macro_rules! numbers {
    ($(
        $(#[$doc:meta])*
        $name:ident { $( $(#[$value_doc:meta])* $constant:ident = $number:literal, )* }
    )*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            $( $(#[$value_doc])* pub const $constant: $name = $name($number); )*

            /// The name of this number in the ABI, or `None` if the ABI has none for it.
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $( $number => Some(stringify!($constant)), )*
                    _ => None,
                }
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, concat!(stringify!($name), "({})"), self.0),
                }
            }
        }
    )* };
}

numbers! {
    /// A header, trailer or metadata map (`proxy_header_map_type_t`).
    MapType {
        /// The headers of the request.
        HTTP_REQUEST_HEADERS = 0,
        /// The trailers of the request.
        HTTP_REQUEST_TRAILERS = 1,
        /// The headers of the response.
        HTTP_RESPONSE_HEADERS = 2,
        /// The trailers of the response.
        HTTP_RESPONSE_TRAILERS = 3,
        /// The metadata at the start of a gRPC stream's answer.
        GRPC_INITIAL_METADATA = 4,
        /// The metadata at the end of a gRPC stream's answer.
        GRPC_TRAILING_METADATA = 5,
        /// The headers of a callout's response.
        HTTP_CALL_RESPONSE_HEADERS = 6,
        /// The trailers of a callout's response.
        HTTP_CALL_RESPONSE_TRAILERS = 7,
    }

    /// A byte buffer (`proxy_buffer_type_t`).
    BufferType {
        /// The body of the request.
        HTTP_REQUEST_BODY = 0,
        /// The body of the response.
        HTTP_RESPONSE_BODY = 1,
        /// What a TCP client has sent.
        DOWNSTREAM_DATA = 2,
        /// What a TCP upstream has sent.
        UPSTREAM_DATA = 3,
        /// The body of a callout's response.
        HTTP_CALL_RESPONSE_BODY = 4,
        /// The message of a gRPC call or stream.
        GRPC_MESSAGE = 5,
        /// The configuration of the VM.
        VM_CONFIGURATION = 6,
        /// The configuration of the plugin.
        PLUGIN_CONFIGURATION = 7,
        /// What comes with a callback that is not of the ABI: a foreign function's argument, say.
        CALL_DATA = 8,
    }

    /// A direction of a stream (`proxy_stream_type_t`).
    StreamType {
        /// From the client to the upstream.
        HTTP_REQUEST = 0,
        /// From the upstream to the client.
        HTTP_RESPONSE = 1,
        /// From a TCP client to the upstream.
        DOWNSTREAM = 2,
        /// From a TCP upstream to the client.
        UPSTREAM = 3,
    }

    /// Who closed a connection (`proxy_peer_type_t`).
    ///
    /// A host may say another number; it compares with none of these.
    PeerType {
        /// The host does not say: Envoy never does for the connection to an upstream.
        UNKNOWN = 0,
        /// The proxy, or the extension.
        LOCAL = 1,
        /// The peer: the client, or the upstream.
        REMOTE = 2,
    }

    /// A kind of metric (`proxy_metric_type_t`).
    MetricType {
        /// It only grows.
        COUNTER = 0,
        /// It has a value that is set.
        GAUGE = 1,
        /// It collects samples.
        HISTOGRAM = 2,
    }
}

/// What `proxy_on_*` callbacks of HTTP streams return (`proxy_action_t`).
pub mod action {
    /// Go on to the next filter.
    pub const CONTINUE: u32 = 0;
    /// Stop until the stream is resumed.
    ///
    /// In Envoy: in headers as [`HEADERS_WATERMARK`], unless the plugin's configuration says otherwise; in a body,
    /// hold back what was shown, and show it again with what comes next.
    pub const PAUSE: u32 = 1;
    /// In headers: stop, and let the host collect the body up to its limit (Envoy and its relatives only).
    pub const HEADERS_BUFFER: u32 = 3;
    /// In headers: stop, and let the host slow the sender down at its limit (Envoy and its relatives only).
    pub const HEADERS_WATERMARK: u32 = 4;
    /// In a body: stop, and let the host slow the sender down at its limit (Envoy and its relatives only).
    pub const BODY_WATERMARK: u32 = 2;
    /// In a body: stop, and drop what was shown (Envoy and its relatives only).
    pub const BODY_DROP: u32 = 3;
}

/// More bytes than any buffer has, on every host: as a length it means all.
pub const ALL_BYTES: usize = u32::MAX as usize;

/// The value of `grpc_status` in `proxy_send_local_response` that means "none".
pub const NO_GRPC_STATUS: u32 = u32::MAX;
