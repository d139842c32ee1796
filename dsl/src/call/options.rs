//! Conversion of a script's map to an options struct, by serde, one key at a time, so that errors
//! name the key.

use super::Call;
use super::option_type::{describe_type, mismatch as type_error, one_of};
use crate::context::{as_dynamic, as_value};
use crate::language::{At, Fail, Signature, deprecated, innermost, without_position};
use crate::value::{Cloud, Matrix, describe, format_value, unquoted};
use rhai::{Array, Dynamic, EvalAltResult, FnPtr, Map, Position};
use sdflow::flow::Stepping;
use sdflow::options::{Key, Mismatch, OptionType, Options};
use serde_json::{Number, Value};

/// The number of intervals at which the closure of a schedule is sampled.
const SAMPLES: usize = 256;

impl Call<'_> {
    /// Returns the options in the last argument, or the defaults.
    pub fn options<T: Options>(&self) -> Result<T, Fail> {
        match self.map() {
            None => Ok(T::default()),
            Some(map) => parse(&map, self),
        }
    }

    /// Returns the options in the last argument and the options of the stepping, or the defaults
    /// of both.
    pub fn options_with_stepping<T: Options>(&self) -> Result<(T, Stepping), Fail> {
        let (options, stepping) = match self.map() {
            None => Default::default(),
            Some(map) => parse_with_stepping(&map, self)?,
        };
        stepping.check().map_err(|e| self.place(e))?;
        Ok((options, stepping))
    }
}

/// Parses the options in `map`, the last argument of `call`.
fn parse<T: Options>(map: &Map, call: &Call) -> Result<T, Fail> {
    build(plain(map, call, T::KEYS)?, call)
}

/// Parses the options in `map` and the options of the stepping.
fn parse_with_stepping<T: Options>(map: &Map, call: &Call) -> Result<(T, Stepping), Fail> {
    let of_stepping = |name: &String| Stepping::KEYS.iter().any(|key| key.name == name);
    let whole = plain(map, call, call.signature.options)?;
    let (stepping, own) = whole.into_iter().partition(|(name, _)| of_stepping(name));
    Ok((build(own, call)?, build(stepping, call)?))
}

/// Builds the options from checked keys. As each key is checked, an error can only concern several
/// keys together.
fn build<T: Options>(options: serde_json::Map<String, Value>, call: &Call) -> Result<T, Fail> {
    serde_json::from_value(Value::Object(options))
        .map_err(|e| Fail::script(e.to_string()).at(At::Argument(call.len() - 1)))
}

/// Returns `map`, the last argument of `call`, as plain data. It is an error if a key is not among
/// `keys`, or if a value has the wrong type.
pub fn plain(map: &Map, call: &Call, keys: &[Key]) -> Result<serde_json::Map<String, Value>, Fail> {
    let mut whole = serde_json::Map::new();
    for (name, value) in map {
        let at = || At::Key(call.len() - 1, name.to_string());
        let name = match deprecated::current(call.signature.name, name) {
            None => name.as_str(),
            Some(current) if map.contains_key(current) => {
                return Err(Fail::script(format!("`{name}` is the old name of `{current}`, which is also given"))
                    .hint("keep the new one")
                    .at(at()));
            }
            Some(current) => {
                let old = Fail::script(format!("`{name}` is the old name of an option"));
                call.caution(old.hint(format!("write {current}: ..")).at(at()));
                current
            }
        };
        let key = keys.iter().find(|k| k.name == name);
        let key = key.ok_or_else(|| unknown(call.signature.name, name, keys).at(at()))?;
        let mut json = data(value, key, call).map_err(|f| f.at(at()))?;
        if matches!(key.value, OptionType::List(inner) if !is_numeric(inner)) && !json.is_array() {
            // A single value stands for a list with one element.
            json = Value::Array(vec![json]);
        }
        (key.check)(&json).map_err(|mismatch| mismatch_error(key, value, mismatch).at(at()))?;
        whole.insert(name.to_string(), json);
    }
    Ok(whole)
}

/// Checks options that are nested in another option: those of a metric in a list of metrics.
pub fn check_all(function: &str, keys: &[Key], options: &serde_json::Map<String, Value>) -> Result<(), Fail> {
    for (name, value) in options {
        let key = keys.iter().find(|key| key.name == name).ok_or_else(|| unknown(function, name, keys))?;
        (key.check)(value).map_err(|mismatch| mismatch_error(key, &as_dynamic(value), mismatch))?;
    }
    Ok(())
}

/// True for a number, and for a list of numbers at any depth. If the elements of a list have such a
/// type, a single value does not stand for a list with one element.
fn is_numeric(value: &OptionType) -> bool {
    match value {
        OptionType::List(inner) => is_numeric(inner),
        other => matches!(other, OptionType::Number),
    }
}

/// True if `name` is an option of `signature`, under its present or a former name.
pub fn knows(signature: &Signature, name: &str) -> bool {
    let name = deprecated::current(signature.name, name).unwrap_or(name);
    signature.options.iter().any(|key| key.name == name)
}

/// The error for a key that is not among `keys`.
pub fn unknown(function: &str, name: &str, keys: &[Key]) -> Fail {
    let fail = Fail::script(format!("`{function}` has no option `{name}`")).certain();
    match sdflow::nearest(name, keys.iter().map(|k| k.name)) {
        Some(near) => fail.hint(format!("did you mean `{near}`?")),
        None if keys.is_empty() => fail.hint("it takes no options"),
        None => fail.hint(format!("its options are {}", keys.iter().map(|k| k.name).collect::<Vec<_>>().join(", "))),
    }
}

