//! From a script's map to an options struct: plain data through serde, one key at a time so that errors name their key.

use crate::bind::matrix::Matrix;
use crate::bind::points::Cloud;
use crate::call::{At, Call, Fail, described, shown, unquoted};
use crate::dry::unknown;
use crate::manual::Entry;
use crate::spelling;
use rhai::{Array, Dynamic, FnPtr, Map};
use sdflow::expression::Expression;
use sdflow::flow::Stepping;
use sdflow::options::{Key, Options};
use serde_json::{Number, Value};

/// Intervals into which a closure given for a schedule is sampled.
const SAMPLES: usize = 256;

/// The options in `map`, the last argument of `call`.
pub fn read<T: Options>(map: &Map, call: &Call) -> Result<T, Fail> {
    let accept = |value: Value| serde_json::from_value::<T>(value).map(|_| ()).map_err(|e| e.to_string());
    let whole = plain(map, call, T::KEYS, accept)?;
    // Every key was accepted alone, so only a rule between keys can fail here.
    serde_json::from_value(whole).map_err(|e| Fail::script(e.to_string()).at(At::Argument(call.len() - 1)))
}

/// The options in `map` and, beside them, how to step.
pub fn read_with_stepping<T: Options>(map: &Map, call: &Call) -> Result<(T, Stepping), Fail> {
    let of_stepping = |name: &String| Stepping::KEYS.iter().any(|key| key.name == name);
    let accept = |value: Value| {
        let stepping = value.as_object().is_some_and(|one| one.keys().all(of_stepping));
        let done = match stepping {
            true => serde_json::from_value::<Stepping>(value).map(drop),
            false => serde_json::from_value::<T>(value).map(drop),
        };
        done.map_err(|e| e.to_string())
    };
    let Value::Object(whole) = plain(map, call, call.entry.options, accept)? else {
        return Ok((T::default(), Stepping::default()));
    };
    let (stepping, own): (serde_json::Map<_, _>, serde_json::Map<_, _>) =
        whole.into_iter().partition(|(name, _)| of_stepping(name));
    let failed = |e: serde_json::Error| Fail::script(e.to_string()).at(At::Argument(call.len() - 1));
    let own = serde_json::from_value(Value::Object(own)).map_err(failed)?;
    Ok((own, serde_json::from_value(Value::Object(stepping)).map_err(failed)?))
}

/// `map`, the last argument of `call`, as plain data whose keys are among `keys` and each pass `accept` alone.
pub fn plain(
    map: &Map,
    call: &Call,
    keys: &[Key],
    accept: impl Fn(Value) -> Result<(), String>,
) -> Result<Value, Fail> {
    let mut whole = serde_json::Map::new();
    for (name, value) in map {
        let at = || At::Key(call.len() - 1, name.to_string());
        let name = match spelling::current(call.entry.name, name) {
            None => name.as_str(),
            Some(current) if map.contains_key(current) => {
                return Err(Fail::script(format!("`{name}` is the old spelling of `{current}`, which is given too"))
                    .hint("keep the new one")
                    .at(at()));
            }
            Some(current) => {
                let old = Fail::script(format!("`{name}` is the old spelling of an option"));
                call.caution(old.hint(format!("write {current}: ..")).at(at()));
                current
            }
        };
        let key = keys.iter().find(|k| k.name == name);
        let key = key.ok_or_else(|| unknown(call.entry.name, name, keys).at(at()))?;
        let mut json = data(value, key, call).map_err(|f| f.at(at()))?;
        if ["Vec<String>", "Vec<Column>", "Vec<MetricChoice>"].contains(&inner(key.kind)) && !json.is_array() {
            // One is a list of one.
            json = Value::Array(vec![json]);
        }
        let alone = Value::Object([(name.to_string(), json.clone())].into_iter().collect());
        accept(alone).map_err(|error| refused(key, value, &error).at(at()))?;
        whole.insert(name.to_string(), json);
    }
    Ok(Value::Object(whole))
}

/// Is `name` an option of `entry`, in whatever spelling?
pub fn knows(entry: &Entry, name: &str) -> bool {
    let name = spelling::current(entry.name, name).unwrap_or(name);
    entry.options.iter().any(|key| key.name == name)
}

/// The failure of a key that is not among `keys`.
pub fn unknown(function: &str, name: &str, keys: &[Key]) -> Fail {
    let fail = Fail::script(format!("`{function}` has no option `{name}`"));
    match sdflow::nearest(name, keys.iter().map(|k| k.name)) {
        Some(near) => fail.hint(format!("did you mean `{near}`?")),
        None if keys.is_empty() => fail.hint("it takes no options"),
        None => fail.hint(format!("its options are {}", keys.iter().map(|k| k.name).collect::<Vec<_>>().join(", "))),
    }
}

