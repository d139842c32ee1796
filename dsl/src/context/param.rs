//! Parameters: declared in the script by `param("name", default)`, set by `-p` or the environment.

use super::outcome::Param;
use super::request::Request;
use crate::language::{Diagnostic, Fault, Sources, Syntax};
use rhai::Dynamic;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The name of the parameter, and of the axis, that sets the seed.
pub const SEED: &str = "seed";

/// A `param(..)` call.
#[derive(Debug, Clone)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// Its default, if that is a literal.
    pub default: Option<Value>,
}

/// The values that the user gave for parameters.
#[derive(Debug, Clone, Default)]
pub struct Given {
    line: BTreeMap<String, String>,
    environment: BTreeMap<String, String>,
}

impl Given {
    /// Takes the values of a request. A value of `seed` is removed, and becomes the seed of the
    /// request.
    pub fn take(request: &mut Request) -> Result<Given, Diagnostic> {
        let mut given = Given::default();
        for (name, text) in &request.params {
            if let Some(before) = given.line.insert(name.clone(), text.clone())
                && before != *text
            {
                let message = format!("parameter `{name}` is given twice, as `{before}` and as `{text}`");
                return Err(usage(message, Some(sweep_hint(name, &format!("{before},{text}")))));
            }
        }
        given.environment = request.environment.iter().map(|(n, v)| (n.to_uppercase(), v.clone())).collect();
        if let Some(text) = given.line.remove(SEED) {
            request.seed = text.parse().map_err(|_| {
                let hint = is_several(&text).then(|| sweep_hint(SEED, &text));
                usage(format!("the seed is `{text}`, but it must be a whole number of at least 0"), hint)
            })?;
        }
        Ok(given)
    }

    /// Returns the value of `name`, of the type of the script's default. The command line takes
    /// precedence over the environment, and the environment over the default.
    pub fn value(&self, name: &str, default: &Value) -> Result<Param, Diagnostic> {
        let line = self.line.get(name).map(|text| (text, "command line", format!("-p {name}=")));
        let upper = name.to_uppercase();
        let set = || self.environment.get(&upper).map(|text| (text, "environment", format!("SDFLOW_P_{upper}=")));
        let Some((text, origin, written)) = line.or_else(set) else {
            return Ok(Param { value: default.clone(), origin: "script".into() });
        };
        let value = parse_value(name, text, default).map_err(|(want, hint)| {
            let seen = if text.trim().is_empty() { "empty".into() } else { format!("`{text}`") };
            usage(format!("parameter `{name}` is {seen} ({written}{text}), but {want}"), hint)
        })?;
        Ok(Param { value, origin: origin.into() })
    }

    /// Checks that `script` declares every name that the command line gives. Names in the
    /// environment are not checked, because they may belong to other scripts.
    pub fn check_declared(&self, declared: &[Declared], script: &Path) -> Result<(), Diagnostic> {
        let known: Vec<&str> = declared.iter().map(|d| d.name.as_str()).collect();
        let Some(name) = self.line.keys().find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
        let hint = match sdflow::nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => format!("declare it in the script: let {name} = param(\"{name}\", 1);"),
            None => format!("its parameters are {}", known.join(", ")),
        };
        Err(usage(format!("`{name}` is not a parameter of {}", script.display()), Some(hint)))
    }

    /// Returns, for the identity of a run, names, given values as written, and origins: the values
    /// of the command line, and those of the environment for all of `declared` that have no literal
    /// default, and thus no value yet.
    pub fn texts<'a>(
        &'a self,
        declared: &'a [Declared],
    ) -> impl Iterator<Item = (&'a String, &'a String, &'static str)> {
        let computed = declared.iter().filter(|declared| declared.default.is_none()).map(|declared| &declared.name);
        let hidden = computed.filter(|name| !self.line.contains_key(*name));
        let set = hidden.filter_map(|name| Some((name, self.environment.get(&name.to_uppercase())?, "environment")));
        self.line.iter().map(|(name, text)| (name, text, "command line")).chain(set)
    }
}

