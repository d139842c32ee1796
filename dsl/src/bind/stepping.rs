//! Flows as values, and the options of their integration.

use crate::call::Call;
use crate::language::Fail;
use crate::value::{Flow, Plan, columns_of};
use rhai::Dynamic;
use sdflow::flow::Stepping;
use sdflow::options::{Key, Options};
use serde_json::Value;

/// Returns a flow as a value of the script. `make` builds a flow for every run; it is called once
/// here to find errors.
///
/// # Errors
/// Those of `make`, placed at the argument or option that they name.
pub fn plan(
    name: &'static str,
    call: &Call,
    stepping: Stepping,
    make: impl Fn() -> sdflow::Result<Flow> + Send + Sync + 'static,
) -> Result<Dynamic, Fail> {
    make().map_err(|e| call.place(e))?;
    let columns = call.arg(0).map(columns_of).unwrap_or_default();
    Ok(Dynamic::from(Plan::new(name, stepping, make).named(columns)))
}

/// Returns the keys of the options of a flow, followed by those of its stepping with the default
/// `step`.
pub const fn with_stepping<const N: usize>(own: &[Key], step: fn() -> Value) -> [Key; N] {
    let mut all = [own[0]; N];
    let mut i = 0;
    while i < N {
        all[i] = if i < own.len() { own[i] } else { Stepping::KEYS[i - own.len()] };
        i += 1;
    }
    all[own.len()].default = step;
    all
}

pub const STEPPING: usize = Stepping::KEYS.len();
