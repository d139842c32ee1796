//! The manual of the language as data of Python.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use sdflow::options::{Key, OptionType};
use sdflow_dsl::manual::{self, Entry, Type};
use sdflow_dsl::session::SCRIPT_ONLY;

/// Returns the functions, methods and properties of the language that Python offers, each as a
/// dictionary.
#[pyfunction]
pub fn entries(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let offered = manual::manual().iter().enumerate().filter(|(_, entry)| !SCRIPT_ONLY.contains(&entry.name));
    PyList::new(py, offered.map(|(index, entry)| describe(py, index, entry)).collect::<PyResult<Vec<_>>>()?)
}

fn describe<'py>(py: Python<'py>, index: usize, entry: &Entry) -> PyResult<Bound<'py, PyDict>> {
    let told = PyDict::new(py);
    told.set_item("index", index)?;
    told.set_item("name", entry.name)?;
    told.set_item("receiver", entry.receiver.map(Type::name))?;
    told.set_item("is_property", entry.is_property)?;
    let args = entry.args.iter().map(|arg| (arg.name, arg.value.defined(true), arg.value.in_words(), arg.optional));
    told.set_item("args", args.collect::<Vec<_>>())?;
    told.set_item("returns", entry.returns.defined(false))?;
    told.set_item("returned", entry.returns_in_words())?;
    told.set_item("about", entry.about)?;
    let options = entry.options.iter().map(|key| {
        let default = manual::default_of(key).map(|text| text.trim_matches('`').to_string());
        (key.name, hint_of(&key.value), manual::kind_of(key), default, manual::doc_of(entry, key))
    });
    told.set_item("options", options.collect::<Vec<_>>())?;
    told.set_item("names", entry.names.to_vec())?;
    told.set_item("example", entry.example)?;
    Ok(told)
}

/// True if the option `key` is a set of points.
pub fn wants_points(key: &Key) -> bool {
    matches!(key.value, OptionType::Points)
}

/// Returns the type of an option as an annotation of Python.
fn hint_of(value: &OptionType) -> String {
    match value {
        OptionType::Number => "float".into(),
        OptionType::Whole => "int".into(),
        OptionType::Truth => "bool".into(),
        OptionType::Text => "str".into(),
        OptionType::Name(known) => format!("Literal[{}]", quoted(&known())),
        OptionType::NumbersByName => "Mapping[str, float]".into(),
        OptionType::Points => "Points | ArrayLike".into(),
        OptionType::Schedule => "float | str | Sequence[float] | Mapping[str, Any] | Callable[[float], float]".into(),
        OptionType::Kernel => "float | str | Mapping[str, Any]".into(),
        OptionType::Metric => "str | Mapping[str, Any]".into(),
        OptionType::Options(_) => "Mapping[str, Any]".into(),
        OptionType::List(inner) => format!("Sequence[{}] | ArrayLike", hint_of(inner)),
        OptionType::Either(types) => {
            let mut hints: Vec<String> = Vec::new();
            for hint in types.iter().map(hint_of) {
                if !hints.contains(&hint) {
                    hints.push(hint);
                }
            }
            hints.join(" | ")
        }
        _ => "Any".into(),
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}
