//! The description of an axis.

/// An axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Axis {
    /// Label: quantity and unit.
    pub label: String,
    /// True for a logarithmic axis; values that are not positive are left out, with a note of their
    /// number.
    pub log: bool,
    /// The ends of the axis; `None` shows everything.
    pub range: Option<(f64, f64)>,
}
