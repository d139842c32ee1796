//! Every way in which a caller or the disk can be wrong. How a run ended is data, not an error.

use std::fmt;
use std::path::PathBuf;

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, with the value seen and the value wanted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument or option outside its range.
    #[error("`{name}` is {value}, but {want}")]
    Argument {
        /// The argument's name as the caller writes it.
        name: String,
        /// The value seen.
        value: String,
        /// What is wanted, as the end of a sentence: "it must be positive".
        want: String,
    },
    /// A name that is not in a closed list.
    #[error("there is no {what} `{name}`{}", suggestion(near))]
    Unknown {
        /// The kind of thing: "data set", "metric".
        what: &'static str,
        /// The name seen.
        name: String,
        /// The nearest known name.
        near: Option<String>,
    },
    /// Two shapes that do not fit.
    #[error("{what} {} {got}, {}{want}", verb(what), contrast(want))]
    Shape {
        /// What has the wrong shape: "points", "target weights".
        what: String,
        /// The shape seen: "3 columns".
        got: String,
        /// What is wanted: "the target has 2".
        want: String,
    },
    /// NaN or infinity in the data.
    #[error("{what} holds {value} in row {row}, column {column} (counted from 0), but every value must be finite")]
    NotFinite {
        /// Which data.
        what: String,
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
        /// The value seen.
        value: f64,
    },
    /// A formula that cannot be read.
    #[error("{message}, at character {} of {text:?}", at + 1)]
    Expression {
        /// The formula.
        text: String,
        /// Where in it, in characters from 0.
        at: usize,
        /// How many characters are meant, at least 1.
        length: usize,
        /// What is wrong there.
        message: String,
        /// What to type instead; may be empty.
        hint: String,
    },
    /// A function of the caller's that failed.
    #[error("{what} failed: {reason}")]
    Callback {
        /// Which function: "the log density of `density`".
        what: String,
        /// Why.
        reason: String,
    },
    /// A file whose content cannot be used.
    #[error("{}{}: {seen}, but {want}", path.display(), place_of(place))]
    File {
        /// The file.
        path: PathBuf,
        /// Where in it: "line 3, column 2"; empty for the whole file.
        place: String,
        /// What was seen there.
        seen: String,
        /// What was wanted, as the end of a sentence.
        want: String,
    },
    /// The operating system refused.
    #[error("cannot {act} {}: {reason}", path.display())]
    Io {
        /// "read" or "write".
        act: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// Something that this object cannot give: a density, an exact score, a mode list.
    #[error("{what} has no {part}{}", advice(hint))]
    Missing {
        /// The object: "the data set `moons`".
        what: String,
        /// What it lacks.
        part: MissingPart,
        /// What to do instead; empty where the part alone decides it.
        hint: String,
    },
    /// A computation that has no answer: a covariance that is not positive definite.
    #[error("{what}: {reason}")]
    Numeric {
        /// The computation.
        what: String,
        /// Why it failed and what would mend it.
        reason: String,
    },
    /// The caller's [`crate::Interrupt`] was raised.
    #[error("interrupted")]
    Interrupted,
}

/// What an object lacks, as data: who speaks to the user says what to do instead in the user's own language.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum MissingPart {
    /// A log density in closed form.
    LogDensity,
    /// A score in closed form.
    Score,
    /// A closed form of what is smoothed by noise of this standard deviation, beside one without smoothing.
    SmoothedForm(f64),
    /// A mean and a covariance in closed form.
    Moments,
    /// A list of modes.
    Modes,
    /// A way to draw points.
    Sampler,
    /// A distribution from which its particles start.
    Prior,
    /// A velocity field that other points could follow.
    Field,
    /// A rule for points that do not count alike.
    Weights,
    /// Anything else, in words.
    Other(String),
}

impl fmt::Display for MissingPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MissingPart::LogDensity => f.write_str("closed-form log density"),
            MissingPart::Score => f.write_str("closed-form score"),
            MissingPart::SmoothedForm(sigma) => write!(f, "closed form at sigma = {sigma}"),
            MissingPart::Moments => f.write_str("closed-form moments"),
            MissingPart::Modes => f.write_str("list of modes"),
            MissingPart::Sampler => f.write_str("sampler"),
            MissingPart::Prior => f.write_str("distribution to start from"),
            MissingPart::Field => f.write_str("field that other points could follow"),
            MissingPart::Weights => f.write_str("rule for the weights of a reference"),
            MissingPart::Other(part) => f.write_str(part),
        }
    }
}

impl From<&str> for MissingPart {
    fn from(part: &str) -> MissingPart {
        MissingPart::Other(part.into())
    }
}

/// Who has to mend it; the command line turns this into an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// An argument, an option, a name.
    Call,
    /// A file or the data in it.
    Data,
    /// Nobody: the user stopped it.
    Stopped,
}

impl Error {
    /// Who has to mend it.
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

    /// An argument out of range.
    pub fn argument(name: &str, value: impl ToString, want: impl Into<String>) -> Error {
        Error::Argument { name: name.into(), value: value.to_string(), want: want.into() }
    }

    /// A part that `what` lacks.
    pub fn missing(what: impl Into<String>, part: MissingPart) -> Error {
        Error::Missing { what: what.into(), part, hint: String::new() }
    }

    /// A shape that does not fit.
    pub fn shape(what: impl Into<String>, got: impl Into<String>, want: impl Into<String>) -> Error {
        Error::Shape { what: what.into(), got: got.into(), want: want.into() }
    }

    /// An unknown name, with the nearest of `known` when one is near enough.
    pub fn unknown<'a>(what: &'static str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Error {
        Error::Unknown { what, name: name.into(), near: nearest(name, known) }
    }
}

/// The name in `known` that `name` was most likely meant to be, if any is near enough.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    known
        .into_iter()
        .map(|k| (strsim::damerau_levenshtein(&name.to_lowercase(), &k.to_lowercase()), k))
        .filter(|(distance, k)| *distance <= 1 + k.len().max(name.len()) / 4)
        .min()
        .map(|(_, k)| k.to_string())
}

fn verb(what: &str) -> &'static str {
    if ["the points", "the images", "weights"].contains(&what) { "have" } else { "has" }
}

/// Two things of the same kind stand side by side; a rule is opposed.
fn contrast(want: &str) -> &'static str {
    let beside = want.contains(" has ") && !want.starts_with("it has ");
    if beside { "" } else { "but " }
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