/// Returns a value as plain data.
fn data(value: &Dynamic, key: &Key, call: &Call) -> Result<Value, Fail> {
    // A number in quotes is a mistake, not a formula.
    if let Some(hint) = unquoted(value).filter(|_| is_schedule(key)) {
        let message = format!("`{}` is {}, but {} is expected", key.name, describe(value), describe_type(&key.value));
        return Err(Fail::script(message).hint(hint));
    }
    if let Some(closure) = value.read_lock::<FnPtr>() {
        return match is_schedule(key) {
            true => sample_closure(&closure, key, call),
            false => Err(Fail::script(format!(
                "`{}` is a function, but {} is expected",
                key.name,
                describe_type(&key.value)
            ))),
        };
    }
    if matches!(key.value, OptionType::Points) && value.is::<Cloud>() {
        // Points are not converted to plain data: the call reads them from the map itself.
        return Ok(Value::Null);
    }
    if let Some(array) = value.read_lock::<Array>() {
        return array.iter().map(|v| data(v, key, call)).collect::<Result<_, _>>().map(Value::Array);
    }
    if let Some(map) = value.read_lock::<Map>() {
        let pairs = map.iter().map(|(k, v)| data(v, key, call).map(|v| (k.to_string(), v)));
        return pairs.collect::<Result<_, _>>().map(Value::Object);
    }
    if let Some(matrix) = value.read_lock::<Matrix>() {
        let row = |i| (0..matrix.0.ncols()).map(|j| matrix.0[(i, j)]).collect::<Vec<f64>>();
        return Ok((0..matrix.0.nrows()).map(row).collect::<Vec<_>>().into());
    }
    if let Ok(x) = value.as_float() {
        let number = Number::from_f64(x).map(Value::Number);
        return number.ok_or_else(|| Fail::script(format!("`{}` is {x}, but it must be finite", key.name)));
    }
    if let Some(plain) = as_value(value) {
        return Ok(plain);
    }
    let message = format!("`{}` is {}, but {} is expected", key.name, describe(value), describe_type(&key.value));
    Err(match value.is_unit() {
        true => Fail::script(message).hint("leave the key out to get its default"),
        false if matches!(key.value, OptionType::Points) => {
            Fail::script(message).hint("use a sample: target.sample(1000)")
        }
        false => Fail::script(message).hint("points, targets, scores and flows are arguments before the options"),
    })
}

/// Returns a closure as a table of its values at equally spaced progress.
fn sample_closure(closure: &FnPtr, key: &Key, call: &Call) -> Result<Value, Fail> {
    let at = |i: usize| {
        let t = i as f64 / SAMPLES as f64;
        let value: Dynamic =
            closure.call_within_context(call.native, (t,)).map_err(|error| failed_at(t, key, &error))?;
        let value = crate::value::unknown::plain(&value);
        let number = value.as_float().ok().or_else(|| value.as_int().ok().map(|i| i as f64));
        number.filter(|x| x.is_finite()).map(Value::from).ok_or_else(|| {
            let message = format!("the function of `{}` returns {} at progress {t}", key.name, format_value(&value));
            Fail::script(message).hint("it must return a finite number for every progress in 0..1")
        })
    };
    (0..=SAMPLES).map(at).collect::<Result<_, _>>().map(Value::Array)
}

/// Returns the failure of a schedule's function at progress `t`, with its innermost cause.
fn failed_at(t: f64, key: &Key, error: &EvalAltResult) -> Fail {
    let (cause, _) = innermost(error, Position::NONE);
    let told = match cause {
        EvalAltResult::ErrorRuntime(token, _) | EvalAltResult::ErrorTerminated(token, _) => {
            token.clone().try_cast::<Fail>()
        }
        _ => None,
    };
    let cause = told.unwrap_or_else(|| Fail::script(without_position(cause)));
    Fail { message: format!("the function of `{}` failed at progress {t}: {}", key.name, cause.message), ..cause }
}

fn is_schedule(key: &Key) -> bool {
    matches!(key.value, OptionType::Schedule)
}

/// The error for a value that does not fit its key.
fn mismatch_error(key: &Key, value: &Dynamic, mismatch: Mismatch) -> Fail {
    mismatch_error_as(key.name, key, value, mismatch)
}

/// The same error for a key that messages name `name`, such as `discriminator.steps`.
fn mismatch_error_as(name: &str, key: &Key, value: &Dynamic, mismatch: Mismatch) -> Fail {
    let nearest = |seen: &str, known: &[&str]| sdflow::nearest(seen, known.iter().copied());
    match mismatch {
        Mismatch::Value(error) => Fail::from(error),
        Mismatch::Name { seen, known } => {
            // If the option accepts several types, the message lists all types. Otherwise it lists
            // the known names.
            let want = match key.value {
                OptionType::Either(_) => describe_type(&key.value),
                _ => one_of(&known),
            };
            let fail = Fail::script(format!("`{name}` is {seen:?}, but {want} is expected"));
            match nearest(&seen, &known) {
                Some(near) => fail.hint(format!("did you mean \"{near}\"?")),
                None => fail,
            }
        }
        Mismatch::Key { seen, known } => {
            let fail = Fail::script(format!("`{name}` has no option `{seen}`"));
            match nearest(&seen, &known) {
                Some(near) => fail.hint(format!("did you mean `{near}`?")),
                None => fail,
            }
        }
        Mismatch::Inside { key, seen, why } => {
            mismatch_error_as(&format!("{name}.{}", key.name), &key, &as_dynamic(&seen), *why)
        }
        Mismatch::Type => type_error(name, &key.value, value),
    }
}
