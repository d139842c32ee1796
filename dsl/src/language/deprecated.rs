//! Spellings that still work and are no longer the ones to write.

/// An option that was called otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Old {
    /// The function whose option it is.
    pub function: &'static str,
    /// As it was written.
    pub old: &'static str,
    /// As it is written now.
    pub new: &'static str,
}

/// All of them. `until` is a word that Rhai reserves: as a key it must stand in quotes.
const OLD: &[Old] = &[Old { function: "run", old: "until", new: "stop_when" }];

/// What `name` is called now, as an option of `function`.
pub fn current(function: &str, name: &str) -> Option<&'static str> {
    OLD.iter().find(|o| o.function == function && o.old == name).map(|o| o.new)
}

/// What the option `name` of `function` was called.
pub fn earlier(function: &str, name: &str) -> Option<&'static str> {
    OLD.iter().find(|o| o.function == function && o.new == name).map(|o| o.old)
}
