//! Every attribute that Envoy has, with its type.

use super::attribute::Attribute;
use super::kind::{Addr, Bool, Bytes, Integer, Map, Period, Text, Time};

/// When an attribute can be read.
macro_rules! when {
    (head) => {
        "while the headers of the request can be read: in `on_request_headers`, while the request is paused there, and in `on_log`"
    };
    (response_head) => {
        "while the headers of the response can be read: in `on_response_headers`, while the response is paused there, and in `on_log`"
    };
    (response_tail) => {
        "while the trailers of the response can be read: in `on_response_trailers` and `on_log`"
    };
    (stream) => {
        "in every callback of a stream"
    };
    (upstream) => {
        "once the request has gone to an upstream: from `on_response_headers` on"
    };
    (end) => {
        "when the stream is complete: in `on_log`"
    };
    (always) => {
        "in every callback, also of root contexts"
    };
}

/// Which hosts have it.
macro_rules! hosts {
    (envoy) => {
        "Envoy and its relatives"
    };
    (newest) => {
        "recent versions of Envoy"
    };
    (ngx) => {
        "Envoy and its relatives, ngx_wasm_module"
    };
}

/// Nothing, once for each of something.
macro_rules! none {
    ($each:literal) => {
        ""
    };
}

/// Groups of attributes. A row is the constant, its type, the name, when it can be read, on which hosts, and what
/// it is; also, the name that it had before Envoy 1.33, and whether it can be null.
macro_rules! catalogue {
    ($(
        $(#[$doc:meta])*
        mod $module:ident = $group:literal $prefix:literal {
            $(
                $constant:ident: $kind:ty = $name:literal $($part:literal)? $(or $old:literal)? $(or_null $null:tt)?,
                $when:ident, $hosts:ident, $what:literal;
            )*
        }
    )*) => {
        $(
            $(#[$doc])*
            pub mod $module {
                #[allow(unused_imports, reason = "no group has attributes of all types")]
                use super::*;

                $(
                    #[doc = concat!($what, ".")]
                    ///
                    /// | | |
                    /// |---|---|
                    #[doc = concat!("| name | `", $group, $name $(, ".", $part)?, "` |")]
                    $(
                        #[doc = concat!("| before Envoy 1.33 | the same without `", $group, "`", none!($old), " |")]
                    )?
                    #[doc = concat!("| when | ", when!($when), " |")]
                    #[doc = concat!("| hosts | ", hosts!($hosts), " |")]
                    pub const $constant: Attribute<'static, $kind> =
                        Attribute::new(
                            concat!($group, $name $(, ".", $part)?),
                            concat!($prefix, $name $(, "\0", $part)?).as_bytes(),
                        )
                            $(.or_old($old.as_bytes()))?
                            $(.or_null $null)?;
                )*
            }
        )*

        /// The names of all of them.
        #[cfg(test)]
        const NAMES: &[(&str, &[u8])] = &[$($(
            ($module::$constant.name(), $module::$constant.path()),
        )*)*];
    };
}

catalogue! {
    /// The request.
    ///
    /// What is derived from its headers is there only as long as these are, and follows a change of them.
    mod request = "request." "request\0" {
        PATH: Text = "path", head, ngx, "The path, with the query";
        URL_PATH: Text = "url_path", head, ngx, "The path, without the query";
        QUERY: Text = "query", head, ngx, "The query, without its question mark; empty if there is none";
        HOST: Text = "host", head, ngx, "The authority: the host with its port";
        SCHEME: Text = "scheme", head, ngx, "The scheme: `http` or `https`";
        METHOD: Text = "method", head, ngx, "The method";
        REFERER: Text = "referer", head, ngx, "The header `referer`";
        USERAGENT: Text = "useragent", head, ngx, "The header `user-agent`";
        ID: Text = "id", head, ngx, "The header `x-request-id`";
        HEADERS: Map = "headers", head, envoy,
            "All headers; the values of headers of the same name are joined by commas. Empty once they have gone";
        PROTOCOL: Text = "protocol", stream, ngx, "The protocol: `HTTP/1.0`, `HTTP/1.1`, `HTTP/2` or `HTTP/3`";
        TIME: Time = "time", stream, ngx, "When its first byte arrived";
        DURATION: Period = "duration", end, ngx, "How long the stream has taken";
        SIZE: Integer<u64> = "size", stream, ngx,
            "The bytes of the body: as `content-length` says, or that have arrived";
        TOTAL_SIZE: Integer<u64> = "total_size", stream, ngx, "The bytes that have arrived, headers included";
        HEADERS_BYTES: Integer<u64> = "headers_bytes", stream, newest, "The bytes of the headers";
    }

    /// The response.
    mod response = "response." "response\0" {
        CODE: Integer<u16> = "code", upstream, ngx, "The status";
        CODE_DETAILS: Text = "code_details", upstream, envoy, "Why the status is what it is, in Envoy's words";
        FLAGS: Integer<u64> = "flags", stream, envoy, "Envoy's response flags, as bits";
        GRPC_STATUS: Integer<u32> = "grpc_status", upstream, envoy,
            "The gRPC status; Envoy derives one from the HTTP status if there is none";
        HEADERS: Map = "headers", response_head, envoy,
            "All headers; the values of headers of the same name are joined by commas. Empty once they have gone";
        TRAILERS: Map = "trailers", response_tail, envoy, "All trailers";
        SIZE: Integer<u64> = "size", upstream, ngx, "The bytes of the body that have gone to the client";
        TOTAL_SIZE: Integer<u64> = "total_size", upstream, ngx,
            "The bytes that have gone to the client, headers included";
        HEADERS_BYTES: Integer<u64> = "headers_bytes", upstream, newest, "The bytes of the headers";
        BACKEND_LATENCY: Period = "backend_latency", end, envoy,
            "From the last byte of the request that went to the upstream, to the first of the response that came from it";
    }

    /// The client's end of the connection.
    mod source = "source." "source\0" {
        ADDRESS: Addr = "address", stream, ngx,
            "The address of the client. In Envoy with its port, and as trusted forwarding headers say it";
        PORT: Integer<u16> = "port", stream, ngx, "The port of the client";
    }

    /// The proxy's end of the connection.
    mod destination = "destination." "destination\0" {
        ADDRESS: Addr = "address", stream, ngx, "The address to which the client has connected";
        PORT: Integer<u16> = "port", stream, ngx, "The port to which the client has connected";
    }

    /// The connection with the client.
    mod connection = "connection." "connection\0" {
        ID: Integer<u64> = "id", stream, ngx, "The number of the connection, which no other of this process has";
        MTLS: Bool = "mtls", stream, ngx, "Whether the client has shown a certificate that the proxy has accepted";
        REQUESTED_SERVER_NAME: Text = "requested_server_name" or_null (), stream, ngx,
            "The server name that the client asked for in the TLS handshake";
        TLS_VERSION: Text = "tls_version" or_null (), stream, ngx, "The version of TLS, such as `TLSv1.3`";
        SUBJECT_LOCAL_CERTIFICATE: Text = "subject_local_certificate" or_null (), stream, envoy,
            "The subject of the proxy's certificate";
        SUBJECT_PEER_CERTIFICATE: Text = "subject_peer_certificate" or_null (), stream, envoy,
            "The subject of the client's certificate";
        DNS_SAN_LOCAL_CERTIFICATE: Text = "dns_san_local_certificate" or_null (), stream, envoy,
            "The first DNS name among the alternative names of the proxy's certificate";
        DNS_SAN_PEER_CERTIFICATE: Text = "dns_san_peer_certificate" or_null (), stream, envoy,
            "The first DNS name among the alternative names of the client's certificate";
        URI_SAN_LOCAL_CERTIFICATE: Text = "uri_san_local_certificate" or_null (), stream, envoy,
            "The first URI among the alternative names of the proxy's certificate";
        URI_SAN_PEER_CERTIFICATE: Text = "uri_san_peer_certificate" or_null (), stream, envoy,
            "The first URI among the alternative names of the client's certificate: its SPIFFE id in a mesh";
        SHA256_PEER_CERTIFICATE_DIGEST: Text = "sha256_peer_certificate_digest" or_null (), stream, envoy,
            "The SHA-256 digest of the client's certificate, in hexadecimal digits";
        PEER_CERTIFICATE: Text = "peer_certificate" or_null (), stream, newest,
            "The client's certificate, as URL-encoded PEM";
        TRANSPORT_FAILURE_REASON: Text = "transport_failure_reason", end, envoy,
            "Why the TLS handshake with the client failed";
        TERMINATION_DETAILS: Text = "termination_details", end, envoy,
            "Why Envoy has closed the connection";
    }

    /// The connection with the upstream.
    mod upstream = "upstream." "upstream\0" {
        ADDRESS: Addr = "address", upstream, ngx, "The address of the upstream";
        PORT: Integer<u16> = "port", upstream, ngx, "The port of the upstream";
        LOCAL_ADDRESS: Addr = "local_address", upstream, envoy, "The address of the proxy's end of the connection";
        TLS_VERSION: Text = "tls_version" or_null (), upstream, envoy, "The version of TLS, such as `TLSv1.3`";
        SUBJECT_LOCAL_CERTIFICATE: Text = "subject_local_certificate" or_null (), upstream, envoy,
            "The subject of the proxy's certificate";
        SUBJECT_PEER_CERTIFICATE: Text = "subject_peer_certificate" or_null (), upstream, envoy,
            "The subject of the upstream's certificate";
        DNS_SAN_LOCAL_CERTIFICATE: Text = "dns_san_local_certificate" or_null (), upstream, envoy,
            "The first DNS name among the alternative names of the proxy's certificate";
        DNS_SAN_PEER_CERTIFICATE: Text = "dns_san_peer_certificate" or_null (), upstream, envoy,
            "The first DNS name among the alternative names of the upstream's certificate";
        URI_SAN_LOCAL_CERTIFICATE: Text = "uri_san_local_certificate" or_null (), upstream, envoy,
            "The first URI among the alternative names of the proxy's certificate";
        URI_SAN_PEER_CERTIFICATE: Text = "uri_san_peer_certificate" or_null (), upstream, envoy,
            "The first URI among the alternative names of the upstream's certificate";
        SHA256_PEER_CERTIFICATE_DIGEST: Text = "sha256_peer_certificate_digest" or_null (), upstream, envoy,
            "The SHA-256 digest of the upstream's certificate, in hexadecimal digits";
        PEER_CERTIFICATE: Text = "peer_certificate" or_null (), upstream, newest,
            "The upstream's certificate, as URL-encoded PEM";
        TRANSPORT_FAILURE_REASON: Text = "transport_failure_reason", upstream, envoy,
            "Why the connection could not be made";
        REQUEST_ATTEMPT_COUNT: Integer<u64> = "request_attempt_count", upstream, envoy,
            "How often the request was sent: more than once if it was tried again";
        CX_POOL_READY_DURATION: Period = "cx_pool_ready_duration", upstream, newest,
            "How long the request waited for a connection";
        LOCALITY: Bytes = "locality", upstream, newest, "Where the upstream is: an encoded `Locality`";
        NUM_ENDPOINTS: Integer<u64> = "num_endpoints", upstream, newest,
            "How many endpoints the cluster has";
    }

    /// The configuration of the proxy, as far as it concerns the stream.
    mod xds = "xds." "xds\0" {
        NODE: Bytes = "node" or "node", always, envoy, "The proxy itself: an encoded `Node`";
        NODE_ID: Text = "node" "id" or "node\0id", always, envoy, "The id of the proxy's node";
        NODE_CLUSTER: Text = "node" "cluster" or "node\0cluster", always, envoy, "The cluster of the proxy's node";
        CLUSTER_NAME: Text = "cluster_name" or "cluster_name", stream, envoy,
            "The name of the cluster to which the request goes";
        CLUSTER_METADATA: Bytes = "cluster_metadata" or "cluster_metadata", stream, envoy,
            "The metadata of that cluster: an encoded `Metadata`";
        ROUTE_NAME: Text = "route_name" or "route_name", stream, envoy, "The name of the route; empty if it has none";
        ROUTE_METADATA: Bytes = "route_metadata" or "route_metadata", stream, envoy,
            "The metadata of the route: an encoded `Metadata`";
        VIRTUAL_HOST_NAME: Text = "virtual_host_name", stream, newest, "The name of the virtual host";
        VIRTUAL_HOST_METADATA: Bytes = "virtual_host_metadata", stream, newest,
            "The metadata of the virtual host: an encoded `Metadata`";
        UPSTREAM_HOST_METADATA: Bytes = "upstream_host_metadata" or "upstream_host_metadata" or_null (), upstream, envoy,
            "The metadata of the upstream: an encoded `Metadata`";
        UPSTREAM_HOST_LOCALITY_METADATA: Bytes = "upstream_host_locality_metadata" or_null (), upstream, newest,
            "The metadata of the upstream's locality: an encoded `Metadata`";
        FILTER_CHAIN_NAME: Text = "filter_chain_name", stream, envoy, "The name of the listener's filter chain";
        LISTENER_METADATA: Bytes = "listener_metadata" or "listener_metadata" or_null (), stream, envoy,
            "The metadata of the listener: an encoded `Metadata`";
        LISTENER_DIRECTION: Integer<u64> = "listener_direction" or "listener_direction", stream, envoy,
            "The direction of the listener's traffic: 0 if it is not said, 1 for inbound, 2 for outbound";
    }

    /// The extension's own configuration.
    mod plugin = "" "" {
        NAME: Text = "plugin_name", always, ngx, "The name of the plugin";
        ROOT_ID: Text = "plugin_root_id", always, ngx, "The root id of the plugin";
        VM_ID: Text = "plugin_vm_id", always, envoy, "The id of the VM";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_the_name_with_nul_between_its_segments() {
        assert_eq!(NAMES.len(), 78);
        for (name, path) in NAMES {
            let joined = name.replace('.', "\0");
            assert_eq!(joined.as_bytes(), *path, "{name}");
        }
    }
}
