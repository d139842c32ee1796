//! A call from a script into Rust: its arguments by type, and its errors.

mod all_arguments;
mod entry;
pub mod option_type;
pub mod options;

pub use entry::{Entry, function};

use crate::context::{Context, Owner};
use crate::dry::Task;
use crate::language::{At, Culprit, Fail, Signature, Type, culprit, limits, suggest_fix};
use crate::value::{Cloud, describe, format_value, unquoted};
use rhai::{Array, Dynamic, EvalAltResult, Map, NativeCallContext};
use sdflow::cost::{Cost, Gauge};
use sdflow::target::Target;
use sdflow::{Error, Points};
use std::sync::Arc;

/// The Rust function behind each script function: it takes a call with its arguments and returns a
/// value or a failure.
pub type Native = fn(&Call) -> Result<Dynamic, Fail>;

/// One call from a script.
pub struct Call<'a> {
    /// The function called.
    pub signature: &'static Signature,
    /// The state of the calling run, or of the calling cell of a sweep.
    pub context: &'a Context,
    /// The call as Rhai describes it.
    pub native: &'a NativeCallContext<'a>,
    /// In a dry run: true if an argument is or contains an unknown number, that is, a result that
    /// only a real run computes.
    pub unknown: bool,
    args: Vec<Dynamic>,
}

impl<'a> Call<'a> {
    /// Calls `run` and converts its failure.
    pub fn make(
        signature: &'static Signature,
        run: Native,
        context: &'a Context,
        native: &'a NativeCallContext<'a>,
        args: &mut [&mut Dynamic],
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let args = args.iter().map(|a| (**a).clone().flatten()).collect();
        let call = |args, unknown| {
            // Memory is checked before every call, because values that the script keeps from
            // earlier calls use memory too.
            limits::memory_shortage().map_or(Ok(()), Err)?;
            let call = Call { signature, context, native, unknown, args };
            call.warn_of_columns();
            let made = call
                .check_options()
                .and_then(|()| run(&call))
                .map_err(|fail| Fail { is_certain: call.is_certain(&fail), ..fail })?;
            // With larger coordinates, the squares in later results would be infinite. A property
            // was checked when its owner was made.
            if !signature.is_property
                && let Some(cloud) = made.read_lock::<Cloud>()
            {
                cloud.points.check_squares("the resulting set of points").map_err(|e| call.place(e))?;
            }
            Ok(made)
        };
        context.own_time.note_line(native.call_position().line());
        let made = context.own_time.pause(|| context.mode.call(signature.kind.is_result(), args, call));
        made.map_err(|mut fail| {
            fail.see = fail.see.or(Some(signature.name));
            // If a function of the script failed, the position inside that function is reported: it
            // is more precise than the position of this call.
            context.callbacks.take_failure().unwrap_or_else(|| fail.into_rhai(native.call_position()))
        })
    }

    /// True if no value that a run computes can avoid this failure: the failure says so, or it is
    /// about a string, a number with decimals (those of results are unknown in a dry run), or a
    /// number that is written in the call.
    fn is_certain(&self, fail: &Fail) -> bool {
        let site = self.context.program.syntax.call_at(self.native.call_position());
        let written = |i: usize| site.and_then(|site| site.args.get(i.checked_sub(usize::from(site.method))?));
        let is_plain = |value: &Dynamic| value.is_string() || value.is_float();
        let is_known = |value: Option<&Dynamic>, is_literal: bool| is_literal || value.is_some_and(is_plain);
        fail.is_certain
            || match &fail.at {
                At::Argument(i) => is_known(self.args.get(*i), written(*i).is_some_and(|arg| arg.literal.is_some())),
                At::Key(i, key) => {
                    let map = self.args.get(*i).and_then(|map| map.read_lock::<Map>());
                    let pair = written(*i).and_then(|arg| arg.keys.as_ref()?.iter().find(|pair| pair.name == *key));
                    let is_literal = pair.is_some_and(|pair| pair.value.literal.is_some());
                    is_known(map.as_ref().and_then(|map| map.get(key.as_str())), is_literal)
                }
                At::Call | At::Inside { .. } => false,
            }
    }

