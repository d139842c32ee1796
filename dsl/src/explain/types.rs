//! Names of Rhai's types in plain words.

use crate::value::spoken;

/// Returns the name of a type in words.
pub fn plain(name: &str) -> String {
    match name.split(" | ").next().unwrap_or(name) {
        "i64" => "a whole number".into(),
        "f64" => "a number".into(),
        "char" => "a character".into(),
        "bool" => "a boolean".into(),
        "&str" | "string" | "ImmutableString" | "String" => "a string".into(),
        "()" => "nothing, ()".into(),
        "array" => "an array".into(),
        "map" => "a map".into(),
        "Fn" => "a function".into(),
        other => spoken(other).into(),
    }
}

/// Returns the text with its first letter in lower case.
pub fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
