//! The run, or the dry run, of a prepared script.

use crate::context::{Context, Host, Listener, OWN_TIME, Outcome, OwnTime, watch};
use crate::dry::{Dry, Found, Mode};
use crate::language::{Diagnostic, Fail, Fault, Program, limits, of_fail};
use crate::prepare::Prepared;
use crate::{bind, explain};
use rhai::{Dynamic, Engine, Scope};
use std::sync::Arc;

/// Runs a script to its end or its first failure. In both cases the outcome records what happened.
pub fn execute(prepared: &Prepared, listener: Arc<dyn Listener>) -> Outcome {
    std::thread::scope(|scope| {
        let run = || execute_here(prepared, listener);
        let started =
            std::thread::Builder::new().name("script".into()).stack_size(limits::stack(1)).spawn_scoped(scope, run);
        let failure = |text: String| Outcome { failure: Some(internal(text)), ..Outcome::default() };
        match started {
            Err(e) => failure(format!("cannot start the script's thread: {e}")),
            Ok(thread) => thread.join().unwrap_or_else(|_| failure("the script's thread ended".into())),
        }
    })
}

/// Runs [`execute`] on this thread, whose stack must hold [`limits::STACK`] bytes. Parallel loops
/// run in the thread pool of this thread.
pub fn execute_here(prepared: &Prepared, listener: Arc<dyn Listener>) -> Outcome {
    let context = Arc::new(context_of(prepared, listener));
    quotients(&prepared.program).iter().for_each(|warning| context.tell(warning));
    // A bug must not prevent the outcome from being recorded in the run folder.
    let failure = guarded(|| watch(&context, || evaluate(&prepared.program, &context))).unwrap_or_else(Some);
    context.tell_dropped();
    Outcome { failure, ..context.take_outcome() }
}

/// Returns the outcome of a script that is not run because of this failure.
pub fn refuse(prepared: &Prepared, listener: Arc<dyn Listener>, failure: Diagnostic) -> Outcome {
    let context = context_of(prepared, listener);
    quotients(&prepared.program).iter().for_each(|warning| context.tell(warning));
    let params = prepared.params().clone();
    Outcome { failure: Some(failure), params, ..context.take_outcome() }
}

/// Calls `act`. A panic, which is a bug in sdflow, becomes an error.
pub fn guarded<T>(act: impl FnOnce() -> T) -> Result<T, Diagnostic> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(act)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| s.to_string()));
        internal(format!("a bug in sdflow: {}", text.unwrap_or_default()))
    })
}

/// Performs a dry run of a script. Returns the error that a run would report, if any, and the
/// findings.
pub fn perform_dry_run(
    prepared: &Prepared,
    listener: Arc<dyn Listener>,
    dry: Dry,
) -> (Option<Diagnostic>, Found, Outcome) {
    let dry = Arc::new(dry);
    let mut context = context_of(prepared, listener);
    context.mode = Mode::Dry(Arc::clone(&dry));
    context.checkpoints = None;
    let context = Arc::new(context);
    let failure = std::thread::scope(|scope| {
        let run = || watch(&context, || evaluate(&prepared.program, &context));
        let started =
            std::thread::Builder::new().name("script".into()).stack_size(limits::stack(1)).spawn_scoped(scope, run);
        match started {
            Err(e) => Some(internal(format!("cannot start the script's thread: {e}"))),
            Ok(thread) => thread.join().unwrap_or_else(|_| Some(internal("the script's thread ended".into()))),
        }
    });
    let found = dry.found();
    let failure = failure
        .filter(|_| found.stopped.is_none() && !(found.threw && found.is_doubtful))
        .map(|failure| found.cause.clone().unwrap_or(failure));
    (failure, found, context.take_outcome())
}

/// Creates the state at the start of the run.
fn context_of(prepared: &Prepared, listener: Arc<dyn Listener>) -> Context {
    prepared.context(listener, Host { interpreter, explain: explain::of_run })
}

fn internal(message: String) -> Diagnostic {
    let hint = Some("please report it with the script that caused it".into());
    Diagnostic { kind: Fault::Internal, message, place: None, hint, see: None }
}

fn evaluate(program: &Program, context: &Arc<Context>) -> Option<Diagnostic> {
    let engine = Arc::new(interpreter(context));
    context.callbacks.begin(&engine, &program.main, &context.own_time);
    if let Err(error) = engine.run_ast_with_scope(&mut Scope::new(), &program.main) {
        context.mode.note_end(&error);
        return Some(explain::of_run(&error, program));
    }
    let (fail, position) = context.judge().err()?;
    context.mode.note_unmade_check();
    Some(of_fail(&fail, position, program))
}

/// Number of operations between two checks of the time spent in the interpreter.
const LOOK: u64 = 64;

/// Returns the error for a script that spends too long in the interpreter.
fn late(operations: u64, time: &OwnTime) -> Option<Fail> {
    (operations.is_multiple_of(LOOK) && time.spent() > OWN_TIME).then(|| {
        let limit = OWN_TIME.as_secs();
        let message =
            format!("the script's own code reached the limit of {limit} seconds; calls of the engine do not count");
        Fail::script(message).hint("call functions of whole sets of points instead of computing with large arrays")
    })
}

/// Returns an interpreter whose functions work for `context`: the state of a run, or of a cell of a
/// sweep.
fn interpreter(context: &Arc<Context>) -> Engine {
    let mut engine = limits::engine();
    bind::register(&mut engine, context);
    engine.set_module_resolver(context.modules.clone());
    let printer = Arc::clone(context);
    // Time that the script waits for a terminal or a pipe is not its own time.
    engine.on_print(move |text| printer.own_time.pause(|| printer.print(text)));
    let debugger = Arc::clone(context);
    engine.on_debug(move |text, _, _| debugger.own_time.pause(|| debugger.print(text)));
    let interrupt = context.interrupt.clone();
    let time = Arc::clone(&context.own_time);
    engine.on_progress(move |operations| {
        time.count_operation();
        match interrupt.end_requested() {
            true => Some(Dynamic::UNIT),
            false => limits::exhausted(operations).or_else(|| late(operations, &time)).map(Dynamic::from),
        }
    });
    engine
}

/// Returns warnings about quotients of whole numbers with a remainder: valid code, but probably a
/// mistake.
pub fn quotients(program: &Program) -> Vec<Diagnostic> {
    let fail = Fail::script("a quotient of whole numbers is rounded towards 0").hint("write 1.0/2.0");
    program.syntax.quotients.iter().map(|position| of_fail(&fail, *position, program)).collect()
}
