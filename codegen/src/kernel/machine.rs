//! Machine code in memory: compiled once, executable and never writable, freed when dropped.
//!
//! One module a kernel, in an arena of its own, because Cranelift frees whole modules only. Pages
//! are writable while code is emitted; finalising makes them executable and read-only.

use std::fmt;
use std::sync::{Arc, OnceLock};

use cranelift::codegen::Context;
use cranelift::codegen::ir::{AbiParam, Function, Signature, UserFuncName, types::I64};
use cranelift::codegen::isa::{OwnedTargetIsa, TargetFrontendConfig, TargetIsa};
use cranelift::frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift::jit::{ArenaMemoryProvider, JITBuilder, JITModule};
use cranelift::module::{FuncId, Linkage, Module, default_libcall_names};
use parking_lot::Mutex;

use super::CompileOptions;
use crate::clock::Stopwatch;
use crate::emit::{Mode, emit_rows, emit_update, fast_mode};
use crate::error::Unsupported;
use crate::frame::Frame;
use crate::host;
use crate::shape::Shape;

type Entry = unsafe extern "C" fn(*mut Frame, i64) -> i64;

/// The two functions of a mode.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entries {
    pub(super) rows: Entry,
    pub(super) update: Entry,
}

/// The compiled code of a shape.
pub(crate) struct Machine {
    pub(crate) shape: Arc<Shape>,
    options: CompileOptions,
    pub(super) exact: Entries,
    pub(super) fast: Option<(Mode, Entries)>,
    pub(crate) code_bytes: u32,
    pub(crate) compile_micros: u32,
    /// Owns the pages; taken when dropped.
    module: Mutex<Option<JITModule>>,
    text: OnceLock<(String, String)>,
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine")
            .field("code_bytes", &self.code_bytes)
            .field("compile_micros", &self.compile_micros)
            .finish_non_exhaustive()
    }
}

impl Machine {
    pub(crate) fn compile(
        shape: Arc<Shape>,
        options: CompileOptions,
    ) -> Result<Machine, Unsupported> {
        let stopwatch = Stopwatch::start();
        let isa = host::isa(options.optimize)?;
        let mut assembler = Assembler::new(isa, options.code_bytes_max)?;
        let exact = assembler.define(&shape, Mode::Exact)?;
        let fast = match fast_mode(&shape, options.simd && host::has_lanes()) {
            Some(mode) => Some((mode, assembler.define(&shape, mode)?)),
            None => None,
        };
        let (module, code_bytes) = assembler.finish()?;
        let exact = entries(&module, exact);
        let fast = fast.map(|(mode, ids)| (mode, entries(&module, ids)));
        let micros = stopwatch.elapsed().as_micros();
        Ok(Machine {
            shape,
            options,
            exact,
            fast,
            code_bytes,
            compile_micros: u32::try_from(micros).unwrap_or(u32::MAX),
            module: Mutex::new(Some(module)),
            text: OnceLock::new(),
        })
    }

    pub(crate) fn clif(&self) -> &str {
        &self.text().0
    }

    pub(crate) fn asm(&self) -> &str {
        &self.text().1
    }

    /// Compiles once more for the text, which nobody asks for but EXPLAIN.
    fn text(&self) -> &(String, String) {
        self.text.get_or_init(|| {
            let isa = host::isa(self.options.optimize).expect("the code was compiled before");
            let modes = [Some(Mode::Exact), self.fast.map(|(mode, _)| mode)];
            let (mut clif, mut asm) = (String::new(), String::new());
            for mode in modes.into_iter().flatten() {
                for part in [Part::Rows, Part::Update] {
                    if part == Part::Update && self.shape.updates.is_empty() {
                        continue;
                    }
                    let (ir, code) = disassemble(&isa, &self.shape, mode, part);
                    let title = format!("; {} {}\n", mode.name(), part.name());
                    clif.push_str(&title);
                    clif.push_str(&ir);
                    clif.push('\n');
                    asm.push_str(&title);
                    asm.push_str(&code);
                    asm.push('\n');
                }
            }
            (clif, asm)
        })
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(module) = self.module.get_mut().take() {
            // SAFETY: entries are called only through a borrow of this value, and it is going
            // away, so no code of the module runs now or later.
            unsafe { module.free_memory() };
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Rows,
    Update,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Part::Rows => "rows",
            Part::Update => "update",
        }
    }
}

