//! Configurations, in the forms in which tests have them.

/// What can be given as a configuration: bytes, text, or a [`json!`](crate::json) value.
pub trait IntoConfig {
    /// The bytes that the extension reads.
    fn into_config(self) -> Vec<u8>;
}

impl IntoConfig for Vec<u8> {
    fn into_config(self) -> Vec<u8> {
        self
    }
}

impl IntoConfig for &[u8] {
    fn into_config(self) -> Vec<u8> {
        self.to_vec()
    }
}

impl<const N: usize> IntoConfig for &[u8; N] {
    fn into_config(self) -> Vec<u8> {
        self.to_vec()
    }
}

impl IntoConfig for &str {
    fn into_config(self) -> Vec<u8> {
        self.into()
    }
}

impl IntoConfig for String {
    fn into_config(self) -> Vec<u8> {
        self.into()
    }
}

impl IntoConfig for serde_json::Value {
    fn into_config(self) -> Vec<u8> {
        self.to_string().into()
    }
}

impl IntoConfig for &serde_json::Value {
    fn into_config(self) -> Vec<u8> {
        self.to_string().into()
    }
}
