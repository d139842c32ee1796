//! The description of an axis.

/// An axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Axis {
    /// The label: quantity and unit.
    pub label: String,
    /// True for a logarithmic axis. Values that are not positive are left out, and a note gives
    /// their number.
    pub log: bool,
    /// The ends of the axis; with `None` the axis shows everything.
    pub range: Option<(f64, f64)>,
    /// Values that have ticks, if there is room for their labels; empty: round numbers have ticks.
    pub values: Vec<f64>,
}
