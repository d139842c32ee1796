//! What was read from a file.

use crate::Points;

/// Points from a file, with a note on how it was read.
#[derive(Debug)]
pub struct Loaded {
    /// The points.
    pub points: Points,
    /// The names of the columns, if the table has a header; otherwise none.
    pub columns: Vec<String>,
    /// A note on decisions for which another reading was possible, such as a column that was left
    /// out: "3 rows, columns a, b; the unnamed first column was taken as the row index and left
    /// out".
    pub note: Option<String>,
}
