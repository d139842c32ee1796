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
