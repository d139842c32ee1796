//! Former names that still work, with a warning.

/// An option with a former name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Old {
    /// The function that has the option.
    pub function: &'static str,
    /// The former name.
    pub old: &'static str,
    /// The current name.
    pub new: &'static str,
}

/// All options with a former name. Rhai reserves the word `until`, so it must be quoted as a key.
const OLD: &[Old] = &[
    Old { function: "run", old: "until", new: "stop_when" },
    Old { function: "denoiser", old: "average", new: "ema" },
    Old { function: "dsb", old: "average", new: "ema" },
    Old { function: "dsbm", old: "average", new: "ema" },
];

/// Functions with a former name: the former name, the current name.
const OLD_FUNCTIONS: &[(&str, &str)] = &[("shared_out", "split_by_mode")];

/// Returns the current name of the function `name`, if `name` is a former name.
pub fn current_function(name: &str) -> Option<&'static str> {
    OLD_FUNCTIONS.iter().find(|(old, _)| *old == name).map(|(_, new)| *new)
}

/// Returns the former name of the function `name`.
pub fn earlier_function(name: &str) -> Option<&'static str> {
    OLD_FUNCTIONS.iter().find(|(_, new)| *new == name).map(|(old, _)| *old)
}

/// Returns the current name of the option `name` of `function`, if `name` is a former name.
pub fn current(function: &str, name: &str) -> Option<&'static str> {
    OLD.iter().find(|o| o.function == function && o.old == name).map(|o| o.new)
}

/// Returns the former name of the option `name` of `function`.
pub fn earlier(function: &str, name: &str) -> Option<&'static str> {
    OLD.iter().find(|o| o.function == function && o.new == name).map(|o| o.old)
}
