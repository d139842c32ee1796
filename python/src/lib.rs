//! The Python module `sdflow._engine`: sessions of the script language, and the pairwise sums.
//!
//! The package in `python/sdflow` builds its functions and classes from [`manual::entries`], and
//! calls them by [`session::Session`]. A new function of the language needs no line here.

mod array;
mod handle;
mod manual;
mod session;
mod sums;
mod watched;

use pyo3::prelude::*;
use sdflow::options::{Key, OptionType, Options};
use sdflow::pairwise::PairwiseOptions;
use std::ffi::OsString;

pyo3::create_exception!(
    sdflow._engine,
    EngineError,
    pyo3::exceptions::PyException,
    "A failed call: kind, message, hint."
);

/// The exception for an argument that cannot be used.
fn refused(message: impl Into<String>) -> PyErr {
    EngineError::new_err(("value", message.into(), None::<String>))
}

/// Performs the command `sdflow-engine` with these words, of which the first is the name of the
/// program, and returns its exit code.
#[pyfunction]
fn command(py: Python<'_>, words: Vec<OsString>) -> u8 {
    py.detach(|| sdflow_engine::main_with(words))
}

/// Returns the names that each option of the pairwise sums accepts.
#[pyfunction]
fn pairwise_choices() -> Vec<(&'static str, Vec<&'static str>)> {
    let names = |key: &Key| match key.value {
        OptionType::Name(known) => Some((key.name, known())),
        _ => None,
    };
    PairwiseOptions::KEYS.iter().filter_map(names).collect()
}

/// Formats a value with its standard error, as the command prints it.
#[pyfunction]
fn estimate(value: f64, se: Option<f64>) -> String {
    se.map_or_else(|| sdflow::number::number(value), |se| sdflow::number::estimate(value, se))
}

/// Lets glibc keep the memory that a call frees for the next call, which would otherwise get it
/// again from the system, page by page. It keeps blocks up to the size of the largest one that it
/// has mapped and freed, if that is below 32 MiB. The block here is never touched. Other allocators,
/// and thresholds of malloc that the environment sets, stay as they are.
fn keep_freed_memory() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity((32 << 20) - (1 << 16))));
}

#[pymodule(gil_used = false)]
fn _engine(module: &Bound<'_, PyModule>) -> PyResult<()> {
    keep_freed_memory();
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("EngineError", module.py().get_type::<EngineError>())?;
    module.add_class::<handle::Handle>()?;
    module.add_class::<session::Session>()?;
    module.add_function(wrap_pyfunction!(command, module)?)?;
    module.add_function(wrap_pyfunction!(pairwise_choices, module)?)?;
    module.add_function(wrap_pyfunction!(estimate, module)?)?;
    module.add_function(wrap_pyfunction!(manual::entries, module)?)?;
    module.add_function(wrap_pyfunction!(sums::score_difference, module)?)?;
    module.add_function(wrap_pyfunction!(sums::log_sum_exp, module)?)?;
    module.add_function(wrap_pyfunction!(sums::softmax_mean, module)?)?;
    module.add_function(wrap_pyfunction!(sums::kernel_sum, module)?)
}
