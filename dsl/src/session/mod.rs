//! A session: a host, such as a module for another language, calls the functions of the script
//! language one by one.
//!
//! A session has one random stream for each purpose, as a script has. The same calls in the same
//! order with the same seed give the same bytes as a script.

mod value;

pub use value::{Content, Function, Value};

use crate::context::{Context, Host, Listener, Request, Sandbox};
use crate::language::{Diagnostic, Fail, Program, limits};
use crate::manual::Entry;
use crate::script::guarded;
use crate::{bind, explain};
use rhai::{Engine, EvalAltResult, NativeCallContext, Position};
use sdflow::Interrupt;
use sdflow::pairwise::PairwiseOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The functions that only a script needs: its parameters, its checks, its sweep and its record.
pub const SCRIPT_ONLY: &[&str] = &["param", "sweep", "expect", "threshold", "record", "conclude", "rounded"];

/// A live state in which functions of the language are called.
pub struct Session {
    context: Arc<Context>,
    interpreter: Arc<Engine>,
}

impl Session {
    /// Begins a session. `listener` receives warnings, notes and progress of its calls. Files are
    /// relative to the current folder.
    ///
    /// # Errors
    /// A bug in this crate.
    pub fn new(seed: u64, pairwise: PairwiseOptions, listener: Arc<dyn Listener>) -> Result<Session, Diagnostic> {
        let request = Request {
            script: PathBuf::new(),
            params: Vec::new(),
            environment: Vec::new(),
            seed,
            quick: false,
            folder: PathBuf::new(),
            allow_read: Vec::new(),
            pairwise,
            checkpoints: None,
            interrupt: Interrupt::default(),
            ranks: None,
        };
        let program = Program::compile(&limits::engine(), Path::new("session"), String::new(), explain::of_parse)?;
        let host = Host { interpreter, explain: explain::of_run };
        let mut context =
            Context::new(&request, Default::default(), ("session", "session"), Arc::new(program), listener, host);
        context.sandbox = Sandbox::open();
        let context = Arc::new(context);
        let interpreter = Arc::new(interpreter(&context));
        context.callbacks.begin(&interpreter, &context.program.main, &context.own_time);
        Ok(Session { context, interpreter })
    }

    /// The interrupt that ends the present call.
    pub fn interrupt(&self) -> &Interrupt {
        &self.context.interrupt
    }

    /// Prepares for a call that is not part of another call: the interrupt is lowered, and messages
    /// that are sent once for each call may be sent again.
    pub fn begin(&self) {
        self.context.begin_call();
        self.context.take_outcome();
    }

    /// Calls `entry` with these arguments; the receiver of a method comes first, the map of options
    /// last.
    ///
    /// # Errors
    /// Those of the function, without a place.
    pub fn call(&self, entry: &'static Entry, mut args: Vec<Value>) -> Result<Value, Diagnostic> {
        guarded(|| self.make(entry, &mut args))?.map_err(|error| self.context.explain(&error))
    }

    fn make(&self, entry: &'static Entry, args: &mut [Value]) -> Result<Value, Box<EvalAltResult>> {
        let given = args.len().checked_sub(usize::from(entry.receiver.is_some()));
        if !given.is_some_and(|given| entry.arity().contains(&given)) {
            let fail = Fail::script(format!("`{}` does not take {} arguments", entry.name, args.len()));
            return Err(fail.hint(format!("write {}", entry.synopsis())).into_rhai(Position::NONE));
        }
        let global = self.interpreter.new_global_runtime_state();
        let native: NativeCallContext = (&*self.interpreter, entry.name, None, &global, Position::NONE).into();
        let mut args: Vec<&mut rhai::Dynamic> = args.iter_mut().map(|value| &mut value.0).collect();
        bind::call(entry, &self.context, &native, &mut args).map(Value)
    }
}

