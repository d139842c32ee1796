//! The parts that an object may lack.

use std::fmt;

/// A part that an object lacks, as data. The layer that writes the message adds advice on what to
/// do instead.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum MissingPart {
    /// A log density in closed form.
    LogDensity,
    /// A score in closed form.
    Score,
    /// A closed form after smoothing by noise of this standard deviation. The object has a closed
    /// form only without smoothing.
    SmoothedForm(f64),
    /// A mean and a covariance in closed form.
    Moments,
    /// A list of modes.
    Modes,
    /// A way to sample.
    Sampler,
    /// A distribution from which the particles start.
    Prior,
    /// A velocity field that other points could follow.
    Field,
    /// A rule for weighted points.
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
