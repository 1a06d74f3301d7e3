//! What hosts accept from an extension and then mishandle.

use crate::host_call::HostCall;
use std::fmt;
use waxwing::__private::BufferType;

/// Something that an extension does, that Envoy, or the host of the [profile](crate::HostBuilder::profile), accepts, and that
/// goes wrong then.
///
/// Each is an [event](crate::Event::Misuse) of the timeline. A [`Host`](crate::Host) fails the test for the first, unless it
/// [allows](crate::HostBuilder::allow) it or is [lenient](crate::HostBuilder::lenient).
///
/// ```
/// use waxwing_testing::Misuse;
///
/// assert_eq!(Misuse::ResumedInside.name(), "ResumedInside");
/// assert!(Misuse::ALL.contains(&Misuse::ResumedInside));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Misuse {
    /// A second local response for one stream.
    SecondLocalResponse,
    /// A local response for a stream whose response headers have gone to the client, or that has ended.
    LateLocalResponse,
    /// Resuming a direction that is not paused.
    NotPaused,
    /// Resuming a direction from inside one of its own callbacks.
    ResumedInside,
    /// Closing a stream in `on_response_trailers`.
    ClosedInTrailers,
    /// Reaching for headers, trailers or a body of a stream that are not there yet, or gone.
    OutOfPhase,
    /// A callout of a stream that did not wait for the answer, and has ended without it.
    DroppedCallout,
    /// A gRPC stream that an HTTP stream has left open when it ended.
    UnclosedGrpcStream,
    /// Defining a metric in a stream that the VM has defined before.
    RedefinedMetric,
    /// A body of another size than the `content-length` that goes with it.
    StaleContentLength,
    /// Writing to a body behind its end.
    BehindTheEnd,
    /// Making a body that is held back larger than the host's limit.
    OvergrownBody,
    /// Setting an object of the filter state with another life span than before.
    ChangedLifeSpan,
    /// Changing more in one callback than the host of the profile takes.
    TooMuchChanged,
    /// Pausing where the host of the profile does not allow it.
    ForbiddenPause,
}

