//! Host calls and their answers as lines of a timeline.

use super::{HostCall, Reply};
use crate::quoted::{Len, Path, Quoted, QuotedPairs, Words};
use std::fmt;

impl fmt::Display for HostCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            HostCall::Log { level, message } => match crate::LogLevel::from_u32(*level) {
                Some(level) => write!(f, " {level} {}", Quoted(message)),
                None => write!(f, " level {level} {}", Quoted(message)),
            },
            HostCall::LogLevel | HostCall::CurrentTime | HostCall::Done | HostCall::Status => Ok(()),
            HostCall::SetTickPeriod { milliseconds } => write!(f, " {milliseconds}"),
            HostCall::BufferBytes { buffer, start, max_len } => {
                write!(f, " {} {start}..+{}", Words(buffer.name(), buffer.0), Len(*max_len))
            }
            HostCall::SetBufferBytes { buffer, start, len, data } => {
                let buffer = Words(buffer.name(), buffer.0);
                write!(f, " {buffer} {start}..+{} {}", Len(*len), Quoted(data))
            }
            HostCall::BufferStatus { buffer } => write!(f, " {}", Words(buffer.name(), buffer.0)),
            HostCall::HeaderMapPairs { map } | HostCall::HeaderMapSize { map } => {
                write!(f, " {}", Words(map.name(), map.0))
            }
            HostCall::SetHeaderMapPairs { map, pairs } => {
                write!(f, " {} {}", Words(map.name(), map.0), QuotedPairs(pairs))
            }
            HostCall::HeaderMapValue { map, key } | HostCall::RemoveHeaderMapValue { map, key } => {
                write!(f, " {} {}", Words(map.name(), map.0), Quoted(key))
            }
            HostCall::AddHeaderMapValue { map, key, value }
            | HostCall::ReplaceHeaderMapValue { map, key, value } => {
                write!(f, " {} {} {}", Words(map.name(), map.0), Quoted(key), Quoted(value))
            }
            HostCall::ContinueStream { stream } | HostCall::CloseStream { stream } => {
                write!(f, " {}", Words(stream.name(), stream.0))
            }
            HostCall::SendLocalResponse { status, details, body, headers, grpc_status } => {
                write!(f, " {status} {} body {}", QuotedPairs(headers), Quoted(body))?;
                if !details.is_empty() {
                    write!(f, " details {}", Quoted(details))?;
                }
                match grpc_status {
                    Some(status) => write!(f, " grpc {status}"),
                    None => Ok(()),
                }
            }
            HostCall::Property { path } => write!(f, " {}", Path(path)),
            HostCall::SetProperty { path, value } => write!(f, " {} {}", Path(path), Quoted(value)),
            HostCall::HttpCall { upstream, headers, body, trailers, timeout_milliseconds } => {
                write!(f, " {} {} body {}", Quoted(upstream), QuotedPairs(headers), Quoted(body))?;
                if !trailers.is_empty() {
                    write!(f, " trailers {}", QuotedPairs(trailers))?;
                }
                match timeout_milliseconds {
                    0 => Ok(()),
                    timeout => write!(f, " timeout {timeout} ms"),
                }
            }
            HostCall::GrpcCall { upstream, service, method, metadata, message, timeout_milliseconds } => {
                let (service, method) = (service.escape_ascii(), method.escape_ascii());
                write!(f, " {} {service}/{method} {} ", Quoted(upstream), QuotedPairs(metadata))?;
                write!(f, "message {}", Quoted(message))?;
                match timeout_milliseconds {
                    0 => Ok(()),
                    timeout => write!(f, " timeout {timeout} ms"),
                }
            }
            HostCall::GrpcStream { upstream, service, method, metadata } => {
                let (service, method) = (service.escape_ascii(), method.escape_ascii());
                write!(f, " {} {service}/{method} {}", Quoted(upstream), QuotedPairs(metadata))
            }
            HostCall::GrpcSend { token, message, end_of_stream } => {
                write!(
                    f,
                    " {token} {}{}",
                    Quoted(message),
                    if *end_of_stream { " end of stream" } else { "" }
                )
            }
            HostCall::GrpcClose { token } | HostCall::GrpcCancel { token } => write!(f, " {token}"),
            HostCall::SetEffectiveContext { context } => write!(f, " #{context}"),
            HostCall::DefineMetric { kind, name } => {
                write!(f, " {} {}", Words(kind.name(), kind.0), Quoted(name))
            }
            HostCall::IncrementMetric { metric, delta } => write!(f, " {metric} {delta:+}"),
            HostCall::RecordMetric { metric, value } => write!(f, " {metric} {value}"),
            HostCall::Import { arguments, .. } => {
                arguments.iter().try_for_each(|number| write!(f, " {number}"))
            }
            HostCall::ResolveDns { name } => write!(f, " {}", Quoted(name)),
            HostCall::Metric { metric } => write!(f, " {metric}"),
            HostCall::CallForeignFunction { name, argument } => {
                write!(f, " {} {}", name.escape_ascii(), Quoted(argument))
            }
            HostCall::SharedData { key } => write!(f, " {}", Quoted(key)),
            HostCall::SetSharedData { key, value, cas } => {
                write!(f, " {} {}", Quoted(key), Quoted(value))?;
                match cas {
                    0 => Ok(()),
                    cas => write!(f, " if it is no. {cas}"),
                }
            }
            HostCall::RegisterSharedQueue { name } => write!(f, " {}", Quoted(name)),
            HostCall::ResolveSharedQueue { vm_id, name } => {
                write!(f, " {} {}", Quoted(vm_id), Quoted(name))
            }
            HostCall::EnqueueSharedQueue { queue, item } => write!(f, " #{queue} {}", Quoted(item)),
            HostCall::DequeueSharedQueue { queue } => write!(f, " #{queue}"),
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reply::Done => f.write_str("Ok"),
            Reply::Bytes(bytes) => Quoted(bytes).fmt(f),
            Reply::Pairs(count) => write!(f, "{count} pairs"),
            Reply::Number(number) => number.fmt(f),
            Reply::Numbered(number, bytes) => write!(f, "{number} {}", Quoted(bytes)),
        }
    }
}
