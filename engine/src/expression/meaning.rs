//! The meaning of the names in a formula.

/// The meaning of a name in a formula.
#[derive(Debug, Clone, PartialEq)]
pub enum Meaning {
    /// The inputs, by index: `x[0]`.
    Inputs,
    /// One input.
    Input(usize),
    /// A number.
    Number(f64),
    /// Numbers, by index: `a[0]`.
    List(Vec<f64>),
}
