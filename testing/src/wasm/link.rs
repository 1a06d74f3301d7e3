//! Giving a module what it imports, and starting it.

use super::call::State;
use super::export::{INITIALIZE, MAIN, START};
use super::import::{lookup, run_registered};
use super::module::WasmModule;
use crate::profile::{Profile, Start, Support};
use wasmi::{AsContextMut, ExternType, Instance, Linker, Memory, Ref, Store, Table, Val};
use waxwing::abi::imports::NAMES as IMPORTS;

/// Gives the module what it imports; that it exists was checked when the module was loaded.
pub(super) fn link(
    module: &WasmModule,
    store: &mut Store<State>,
    profile: Profile,
) -> Result<Instance, wasmi::Error> {
    let mut linker = Linker::new(module.parsed().engine());
    for import in module.parsed().imports() {
        let (from, name) = (import.module(), import.name());
        match import.ty() {
            ExternType::Func(ty) => {
                if let Some(function) = module.registered().find(from, name) {
                    let name = name.to_owned();
                    linker.func_new(from, &name.clone(), ty.clone(), move |caller, arguments, results| {
                        run_registered(&name, &function, caller, arguments, results)
                    })?;
                } else if profile.support(name) == Support::Traps && !IMPORTS.contains(&name) {
                    // Of an older version of the ABI: the model cannot tell it from what it is done with.
                    let message = format!("{name} is not implemented: {profile} traps");
                    linker.func_new(from, name, ty.clone(), move |_, _, _| {
                        Err(wasmi::Error::new(message.clone()))
                    })?;
                } else if let Some(function) = lookup(from, name, module.abi_version()) {
                    linker.func_new(from, name, ty.clone(), |caller, arguments, results| {
                        function.run(caller, arguments, results)
                    })?;
                }
            }
            ExternType::Memory(ty) => {
                let memory = Memory::new(store.as_context_mut(), *ty)?;
                linker.define(from, name, memory)?;
            }
            ExternType::Table(ty) => {
                let null = Ref::default_for_ty(ty.element());
                let table = Table::new(store.as_context_mut(), *ty, null)?;
                linker.define(from, name, table)?;
            }
            ExternType::Global(_) => {}
        }
    }
    linker.instantiate_and_start(store, module.parsed())
}

/// Runs what a host runs before the first callback.
pub(super) fn start(
    store: &mut Store<State>,
    instance: Instance,
    profile: Profile,
) -> Result<(), wasmi::Error> {
    if profile.data().start == Start::StartFirst
        && let Some(start) = instance.get_func(&*store, START)
    {
        return start.call(store, &[], &mut []);
    }
    let Some(initialize) = instance.get_func(&*store, INITIALIZE) else {
        let Some(start) = instance.get_func(&*store, START) else { return Ok(()) };
        return start.call(store, &[], &mut []);
    };
    initialize.call(&mut *store, &[], &mut [])?;
    let Some(main) = MAIN.iter().find_map(|name| instance.get_func(&*store, name)) else { return Ok(()) };
    let arguments = vec![Val::I32(0); main.ty(&*store).params().len()];
    main.call(store, &arguments, &mut [Val::I32(0)])
}