/// A value as plain data.
fn data(value: &Dynamic, key: &Key, call: &Call) -> Result<Value, Fail> {
    // A constant needs no formula.
    if let Some(hint) = unquoted(value).filter(|_| key.kind.contains("Schedule")) {
        let message = format!("`{}` is {}, but {} is wanted", key.name, described(value), wanted(key.kind));
        return Err(Fail::script(message).hint(hint));
    }
    if let Some(closure) = value.read_lock::<FnPtr>() {
        return match key.kind.contains("Schedule") {
            true => sampled(&closure, key, call),
            false => Err(Fail::script(format!("`{}` is a function, but {} is wanted", key.name, wanted(key.kind)))),
        };
    }
    if inner(key.kind) == "Points" && value.is::<Cloud>() {
        // Not copied through text: the call takes them from the map itself.
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
    if let Some(plain) = crate::param::as_value(value) {
        return Ok(plain);
    }
    let message = format!("`{}` is {}, but {} is wanted", key.name, described(value), wanted(key.kind));
    Err(match value.is_unit() {
        true => Fail::script(message).hint("leave the key out to get its default"),
        false if inner(key.kind) == "Points" => Fail::script(message).hint("take samples: target.sample(1000)"),
        false => Fail::script(message).hint("points, targets, scores and flows are arguments before the options"),
    })
}

/// A closure as a table of its values at equally spaced progress.
fn sampled(closure: &FnPtr, key: &Key, call: &Call) -> Result<Value, Fail> {
    let at = |i: usize| {
        let t = i as f64 / SAMPLES as f64;
        let value: Dynamic = closure
            .call_within_context(call.native, (t,))
            .map_err(|e| Fail::script(format!("the function given for `{}` failed at progress {t}: {e}", key.name)))?;
        let value = unknown::taken(&value);
        let number = value.as_float().ok().or_else(|| value.as_int().ok().map(|i| i as f64));
        number.filter(|x| x.is_finite()).map(Value::from).ok_or_else(|| {
            let message = format!("the function given for `{}` returns {} at progress {t}", key.name, shown(&value));
            Fail::script(message).hint("it must return a finite number for every progress in 0..1")
        })
    };
    (0..=SAMPLES).map(at).collect::<Result<_, _>>().map(Value::Array)
}

/// The failure of a value that serde refused.
fn refused(key: &Key, value: &Dynamic, error: &str) -> Fail {
    let name = key.name;
    if key.kind.contains("Schedule")
        && let Ok(text) = value.clone().into_string()
        && let Err(error) = Expression::of_progress(&text)
    {
        return Fail::from(error);
    }
    if let Some(rest) = error.split("unknown variant `").nth(1) {
        let seen = rest.split('`').next().unwrap_or_default();
        let known: Vec<&str> = rest.split('`').skip(2).step_by(2).collect();
        let fail = Fail::script(format!("`{name}` is {seen:?}, but {} is wanted", one_of(&known)));
        return match sdflow::nearest(seen, known.iter().copied()) {
            Some(near) => fail.hint(format!("did you mean \"{near}\"?")),
            None => fail,
        };
    }
    if let Some(rest) = error.split("unknown field `").nth(1) {
        let seen = rest.split('`').next().unwrap_or_default();
        let fail = Fail::script(format!("`{name}` has no option `{seen}`"));
        return match sdflow::nearest(seen, rest.split('`').skip(2).step_by(2)) {
            Some(near) => fail.hint(format!("did you mean `{near}`?")),
            None => fail,
        };
    }
    if error.contains(", but ") {
        return Fail::script(error);
    }
    let fail = Fail::script(format!("`{name}` is {}, but {} is wanted", described(value), wanted(key.kind)));
    match (value.as_float(), unquoted(value)) {
        (Ok(x), _) if integral(key.kind) && x.fract() == 0.0 => fail.hint(format!("write {x:.0}")),
        (_, Some(hint)) if wanted(key.kind).contains("number") => fail.hint(hint),
        _ => fail,
    }
}

fn one_of(names: &[&str]) -> String {
    match names {
        [only] => format!("\"{only}\""),
        _ => format!("one of \"{}\"", names.join("\", \"")),
    }
}

fn integral(kind: &str) -> bool {
    ["usize", "u64", "u32", "i64", "i32"].contains(&inner(kind))
}

fn inner(kind: &str) -> &str {
    // A type that was declared through another macro is written `Option < f64 >`.
    let within = kind.strip_prefix("Option").and_then(|k| k.trim_start().strip_prefix('<'));
    within.and_then(|k| k.strip_suffix('>')).unwrap_or(kind).trim()
}

/// What a key of this Rust type wants, in words.
pub fn wanted(kind: &str) -> String {
    let kind = inner(kind);
    match kind {
        "f64" | "f32" => "a number".into(),
        "usize" | "u64" | "u32" => "a whole number, 0 or more,".into(),
        "i64" | "i32" => "a whole number".into(),
        "bool" => "true or false".into(),
        "String" => "a string".into(),
        "Points" => "a set of points".into(),
        "Schedule" => {
            "a number, a list of numbers, a formula such as \"1 - t\" or a schedule such as cosine(10, 0.1)".into()
        }
        "Kernel" => "a kernel such as gaussian_kernel(1.0)".into(),
        "Kernels" => "a kernel such as gaussian_kernel(1.0), a bandwidth, \"median\", or a list of them".into(),
        "Numbers" => "a number or a list of numbers".into(),
        "Covariance" => "a matrix as a list of rows, or ar1(rho)".into(),
        "MetricChoice" => "a metric's name, or a map such as #{metric: \"mmd\", kernel: 0.5}".into(),
        "BTreeMap<String, f64>" => "a map of names and numbers such as #{energy: 0.02}".into(),
        "Header" => "true, false or \"auto\"".into(),
        "Column" => "a position from 0 or a name".into(),
        "DiscriminatorOptions" => "a map of options such as #{features: \"quadratic\"}".into(),
        _ => match kind.strip_prefix("Vec<").and_then(|k| k.strip_suffix('>')) {
            Some("String") => "a string or a list of strings".into(),
            Some("f64") => "a list of numbers".into(),
            Some(element) => format!("a list (each element {})", wanted(element).trim_end_matches(',')),
            None => format!("a value of kind {}", kind.to_lowercase()),
        },
    }
}
