//! The options for reading a table of text.

use serde::{Deserialize, Serialize};

/// The separator of the cells of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Separator {
    /// The separator that gives every line the same number of cells and the most columns of
    /// numbers.
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
    /// Any number of spaces and tabs.
    #[serde(rename = " ")]
    Space,
}

/// The mark between a whole number and its fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decimal {
    /// A comma if numbers contain commas and no number contains a point; otherwise a point.
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
    /// Such a row is an error.
    Refuse,
    /// Such a row is left out.
    Drop,
}

crate::choices!(Separator, Decimal, MissingCells);
