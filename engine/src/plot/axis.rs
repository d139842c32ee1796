//! What an axis shows.

/// One axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Axis {
    /// Quantity and unit.
    pub label: String,
    /// Logarithmic; values that are not positive are left out, and a note says how many.
    pub log: bool,
    /// The ends of the axis; `None` shows everything.
    pub range: Option<(f64, f64)>,
}
