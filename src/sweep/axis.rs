//! One axis of a sweep: the name of a parameter and its values.

use crate::diagnostics::usage;
use crate::run_files::number;
use sdflow_dsl::Diagnostic;

/// The largest number of values of an axis, and of cells of a sweep.
pub const MOST: usize = 100_000;

/// A parameter and its values, written as for `run`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    pub name: String,
    pub values: Vec<String>,
}

/// Parses the axis of `-p name=text`: a list of values and of ranges that include both ends.
///
/// # Errors
/// The text is not a valid axis; the hint says what to type.
pub fn axis(name: &str, text: &str) -> Result<Axis, Diagnostic> {
    let refused = |(why, instead): BadAxis| {
        let seen = if text.trim().is_empty() { "empty".into() } else { format!("`{text}`") };
        usage(format!("axis `{name}` is {seen}, but {why}"), format!("write -p {name}={instead}"))
    };
    let mut values = Vec::new();
    for item in items(text).map_err(refused)? {
        values.extend(expand(&item).map_err(refused)?);
    }
    Ok(Axis { name: name.into(), values })
}

/// The mistake in an axis, and what to write instead.
type BadAxis = (String, String);

/// Splits at commas, except for those in double quotes.
fn items(text: &str) -> Result<Vec<String>, BadAxis> {
    let mut items = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        quoted ^= c == '"';
        match items.last_mut() {
            Some(item) if c != ',' || quoted => item.push(c),
            _ => items.push(String::new()),
        }
    }
    if quoted {
        return Err(("a double quote is not closed".into(), format!("{text}\"")));
    }
    let mut full = items.iter().map(|item| item.trim()).filter(|item| !item.is_empty());
    if full.clone().count() < items.len() {
        let rest: Vec<&str> = full.by_ref().collect();
        let instead = if rest.is_empty() { "2,8,32".into() } else { rest.join(",") };
        let why = if text.trim().is_empty() { "it needs at least one value" } else { "one of its values is empty" };
        return Err((why.into(), format!("{instead}, and \"\" for an empty string")));
    }
    Ok(items.into_iter().map(|item| item.trim().to_string()).collect())
}

/// Returns a plain value as it is, and a range as its values.
fn expand(item: &str) -> Result<Vec<String>, BadAxis> {
    let Some((kind, rest)) = item.split_once(':') else { return Ok(vec![item.into()]) };
    let parts: Vec<&str> = rest.split(':').collect();
    match kind {
        "int" => whole_numbers(&parts),
        "lin" | "log" => spaced_numbers(kind, &parts),
        _ => Ok(vec![item.into()]),
    }
}

fn whole_numbers(parts: &[&str]) -> Result<Vec<String>, BadAxis> {
    let parsed: Result<Vec<i64>, BadAxis> =
        parts.iter().map(|part| part.parse().map_err(|_| (not_a("whole number", part), "int:1:5".into()))).collect();
    let (first, last, step) = match parsed?.as_slice() {
        [first, last] => (*first, *last, 1),
        [first, last, step] => (*first, *last, *step),
        _ => {
            return Err(("a range of whole numbers is int:FIRST:LAST or int:FIRST:LAST:STEP".into(), "int:1:5".into()));
        }
    };
    if first > last {
        return Err((downwards(), format!("int:{last}:{first}")));
    }
    if step < 1 {
        return Err((format!("its step is {step}, and a range must increase"), format!("int:{first}:{last}:1")));
    }
    let count = (i128::from(last) - i128::from(first)) / i128::from(step) + 1;
    if count > MOST as i128 {
        return Err((too_many(count), format!("int:{first}:{}", first.saturating_add(9))));
    }
    Ok((0..count).map(|i| (i128::from(first) + i * i128::from(step)).to_string()).collect())
}

fn spaced_numbers(kind: &str, parts: &[&str]) -> Result<Vec<String>, BadAxis> {
    let example = if kind == "log" { "log:0.1:10:5" } else { "lin:0:1:5" };
    let [low, high, count] = parts else {
        return Err((format!("such a range is {kind}:FIRST:LAST:COUNT"), example.into()));
    };
    let end = |part: &str| match part.parse::<f64>() {
        Ok(x) if x.is_finite() => Ok(x),
        _ => Err((not_a("number", part), example.to_string())),
    };
    let (low, high) = (end(low)?, end(high)?);
    let range = |low: f64, high: f64, n: usize| format!("{kind}:{}:{}:{n}", number(low), number(high));
    let Ok(n) = count.parse::<usize>() else {
        return Err((format!("`{count}` is not a number of values"), range(low, high, 5)));
    };
    if low > high {
        return Err((downwards(), range(high, low, n)));
    }
    if kind == "log" && low <= 0.0 {
        let high = if high > 0.0 { high } else { 10.0 };
        return Err(("a logarithmic range must begin above 0".into(), range(high / 100.0, high, n.max(3))));
    }
    match n {
        0 => return Err(("it has no values".into(), range(low, high, 5))),
        1 if low < high => return Err(("both ends are included, which makes 2 values".into(), range(low, high, 2))),
        n if n > MOST => return Err((too_many(n), range(low, high, 10))),
        n if n > 1 && low == high => return Err(("its ends are the same".into(), number(low))),
        _ => {}
    }
    Ok((0..n).map(|i| number(between(kind, low, high, i, n))).collect())
}

