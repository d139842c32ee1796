//! The command that repeats a run.

use super::Record;
use crate::quote::for_shell;
use serde_json::Value;

impl Record {
    /// Returns the command that repeats this run.
    pub fn command(&self) -> String {
        match self.seed {
            0 => self.command_of_seeds(""),
            seed => self.command_of_seeds(&format!("--seed {seed}")),
        }
    }

    /// Returns the command of runs that differ in the seed only; `seed` is the option with it.
    pub fn command_of_seeds(&self, seed: &str) -> String {
        let mut words = vec!["sdflow-engine".to_string(), for_shell(&self.script.to_string_lossy())];
        for (name, param) in self.params.iter().filter(|(_, param)| param.origin != "script") {
            let value = match &param.value {
                // Without quotes the comma would separate the values of a list.
                Value::String(text) if text.contains(',') => format!("\"{text}\""),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            words.extend(["-p".to_string(), for_shell(&format!("{name}={value}"))]);
        }
        if !seed.is_empty() {
            words.push(seed.into());
        }
        if self.quick {
            words.push("--quick".into());
        }
        words.join(" ")
    }
}
