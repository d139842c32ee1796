//! The subject of an error, and the amount that was found.

use std::fmt;

/// The subject of an error: an argument or an option of the caller, or anything else in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// The name of the argument or option; None for other subjects.
    pub name: Option<String>,
    words: String,
    plural: bool,
}

impl Subject {
    /// Returns the argument `name` as a subject, such as "the start" in a sentence.
    pub fn argument(name: &str) -> Subject {
        Subject { name: Some(name.into()), words: format!("the {name}"), plural: false }
    }

    /// Returns the argument `points` as a subject.
    pub fn points() -> Subject {
        Subject { plural: true, ..Subject::argument("points") }
    }

    /// Returns the option `name` as a subject, in backticks in a sentence.
    pub fn option(name: &str) -> Subject {
        Subject { name: Some(name.into()), words: format!("`{name}`"), plural: false }
    }

    /// Returns a subject in the plural, such as "the images", with the verb "have".
    pub fn several(words: impl Into<String>) -> Subject {
        Subject { plural: true, ..Subject::from(words.into()) }
    }

    /// Returns the form of the verb that agrees with the subject.
    pub(super) fn has(&self) -> &'static str {
        if self.plural { "have" } else { "has" }
    }
}

impl From<String> for Subject {
    fn from(words: String) -> Subject {
        Subject { name: None, words, plural: false }
    }
}

impl From<&str> for Subject {
    fn from(words: &str) -> Subject {
        Subject::from(words.to_string())
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// The amount that was found.
#[derive(Debug, Clone, PartialEq)]
pub enum Quantity {
    /// A number of columns, that is, of coordinates.
    Columns(usize),
    /// Anything else in words, such as "no rows".
    Words(String),
}

impl From<String> for Quantity {
    fn from(words: String) -> Quantity {
        Quantity::Words(words)
    }
}

impl From<&str> for Quantity {
    fn from(words: &str) -> Quantity {
        Quantity::Words(words.into())
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Quantity::Columns(1) => f.write_str("1 column"),
            Quantity::Columns(n) => write!(f, "{n} columns"),
            Quantity::Words(words) => f.write_str(words),
        }
    }
}
