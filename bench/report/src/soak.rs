//! A million streams on one VM, natively and on wasm, in which memory must not grow.

use crate::host::FixedHost;
use crate::measurement::{FIRST_STREAM, Vm};
use crate::soak_guest::Soak;
use crate::{Result, allocation, module, stream};
use std::rc::Rc;
use std::time::Instant;
use waxwing::__private::{Callback, Dispatcher, Guest, enter};
use waxwing_testing::wasm::WasmModule;

const STREAMS: u32 = 1_000_000;

/// After so many streams, memory must be what it will be.
const WARM_UP: u32 = 10_000;

/// So many streams are open at once, which is more than have a place in the front of the SDK's table.
const OPEN: u32 = 150;

pub(crate) fn run() -> Result<()> {
    native()?;
    wasm()
}

fn native() -> Result<()> {
    let host = Rc::new(FixedHost::new());
    let dispatcher = Rc::new(Dispatcher::<Soak>::new());
    let enter = |callback: &mut dyn FnMut(&dyn Guest)| {
        enter(host.clone(), dispatcher.clone(), || callback(&*dispatcher));
        Ok(())
    };
    enter(&mut stream::configure)?;
    soak("native", allocation::live_bytes, enter)
}

fn wasm() -> Result<()> {
    let vm = Vm::start(&WasmModule::from_file(module::build("bench-soak")?)?)?;
    soak("wasm", || vm.guest.memory_bytes(), |callback| vm.enter(callback))
}

/// Runs the streams in a VM that `enter` enters, and compares its memory after all with that after a few.
fn soak(
    name: &str,
    memory: impl Fn() -> usize,
    enter: impl Fn(&mut dyn FnMut(&dyn Guest)) -> Result<()>,
) -> Result<()> {
    let start = Instant::now();
    let mut after_warm_up = 0;
    for number in 0..STREAMS {
        begin(&enter, FIRST_STREAM + number)?;
        if let Some(oldest) = number.checked_sub(OPEN).and_then(whose_turn) {
            end(&enter, FIRST_STREAM + oldest)?;
        }
        if number == WARM_UP {
            after_warm_up = memory();
        }
    }
    let after_all = memory();
    println!(
        "{name}: {after_warm_up} bytes after {WARM_UP} streams, {after_all} after {STREAMS} ({:.1?})",
        start.elapsed()
    );
    if after_all > after_warm_up {
        return Err(format!("{name}: memory grows by {} bytes", after_all - after_warm_up).into());
    }
    Ok(())
}

/// Which stream ends when it is the oldest one's turn: of each hundred, the first stays a hundred longer.
fn whose_turn(oldest: u32) -> Option<u32> {
    if oldest.is_multiple_of(100) { oldest.checked_sub(100) } else { Some(oldest) }
}

fn begin(enter: &impl Fn(&mut dyn FnMut(&dyn Guest)) -> Result<()>, context: u32) -> Result<()> {
    for callback in [Callback::ContextCreate, Callback::RequestHeaders, Callback::ResponseHeaders] {
        enter(&mut |guest| {
            stream::try_call(guest, callback, context);
        })?;
    }
    Ok(())
}

fn end(enter: &impl Fn(&mut dyn FnMut(&dyn Guest)) -> Result<()>, context: u32) -> Result<()> {
    for callback in [Callback::ResponseBody, Callback::Log, Callback::Done, Callback::Delete] {
        enter(&mut |guest| {
            stream::try_call(guest, callback, context);
        })?;
    }
    Ok(())
}
