//! The solution of the transportation problem.

/// An optimal plan. `cost[i][j] >= row_price[i] + column_price[j]`, with equality where mass moves.
#[derive(Debug)]
pub struct Plan {
    /// `sum mass cost / sum mass`.
    pub cost: f64,
    /// Dual price of each row.
    pub row_price: Vec<f64>,
    /// Dual price of each column.
    pub column_price: Vec<f64>,
}