fn entries(module: &JITModule, ids: [FuncId; 2]) -> Entries {
    let [rows, update] = ids.map(|id| {
        let code = module.get_finalized_function(id);
        // SAFETY: the function was defined with exactly this signature and the platform's C
        // calling convention, and finalised; `Machine` keeps the module as long as the entries.
        unsafe { std::mem::transmute::<*const u8, Entry>(code) }
    });
    Entries { rows, update }
}

/// Builds the functions of one module.
struct Assembler {
    module: JITModule,
    builder: FunctionBuilderContext,
    context: Context,
    code_bytes: u32,
    code_bytes_max: u32,
}

impl Assembler {
    fn new(isa: OwnedTargetIsa, code_bytes_max: u32) -> Result<Assembler, Unsupported> {
        let mut builder = JITBuilder::with_isa(isa, default_libcall_names());
        // Constants lie beside the code and every segment starts a page.
        let reserve = code_bytes_max as usize * 2 + 64 * 1024;
        let arena = ArenaMemoryProvider::new_with_size(reserve)
            .map_err(|_| Unsupported::new("executable memory, which this host denies,"))?;
        builder.memory_provider(Box::new(arena));
        let module = JITModule::new(builder);
        let context = module.make_context();
        let builder = FunctionBuilderContext::new();
        Ok(Assembler { module, builder, context, code_bytes: 0, code_bytes_max })
    }

    fn define(&mut self, shape: &Shape, mode: Mode) -> Result<[FuncId; 2], Unsupported> {
        Ok([self.function(shape, mode, Part::Rows)?, self.function(shape, mode, Part::Update)?])
    }

    fn function(&mut self, shape: &Shape, mode: Mode, part: Part) -> Result<FuncId, Unsupported> {
        self.module.clear_context(&mut self.context);
        let signature = signature(self.module.isa());
        let name = format!("{}_{}", mode.name(), part.name());
        let refused = |error| Unsupported::new(format!("code that Cranelift refuses: {error}"));
        let id = self
            .module
            .declare_function(&name, Linkage::Local, &signature)
            .map_err(|error| refused(error.to_string()))?;
        self.context.func.signature = signature;
        let config = self.module.isa().frontend_config();
        build(&mut self.context.func, &mut self.builder, config, shape, mode, part);
        self.module
            .define_function(id, &mut self.context)
            .map_err(|error| refused(format!("{error:?}")))?;
        let compiled = self.context.compiled_code().expect("the function was just compiled");
        self.code_bytes += compiled.code_info().total_size;
        if self.code_bytes > self.code_bytes_max {
            let most = self.code_bytes_max;
            return Err(Unsupported::new(format!("a pipeline of more than {most} bytes of code")));
        }
        Ok(id)
    }

    fn finish(mut self) -> Result<(JITModule, u32), Unsupported> {
        self.module
            .finalize_definitions()
            .map_err(|_| Unsupported::new("executable memory, which this host denies,"))?;
        Ok((self.module, self.code_bytes))
    }
}

fn signature(isa: &dyn TargetIsa) -> Signature {
    let mut signature = Signature::new(isa.default_call_conv());
    signature.params = vec![AbiParam::new(I64), AbiParam::new(I64)];
    signature.returns = vec![AbiParam::new(I64)];
    signature
}

fn build(
    function: &mut Function,
    context: &mut FunctionBuilderContext,
    config: TargetFrontendConfig,
    shape: &Shape,
    mode: Mode,
    part: Part,
) {
    let mut builder = FunctionBuilder::new(function, context);
    match part {
        Part::Rows => emit_rows(&mut builder, shape, mode),
        Part::Update => emit_update(&mut builder, shape, mode),
    }
    builder.finalize(config);
}

/// Returns the IR before and the machine code after compilation.
fn disassemble(isa: &OwnedTargetIsa, shape: &Shape, mode: Mode, part: Part) -> (String, String) {
    let mut context = Context::for_function(Function::with_name_signature(
        UserFuncName::default(),
        signature(&**isa),
    ));
    let mut builder = FunctionBuilderContext::new();
    build(&mut context.func, &mut builder, isa.frontend_config(), shape, mode, part);
    let clif = context.func.display().to_string();
    context.set_disasm(true);
    let asm = match context.compile(&**isa, &mut Default::default()) {
        Ok(code) => code.vcode.clone().unwrap_or_default(),
        Err(error) => format!("; {:?}\n", error.inner),
    };
    (clif, asm)
}