/// The interpreter that calls functions of the host.
fn interpreter(context: &Arc<Context>) -> Engine {
    let mut engine = limits::engine();
    bind::register(&mut engine, context);
    engine
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manual::entries_of;
    use sdflow::Points;
    use std::collections::BTreeMap;

    /// A listener that receives nothing.
    struct Silence;

    impl Listener for Silence {
        fn print(&self, _: &str) {}
        fn warn(&self, _: &str) {}
        fn progress(&self, _: &str, _: usize, _: usize, _: &str) {}
        fn row(&self, _: &BTreeMap<String, f64>) {}
    }

    fn session(seed: u64) -> Session {
        Session::new(seed, PairwiseOptions::default(), Arc::new(Silence)).unwrap()
    }

    fn call(session: &Session, name: &str, args: Vec<Value>) -> Result<Value, Diagnostic> {
        session.begin();
        session.call(entries_of(name)[0], args)
    }

    fn points(value: &Value) -> Arc<Points> {
        match value.content() {
            Content::Points(points) => points,
            other => unreachable!("{other:?}"),
        }
    }

    /// The bytes are those of a script with the same calls.
    #[test]
    fn a_session_computes_what_a_script_computes() {
        let session = session(7);
        let data = call(&session, "dataset", vec![String::from("moons").into()]).unwrap();
        let x = call(&session, "sample", vec![data, 300_i64.into()]).unwrap();
        let flow = call(&session, "sd_flow", vec![x]).unwrap();
        let start = call(&session, "normal", vec![100_i64.into(), 2_i64.into()]).unwrap();
        let steps = Value::map([("steps".to_string(), 5_i64.into())]);
        let result = call(&session, "run", vec![flow, start, steps]).unwrap();
        let moved = session.call(entries_of("points").iter().find(|e| e.is_property).unwrap(), vec![result]).unwrap();

        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("a.rhai");
        let text = "let f = sd_flow(dataset(\"moons\").sample(300));\n\
                    save(run(f, normal(100, 2), #{steps: 5}).points, \"moved.npy\");";
        std::fs::write(&script, text).unwrap();
        let folder = dir.path().join("run");
        std::fs::create_dir(&folder).unwrap();
        let request = Request {
            script,
            params: Vec::new(),
            environment: Vec::new(),
            seed: 7,
            quick: false,
            folder: folder.clone(),
            allow_read: Vec::new(),
            pairwise: PairwiseOptions::default(),
            checkpoints: None,
            interrupt: Interrupt::default(),
            ranks: None,
        };
        let outcome = crate::execute(&crate::prepare(&request).unwrap(), Arc::new(Silence));
        assert_eq!(outcome.failure, None);
        let file = folder.join(&outcome.files[0]);
        let stored = sdflow::io::load(&file, &Default::default()).unwrap();
        assert_eq!(*points(&moved), stored);
    }

    #[test]
    fn a_function_of_the_host_is_called_and_its_failure_is_told() {
        let session = session(0);
        let normal: Function = Arc::new(|args| match args[0].content() {
            Content::Points(x) => {
                Ok(Value::list(x.iter().map(|row| (-0.5 * row.iter().map(|v| v * v).sum::<f64>()).into())))
            }
            other => Err(format!("{other:?} are not points")),
        });
        let target = call(&session, "density", vec![2_i64.into(), Value::function(normal)]).unwrap();
        let at = Value::from(Points::from_rows(&[[1.0, 2.0]]).unwrap());
        let score = call(&session, "score", vec![target, at.clone()]).unwrap();
        let score = points(&score);
        assert!((score.row(0)[0] + 1.0).abs() < 1e-6 && (score.row(0)[1] + 2.0).abs() < 1e-6, "{score:?}");
        let failing: Function = Arc::new(|_| Err("no density today".into()));
        let target = call(&session, "density", vec![2_i64.into(), Value::function(failing)]).unwrap();
        let error = call(&session, "score", vec![target, at]).unwrap_err();
        assert!(error.message.contains("no density today"), "{error:?}");
    }

    #[test]
    fn errors_name_the_argument() {
        let session = session(0);
        let error = call(&session, "normal", vec![0_i64.into(), 2_i64.into()]).unwrap_err();
        assert!(error.message.contains("`n` of `normal` is 0"), "{error:?}");
        let error = call(&session, "normal", vec![]).unwrap_err();
        assert!(error.message.contains("does not take 0 arguments"), "{error:?}");
        let options = Value::map([("scalling".to_string(), 1_i64.into())]);
        let error = call(&session, "gaussian", vec![options]).unwrap_err();
        assert!(error.message.contains("`gaussian` has no option `scalling`"), "{error:?}");
    }

    #[test]
    fn an_interrupt_ends_one_call_alone() {
        let session = session(0);
        session.interrupt().raise();
        let x = call(&session, "normal", vec![10_i64.into(), 2_i64.into()]);
        assert!(x.is_ok(), "a new call lowers the interrupt");
    }
}
