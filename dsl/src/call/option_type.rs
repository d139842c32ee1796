//! The types of options in words, and the errors for values of another type.

use crate::language::Fail;
use crate::value::{describe, unquoted};
use rhai::{Array, Dynamic};
use sdflow::options::OptionType;

/// The error for the value of the option `name`, which is not of the type `wanted`.
pub fn mismatch(name: &str, wanted: &OptionType, value: &Dynamic) -> Fail {
    let (mut seen, mut want) = (format!("is {}", describe(value)), describe_type(wanted));
    let array = value.read_lock::<Array>();
    let wrong = array.as_ref().and_then(|array| array.iter().find(|item| !is_element(item, wanted)));
    if let Some(item) = wrong {
        seen = format!("holds {}", describe(item));
    }
    if let Ok(number) = wrong.unwrap_or(value).as_int()
        && number < 0
    {
        seen = format!("{} {number}", if wrong.is_some() { "holds" } else { "is" });
        want = want.replace("a whole number", "a whole number of at least 0");
    }
    let fail = Fail::script(format!("`{name}` {seen}, but {want} is expected"));
    match (value.as_float(), unquoted(value)) {
        (Ok(x), _) if matches!(wanted, OptionType::Whole) && x.fract() == 0.0 && (0.0..1e15).contains(&x) => {
            fail.hint(format!("write {x:.0}"))
        }
        (_, Some(hint)) if accepts_numbers(wanted) => fail.hint(hint),
        _ => fail,
    }
}

/// Returns false if `list` is the type of a list and `item` cannot be an element of it; otherwise
/// true.
fn is_element(item: &Dynamic, list: &OptionType) -> bool {
    let one = |wanted: &OptionType| match wanted {
        OptionType::Whole => item.as_int().is_ok_and(|number| number >= 0),
        OptionType::Number => item.is_int() || item.is_float(),
        OptionType::Text => item.is_string(),
        OptionType::Truth => item.is_bool(),
        _ => true,
    };
    match list {
        OptionType::List(OptionType::Either(types)) => types.iter().any(one),
        OptionType::List(inner) => one(inner),
        _ => true,
    }
}

/// Returns a choice of names in words.
pub fn one_of(names: &[&str]) -> String {
    match names {
        [only] => format!("\"{only}\""),
        _ => format!("one of \"{}\"", names.join("\", \"").replace('\t', "\\t")),
    }
}

/// True if this type accepts a number.
fn accepts_numbers(value: &OptionType) -> bool {
    match value {
        OptionType::Number | OptionType::Whole | OptionType::Schedule => true,
        OptionType::List(inner) => accepts_numbers(inner),
        OptionType::Either(types) => types.iter().any(accepts_numbers),
        _ => false,
    }
}

/// Describes the values that this type accepts.
pub fn describe_type(value: &OptionType) -> String {
    match value {
        OptionType::Number => "a number".into(),
        OptionType::Whole => "a whole number".into(),
        OptionType::Truth => "true or false".into(),
        OptionType::Text => "a string".into(),
        OptionType::Name(known) => one_of(&known()),
        OptionType::NumbersByName => "a map of names and numbers such as #{energy: 0.02}".into(),
        OptionType::Points => "a set of points".into(),
        OptionType::Schedule => {
            "a number, a list of numbers, a formula such as \"1 - t\" or a schedule such as cosine(10, 0.1)".into()
        }
        OptionType::Kernel => "a kernel such as gaussian_kernel(1.0)".into(),
        OptionType::Metric => "a metric's name, or a map such as #{metric: \"mmd\", kernel: 0.5}".into(),
        OptionType::Options(keys) => {
            format!("a map of options ({})", keys.iter().map(|key| key.name).collect::<Vec<_>>().join(", "))
        }
        OptionType::List(OptionType::Text) => "a string or a list of strings".into(),
        OptionType::List(OptionType::Number) => "a list of numbers".into(),
        OptionType::List(OptionType::List(OptionType::Number)) => "a list of rows of numbers".into(),
        OptionType::List(inner) => format!("a list (each element is {})", describe_type(inner)),
        OptionType::Either([first @ .., last]) => {
            let one = |value: &OptionType| match value {
                OptionType::Truth => "true, false".into(),
                other => describe_type(other),
            };
            let first: Vec<String> = first.iter().map(one).collect();
            let last = match last {
                OptionType::List(OptionType::Either(_)) => "a list of them".into(),
                last => describe_type(last),
            };
            format!("{} or {last}", first.join(", "))
        }
        _ => "another value".into(),
    }
}
