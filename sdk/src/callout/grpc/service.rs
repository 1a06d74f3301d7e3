//! Which upstream a gRPC call goes to, as Envoy wants it.

use crate::Result;
use crate::abi::arena::Scope;
use crate::protobuf::{Field, encode};

/// How the upstream of a call was given.
#[derive(Clone, Copy)]
pub(super) enum Service<'a> {
    /// By the name of a cluster.
    Cluster(&'a str),
    /// As an encoded `envoy.config.core.v3.GrpcService`.
    Encoded(&'a [u8]),
}

impl<'a> Service<'a> {
    /// As the host gets it: always an encoded `GrpcService`. Envoy also takes the name as it is, but only after it
    /// has tried to decode it, and `echo1` is the encoding of something.
    pub(super) fn encode<'cb>(self, scope: Scope<'cb>) -> Result<&'cb [u8]>
    where
        'a: 'cb,
    {
        let name = match self {
            Service::Encoded(bytes) => return Ok(bytes),
            Service::Cluster(name) => name.as_bytes(),
        };
        // GrpcService { envoy_grpc { cluster_name } }. Envoy (1.40) aborts without the one in the middle.
        let envoy_grpc = encode(scope, &[Field::Bytes(1, name)])?;
        encode(scope, &[Field::Message(1, envoy_grpc)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::arena::Arena;
    use alloc::string::String;

    fn encoded(name: &str) -> alloc::vec::Vec<u8> {
        Arena::new().enter(|scope| Service::Cluster(name).encode(scope).unwrap().to_vec())
    }

    #[test]
    fn the_name_of_a_cluster_becomes_a_grpc_service() {
        assert_eq!(encoded("echo1"), b"\x0A\x07\x0A\x05echo1");
        assert_eq!(encoded(""), b"\x0A\x00");
        let long = String::from_utf8(alloc::vec![b'a'; 300]).unwrap();
        assert_eq!(encoded(&long), [&b"\x0A\xAF\x02\x0A\xAC\x02"[..], long.as_bytes()].concat());
    }

    #[test]
    fn what_is_encoded_already_stays_as_it_is() {
        let bytes = Arena::new().enter(|scope| Service::Encoded(b"\x12\x00").encode(scope).unwrap().to_vec());
        assert_eq!(bytes, b"\x12\x00");
    }
}
