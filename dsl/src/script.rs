//! From a request to an outcome: compile, identify, run.

use crate::check::quotients;
use crate::context::Context;
use crate::identity::Hasher;
use crate::import::{Program, Resolver};
use crate::param::{self, Declared, Given};
use crate::sandbox::Sandbox;
use crate::{Diagnostic, Fault, Listener, Outcome, Param, Request};
use crate::{bind, error, language};
use rhai::{Dynamic, Scope};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

/// Stack of the thread that runs a script: the deepest script that the limits allow fits several times.
const STACK: usize = 256 << 20;

/// A script that is ready to run: compiled, its parameters checked, its identity known.
#[derive(Debug, Clone)]
pub struct Prepared {
    request: Request,
    program: Program,
    given: Given,
    declared: Vec<Declared>,
    params: BTreeMap<String, Param>,
    identity: String,
}

/// Reads, compiles and identifies a script.
///
/// # Errors
/// A file that cannot be read, a syntax error, an import that is refused, a `-p` value of the wrong type.
pub fn prepare(request: &Request) -> Result<Prepared, Diagnostic> {
    let mut request = request.clone();
    let given = Given::take(&mut request)?;
    let program = compiled(&request)?;
    let declared = param::declared(&program.syntax, &program.sources)?;
    let mut params = BTreeMap::new();
    for declared in &declared {
        if let Some(default) = &declared.default {
            params.insert(declared.name.clone(), given.value(&declared.name, default)?);
        }
    }
    let mut prepared = Prepared { request, program, given, declared, params, identity: String::new() };
    prepared.identity = prepared.hash();
    Ok(prepared)
}

/// The script and its imports.
pub fn compiled(request: &Request) -> Result<Program, Diagnostic> {
    let text = std::fs::read(&request.script).map_err(|e| unreadable(request, &e.to_string()))?;
    let text = String::from_utf8(text).map_err(|_| unreadable(request, "it is not UTF-8 text"))?;
    Program::compile(&language::engine(), &request.script, text)
}

fn unreadable(request: &Request, reason: &str) -> Diagnostic {
    let message = format!("cannot read {}: {reason}", request.script.display());
    Diagnostic { kind: Fault::Data, message, place: None, hint: None, see: None }
}

impl Prepared {
    /// 16 hexadecimal digits that tell this run from every other: script, imports, data files named literally,
    /// parameters, seed, quick and the version of the engine.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The script as run, its imports behind it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (i, file) in self.program.sources.files().iter().enumerate() {
            if i > 0 {
                let _ = write!(text, "\n// ---- imported: {} ----\n", file.shown.display());
            }
            text.push_str(&file.text);
        }
        text
    }

    /// Names given by `-p` that the script does not declare, each with the nearest name that it does.
    pub fn unused_params(&self) -> Vec<(String, Option<String>)> {
        self.given.undeclared(&self.declared)
    }

    /// The parameters that can be told without running: all but those with a computed default.
    pub fn params(&self) -> &BTreeMap<String, Param> {
        &self.params
    }

    /// The seed in force: `-p seed=` beats the request's.
    pub fn seed(&self) -> u64 {
        self.request.seed
    }

    /// The same run in another folder.
    pub fn in_folder(mut self, folder: impl Into<std::path::PathBuf>) -> Prepared {
        self.request.folder = folder.into();
        self
    }

    fn hash(&self) -> String {
        let mut hasher = Hasher::new();
        hasher.field("engine", env!("CARGO_PKG_VERSION").as_bytes());
        for file in self.program.sources.files() {
            hasher.field("text", file.text.as_bytes());
        }
        for (name, param) in &self.params {
            hasher.field(name, format!("{} from {}", param.value, param.origin).as_bytes());
        }
        for (name, text) in self.given.texts() {
            hasher.field(name, text.as_bytes());
        }
        for file in self.data_files() {
            hasher.field("file", file.as_bytes());
            // A file that is missing now is reported when the script asks for it.
            let sandbox = Sandbox::new(&self.request.script, &self.request.allow_read, &self.request.folder);
            let content = sandbox.readable(&file).ok().and_then(|path| std::fs::read(path).ok());
            hasher.field("content", &content.unwrap_or_default());
        }
        hasher.field("seed", &self.request.seed.to_le_bytes());
        hasher.field("quick", &[u8::from(self.request.quick)]);
        hasher.hex()
    }

    /// Files named literally in `load(..)` and `load_model(..)`.
    fn data_files(&self) -> Vec<String> {
        let loads = self.program.syntax.calls.iter().filter(|c| ["load", "load_model"].contains(&c.name.as_str()));
        loads.filter_map(|c| c.args.first()?.literal.clone()?.into_string().ok()).collect()
    }
}

/// Runs a script to its end or its first failure; what it did is in the outcome either way.
pub fn execute(prepared: &Prepared, listener: Arc<dyn Listener>) -> Outcome {
    let context = Arc::new(Context::new(&prepared.request, prepared.given.clone(), listener));
    let failure = std::thread::scope(|scope| {
        let run = || evaluate(&prepared.program, &context);
        match std::thread::Builder::new().name("script".into()).stack_size(STACK).spawn_scoped(scope, run) {
            Err(e) => Some(internal(format!("cannot start the script's thread: {e}"))),
            // A panic is a defect of ours; it must not take the run's folder with it.
            Ok(thread) => thread.join().unwrap_or_else(|panic| {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| s.to_string()));
                Some(internal(format!("a defect of this program: {}", text.unwrap_or_default())))
            }),
        }
    });
    Outcome { failure, ..context.take() }
}

fn internal(message: String) -> Diagnostic {
    let hint = Some("please report it with the script that caused it".into());
    Diagnostic { kind: Fault::Internal, message, place: None, hint, see: None }
}

fn evaluate(program: &Program, context: &Arc<Context>) -> Option<Diagnostic> {
    for warning in quotients(program) {
        let place = warning.place.map(|p| format!("{}:{}: ", p.file.display(), p.line)).unwrap_or_default();
        context.warn(&format!("{place}{}: {}", warning.message, warning.hint.unwrap_or_default()));
    }
    let mut engine = language::engine();
    bind::register(&mut engine, context);
    engine.set_module_resolver(Resolver::new(program));
    let printer = Arc::clone(context);
    engine.on_print(move |text| printer.print(text));
    let debugger = Arc::clone(context);
    engine.on_debug(move |text, _, _| debugger.print(text));
    let interrupt = context.interrupt.clone();
    engine.on_progress(move |_| interrupt.raised().then_some(Dynamic::UNIT));
    if let Err(error) = engine.run_ast_with_scope(&mut Scope::new(), &program.main) {
        return Some(error::of_run(&error, program));
    }
    context.judge().err().map(|(fail, position)| error::of_fail(&fail, position, program))
}
