//! All errors of callers and of files. How a run ended is data, not an error.

mod missing;
mod requirement;
mod subject;

pub use missing::MissingPart;
pub use requirement::{Requirement, Rule};
pub use subject::{Quantity, Subject};

use std::path::PathBuf;

/// The result type of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error, with the value found and the value expected.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument or option outside its range.
    #[error("`{name}` is {value}, but {want}")]
    Argument {
        /// The name of the argument, as the caller writes it.
        name: String,
        /// The value found.
        value: String,
        /// What is expected, such as "it must be positive".
        want: Requirement,
    },
    /// A name that is not in a closed list.
    #[error("there is no {what} `{name}`{}", suggestion(near))]
    Unknown {
        /// The kind of thing, such as "data set" or "metric".
        what: &'static str,
        /// The name found.
        name: String,
        /// The nearest known name.
        near: Option<String>,
    },
    /// Two shapes that do not fit.
    #[error("{what} {} {got}, but {want}", what.has())]
    Shape {
        /// The subject with the wrong shape, such as the argument `start` or the weights of the
        /// target.
        what: Subject,
        /// The shape that was found, such as 3 columns.
        got: Quantity,
        /// What is expected, as the end of a sentence, such as "the target has 2".
        want: String,
    },
    /// NaN or infinity in the data, or a number so large that its square overflows.
    #[error("{what} holds {} in row {row}, column {column} (counted from 0), but {}", format_value(*value), usable(*value))]
    NotFinite {
        /// The name of the data.
        what: String,
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
        /// The value found.
        value: f64,
    },
    /// A formula that cannot be parsed.
    #[error("{message}, at character {} of {text:?}", at + 1)]
    Expression {
        /// The formula.
        text: String,
        /// The position of the error, in characters from 0.
        at: usize,
        /// The number of wrong characters, at least 1.
        length: usize,
        /// What is wrong.
        message: String,
        /// What to type instead; may be empty.
        hint: String,
    },
    /// A callback of the caller that failed.
    #[error("{what} failed: {reason}")]
    Callback {
        /// The function, such as "the log density of `density`".
        what: String,
        /// The reason.
        reason: String,
    },
    /// A file whose content cannot be used.
    #[error("{}{}: {seen}, but {want}", path.display(), place_of(place))]
    File {
        /// The file.
        path: PathBuf,
        /// The place in the file, such as "line 3, column 2"; empty for the whole file.
        place: String,
        /// What was found there.
        seen: String,
        /// What was expected.
        want: Requirement,
    },
    /// An I/O error of the operating system.
    #[error("cannot {act} {}: {reason}", path.display())]
    Io {
        /// "read" or "write".
        act: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The reason given by the system.
        reason: String,
    },
    /// A part that this object lacks, such as a density, an exact score or a list of modes.
    #[error("{what} has no {part}{}", advice(hint))]
    Missing {
        /// The object, such as "the data set `moons`".
        what: String,
        /// The part that the object lacks.
        part: MissingPart,
        /// What to do instead; empty if it follows from the part alone.
        hint: String,
    },
    /// A computation without a result, for example because a covariance is not positive definite.
    #[error("{what}: {reason}")]
    Numeric {
        /// The computation.
        what: String,
        /// The reason, and a way to correct the error.
        reason: String,
    },
    /// The caller's [`crate::Interrupt`] was raised.
    #[error("interrupted")]
    Interrupted,
}

/// Who must correct the error. The command line converts this to an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// An argument, an option, a name.
    Call,
    /// A file or the data in it.
    Data,
    /// No one: the user stopped the program.
    Stopped,
}

impl Error {
    /// Returns who must correct the error.
    pub fn blame(&self) -> Blame {
        match self {
            Error::Argument { .. }
            | Error::Unknown { .. }
            | Error::Missing { .. }
            | Error::Expression { .. }
            | Error::Callback { .. } => Blame::Call,
            Error::Shape { .. }
            | Error::NotFinite { .. }
            | Error::File { .. }
            | Error::Io { .. }
            | Error::Numeric { .. } => Blame::Data,
            Error::Interrupted => Blame::Stopped,
        }
    }

    /// Returns the error for an argument out of range.
    pub fn argument(name: &str, value: impl ToString, want: impl Into<Requirement>) -> Error {
        Error::Argument { name: name.into(), value: value.to_string(), want: want.into() }
    }

    /// Returns the error for a part that `what` lacks.
    pub fn missing(what: impl Into<String>, part: MissingPart) -> Error {
        Error::Missing { what: what.into(), part, hint: String::new() }
    }

    /// Returns the error for a shape that breaks a rule, or that differs from the shape of another
    /// object.
    pub fn shape(what: impl Into<Subject>, got: impl Into<Quantity>, want: impl Into<String>) -> Error {
        Error::Shape { what: what.into(), got: got.into(), want: want.into() }
    }

    /// Returns the error for an unknown name, with the nearest of `known` if one is near enough.
    pub fn unknown<'a>(what: &'static str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Error {
        Error::Unknown { what, name: name.into(), near: nearest(name, known) }
    }
}

/// Returns the name in `known` that is nearest to `name`, if any is near enough.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    // Short words with two changes are other words.
    let limit = |longest: usize| if longest < 5 { 1 } else { 1 + longest / 4 };
    known
        .into_iter()
        .map(|k| (strsim::damerau_levenshtein(&name.to_lowercase(), &k.to_lowercase()), k))
        .filter(|(distance, k)| *distance <= limit(k.len().max(name.len())))
        .min()
        .map(|(_, k)| k.to_string())
}

fn format_value(value: f64) -> String {
    if value.is_finite() { format!("{value:e}") } else { value.to_string() }
}

fn usable(value: f64) -> &'static str {
    match value.is_finite() {
        true => "a value must be at most 1e150 in size, so that squares of distances are finite",
        false => "every value must be finite",
    }
}

fn advice(hint: &str) -> String {
    if hint.is_empty() { String::new() } else { format!("; {hint}") }
}

fn suggestion(near: &Option<String>) -> String {
    near.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default()
}

fn place_of(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!(", {place}") }
}
