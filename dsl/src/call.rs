//! A call from a script into Rust: its arguments by type, and its failure.

mod fail;
mod mend;
mod shown;

pub use fail::{At, Fail};
pub use shown::{described, shown, unquoted};

use crate::bind::points::Cloud;
use crate::context::Context;
use crate::dry::unknown;
use crate::manual::Entry;
use crate::options;
use mend::mended;
use rhai::{Array, Dynamic, EvalAltResult, Map, NativeCallContext};
use sdflow::Error;
use sdflow::Points;
use sdflow::flow::Stepping;
use sdflow::options::Options;
use sdflow::target::Target;
use std::sync::Arc;

/// What every binding is: arguments in, a value or a failure out.
pub type Native = fn(&Call) -> Result<Dynamic, Fail>;

/// One call of an [`Entry`].
pub struct Call<'a> {
    /// What is called.
    pub entry: &'static Entry,
    /// The run's state.
    pub context: &'a Context,
    /// Rhai's side of the call.
    pub native: &'a NativeCallContext<'a>,
    /// In a dry run: does an argument hang on a result?
    pub unknown: bool,
    args: Vec<Dynamic>,
}

impl<'a> Call<'a> {
    /// Calls `entry` and translates its failure.
    pub fn make(
        entry: &'static Entry,
        context: &'a Context,
        native: &'a NativeCallContext<'a>,
        args: &mut [&mut Dynamic],
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let args = args.iter().map(|a| (**a).clone().flatten()).collect();
        let position = native.call_position();
        let failed = |mut fail: Fail| {
            fail.see = fail.see.or(Some(entry.name));
            // What failed inside a function of the script has a better place than the call that needed it.
            context.callbacks.failure().unwrap_or_else(|| fail.into_rhai(position))
        };
        let Some(dry) = &context.dry else {
            return (entry.call)(&Call { entry, context, native, unknown: false, args }).map_err(failed);
        };
        let unknown = args.iter().any(unknown::within);
        let args = args.iter().map(unknown::taken).collect();
        let made = (entry.call)(&Call { entry, context, native, unknown, args });
        dry.doubted(made.is_err() && unknown);
        dry.held();
        let veiled = unknown || entry.kind.is_result();
        made.map(|value| if veiled { unknown::veiled(value) } else { value }).map_err(failed)
    }

    /// Number of arguments, a receiver included.
    pub fn len(&self) -> usize {
        self.args.len()
    }

    /// Number of arguments before the options map.
    pub fn handles(&self) -> usize {
        self.len() - usize::from(self.map().is_some())
    }

    /// Argument `i`.
    pub fn arg(&self, i: usize) -> Result<&Dynamic, Fail> {
        let missing = || Fail::script(format!("`{}` needs its argument {}", self.entry.name, i + 1));
        self.args.get(i).ok_or_else(missing)
    }

    /// Argument `i`, a clone of a `T` that messages call `want`.
    pub fn get<T: Clone + Send + Sync + 'static>(&self, i: usize, want: &str) -> Result<T, Fail> {
        self.arg(i)?.clone().try_cast::<T>().ok_or_else(|| self.wrong(i, want))
    }

    /// The receiver of a method.
    pub fn receiver<T: Clone + Send + Sync + 'static>(&self) -> Result<T, Fail> {
        self.get(0, self.entry.receiver().unwrap_or("value"))
    }

    /// Argument `i`, points.
    pub fn points(&self, i: usize) -> Result<Arc<Points>, Fail> {
        let points = self.get::<Cloud>(i, "points").map(|cloud| cloud.points);
        match self.arg(i)?.is::<Arc<dyn Target>>() {
            true => points.map_err(|fail| fail.hint("take samples: target.sample(1000)")),
            false => points,
        }
    }

    /// Argument `i`, a number; a whole one is welcome.
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
            let fail = self.bad(i, format!("is {}", shown(arg)), "a whole number is wanted");
            return Err(if x.fract() == 0.0 { fail.hint(format!("write {x}")) } else { fail });
        }
        let value = arg.as_int().map_err(|_| self.wrong(i, "a whole number"))?;
        match usize::try_from(value) {
            Ok(n) if n >= least => Ok(n),
            _ => {
                let fail = self.bad(i, format!("is {value}"), &format!("it must be at least {least}"));
                Err(fail.hint(self.entry.usage()))
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

    /// The options map as written, when there is one.
    pub fn map(&self) -> Option<Map> {
        self.args.last().and_then(|last| last.clone().try_cast::<Map>())
    }

    /// The points that the options hold under `key`.
    pub fn points_option(&self, key: &str) -> Option<Arc<Points>> {
        Some(self.map()?.get(key)?.clone().try_cast::<Cloud>()?.points)
    }

    /// The options in the last argument, or the defaults.
    pub fn options<T: Options>(&self) -> Result<T, Fail> {
        match self.map() {
            None => Ok(T::default()),
            Some(map) => options::read(&map, self),
        }
    }

    /// The options in the last argument and, beside them, how to step, or the defaults of both.
    pub fn options_with_stepping<T: Options>(&self) -> Result<(T, Stepping), Fail> {
        let (options, stepping) = match self.map() {
            None => Default::default(),
            Some(map) => options::read_with_stepping(&map, self)?,
        };
        stepping.check().map_err(|e| self.place(e))?;
        Ok((options, stepping))
    }

    /// An engine's error, placed at the argument or option that it names.
    pub fn place(&self, error: Error) -> Fail {
        let at = match &error {
            Error::Argument { name, .. } => self.part(name),
            Error::Unknown { name, .. } => self.holding(name),
            Error::Expression { text, .. } => self.holding(text),
            // "`mean`", "the start", "`covs`[1]"
            Error::Shape { what, .. } => self.part(what.trim_start_matches("the ").trim_matches('`')),
            _ => At::Call,
        };
        let hint = mended(&error);
        let fail = Fail::from(error).at(at);
        Fail { hint: fail.hint.or(hint), ..fail }
    }

    /// Tells the user what runs but is hardly meant.
    pub fn caution(&self, fail: Fail) {
        let see = fail.see.or(Some(self.entry.name));
        self.context.caution(&Fail { see, ..fail }, self.native.call_position());
    }

    /// The failure of argument `i`, which is not what is wanted.
    pub fn wrong(&self, i: usize, want: &str) -> Fail {
        let seen = self.args.get(i).map_or_else(|| "missing".into(), described);
        let verb = if want.ends_with("points") { "are" } else { "is" };
        let fail = self.bad(i, format!("is {seen}"), &format!("{want} {verb} wanted"));
        let quoted = self.args.get(i).filter(|_| want.contains("number")).and_then(unquoted);
        fail.hint(quoted.unwrap_or_else(|| self.entry.usage()))
    }

    /// The failure of argument `i`: what it is and what is wanted.
    pub fn bad(&self, i: usize, seen: impl AsRef<str>, want: &str) -> Fail {
        let name = self.entry.argument(i).unwrap_or_else(|| format!("argument {}", i + 1));
        let message = format!("`{name}` of `{}` {}, but {want}", self.entry.name, seen.as_ref());
        Fail::script(message).at(At::Argument(i))
    }

    fn part(&self, name: &str) -> At {
        let key = name.split(['.', '[', '`']).next().unwrap_or(name);
        if self.map().is_some_and(|map| map.contains_key(key)) {
            return At::Key(self.len() - 1, key.into());
        }
        match (0..self.len()).find(|&i| self.entry.argument(i).as_deref() == Some(key)) {
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
