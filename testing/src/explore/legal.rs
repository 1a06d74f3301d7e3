//! What hosts answer to a call that they refuse.

use crate::fault::Failure;
use crate::host_call::HostCall;
use waxwing::Status;

const NOT_FOUND: Status = Status::NOT_FOUND;
const BAD_ARGUMENT: Status = Status::BAD_ARGUMENT;
const NOT_SERIALIZED: Status = Status::SERIALIZATION_FAILURE;
const NOT_PARSED: Status = Status::PARSE_FAILURE;
const EMPTY: Status = Status::EMPTY;
const CAS_MISMATCH: Status = Status::CAS_MISMATCH;
const FAILURE: Status = Status::INTERNAL_FAILURE;
const UNIMPLEMENTED: Status = Status::UNIMPLEMENTED;

/// The statuses with which a host may refuse this call, for reasons that are not the guest's: what Envoy answers, what it
/// does where its operator forbids the call (10), and what hosts do that lack the function (12).
///
/// None where all hosts succeed whenever the arguments are right, so that there is nothing that a guest could do about
/// anything else.
pub(super) fn statuses(call: &HostCall) -> &'static [Status] {
    match call {
        HostCall::Log { .. }
        | HostCall::ContinueStream { .. }
        | HostCall::CloseStream { .. }
        | HostCall::SendLocalResponse { .. }
        | HostCall::SetEffectiveContext { .. }
        // Its author says what it answers.
        | HostCall::Import { .. } => &[],
        HostCall::LogLevel | HostCall::CurrentTime | HostCall::SetTickPeriod { .. } | HostCall::Status => {
            &[FAILURE, UNIMPLEMENTED]
        }
        HostCall::BufferBytes { .. } | HostCall::BufferStatus { .. } | HostCall::SetBufferBytes { .. } => {
            &[NOT_FOUND, BAD_ARGUMENT, FAILURE]
        }
        HostCall::HeaderMapPairs { .. }
        | HostCall::SetHeaderMapPairs { .. }
        | HostCall::AddHeaderMapValue { .. }
        | HostCall::ReplaceHeaderMapValue { .. }
        | HostCall::RemoveHeaderMapValue { .. }
        | HostCall::HeaderMapSize { .. } => &[BAD_ARGUMENT, FAILURE],
        HostCall::HeaderMapValue { .. } => &[NOT_FOUND, BAD_ARGUMENT, FAILURE],
        HostCall::Property { .. } => &[NOT_FOUND, NOT_SERIALIZED, FAILURE],
        HostCall::SetProperty { .. } => &[NOT_FOUND, BAD_ARGUMENT, FAILURE],
        HostCall::Done => &[NOT_FOUND, FAILURE, UNIMPLEMENTED],
        HostCall::HttpCall { .. } | HostCall::ResolveDns { .. } => &[BAD_ARGUMENT, FAILURE, UNIMPLEMENTED],
        HostCall::GrpcCall { .. } | HostCall::GrpcStream { .. } => {
            &[BAD_ARGUMENT, NOT_PARSED, FAILURE, UNIMPLEMENTED]
        }
        HostCall::GrpcSend { .. } | HostCall::GrpcClose { .. } | HostCall::GrpcCancel { .. } => {
            &[NOT_FOUND, BAD_ARGUMENT, FAILURE, UNIMPLEMENTED]
        }
        HostCall::SharedData { .. } => &[NOT_FOUND, FAILURE, UNIMPLEMENTED],
        // Without a number to compare, it cannot be another one.
        HostCall::SetSharedData { cas: 0, .. } | HostCall::RegisterSharedQueue { .. } => {
            &[FAILURE, UNIMPLEMENTED]
        }
        HostCall::SetSharedData { .. } => &[CAS_MISMATCH, FAILURE, UNIMPLEMENTED],
        HostCall::ResolveSharedQueue { .. } | HostCall::EnqueueSharedQueue { .. } => {
            &[NOT_FOUND, FAILURE, UNIMPLEMENTED]
        }
        HostCall::DequeueSharedQueue { .. } => &[NOT_FOUND, EMPTY, FAILURE, UNIMPLEMENTED],
        HostCall::DefineMetric { .. } => &[BAD_ARGUMENT, FAILURE, UNIMPLEMENTED],
        HostCall::IncrementMetric { .. } | HostCall::RecordMetric { .. } | HostCall::Metric { .. } => {
            &[NOT_FOUND, BAD_ARGUMENT, FAILURE, UNIMPLEMENTED]
        }
        HostCall::CallForeignFunction { .. } => {
            &[NOT_FOUND, BAD_ARGUMENT, NOT_SERIALIZED, FAILURE, UNIMPLEMENTED]
        }
    }
}

