//! What a caller may say about a table of text.

use serde::{Deserialize, Serialize};

/// What separates the cells of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Separator {
    /// What gives every line as many cells and the most columns of numbers.
    #[serde(rename = "auto")]
    Auto,
    /// A comma.
    #[serde(rename = ",")]
    Comma,
    /// A semicolon.
    #[serde(rename = ";")]
    Semicolon,
    /// A tab.
    #[serde(rename = "\t")]
    Tab,
    /// Spaces and tabs, however many.
    #[serde(rename = " ")]
    Space,
}

/// What stands between a whole number and its fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decimal {
    /// A comma where numbers have one and none has a point; otherwise a point.
    #[serde(rename = "auto")]
    Auto,
    /// A point.
    #[serde(rename = ".")]
    Point,
    /// A comma.
    #[serde(rename = ",")]
    Comma,
}

/// What happens to a row with a missing value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MissingCells {
    /// The file is refused.
    Refuse,
    /// The row is left out.
    Drop,
}

crate::choices!(Separator, Decimal, MissingCells);