/// Returns all parameters that a script declares. It is an error if a name is not a literal or is
/// reserved, or if two declarations of a name differ in the type or the value of the default.
pub fn declared(syntax: &Syntax, sources: &Sources) -> Result<Vec<Declared>, Diagnostic> {
    let mut all: Vec<Declared> = Vec::new();
    let refused = |position, message: String, hint: &str| Diagnostic {
        kind: Fault::Script,
        message,
        place: sources.place(position),
        hint: Some(hint.into()),
        see: Some("param".into()),
    };
    for site in syntax.calls.iter().filter(|c| c.name == "param" && !c.qualified && !c.method) {
        let Some(first) = site.args.first() else { continue };
        let Some(name) = first.literal.as_ref().and_then(|l| l.clone().into_string().ok()) else {
            let message = "the name of a parameter must be a literal string".into();
            return Err(refused(first.position, message, "write param(\"name\", default)"));
        };
        if name == SEED {
            let message = "`seed` is reserved: it sets the seed of all random numbers".into();
            return Err(refused(first.position, message, "give it by --seed N or -p seed=N; no param is needed"));
        }
        let default = site.args.get(1).and_then(|a| a.literal.as_ref()).and_then(as_value);
        match all.iter().find(|d| d.name == name) {
            Some(before) if kind_of(&before.default) != kind_of(&default) => {
                let message = format!("parameter `{name}` is declared twice with different types");
                return Err(refused(first.position, message, "declare it once, and pass its value to functions"));
            }
            Some(before) if before.default.as_ref().zip(default.as_ref()).is_some_and(|(a, b)| a != b) => {
                let message = format!("parameter `{name}` is declared twice with different defaults");
                return Err(refused(first.position, message, "declare it once, and pass its value to functions"));
            }
            Some(_) => {}
            None => all.push(Declared { name, default }),
        }
    }
    Ok(all)
}

/// Returns a value of the script as data: whole numbers, numbers, booleans and strings only.
pub fn as_value(value: &Dynamic) -> Option<Value> {
    match value.type_name() {
        "i64" => value.as_int().ok().map(Value::from),
        "f64" => value.as_float().ok().and_then(serde_json::Number::from_f64).map(Value::Number),
        "bool" => value.as_bool().ok().map(Value::from),
        "string" => value.clone().into_string().ok().map(Value::from),
        _ => None,
    }
}

/// Returns plain data as a value of the language.
pub fn as_dynamic(value: &Value) -> Dynamic {
    match value {
        Value::Bool(b) => (*b).into(),
        Value::String(s) => s.clone().into(),
        Value::Number(n) => n.as_i64().map_or_else(|| n.as_f64().unwrap_or(f64::NAN).into(), Dynamic::from),
        Value::Array(values) => values.iter().map(as_dynamic).collect::<Vec<_>>().into(),
        Value::Object(map) => {
            map.iter().map(|(name, value)| (name.into(), as_dynamic(value))).collect::<rhai::Map>().into()
        }
        Value::Null => Dynamic::UNIT,
    }
}

fn kind_of(value: &Option<Value>) -> &'static str {
    match value {
        Some(Value::Bool(_)) => "bool",
        Some(Value::String(_)) => "string",
        Some(Value::Number(n)) if n.is_f64() => "float",
        Some(Value::Number(_)) => "int",
        _ => "",
    }
}

