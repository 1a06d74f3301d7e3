//! What the views of a running stream can do with the stream itself.

/// Resuming the other direction.
macro_rules! resume {
    ($view:ident, $resume:ident = $other:ident, $other_name:literal) => {
        impl $view<'_> {
            #[doc = concat!("Resumes the ", $other_name, ", which an earlier callback paused.")]
            ///
            /// It happens when this callback has returned. Envoy does nothing if it is not paused; after
            /// this call the request's headers cannot be read any more.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host cannot resume: ngx_wasm_module cannot in
            /// the phases of the response.
            #[doc(alias = "proxy_continue_stream")]
            pub fn $resume(&mut self) -> crate::Result<()> {
                crate::abi::call::continue_stream(crate::abi::wire::StreamType::$other)
            }
        }
    };
}

/// Resetting the stream.
macro_rules! reset {
    ($view:ident of $stream:ident) => {
        impl $view<'_> {
            /// Resets the stream, when this callback has returned.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host cannot: MOSN and ngx_wasm_module cannot.
            #[doc(alias = "proxy_close_stream")]
            pub fn reset(&mut self) -> crate::Result<()> {
                crate::abi::call::close_stream(crate::abi::wire::StreamType::$stream)
            }
        }
    };
}

pub(super) use {reset, resume};
