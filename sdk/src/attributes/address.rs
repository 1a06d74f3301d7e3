//! Addresses of connections.

use core::fmt;
use core::net::{IpAddr, SocketAddr};

/// An address of a connection, as the host writes it.
///
/// Envoy writes `127.0.0.1:8080`, `[::1]:8080`, the path of a Unix socket, or `envoy://` and a name for a listener of
/// its own; ngx_wasm_module writes `127.0.0.1`, and has the port in an attribute of its own. It is parsed when it
/// is asked for.
///
/// ```
/// use waxwing::attributes::Address;
///
/// let address = Address::new(b"[::1]:8080");
/// assert_eq!((address.ip().unwrap().to_string(), address.port()), ("::1".to_owned(), Some(8080)));
/// assert_eq!(Address::new(b"/run/proxy.sock").ip(), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address<'a>(&'a [u8]);

impl<'a> Address<'a> {
    /// The address in these words.
    pub const fn new(text: &'a [u8]) -> Self {
        Address(text)
    }

    /// The IP address; `None` if it is not one.
    pub fn ip(self) -> Option<IpAddr> {
        let text = self.as_str()?;
        match text.parse::<SocketAddr>() {
            Ok(address) => Some(address.ip()),
            Err(_) => text.parse().ok(),
        }
    }

    /// The port; `None` if it is not an IP address, or the host writes none.
    pub fn port(self) -> Option<u16> {
        self.socket_addr().map(|address| address.port())
    }

    /// Both; `None` if it does not have both.
    pub fn socket_addr(self) -> Option<SocketAddr> {
        self.as_str()?.parse().ok()
    }

    /// The address as text; `None` if it is not UTF-8.
    pub fn as_str(self) -> Option<&'a str> {
        core::str::from_utf8(self.0).ok()
    }

    /// The address as the host gave it.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.escape_ascii().fmt(f)
    }
}

impl fmt::Debug for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_an_ip_and_a_port_where_the_host_writes_them() {
        let parts = |text: &'static str| {
            let address = Address::new(text.as_bytes());
            (address.ip().map(|ip| alloc::string::ToString::to_string(&ip)), address.port())
        };
        assert_eq!(parts("10.0.0.7:80"), (Some("10.0.0.7".into()), Some(80)));
        assert_eq!(parts("[2001:db8::1]:443"), (Some("2001:db8::1".into()), Some(443)));
        assert_eq!(parts("10.0.0.7"), (Some("10.0.0.7".into()), None));
        assert_eq!(parts("2001:db8::1"), (Some("2001:db8::1".into()), None));
        for text in ["", "/run/proxy.sock", "envoy://inner", "10.0.0.7:", "10.0.0.7:65536", "10.0.0.256:1"] {
            assert_eq!(parts(text), (None, None), "{text}");
        }
        assert_eq!(Address::new(b"\xff").ip(), None);
        assert_eq!(alloc::format!("{}", Address::new(b"\xff")), "\\xff");
    }
}
