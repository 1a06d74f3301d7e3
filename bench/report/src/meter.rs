//! Makes a module count the instructions that it executes.
//!
//! The fuel of the engine is no such count: it charges a function for the code that its branches skip. So the
//! module is rewritten: wherever straight-line code ends, it adds the number of instructions in it to a global.
//!
//! Counted are 1 for each instruction executed and 1 for each function entered; `memory.copy`, `memory.fill`
//! and `memory.init` also count 1 for each byte. `block`, `loop`, `else`, `end`, `return`, `drop`, `nop` and
//! `unreachable`, for which an engine generates no code of their own, count nothing.

use std::convert::Infallible;
use wasm_encoder::reencode::{self, Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, ExportKind, ExportSection, Function, GlobalSection, GlobalType, Instruction,
    Module, SectionId, ValType,
};
use wasmparser::{ExportSectionReader, FunctionBody, GlobalSectionReader, Parser, Payload};

/// The name under which the count is exported.
pub(crate) const COUNTER: &str = "instructions executed";

/// What can go wrong with a module that is not valid.
pub(crate) type Error = reencode::Error<Infallible>;

/// The module, counting. It has to export something, as every extension does.
pub(crate) fn meter(module: &[u8]) -> Result<Vec<u8>, Error> {
    let mut globals = 0;
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::GlobalSection(section) = payload? {
            globals = section.count();
        }
    }
    // Hosts have no globals to import, so those of the module are all there are.
    let mut meter = Meter { counter: globals, scratch: globals + 1, declared: false };
    let mut metered = Module::new();
    meter.parse_core_module(&mut metered, Parser::new(0), module)?;
    Ok(metered.finish())
}

struct Meter {
    /// The global with the count.
    counter: u32,
    /// A global that holds an operand for a moment.
    scratch: u32,
    /// Whether both have been added to the module.
    declared: bool,
}

impl Meter {
    fn declare(&mut self, globals: &mut GlobalSection) {
        let global = |val_type| GlobalType { val_type, mutable: true, shared: false };
        globals.global(global(ValType::I64), &ConstExpr::i64_const(0));
        globals.global(global(ValType::I32), &ConstExpr::i32_const(0));
        self.declared = true;
    }

    /// Adds a constant to the count.
    fn add(&self, count: i64, code: &mut Function) {
        code.instruction(&Instruction::GlobalGet(self.counter));
        code.instruction(&Instruction::I64Const(count));
        code.instruction(&Instruction::I64Add);
        code.instruction(&Instruction::GlobalSet(self.counter));
    }

    /// Adds the number on the stack to the count, and leaves it there.
    fn add_operand(&self, code: &mut Function) {
        code.instruction(&Instruction::GlobalSet(self.scratch));
        code.instruction(&Instruction::GlobalGet(self.counter));
        code.instruction(&Instruction::GlobalGet(self.scratch));
        code.instruction(&Instruction::I64ExtendI32U);
        code.instruction(&Instruction::I64Add);
        code.instruction(&Instruction::GlobalSet(self.counter));
        code.instruction(&Instruction::GlobalGet(self.scratch));
    }
}

impl Reencode for Meter {
    type Error = Infallible;

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: GlobalSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_global_section(self, globals, section)?;
        self.declare(globals);
        Ok(())
    }

    /// A module without globals gets its section here: they come right before the exports.
    fn intersperse_section_hook(
        &mut self,
        module: &mut Module,
        _after: Option<SectionId>,
        before: Option<SectionId>,
    ) -> Result<(), Error> {
        if !self.declared && before == Some(SectionId::Export) {
            let mut globals = GlobalSection::new();
            self.declare(&mut globals);
            module.section(&globals);
        }
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: ExportSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_export_section(self, exports, section)?;
        exports.export(COUNTER, ExportKind::Global, self.counter);
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        section: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error> {
        let mut code = self.new_function_with_parsed_locals(&body)?;
        let mut instructions = body.get_operators_reader()?;
        // Counted, and not yet added: of the straight-line code up to here, and for the function itself.
        let mut pending = 1;
        while !instructions.eof() {
            let instruction = self.parse_instruction(&mut instructions)?;
            pending += cost(&instruction);
            if ends_straight_line(&instruction) && pending > 0 {
                self.add(pending, &mut code);
                pending = 0;
            }
            if moves_bytes(&instruction) {
                self.add_operand(&mut code);
            }
            code.instruction(&instruction);
        }
        section.function(&code);
        Ok(())
    }
}

