//! Discrete optimal transport, solved exactly, with its dual prices.
//!
//! The network simplex method for the transportation problem \[ahuja1993network\]. The flow, which
//! is the mass that moves from rows to columns, runs along a spanning tree of rows and columns. In
//! each step, an arc of negative reduced cost enters the tree and closes a cycle, and an arc of
//! this cycle leaves the tree. The dual prices (potentials) give the standard error of
//! [`super::W2`]. Masses are whole numbers, so that the flow has no rounding.

mod exact;
mod plan;
mod tree;

use crate::{Interrupt, Result};
pub use plan::Plan;
use tree::{RENEWAL, Tree};

/// Returns the plan of least cost that moves the mass of the rows to the columns. `cost` is the
/// matrix of costs, stored row by row; all its values are finite. The masses have the same sum on
/// both sides. The time grows somewhat faster than the square of the size: 2,000 points on each
/// side take a few tenths of a second.
///
/// # Errors
/// An interrupt.
pub fn transport(cost: &[f64], rows: &[u64], columns: &[u64], interrupt: &Interrupt) -> Result<Plan> {
    let kept: Vec<usize> = (0..columns.len()).filter(|j| columns[*j] > 0).collect();
    if kept.len() == columns.len() {
        return solve(cost, rows, columns, interrupt);
    }
    // An arc to a column without mass never carries flow and never points to the root of the tree.
    // Such columns are therefore left out, and get their prices at the end.
    let less: Vec<f64> = cost.chunks_exact(columns.len()).flat_map(|row| kept.iter().map(|j| row[*j])).collect();
    let masses: Vec<u64> = kept.iter().map(|j| columns[*j]).collect();
    let mut plan = solve(&less, rows, &masses, interrupt)?;
    let highest = |j: usize| {
        let slack = plan.row_price.iter().enumerate().map(|(i, p)| cost[i * columns.len() + j] - p);
        slack.fold(f64::INFINITY, f64::min)
    };
    let mut price: Vec<f64> = (0..columns.len()).map(highest).collect();
    kept.iter().zip(&plan.column_price).for_each(|(j, p)| price[*j] = *p);
    plan.column_price = price;
    Ok(plan)
}

/// [`transport`] for columns that all have mass.
fn solve(cost: &[f64], rows: &[u64], columns: &[u64], interrupt: &Interrupt) -> Result<Plan> {
    interrupt.check()?;
    let mut tree = Tree::star(cost, rows, columns);
    let arcs = cost.len();
    let block = (arcs as f64).sqrt().ceil() as usize;
    let (mut at, mut idle, mut pivots) = (0, 0, 0_usize);
    // Rounded reduced costs are used until no arc improves the plan, exact ones from then on.
    let mut exact = false;
    while idle < arcs {
        let end = (at + block).min(arcs);
        match tree.cheapest(at, end, exact) {
            Some(arc) => {
                tree.pivot(arc);
                idle = 0;
                pivots += 1;
                if pivots % RENEWAL == 0 {
                    interrupt.check()?;
                    tree.set_prices();
                }
            }
            None => idle += end - at,
        }
        at = if end == arcs { 0 } else { end };
        if idle >= arcs && !exact {
            tree.set_prices();
            (idle, exact) = (0, true);
        }
    }
    Ok(tree.plan())
}

#[cfg(test)]
mod tests;
