//! Properties of hosts other than Envoy: which there are, and in which form.

use super::HostCore;
use super::stream::Stream;
use crate::profile::Properties;
use waxwing::__private::Answer;
use waxwing::Status;

/// How ngx_wasm_module writes a value that Envoy has in binary.
#[derive(Clone, Copy)]
enum Form {
    /// As it is.
    Text,
    Number,
    Bool,
    /// Seconds, with three decimals.
    Seconds,
    /// Without the port.
    Address,
}

impl HostCore {
    /// The value of a property for a stream, or for a root context.
    pub(super) fn property_of(&self, stream: Option<&Stream>, path: &[u8]) -> Answer<Vec<u8>> {
        // A NUL behind the last segment is tolerated.
        let path = path.strip_suffix(b"\0").unwrap_or(path);
        match self.facts().properties {
            Properties::Envoys => self.envoys_property(stream, path),
            Properties::Text => self.property_as_text(stream, path),
            Properties::Few if path == b"plugin_root_id" => Ok(self.settings().plugin_name.clone().into()),
            Properties::Few | Properties::Given => self.given_property(stream, path).ok_or(Status::NOT_FOUND),
            Properties::EmptyIfUnknown => Ok(self.envoys_property(stream, path).unwrap_or_default()),
        }
    }

    fn property_as_text(&self, stream: Option<&Stream>, path: &[u8]) -> Answer<Vec<u8>> {
        if path.starts_with(WASMX) {
            return self.kept_by_host(stream, path).ok_or(Status::NOT_FOUND);
        }
        if path.starts_with(NGX) {
            return self.given_property(stream, path).ok_or(Status::NOT_FOUND);
        }
        let form = form(path).ok_or(Status::NOT_FOUND)?;
        self.envoys_property(stream, path).map(|value| form.of(value))
    }

    /// Sets a property where the host keeps those of its own names, and no others.
    pub(super) fn keep_property(&self, stream: Option<&Stream>, path: &[u8], value: &[u8]) -> Answer {
        if !path.starts_with(WASMX) {
            return Err(Status::NOT_FOUND);
        }
        let (path, value) = (path.to_vec(), value.to_vec());
        match stream {
            Some(stream) => stream.state_mut().filter_state.insert(path, value),
            None => self.root_properties.borrow_mut().insert(path, value),
        };
        Ok(())
    }

    fn kept_by_host(&self, stream: Option<&Stream>, path: &[u8]) -> Option<Vec<u8>> {
        match stream {
            Some(stream) => stream.state().filter_state.get(path).cloned(),
            None => self.root_properties.borrow().get(path).cloned(),
        }
    }

    /// What the test has given.
    fn given_property(&self, stream: Option<&Stream>, path: &[u8]) -> Option<Vec<u8>> {
        let find = |properties: &[(Vec<u8>, Vec<u8>)]| {
            properties.iter().rev().find(|(other, _)| other == path).map(|(_, value)| value.clone())
        };
        stream
            .and_then(|stream| find(&stream.state().sent.properties))
            .or_else(|| find(&self.settings().properties))
    }
}

/// The names of the host's own properties, and of nginx' variables, begin so.
const WASMX: &[u8] = b"wasmx\0";
const NGX: &[u8] = b"ngx\0";

/// The form of a property that ngx_wasm_module has; `None` if it has none of that name.
fn form(path: &[u8]) -> Option<Form> {
    let segments: Vec<&[u8]> = path.split(|byte| *byte == 0).collect();
    Some(match segments.as_slice() {
        [b"plugin_name" | b"plugin_root_id"] => Form::Text,
        [b"request" | b"response", b"headers", _] => Form::Text,
        [
            b"request",
            b"path" | b"url_path" | b"host" | b"scheme" | b"method" | b"useragent" | b"protocol" | b"query"
            | b"id" | b"referer",
        ] => Form::Text,
        [b"request", b"time" | b"duration"] => Form::Seconds,
        [b"request", b"size" | b"total_size"] => Form::Number,
        [b"response", b"code" | b"size" | b"total_size"] => Form::Number,
        [b"source" | b"destination" | b"upstream", b"address"] => Form::Address,
        [b"source" | b"destination" | b"upstream", b"port"] => Form::Number,
        [b"connection", b"id"] => Form::Number,
        [b"connection", b"mtls"] => Form::Bool,
        [b"connection", b"requested_server_name" | b"tls_version" | b"subject_local_certificate"] => {
            Form::Text
        }
        _ => return None,
    })
}

impl Form {
    /// A value in this form. One that is not as Envoy has it is left as the test gives it.
    fn of(self, value: Vec<u8>) -> Vec<u8> {
        let number = || <[u8; 8]>::try_from(value.as_slice()).ok().map(u64::from_le_bytes);
        let text = match self {
            Form::Text => None,
            Form::Number => number().map(|number| number.to_string()),
            Form::Bool => <[u8; 1]>::try_from(value.as_slice()).ok().map(|[byte]| (byte != 0).to_string()),
            Form::Seconds => number().map(|nanoseconds| {
                format!("{}.{:03}", nanoseconds / 1_000_000_000, nanoseconds / 1_000_000 % 1000)
            }),
            Form::Address => {
                let text = String::from_utf8_lossy(&value);
                text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip().to_string())
            }
        };
        text.map_or(value, String::into_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_text() {
        let of = |form: Form, value: &[u8]| String::from_utf8(form.of(value.to_vec())).unwrap();
        assert_eq!(of(Form::Number, &443_u64.to_le_bytes()), "443");
        assert_eq!(of(Form::Number, b"443"), "443");
        assert_eq!(of(Form::Bool, &[1]), "true");
        assert_eq!(of(Form::Seconds, &1_002_003_004_u64.to_le_bytes()), "1.002");
        assert_eq!(of(Form::Address, b"10.0.0.7:80"), "10.0.0.7");
        assert_eq!(of(Form::Address, b"10.0.0.7"), "10.0.0.7");
        assert_eq!(of(Form::Text, b"/a"), "/a");
    }
}
