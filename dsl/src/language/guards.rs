//! Replacements for functions of Rhai that could use all memory or time in one call. The
//! replacements check their limits first.

use super::fail::Fail;
use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, INT, ImmutableString, Map, Position};

type Made<T> = Result<T, Box<EvalAltResult>>;

/// Registers the replacements.
pub fn register(engine: &mut Engine, most: usize) {
    engine.register_fn("sleep", |_: INT| no_sleep()).register_fn("sleep", |_: f64| no_sleep());
    let replaced = move |text: &mut ImmutableString, from: &str, to: &str| replace(text, from, to, most);
    engine
        .register_fn("replace", move |text: &mut ImmutableString, from: &str, to: &str| replaced(text, from, to))
        .register_fn("replace", move |text: &mut ImmutableString, from: char, to: &str| {
            replaced(text, &from.to_string(), to)
        })
        .register_fn("replace", move |text: &mut ImmutableString, from: &str, to: char| {
            replaced(text, from, &to.to_string())
        })
        .register_fn("replace", move |text: &mut ImmutableString, from: char, to: char| {
            replaced(text, &from.to_string(), &to.to_string())
        });
    engine
        .register_fn("pad", move |text: &mut ImmutableString, length: INT, with: &str| pad(text, length, with, most))
        .register_fn("pad", move |text: &mut ImmutableString, length: INT, with: char| {
            pad(text, length, &with.to_string(), most)
        });
    engine.register_fn("to_json", move |map: &mut Map| to_json(map, most));
}

fn no_sleep() -> Made<()> {
    let fail = Fail::script("a script cannot sleep").hint("leave the line out: a script waits for nothing");
    Err(fail.into_rhai(Position::NONE))
}

fn too_large() -> Box<EvalAltResult> {
    EvalAltResult::ErrorDataTooLarge("Length of string".into(), Position::NONE).into()
}

fn replace(text: &mut ImmutableString, from: &str, to: &str, most: usize) -> Made<()> {
    if text.is_empty() {
        return Ok(());
    }
    let count = text.matches(from).count();
    let longer = to.len().saturating_sub(from.len()).saturating_mul(count);
    if text.len().saturating_add(longer) > most {
        return Err(too_large());
    }
    *text = text.replace(from, to).into();
    Ok(())
}

/// Appends `with` until the text has `length` characters.
fn pad(text: &mut ImmutableString, length: INT, with: &str, most: usize) -> Made<()> {
    let (length, has) = (usize::try_from(length).unwrap_or(0), text.chars().count());
    if length <= has {
        return Ok(());
    }
    if length > most {
        return Err(too_large());
    }
    let padding: String = with.chars().cycle().take(length - has).collect();
    if text.len() + padding.len() > most {
        return Err(too_large());
    }
    *text = format!("{text}{padding}").into();
    Ok(())
}

/// Returns the map as JSON, or an error if the JSON is longer than a string may be. A function is
/// written with the values that it has captured. A value that several functions have captured is
/// written once for each of them.
fn to_json(map: &Map, most: usize) -> Made<String> {
    take_map(map, most).ok_or_else(too_large)?;
    Ok(rhai::format_map_as_json(map))
}

/// Returns `left` minus a lower bound on the number of bytes of a map in JSON; None if the result
/// is negative.
fn take_map(map: &Map, left: usize) -> Option<usize> {
    map.iter().try_fold(left, |left, (key, value)| take(value, left.checked_sub(key.len() + 1)?))
}

/// Returns `left` minus a lower bound on the number of bytes of a value in JSON; None if the result
/// is negative.
fn take(value: &Dynamic, left: usize) -> Option<usize> {
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return left.checked_sub(text.len() + 1);
    }
    if let Some(items) = value.read_lock::<Array>() {
        return items.iter().try_fold(left.checked_sub(1)?, |left, item| take(item, left));
    }
    if let Some(function) = value.read_lock::<FnPtr>() {
        return function.iter_curry().try_fold(left.checked_sub(1)?, |left, item| take(item, left));
    }
    match value.read_lock::<Map>() {
        Some(map) => take_map(&map, left.checked_sub(1)?),
        None => left.checked_sub(1),
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits;
    use rhai::Dynamic;

    fn value(script: &str) -> Result<String, String> {
        let made = limits::engine().eval::<Dynamic>(script);
        made.map(|value| value.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn they_do_what_rhai_s_own_do() {
        for (script, want) in [
            (r#"let s = "hello"; s.replace("l", "LL"); s"#, "heLLLLo"),
            (r#"let s = "hello"; s.replace('l', "*"); s"#, "he**o"),
            (r#"let s = "hello"; s.replace("ll", '*'); s"#, "he*o"),
            (r#"let s = "hello"; s.replace('l', '*'); s"#, "he**o"),
            (r#"let s = "ab"; s.pad(7, "xyz"); s"#, "abxyzxy"),
            (r#"let s = "ab"; s.pad(4, '-'); s.pad(1, '-'); s"#, "ab--"),
            (r#"let s = "ab"; s.pad(4, ""); s"#, "ab"),
            (r##"#{a: 1, b: ["x", 2.5, true]}.to_json()"##, r#"{"a":1,"b":["x",2.5,true]}"#),
        ] {
            assert_eq!(value(script).unwrap(), want, "{script}");
        }
    }

    #[test]
    fn what_would_be_too_large_is_refused_before_it_is_made() {
        for script in [
            r#"let s = ""; s.pad(1000000, "a"); s.replace("a", s);"#,
            r#"let s = ""; s.pad(9000000000000, "a");"#,
            r#"let s = ""; s.pad(1000000, "a"); let m = #{}; for i in 0..9000 { m["k" + i] = s; } m.to_json();"#,
            "let f = || 0; for i in 0..60 { let a = f; let b = f; f = || [a, b]; } #{f: f}.to_json();",
        ] {
            let begun = std::time::Instant::now();
            assert!(value(script).unwrap_err().contains("Length of string"), "{script}");
            assert!(begun.elapsed().as_secs() < 60, "{script}");
        }
    }
}
