//! How the values of a metric are interpreted.

/// The direction in which a metric improves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// Smaller is better: distances and errors.
    Lower,
    /// Larger is better: coverage, log density.
    Higher,
}

/// [`Properties::floor_points`] of a metric whose cost grows with the number of pairs of points.
pub(super) const FEW_POINTS: usize = 2_000;

/// How the values of a metric are interpreted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Properties {
    /// The direction in which the metric improves.
    pub better: Better,
    /// True if the metric uses the weights of a reference. Metrics that count neighbours treat all
    /// points alike.
    pub uses_weights: bool,
    /// The exponent `r`: the value for two samples of one distribution on `R^dim` falls with their
    /// size as `n^-r`. It scales a floor that was found on parts of a data set to the required
    /// sizes.
    pub rate: f64,
    /// True if the rate depends on the distribution, and [`Properties::rate`] is the fastest rate.
    /// The floor of many points is then scaled by a rate that is found on fewer points.
    pub rate_varies: bool,
    /// True if the value depends on the units of the columns.
    pub sees_units: bool,
    /// True if the value is measured in the standard deviations of the reference.
    pub takes_units: bool,
    /// The exponent `k`: the value grows as `c^k` if all coordinates are multiplied by `c`. Points
    /// of a very large or small scale are then measured at an ordinary scale. None if the metric
    /// does that itself, or need not do it.
    pub degree: Option<i32>,
    /// The largest number of points, both samples together, from which a noise floor is computed.
    /// The floor of more points is scaled to their number.
    pub floor_points: usize,
    /// True if one value takes so long that a noise floor is computed from few pairs of samples.
    pub is_slow: bool,
    /// True if the number of pairs depends on the points, because the metric iterates.
    pub iterates: bool,
}

impl Default for Properties {
    fn default() -> Properties {
        Properties {
            better: Better::Lower,
            uses_weights: false,
            rate: 0.5,
            rate_varies: false,
            sees_units: false,
            takes_units: false,
            degree: None,
            floor_points: usize::MAX,
            is_slow: false,
            iterates: false,
        }
    }
}
