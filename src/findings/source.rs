//! A run whose findings are told.

use crate::record::Record;
use std::path::PathBuf;

/// A run and its folder.
pub struct Run {
    pub folder: PathBuf,
    pub record: Record,
}

impl Run {
    /// Returns what determines the results besides the seed and the machine: the command, the
    /// parameters, and the code of the script without lines of comments.
    pub fn origin(&self) -> String {
        let params: Vec<String> = self.record.params.iter().map(|(name, p)| format!("{name}={}", p.value)).collect();
        let script = sdflow::io::read_regular(&self.folder.join("script.rhai")).unwrap_or_default();
        let script = String::from_utf8_lossy(&script);
        let code: Vec<&str> = script.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        format!("{} {} {}", self.record.command_of_seeds(""), params.join(" "), code.join("\n"))
    }
}