/// Parses `text` in the type of `default`. The error says what is expected, with a hint.
fn parse_value(name: &str, text: &str, default: &Value) -> Result<Value, (String, Option<String>)> {
    let trimmed = text.trim();
    if let Some(inner) = trimmed.strip_prefix('"').and_then(|t| t.strip_suffix('"'))
        && default.is_string()
    {
        return Ok(inner.into());
    }
    if is_several(trimmed) {
        return Err(("one run takes one value".into(), Some(sweep_hint(name, text))));
    }
    let whole = "the script's default is a whole number".to_string();
    match default {
        Value::String(_) => Ok(text.into()),
        Value::Bool(_) => match trimmed {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => Err(("the script's default is a boolean".into(), Some("write true or false".into()))),
        },
        Value::Number(n) if n.is_f64() => match trimmed.parse::<f64>() {
            Ok(x) if x.is_finite() => Ok(x.into()),
            _ => Err(("the script's default is a number".into(), Some(instead(name, trimmed, default)))),
        },
        Value::Number(_) => match (trimmed.parse::<i64>(), trimmed.parse::<f64>()) {
            (Ok(i), _) => Ok(i.into()),
            (_, Ok(x)) if x.is_finite() && x.abs() >= -(i64::MIN as f64) => {
                Err((whole, Some(format!("it must be between {} and {}", i64::MIN, i64::MAX))))
            }
            (_, Ok(x)) if x.is_finite() => {
                Err((whole, Some(format!("write it without a decimal point: -p {name}={:.0}", x.round()))))
            }
            _ => Err((whole, Some(instead(name, trimmed, default)))),
        },
        _ => Err(("its default is not a number, a boolean or a string".into(), None)),
    }
}

/// Returns what to type in place of `text`, which is not a number: for a fraction its value, for a
/// range its correct form, and otherwise the default of the script.
fn instead(name: &str, text: &str, default: &Value) -> String {
    let parts = text.split_once('/').map(|(a, b)| (a.trim().parse::<f64>(), b.trim().parse::<f64>()));
    match parts {
        Some((Ok(a), Ok(b))) if default.is_f64() && (a / b).is_finite() => format!("write -p {name}={}", a / b),
        _ if text.contains(':') => {
            format!("write a number, -p {name}={default}; a range, for `sweep`, is {name}=int:2:4 or {name}=lin:0:1:5")
        }
        _ => format!("write a number, such as the default: -p {name}={default}"),
    }
}

/// True for a list or a range, which only a sweep accepts.
fn is_several(text: &str) -> bool {
    text.contains(',') || ["int:", "log:", "lin:"].iter().any(|range| text.starts_with(range))
}

fn sweep_hint(name: &str, text: &str) -> String {
    format!("for several values: sdflow-engine sweep SCRIPT -p {name}={text}")
}

fn usage(message: String, hint: Option<String>) -> Diagnostic {
    Diagnostic { kind: Fault::Usage, message, place: None, hint, see: Some("param".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn given(text: &str, default: Value) -> Result<Value, String> {
        let line = [("a".to_string(), text.to_string())].into();
        let given = Given { line, environment: BTreeMap::new() };
        given.value("a", &default).map(|p| p.value).map_err(|d| d.message)
    }

    #[test]
    fn a_value_takes_the_type_of_the_default() {
        assert_eq!(given("3", json!(1)), Ok(json!(3)));
        assert_eq!(given("3", json!(1.0)), Ok(json!(3.0)));
        assert_eq!(given("-2e-3", json!(1.0)), Ok(json!(-2e-3)));
        assert_eq!(given("3", json!("x")), Ok(json!("3")));
        assert_eq!(given("\"a,b\"", json!("x")), Ok(json!("a,b")));
        assert_eq!(given("false", json!(true)), Ok(json!(false)));
        for (text, default) in [
            ("3.5", json!(1)),
            ("x", json!(1.0)),
            ("nan", json!(1.0)),
            ("1", json!(true)),
            ("a,b", json!("x")),
            ("2,8", json!(1)),
            ("int:1:3", json!("x")),
            ("log:1:10:3", json!(1.0)),
        ] {
            assert!(given(text, default.clone()).is_err(), "{text} for {default}");
        }
    }

    #[test]
    fn the_command_line_beats_the_environment_beats_the_script() {
        let line = BTreeMap::from([("a".to_string(), "1".to_string())]);
        let environment = BTreeMap::from([("A".to_string(), "2".to_string()), ("B".to_string(), "3".to_string())]);
        let given = Given { line, environment };
        let of = |name: &str| given.value(name, &json!(0)).map(|p| (p.value, p.origin)).unwrap();
        assert_eq!(of("a"), (json!(1), "command line".into()));
        assert_eq!(of("b"), (json!(3), "environment".into()));
        assert_eq!(of("c"), (json!(0), "script".into()));
    }
}
