//! An error as a message for the user, and its place in a script.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// An error as a message for the user: cause, place, hint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Who must correct the error; this decides the exit code.
    pub kind: Fault,
    /// The cause, in one line.
    pub message: String,
    /// The file and the place in it.
    pub place: Option<Place>,
    /// What to type instead.
    pub hint: Option<String>,
    /// A name for `sdflow-engine doc`.
    pub see: Option<String>,
}

impl Diagnostic {
    /// True if both are the same error at the same place.
    pub fn is_same(&self, other: &Diagnostic) -> bool {
        self.message == other.message && self.place == other.place
    }

    /// Returns it in one line: `a.rhai:2:5: cause: hint`.
    pub fn line(&self) -> String {
        let place = self.place.as_ref().map(|p| format!("{}:{}:{}: ", p.file.display(), p.line, p.column));
        let hint = self.hint.as_ref().map(|hint| format!(": {hint}"));
        format!("{}{}{}", place.unwrap_or_default(), self.message, hint.unwrap_or_default())
    }
}

/// Who must correct an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// A `-p` value that cannot be used (exit code 2).
    Usage,
    /// The script (3).
    Script,
    /// A flow diverged, and the script did not handle it (5).
    Diverged,
    /// A file or its data (6).
    Data,
    /// The user stopped it (130).
    Interrupted,
    /// A bug in this program (1).
    Internal,
}

/// A place in a script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The file, as the user would name it.
    pub file: PathBuf,
    /// The text of the file, which is not serialised.
    #[serde(skip)]
    pub source: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Length of the token in characters, at least 1.
    pub length: usize,
}

impl Place {
    /// Returns the place of `length` characters that begin at character `at` of the string `text`.
    /// Returns None if the source at this place is not the string `text`.
    pub(super) fn inside(&self, text: &str, at: usize, length: usize) -> Option<Place> {
        let line: Vec<char> = self.source.lines().nth(self.line - 1)?.chars().skip(self.column).collect();
        let string: Vec<char> = text.chars().collect();
        line.starts_with(&string).then(|| Place { column: self.column + 1 + at, length, ..self.clone() })
    }
}