    /// Performs `act`, a long computation with the name `what` in messages. A dry run calls
    /// `measure` instead, which performs a part of the work and returns its result with the cost of
    /// the whole.
    ///
    /// # Errors
    /// Those of the engine, placed at the argument or option that they name.
    pub fn work<T>(
        &self,
        what: impl Into<String>,
        act: impl FnOnce() -> sdflow::Result<T>,
        measure: impl FnOnce(&Gauge) -> sdflow::Result<(T, Cost)>,
    ) -> Result<T, Fail> {
        self.context.mode.work(&self.task(what), act, measure).map_err(|e| self.place(e))
    }

    /// Returns the task of this call: its name and position for the report of a dry run.
    pub fn task(&self, what: impl Into<String>) -> Task<'_> {
        Task { what: what.into(), position: self.native.call_position(), pairwise: &self.context.pairwise }
    }

    /// The number of arguments, including a receiver.
    pub fn len(&self) -> usize {
        self.args.len()
    }

    /// The number of arguments before the options map.
    pub fn handles(&self) -> usize {
        self.len() - usize::from(self.map().is_some())
    }

    /// Argument `i`.
    pub fn arg(&self, i: usize) -> Result<&Dynamic, Fail> {
        let missing = || Fail::script(format!("`{}` needs its argument {}", self.signature.name, i + 1));
        self.args.get(i).ok_or_else(missing)
    }

    /// Argument `i`, cloned as a `T`; messages call this type `want`.
    pub fn get<T: Clone + Send + Sync + 'static>(&self, i: usize, want: &str) -> Result<T, Fail> {
        self.arg(i)?.clone().try_cast::<T>().ok_or_else(|| self.wrong(i, want))
    }

    /// The receiver of a method.
    pub fn receiver<T: Clone + Send + Sync + 'static>(&self) -> Result<T, Fail> {
        self.get(0, &self.signature.receiver.map_or_else(|| "a value".into(), Type::in_words))
    }

    /// Argument `i`, points.
    pub fn points(&self, i: usize) -> Result<Arc<Points>, Fail> {
        let points = self.get::<Cloud>(i, "a set of points").map(|cloud| cloud.points);
        match self.arg(i)?.is::<Arc<dyn Target>>() {
            true => points.map_err(|fail| fail.hint("use a sample: target.sample(1000)")),
            false => points,
        }
    }

    /// Argument `i`, a number; a whole number is accepted.
    pub fn number(&self, i: usize) -> Result<f64, Fail> {
        let arg = self.arg(i)?;
        let number = arg.as_float().ok().or_else(|| arg.as_int().ok().map(|i| i as f64));
        match number.ok_or_else(|| self.wrong(i, "a number"))? {
            x if x.is_finite() => Ok(x),
            x => Err(self.bad(i, format!("is {x}"), "it must be finite")),
        }
    }

    /// Argument `i`, a whole number of at least `least`.
    pub fn count(&self, i: usize, least: usize) -> Result<usize, Fail> {
        let arg = self.arg(i)?;
        if let Ok(x) = arg.as_float() {
            let fail = self.bad(i, format!("is {}", format_value(arg)), "a whole number is expected");
            return Err(if x.fract() == 0.0 { fail.hint(format!("write {x}")) } else { fail });
        }
        let value = arg.as_int().map_err(|_| self.wrong(i, "a whole number"))?;
        match usize::try_from(value) {
            Ok(n) if n >= least => Ok(n),
            _ => {
                let fail = self.bad(i, format!("is {value}"), &format!("it must be at least {least}"));
                Err(fail.hint(self.signature.usage()))
            }
        }
    }

    /// Argument `i`, a string.
    pub fn text(&self, i: usize) -> Result<String, Fail> {
        self.arg(i)?.clone().into_string().map_err(|_| self.wrong(i, "a string"))
    }

    /// Argument `i`, true or false.
    pub fn truth(&self, i: usize) -> Result<bool, Fail> {
        self.arg(i)?.as_bool().map_err(|_| self.wrong(i, "true or false"))
    }

    /// Argument `i`, an array.
    pub fn array(&self, i: usize) -> Result<Array, Fail> {
        self.get(i, "an array")
    }

    /// Returns this call as the owner of its checkpoints; `name` is its name there ("run-3").
    pub fn owner(&self, name: String) -> Owner {
        let options = self.map().unwrap_or_default();
        let values = self.args.iter().chain(options.values());
        let inputs = values.filter_map(|value| Some(value.clone().try_cast::<Cloud>()?.points)).collect();
        // The call of a native function itself counts as one level.
        let is_top = self.native.global_runtime_state().level <= 1;
        Owner { call: name, position: is_top.then(|| self.native.call_position()), inputs }
    }

    /// The options map as written, if there is one.
    pub fn map(&self) -> Option<Map> {
        self.args.last().and_then(|last| last.clone().try_cast::<Map>())
    }

    /// The points in the option `key`.
    pub fn points_option(&self, key: &str) -> Option<Arc<Points>> {
        Some(self.map()?.get(key)?.clone().try_cast::<Cloud>()?.points)
    }

    /// Returns an error of the engine as a failure, placed at the argument or option that it names.
    pub fn place(&self, error: Error) -> Fail {
        let at = match culprit(&error) {
            Culprit::Named(name) => self.part(name),
            Culprit::Text(text) => self.holding(text),
            Culprit::Call => At::Call,
        };
        let hint = suggest_fix(&error);
        let fail = Fail::from(error).at(at);
        Fail { hint: fail.hint.or(hint), ..fail }
    }

    /// Warns about valid code that is probably a mistake.
    pub fn caution(&self, fail: Fail) {
        let see = fail.see.or(Some(self.signature.name));
        self.context.caution(&Fail { see, ..fail }, self.native.call_position());
    }

    /// The error for argument `i` of the wrong type.
    pub fn wrong(&self, i: usize, want: &str) -> Fail {
        let seen = self.args.get(i).map_or_else(|| "missing".into(), describe);
        let fail = self.bad(i, format!("is {seen}"), &format!("{want} is expected"));
        let is_number = matches!(self.signature.value(i), Some(Type::Number | Type::Whole));
        let quoted = self.args.get(i).filter(|_| is_number).and_then(unquoted);
        // `()` may stand for a value that a condition would have set.
        let is_certain = self.args.get(i).is_none_or(|arg| !arg.is_unit());
        Fail { is_certain, ..fail.hint(quoted.unwrap_or_else(|| self.signature.usage())) }
    }

    /// The error for argument `i`: what it is and what was expected.
    pub fn bad(&self, i: usize, seen: impl AsRef<str>, want: &str) -> Fail {
        let name = self.signature.argument(i).map_or_else(|| format!("argument {}", i + 1), String::from);
        let message = format!("`{name}` of `{}` {}, but {want}", self.signature.name, seen.as_ref());
        Fail::script(message).at(At::Argument(i))
    }

    fn part(&self, name: &str) -> At {
        if self.map().is_some_and(|map| map.contains_key(name)) {
            return At::Key(self.len() - 1, name.into());
        }
        match (0..self.len()).find(|&i| self.signature.argument(i) == Some(name)) {
            Some(i) => At::Argument(i),
            None => At::Call,
        }
    }

    fn holding(&self, text: &str) -> At {
        let is = |value: &Dynamic| value.is_string() && value.clone().into_string().is_ok_and(|s| s == text);
        if let Some(i) = self.args.iter().position(is) {
            return At::Argument(i);
        }
        let holds = |value: &Dynamic| match value.read_lock::<Array>() {
            Some(array) => array.iter().any(is),
            None => is(value),
        };
        let map = self.map().unwrap_or_default();
        match map.iter().find(|(_, value)| holds(value)) {
            Some((key, _)) => At::Key(self.len() - 1, key.to_string()),
            None => At::Call,
        }
    }
}