impl Misuse {
    /// All of them.
    pub const ALL: &'static [Misuse] = &[
        Misuse::SecondLocalResponse,
        Misuse::LateLocalResponse,
        Misuse::NotPaused,
        Misuse::ResumedInside,
        Misuse::ClosedInTrailers,
        Misuse::OutOfPhase,
        Misuse::DroppedCallout,
        Misuse::UnclosedGrpcStream,
        Misuse::RedefinedMetric,
        Misuse::StaleContentLength,
        Misuse::BehindTheEnd,
        Misuse::OvergrownBody,
        Misuse::ChangedLifeSpan,
        Misuse::TooMuchChanged,
        Misuse::ForbiddenPause,
    ];

    /// Its name, as it is written in code.
    pub fn name(self) -> &'static str {
        match self {
            Misuse::SecondLocalResponse => "SecondLocalResponse",
            Misuse::LateLocalResponse => "LateLocalResponse",
            Misuse::NotPaused => "NotPaused",
            Misuse::ResumedInside => "ResumedInside",
            Misuse::ClosedInTrailers => "ClosedInTrailers",
            Misuse::OutOfPhase => "OutOfPhase",
            Misuse::DroppedCallout => "DroppedCallout",
            Misuse::UnclosedGrpcStream => "UnclosedGrpcStream",
            Misuse::RedefinedMetric => "RedefinedMetric",
            Misuse::StaleContentLength => "StaleContentLength",
            Misuse::BehindTheEnd => "BehindTheEnd",
            Misuse::OvergrownBody => "OvergrownBody",
            Misuse::ChangedLifeSpan => "ChangedLifeSpan",
            Misuse::TooMuchChanged => "TooMuchChanged",
            Misuse::ForbiddenPause => "ForbiddenPause",
        }
    }

    /// What to do in its place, in a sentence.
    pub fn instead(self) -> &'static str {
        match self {
            Misuse::SecondLocalResponse => "Remember that the stream has been answered, and return.",
            Misuse::LateLocalResponse => {
                "Answer while the response headers are held back, or change the body."
            }
            Misuse::NotPaused => "Resume only what a callback of that direction has paused, and once.",
            Misuse::ResumedInside => "Return `Continue` from the callback.",
            Misuse::ClosedInTrailers => "Close the stream in an earlier callback.",
            Misuse::OutOfPhase => "Read it in the callback that shows it, and keep what is needed later.",
            Misuse::DroppedCallout => {
                "Pause until the answer has come, or make the callout from the root context."
            }
            Misuse::UnclosedGrpcStream => "Close or cancel the gRPC stream, at the latest in `on_done`.",
            Misuse::RedefinedMetric => "Define metrics once, in `configure`, and keep their ids.",
            Misuse::StaleContentLength => {
                "Remove `content-length` in the headers callback of a message whose body changes."
            }
            Misuse::BehindTheEnd => "Start at most at the size of the body, which is where data is appended.",
            Misuse::OvergrownBody => "Let the body go before it grows, or raise the limit of the listener.",
            Misuse::ChangedLifeSpan => "Set the object with the same life span each time.",
            Misuse::TooMuchChanged => "Change less in each callback.",
            Misuse::ForbiddenPause => "Pause in a callback that the host lets pause.",
        }
    }

    /// Whether it is done by this call.
    fn is_done_by(self, call: &HostCall) -> bool {
        use HostCall as Call;
        let writes =
            |side: BufferType| matches!(call, Call::SetBufferBytes { buffer, .. } if *buffer == side);
        match self {
            Misuse::SecondLocalResponse | Misuse::LateLocalResponse => {
                matches!(call, Call::SendLocalResponse { .. })
            }
            Misuse::NotPaused | Misuse::ResumedInside => matches!(call, Call::ContinueStream { .. }),
            Misuse::ClosedInTrailers => matches!(call, Call::CloseStream { .. }),
            Misuse::OutOfPhase => matches!(
                call,
                Call::BufferBytes { .. }
                    | Call::BufferStatus { .. }
                    | Call::SetBufferBytes { .. }
                    | Call::HeaderMapPairs { .. }
                    | Call::SetHeaderMapPairs { .. }
                    | Call::HeaderMapValue { .. }
                    | Call::AddHeaderMapValue { .. }
                    | Call::ReplaceHeaderMapValue { .. }
                    | Call::RemoveHeaderMapValue { .. }
                    | Call::HeaderMapSize { .. }
            ),
            Misuse::DroppedCallout => matches!(call, Call::HttpCall { .. }),
            Misuse::UnclosedGrpcStream => matches!(call, Call::GrpcStream { .. }),
            Misuse::RedefinedMetric => matches!(call, Call::DefineMetric { .. }),
            Misuse::StaleContentLength | Misuse::BehindTheEnd | Misuse::OvergrownBody => {
                writes(BufferType::HTTP_REQUEST_BODY) || writes(BufferType::HTTP_RESPONSE_BODY)
            }
            Misuse::ChangedLifeSpan => matches!(call, Call::CallForeignFunction { .. }),
            Misuse::TooMuchChanged => matches!(
                call,
                Call::SetBufferBytes { .. }
                    | Call::SetHeaderMapPairs { .. }
                    | Call::AddHeaderMapValue { .. }
                    | Call::ReplaceHeaderMapValue { .. }
            ),
            Misuse::ForbiddenPause => false,
        }
    }

    /// Whether it shows while that call is being answered, and not later.
    fn shows_at_once(self) -> bool {
        !matches!(
            self,
            Misuse::NotPaused
                | Misuse::DroppedCallout
                | Misuse::UnclosedGrpcStream
                | Misuse::StaleContentLength
                | Misuse::ForbiddenPause
        )
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a host does about it.
#[derive(Clone, Debug)]
pub(crate) struct Strictness {
    /// Whether the first makes the test fail.
    pub(crate) fails: bool,
    /// What the extension means to do.
    pub(crate) allowed: Vec<Misuse>,
}

mod breach;
pub(crate) use breach::Breach;