/// Whether such a failure is an answer like any other: there is no such header, property, value or item. Or a lie, which
/// nobody can tell from the truth.
pub(super) fn is_answer(call: &HostCall, failure: &Failure) -> bool {
    match failure {
        Failure::Status(Status::NOT_FOUND) => matches!(
            call,
            HostCall::HeaderMapValue { .. } | HostCall::Property { .. } | HostCall::SharedData { .. }
        ),
        Failure::Status(Status::EMPTY) => matches!(call, HostCall::DequeueSharedQueue { .. }),
        Failure::Status(_) => false,
        _ => true,
    }
}

/// Whether a stream can go on only if the host does this.
pub(super) fn is_vital(call: &HostCall) -> bool {
    matches!(
        call,
        HostCall::ContinueStream { .. }
            | HostCall::CloseStream { .. }
            | HostCall::SendLocalResponse { .. }
            | HostCall::SetEffectiveContext { .. }
    )
}

/// What a host gives that means harm: statuses that there are not, success without effect, and data that are none. What a
/// guest needs for its answer to come is left alone: a false token is a call that is never answered.
pub(super) fn hostile(call: &HostCall, seed: u64) -> Vec<Failure> {
    let unknown = [13, u32::MAX].into_iter().filter_map(Status::new).map(Failure::Status);
    let mut failures: Vec<_> = unknown.collect();
    match call {
        HostCall::HttpCall { .. }
        | HostCall::GrpcCall { .. }
        | HostCall::GrpcStream { .. }
        | HostCall::ResolveDns { .. } => {}
        HostCall::ContinueStream { .. }
        | HostCall::CloseStream { .. }
        | HostCall::SendLocalResponse { .. }
        | HostCall::SetEffectiveContext { .. } => failures.push(FAILURE.into()),
        HostCall::HeaderMapPairs { .. } => failures.extend([
            Failure::Ignored,
            Failure::Short(3),
            Failure::Short(30),
            Failure::LyingLengths,
            Failure::HugeCount,
            Failure::Random(seed),
        ]),
        HostCall::BufferBytes { .. }
        | HostCall::HeaderMapValue { .. }
        | HostCall::Property { .. }
        | HostCall::Status
        | HostCall::SharedData { .. }
        | HostCall::DequeueSharedQueue { .. }
        | HostCall::CallForeignFunction { .. } => failures.extend([
            Failure::Ignored,
            Failure::Short(1),
            Failure::Random(seed),
            Failure::Data(vec![0xff; 9]),
        ]),
        HostCall::LogLevel
        | HostCall::CurrentTime
        | HostCall::BufferStatus { .. }
        | HostCall::HeaderMapSize { .. }
        | HostCall::RegisterSharedQueue { .. }
        | HostCall::ResolveSharedQueue { .. }
        | HostCall::DefineMetric { .. }
        | HostCall::Metric { .. } => {
            failures.extend([Failure::Ignored, Failure::HugeCount, Failure::Random(seed)]);
        }
        _ => failures.push(Failure::Ignored),
    }
    failures
}