/// Returns the `i`-th of `n` values. Values between the ends are rounded to 12 digits, so that 0.3
/// does not become 0.30000000000000004.
fn between(kind: &str, low: f64, high: f64, i: usize, n: usize) -> f64 {
    match i {
        0 => low,
        i if i + 1 == n => high,
        i => {
            let t = i as f64 / (n - 1) as f64;
            let mixed = |a: f64, b: f64| a * (1.0 - t) + b * t;
            let value = if kind == "log" { 10f64.powf(mixed(low.log10(), high.log10())) } else { mixed(low, high) };
            format!("{value:.11e}").parse().unwrap_or(value) + 0.0
        }
    }
}

fn not_a(kind: &str, part: &str) -> String {
    if part.is_empty() { format!("a {kind} is missing") } else { format!("`{part}` is not a {kind}") }
}

fn downwards() -> String {
    "a range must increase".into()
}

fn too_many(count: impl std::fmt::Display) -> String {
    format!("it has {count} values; the limit is {MOST}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<String> {
        axis("a", text).unwrap_or_else(|e| panic!("{text}: {}", e.message)).values
    }

    #[test]
    fn lists_and_ranges_with_both_ends() {
        assert_eq!(values("2, 8,32"), ["2", "8", "32"]);
        assert_eq!(values("\"a,b\",c"), ["\"a,b\"", "c"]);
        assert_eq!(values("int:-1:2"), ["-1", "0", "1", "2"]);
        assert_eq!(values("int:0:100:25"), ["0", "25", "50", "75", "100"]);
        assert_eq!(values("int:3:3,9"), ["3", "9"]);
        assert_eq!(values("lin:0:1:5"), ["0", "0.25", "0.5", "0.75", "1"]);
        assert_eq!(values("lin:0.1:0.4:4"), ["0.1", "0.2", "0.3", "0.4"]);
        assert_eq!(values("lin:-0.3:0.3:3")[1], "0");
        assert_eq!(values("log:0.1:10:5"), ["0.1", "0.316227766017", "1", "3.16227766017", "10"]);
        assert_eq!(values("log:1:16:5"), ["1", "2", "4", "8", "16"]);
        assert_eq!(values("lin:2:2:1"), ["2"]);
        assert_eq!(values("http://x"), ["http://x"]);
    }

    #[test]
    fn bad_ranges_name_the_axis_the_value_and_a_way_out() {
        for (text, why, instead) in [
            ("int:5:1", "increase", "int:1:5"),
            ("int:1:5:0", "step is 0", "int:1:5:1"),
            ("int:1", "int:FIRST:LAST", "int:1:5"),
            ("int:1:x", "`x` is not a whole number", "int:1:5"),
            ("int:0:9999999999", "10000000000 values", "int:0:9"),
            ("int:-9223372036854775808:9223372036854775807", "values", "int:"),
            ("log:0:1:3", "above 0", "log:0.01:1:3"),
            ("log:-2:-1:3", "above 0", "log:0.1:10:3"),
            ("lin:1:2:0", "no values", "lin:1:2:5"),
            ("lin:1:2:1", "2 values", "lin:1:2:2"),
            ("lin:1:2", "lin:FIRST:LAST:COUNT", "lin:0:1:5"),
            ("lin:a:2:3", "`a` is not a number", "lin:0:1:5"),
            ("lin:nan:2:3", "`nan` is not a number", "lin:0:1:5"),
            ("lin:1:2:x", "`x` is not a number of values", "lin:1:2:5"),
            ("lin:1:1:3", "the same", "1"),
            ("2,,8", "empty", "2,8"),
            ("int:1:", "a whole number is missing", "int:1:5"),
            ("\"a,b", "not closed", "\"a,b\""),
        ] {
            let refusal = axis("sigma", text).unwrap_err();
            assert!(refusal.message.starts_with(&format!("axis `sigma` is `{text}`, but ")), "{}", refusal.message);
            assert!(refusal.message.contains(why), "{text}: {}", refusal.message);
            let hint = refusal.hint.unwrap();
            assert!(hint.starts_with(&format!("write -p sigma={instead}")), "{text}: {hint}");
        }
    }

    #[test]
    fn an_empty_axis_is_told_as_such() {
        let refusal = axis("sigma", " ").unwrap_err();
        assert_eq!(refusal.message, "axis `sigma` is empty, but it needs at least one value");
    }
}