fn cost(instruction: &Instruction<'_>) -> i64 {
    match instruction {
        Instruction::Block(_)
        | Instruction::Loop(_)
        | Instruction::Else
        | Instruction::End
        | Instruction::Return
        | Instruction::Drop
        | Instruction::Nop
        | Instruction::Unreachable => 0,
        _ => 1,
    }
}

/// Whether what follows may run more often, or less often, than what comes before.
fn ends_straight_line(instruction: &Instruction<'_>) -> bool {
    matches!(
        instruction,
        Instruction::Loop(_)
            | Instruction::If(_)
            | Instruction::Else
            | Instruction::End
            | Instruction::Br(_)
            | Instruction::BrIf(_)
            | Instruction::BrTable(..)
            | Instruction::Return
            | Instruction::Unreachable
    )
}

/// Whether the number on the stack is that of bytes which it writes.
fn moves_bytes(instruction: &Instruction<'_>) -> bool {
    matches!(
        instruction,
        Instruction::MemoryCopy { .. } | Instruction::MemoryFill(_) | Instruction::MemoryInit { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use waxwing::__private::Guest;
    use waxwing_testing::wasm::{WasmGuest, WasmModule};

    /// The count of `on_log`, whose parameter is 2, with this body.
    fn count(rest: &str, body: &str) -> i64 {
        let module = wat::parse_str(format!(
            r#"(module {rest} (memory (export "memory") 1)
            (func (export "proxy_abi_version_0_2_1"))
            (func (export "malloc") (param i32) (result i32) (i32.const 0))
            (func (export "proxy_on_log") (param i32) {body}))"#
        ));
        let module = WasmModule::from_bytes("test", &meter(&module.unwrap()).unwrap()).unwrap();
        let guest = WasmGuest::instantiate(&module).unwrap();
        guest.on_log(2);
        guest.global(COUNTER).unwrap()
    }

    #[test]
    fn straight_line_code_counts_each_instruction_and_the_function() {
        assert_eq!(count("", ""), 1);
        assert_eq!(count("", "(drop (i32.add (i32.const 1) (local.get 0)))"), 1 + 3);
        assert_eq!(count("(global $g (mut i32) (i32.const 0))", "(global.set $g (local.get 0))"), 1 + 2);
        assert_eq!(count("(func $f (nop))", "(call $f) (call $f)"), 1 + 2 * (1 + 1));
    }

    #[test]
    fn what_a_branch_skips_does_not_count() {
        let skipped = "(local.set 0 (i32.const 1)) (local.set 0 (i32.const 1))";
        // local.get, br_if
        assert_eq!(count("", &format!("(block $b (br_if $b (local.get 0)) {skipped})")), 1 + 2);
        assert_eq!(count("", &format!("(block $b (br_if $b (i32.eqz (local.get 0))) {skipped})")), 1 + 3 + 4);
        assert_eq!(count("", &format!("(return) {skipped}")), 1);
        // local.get, if
        let arms =
            format!("(if (local.get 0) (then (local.set 0 (i32.const 1))) (else {skipped} {skipped}))");
        assert_eq!(count("", &arms), 1 + 2 + 2);
    }

    #[test]
    fn a_loop_counts_each_round() {
        // local.get, i32.const, i32.sub, local.tee, br_if; twice
        let body = "(loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))";
        assert_eq!(count("", body), 1 + 2 * 5);
        assert_eq!(
            count("", &format!("(drop (i32.const 0)) {body} (drop (i32.const 0))")),
            1 + 1 + 2 * 5 + 1
        );
    }

    #[test]
    fn bulk_memory_counts_each_byte() {
        let operands = "(i32.const 0) (i32.const 8) (i32.const 100)";
        for bulk in ["memory.copy", "memory.fill"] {
            assert_eq!(count("", &format!("({bulk} {operands})")), 1 + 4 + 100);
        }
        let data = r#"(data $d "12345")"#;
        assert_eq!(count(data, "(memory.init $d (i32.const 0) (i32.const 0) (i32.const 5))"), 1 + 4 + 5);
    }
}
