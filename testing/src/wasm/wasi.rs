//! The part of WASI that proxies have, and what they answer: there are no files, no arguments and no
//! environment, standard output is the log, and `proc_exit` returns.
//!
//! Envoy gained some twenty more functions in 2025; they are not here, because a module that imports them does
//! not load in the Envoys before.

use super::call::{Call, Stop};
use super::import::{Function, Handler, log};
use wasmi::ValType;

const I: ValType = ValType::I32;
const L: ValType = ValType::I64;

/// The functions, for both names of the module.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("fd_write", &[I; 4], fd_write),
    Function::new("fd_read", &[I; 4], NOSYS),
    Function::new("fd_seek", &[I, L, I, I], SUCCESS),
    Function::new("fd_close", &[I], SUCCESS),
    Function::new("fd_fdstat_get", &[I; 2], fd_fdstat_get),
    Function::new("fd_fdstat_set_flags", &[I; 2], NOSYS),
    Function::new("fd_prestat_get", &[I; 2], |_| Err(errno::BADF)),
    Function::new("fd_prestat_dir_name", &[I; 3], NOSYS),
    Function::new("fd_filestat_get", &[I; 2], |_| Err(errno::BADF)),
    Function::new("path_open", &[I, I, I, I, I, L, L, I, I], |_| Err(errno::NOENT)),
    Function::new("path_filestat_get", &[I; 5], |_| Err(errno::NOTSUP)),
    Function::new("environ_sizes_get", &[I; 2], no_strings),
    Function::new("environ_get", &[I; 2], SUCCESS),
    Function::new("args_sizes_get", &[I; 2], no_strings),
    Function::new("args_get", &[I; 2], SUCCESS),
    Function::new("clock_time_get", &[I, L, I], |call| {
        check_clock(call)?;
        // Without a host, which is while the module starts, time stands still.
        let host = call.host().ok();
        let now = host.map_or(Ok(0), |host| host.current_time_nanoseconds()).map_err(|_| errno::NOTSUP)?;
        faults(call.write(2, &now.to_le_bytes()))
    }),
    Function::new("clock_res_get", &[I; 2], |call| {
        check_clock(call)?;
        faults(call.write(1, &1u64.to_le_bytes()))
    }),
    Function::new("random_get", &[I; 2], random_get),
    Function::new("sched_yield", &[], SUCCESS),
    Function::new("poll_oneoff", &[I; 4], |call| faults(call.write_u32(3, 0))),
    Function::new("proc_exit", &[I], |call| {
        let line = format!("proc_exit({}) is ignored", call.number(0).cast_signed());
        log(call, WARN, line.into_bytes())
    })
    .without_result(),
];

const SUCCESS: Handler = |_| Ok(());
const NOSYS: Handler = |_| Err(errno::NOSYS);

/// The error numbers of WASI preview 1.
mod errno {
    use super::Stop;

    pub(super) const BADF: Stop = Stop::Answer(8);
    pub(super) const FAULT: Stop = Stop::Answer(21);
    pub(super) const INVAL: Stop = Stop::Answer(28);
    pub(super) const NOENT: Stop = Stop::Answer(44);
    pub(super) const NOSYS: Stop = Stop::Answer(52);
    pub(super) const NOTSUP: Stop = Stop::Answer(58);
}

const STDOUT: u32 = 1;
const STDERR: u32 = 2;

const INFO: u32 = 2;
const WARN: u32 = 3;
const ERROR: u32 = 4;

/// What the ABI calls an invalid memory access, WASI calls a fault.
fn faults<T>(result: Result<T, Stop>) -> Result<T, Stop> {
    result.map_err(|stop| match stop {
        Stop::Answer(_) => errno::FAULT,
        trap @ Stop::Trap(_) => trap,
    })
}

fn fd_write(call: &mut Call<'_>) -> Result<(), Stop> {
    let level = match call.number(0) {
        STDOUT => INFO,
        STDERR => ERROR,
        _ => return Err(errno::BADF),
    };
    let mut line = faults(gather(call))?;
    // What fits the memory fits 32 bits.
    let written = u32::try_from(line.len()).map_err(|_| errno::FAULT)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    if written > 0 {
        // The log's refusal of a line is not an error of the stream.
        if let Err(trap @ Stop::Trap(_)) = log(call, level, line) {
            return Err(trap);
        }
    }
    faults(call.write_u32(3, written))
}

/// The bytes that the vectors of `fd_write` describe.
fn gather(call: &Call<'_>) -> Result<Vec<u8>, Stop> {
    const VECTOR_SIZE: u32 = 8;
    let size = call.number(2).checked_mul(VECTOR_SIZE).ok_or(errno::FAULT)?;
    let word = |bytes: &[u8]| bytes.first_chunk().map_or(0, |word| u32::from_le_bytes(*word));
    let mut gathered = Vec::new();
    for vector in call.bytes_at(call.number(1), size)?.chunks_exact(VECTOR_SIZE as usize) {
        let (address, len) = vector.split_at(4);
        gathered.extend_from_slice(call.bytes_at(word(address), word(len))?);
        // Vectors may overlap, and a few of them claim gigabytes.
        if gathered.len() > call.memory_size()? {
            return Err(errno::FAULT);
        }
    }
    Ok(gathered)
}

fn fd_fdstat_get(call: &mut Call<'_>) -> Result<(), Stop> {
    if !matches!(call.number(0), STDOUT | STDERR) {
        return Err(errno::BADF);
    }
    const RIGHTS_AT: usize = 8;
    const RIGHT_TO_WRITE: u8 = 64;
    let mut stat = [0; 24];
    stat[RIGHTS_AT] = RIGHT_TO_WRITE;
    faults(call.write(1, &stat))
}

/// No arguments, or no variables: none, in no bytes.
fn no_strings(call: &mut Call<'_>) -> Result<(), Stop> {
    faults(call.write_u32(0, 0))?;
    faults(call.write_u32(1, 0))
}

/// The clocks that proxies have: of the day, and one that only goes forward.
fn check_clock(call: &Call<'_>) -> Result<(), Stop> {
    match call.number(0) {
        0 | 1 => Ok(()),
        _ => Err(errno::NOTSUP),
    }
}

/// The same numbers in every run, so that a test fails twice in the same way.
fn random_get(call: &mut Call<'_>) -> Result<(), Stop> {
    const MOST_BYTES: u32 = 65_536;
    let len = call.number(1);
    if len > MOST_BYTES {
        return Err(errno::INVAL);
    }
    let bytes = call.state().random.bytes(len as usize);
    faults(call.write(0, &bytes))
}
