//! How the values of a metric are judged.

/// Which way a metric improves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// Smaller is better: distances and errors.
    Lower,
    /// Larger is better: coverage, log density.
    Higher,
}

/// How the values of a metric are judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Properties {
    /// Which way it improves.
    pub better: Better,
    /// Does it use the weights of a reference? One that counts neighbours takes every point alike.
    pub uses_weights: bool,
    /// The exponent `r` of `n^-r` by which the value of two samples of one distribution on `R^dim`
    /// falls with their size: with it a floor found on parts of a data set is carried to the sizes
    /// asked for.
    pub rate: f64,
    /// Does the value depend on the units of the columns?
    pub sees_units: bool,
}

impl Default for Properties {
    fn default() -> Properties {
        Properties { better: Better::Lower, uses_weights: false, rate: 0.5, sees_units: false }
    }
}
