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
            /// [`Error::Host`](crate::Error::Host) if the host cannot. ngx_wasm_module traps, APISIX does nothing, and
            /// MOSN does not load a module that may reset a stream.
            #[doc(alias = "proxy_close_stream")]
            pub fn reset(&mut self) -> crate::Result<()> {
                crate::abi::call::close_stream(crate::abi::wire::StreamType::$stream)
            }
        }
    };
}

/// Closing a connection.
macro_rules! close {
    ($view:ident) => {
        impl $view<'_> {
            /// Closes the connection to the client, when this callback has returned. The proxy closes the one to the
            /// upstream then.
            ///
            /// What the client was sent before still reaches it. To let nothing through of what a callback saw,
            /// return [`Flow::Pause`](crate::Flow::Pause) from it.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host cannot.
            #[doc(alias = "proxy_close_stream")]
            pub fn close(&mut self) -> crate::Result<()> {
                crate::abi::call::close_stream(crate::abi::wire::StreamType::DOWNSTREAM)
            }
        }
    };
}

/// Going on with what the client sends.
macro_rules! resume_downstream {
    ($view:ident) => {
        impl $view<'_> {
            /// Hands on what the client has sent and an earlier callback has held back, when this callback has
            /// returned. It is not shown again.
            ///
            /// Envoy does nothing if nothing is held back.
            ///
            /// # Errors
            ///
            /// [`Error::Host`](crate::Error::Host) if the host cannot.
            #[doc(alias = "proxy_continue_stream")]
            pub fn resume_downstream(&mut self) -> crate::Result<()> {
                crate::abi::call::continue_stream(crate::abi::wire::StreamType::DOWNSTREAM)
            }
        }
    };
}

pub(super) use {close, reset, resume, resume_downstream};
