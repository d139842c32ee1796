//! Values as messages show them.

use super::handle::spoken_type;
use rhai::Dynamic;

/// Describes a value with its kind: "a string (\"a\")".
pub fn describe(value: &Dynamic) -> String {
    match kind(value) {
        Some(kind) => format!("{kind} ({})", format_value(value)),
        None => format_value(value),
    }
}

/// Formats a value as the script would write it, cut to a readable length.
pub fn format_value(value: &Dynamic) -> String {
    let text = match value.type_name() {
        "()" => return "() (nothing)".into(),
        "string" => format!("{:?}", value.clone().into_string().unwrap_or_default()),
        "i64" | "bool" | "char" => value.to_string(),
        "f64" => format!("{:?}", value.as_float().unwrap_or(f64::NAN)),
        "array" => return "an array".into(),
        "map" => return "a map".into(),
        "Fn" => return "a function".into(),
        _ => return spoken_type(value).into(),
    };
    if text.chars().count() <= 40 { text } else { text.chars().take(37).chain("...".chars()).collect() }
}

/// Returns the entries of an array or a map, at most 8; any other value as [`format_value`] does.
pub fn format_content(value: &Dynamic) -> String {
    const SHOWN: usize = 8;
    let list = |all: usize, mut shown: Vec<String>| {
        shown.extend((all > SHOWN).then(|| "...".into()));
        shown.join(", ")
    };
    if let Some(values) = value.read_lock::<rhai::Array>() {
        return format!("[{}]", list(values.len(), values.iter().take(SHOWN).map(format_value).collect()));
    }
    if let Some(map) = value.read_lock::<rhai::Map>() {
        let entry = |(key, value): (&rhai::Identifier, _)| format!("{key}: {}", format_value(value));
        return format!("#{{{}}}", list(map.len(), map.iter().take(SHOWN).map(entry).collect()));
    }
    format_value(value)
}

fn kind(value: &Dynamic) -> Option<&'static str> {
    Some(match value.type_name() {
        "string" => "a string",
        "i64" => "a whole number",
        "f64" => "a number",
        "bool" => "a boolean",
        "char" => "a character",
        _ => return None,
    })
}

/// Returns what to write in place of a string that holds a number.
pub fn unquoted(value: &Dynamic) -> Option<String> {
    let text = value.clone().into_string().ok()?;
    text.trim().parse::<f64>().is_ok().then(|| format!("write it without quotes: {}", text.trim()))
}
