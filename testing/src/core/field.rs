//! The headers that Envoy keeps in fields of their own: a second value joins the first.

/// What a map belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Request,
    Response,
    RequestTrailers,
    ResponseTrailers,
}

/// Whether a map of this owner keeps the header in a field. The name is in lower case.
///
/// Found by asking: these are the fields of the official build of Envoy 1.40. A build with other filters
/// has others.
pub(super) fn is_kept(owner: Owner, name: &[u8]) -> bool {
    match owner {
        Owner::Request => MESSAGE.contains(&name) || REQUEST.contains(&name),
        Owner::Response => MESSAGE.contains(&name) || RESPONSE.contains(&name),
        Owner::RequestTrailers => false,
        Owner::ResponseTrailers => RESPONSE_TRAILERS.contains(&name),
    }
}

/// Of requests and responses.
const MESSAGE: &[&[u8]] = &[
    b"cache-control",
    b"connection",
    b"content-encoding",
    b"content-length",
    b"content-type",
    b"keep-alive",
    b"upgrade",
    b"via",
    b"x-request-id",
];

/// Of requests.
const REQUEST: &[&[u8]] = &[
    b":authority",
    b":method",
    b":path",
    b":protocol",
    b":scheme",
    b"accept",
    b"accept-encoding",
    b"access-control-request-headers",
    b"access-control-request-method",
    b"access-control-request-private-network",
    b"authorization",
    b"expect",
    b"grpc-accept-encoding",
    b"grpc-timeout",
    b"if-match",
    b"if-modified-since",
    b"if-none-match",
    b"if-range",
    b"if-unmodified-since",
    b"origin",
    b"pragma",
    b"proxy-connection",
    b"referer",
    b"te",
    b"transfer-encoding",
    b"user-agent",
    b"x-client-trace-id",
    b"x-envoy-attempt-count",
    b"x-envoy-expected-rq-timeout-ms",
    b"x-envoy-external-address",
    b"x-envoy-force-trace",
    b"x-envoy-internal",
    b"x-envoy-original-path",
    b"x-envoy-retry-on",
    b"x-envoy-upstream-rq-timeout-ms",
    b"x-forwarded-client-cert",
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-port",
    b"x-forwarded-proto",
];

/// Of the trailers of responses.
const RESPONSE_TRAILERS: &[&[u8]] = &[b"grpc-message", b"grpc-status"];

/// Of responses.
const RESPONSE: &[&[u8]] = &[
    b":status",
    b"access-control-allow-credentials",
    b"access-control-allow-headers",
    b"access-control-allow-methods",
    b"access-control-allow-origin",
    b"access-control-allow-private-network",
    b"access-control-expose-headers",
    b"access-control-max-age",
    b"age",
    b"date",
    b"etag",
    b"expires",
    b"grpc-message",
    b"grpc-status",
    b"last-modified",
    b"location",
    b"proxy-status",
    b"server",
    b"vary",
    b"x-envoy-degraded",
    b"x-envoy-ratelimited",
    b"x-envoy-upstream-service-time",
];
