//! What is measured.

use crate::guest::{self, GUESTS};
use crate::host::FixedHost;
use crate::{Result, allocation, meter, module, stream};
use std::path::Path;
use std::rc::Rc;
use waxwing::__private::{Callback, Dispatcher, Extension, Guest, Host, enter};
use waxwing_testing::wasm::{Import, WasmGuest, WasmModule};

/// What is known of the guests.
pub(crate) struct Measurements {
    /// In the order of [`GUESTS`].
    pub(crate) guests: Vec<Measured>,
    /// The memory of the first guest with [`OPEN_STREAMS`], in bytes.
    pub(crate) memory: usize,
}

/// A guest, and what is known of it.
pub(crate) struct Measured {
    pub(crate) guest: &'static guest::Guest,
    pub(crate) measurement: Measurement,
}

/// What is known of one guest.
pub(crate) struct Measurement {
    /// The size of its module, in bytes.
    pub(crate) size: usize,
    /// The instructions of each callback of a stream.
    pub(crate) instructions: [u64; stream::CALLBACKS.len()],
    /// What it imports.
    pub(crate) imports: Vec<Import>,
    /// The allocations of a stream.
    pub(crate) allocations: Option<u64>,
}

impl Measurement {
    /// The instructions of a stream.
    pub(crate) fn total(&self) -> u64 {
        self.instructions.iter().sum()
    }

    /// The functions of the proxy that it imports.
    pub(crate) fn proxy_functions(&self) -> impl Iterator<Item = &str> {
        self.imports.iter().filter(|import| import.module == "env").map(|import| import.name.as_str())
    }
}

/// So many streams are open at once when memory is measured.
pub(crate) const OPEN_STREAMS: u32 = 10_000;

/// After so many streams, each is like the one before.
const WARM_UP: u32 = 100;

/// So many streams are measured.
const STREAMS: u32 = 1_000;

pub(crate) fn all() -> Result<Measurements> {
    let mut guests = Vec::new();
    let mut first = None;
    for guest in GUESTS {
        let file = module::build(guest.package)?;
        guests.push(Measured { guest, measurement: measure(guest, &file)? });
        first.get_or_insert(file);
    }
    Ok(Measurements { guests, memory: memory(&first.ok_or("there is no guest")?)? })
}

fn measure(measured: &guest::Guest, file: &Path) -> Result<Measurement> {
    let bytes = std::fs::read(file)?;
    let original = WasmModule::from_file(file)?;
    let metered = WasmModule::from_bytes(original.name(), &meter::meter(&bytes)?)?;
    let guest = Vm::start(&metered)?;
    for context in 0..WARM_UP {
        guest.stream(FIRST_STREAM + context, measured.holds)?;
    }
    let mut totals = [0; stream::CALLBACKS.len()];
    for context in WARM_UP..WARM_UP + STREAMS {
        for (total, callback) in totals.iter_mut().zip(stream::CALLBACKS) {
            let before = guest.instructions();
            guest.call(callback, FIRST_STREAM + context, measured.holds)?;
            *total += guest.instructions() - before;
        }
    }
    Ok(Measurement {
        size: original.size(),
        instructions: totals.map(|total| total.div_ceil(STREAMS.into())),
        imports: original.imports(),
        allocations: measured.allocations.as_ref().map(|(count, _)| count()),
    })
}

/// Streams whose callbacks have all come but the last two stay open, as slow responses do.
fn memory(file: &Path) -> Result<usize> {
    let guest = Vm::start(&WasmModule::from_file(file)?)?;
    for context in 0..OPEN_STREAMS {
        for callback in [Callback::ContextCreate, Callback::RequestHeaders, Callback::ResponseHeaders] {
            guest.call(callback, FIRST_STREAM + context, &[])?;
        }
    }
    Ok(guest.guest.memory_bytes())
}

/// The allocations of a stream, natively: the most of any.
pub(crate) fn allocations<R: Extension>(holds: &[Callback]) -> u64 {
    let host: Rc<dyn Host> = Rc::new(FixedHost::new());
    let dispatcher = Rc::new(Dispatcher::<R>::new());
    let run = |work: &dyn Fn(&dyn Guest)| {
        let mut count = 0;
        let memory = dispatcher.clone();
        enter(host.clone(), memory, || count = allocation::count(|| work(&*dispatcher)));
        count
    };
    run(&stream::configure);
    let stream = |context| {
        let callbacks = stream::CALLBACKS.iter();
        callbacks.map(|callback| run(&|guest| stream::call(guest, *callback, context, holds))).sum()
    };
    let counts: Vec<u64> = (FIRST_STREAM..FIRST_STREAM + WARM_UP + STREAMS).map(stream).collect();
    counts.into_iter().skip(WARM_UP as usize).max().unwrap_or_default()
}

/// Contexts of streams are numbered from the root context on.
pub(crate) const FIRST_STREAM: u32 = stream::ROOT + 1;

/// A guest on the fixed host.
pub(crate) struct Vm {
    pub(crate) guest: WasmGuest,
    host: Rc<FixedHost>,
}

impl Vm {
    pub(crate) fn start(module: &WasmModule) -> Result<Self> {
        let vm = Vm { guest: WasmGuest::instantiate(module)?, host: Rc::new(FixedHost::new()) };
        vm.enter(&mut stream::configure)?;
        Ok(vm)
    }

    fn stream(&self, context: u32, holds: &[Callback]) -> Result<()> {
        stream::CALLBACKS.iter().try_for_each(|callback| self.call(*callback, context, holds))
    }

    fn call(&self, callback: Callback, context: u32, holds: &[Callback]) -> Result<()> {
        self.enter(&mut |guest| stream::call(guest, callback, context, holds))
    }

    pub(crate) fn enter(&self, callback: &mut dyn FnMut(&dyn Guest)) -> Result<()> {
        Ok(self.guest.enter(self.host.clone(), callback)?)
    }

    /// The instructions of a metered module, up to now.
    fn instructions(&self) -> u64 {
        self.guest.global(meter::COUNTER).map_or(0, i64::cast_unsigned)
    }
}
