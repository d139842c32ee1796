//! Discrete optimal transport, solved exactly, with its dual prices.
//!
//! The network simplex method for the transportation problem \[ahuja1993network\]. The flow runs
//! along a spanning tree of rows and columns. In each step, an arc of negative reduced cost enters
//! the tree and closes a cycle, and an arc of this cycle leaves the tree. The dual prices
//! (potentials) give the standard error of [`super::W2`]. Masses are whole numbers, so that the
//! flow has no rounding.

mod tree;

use crate::{Interrupt, Result};
pub use tree::Plan;
use tree::Tree;

/// Returns the plan of least cost that moves the mass of the rows to the columns. `cost` is rows x
/// columns, row by row, and finite. The masses have the same sum on both sides. The time grows
/// somewhat faster than the square of the size: 2,000 points on each side take a few tenths of a
/// second.
///
/// # Errors
/// An interrupt.
pub fn transport(cost: &[f64], rows: &[u64], columns: &[u64], interrupt: &Interrupt) -> Result<Plan> {
    let mut tree = Tree::star(cost, rows, columns);
    let arcs = cost.len();
    let block = (arcs as f64).sqrt().ceil() as usize;
    let (mut at, mut idle, mut pivots) = (0, 0, 0_usize);
    // Prices are updated with the tree, so rounding errors accumulate. Once no arc improves the
    // plan, prices are recomputed and all arcs are searched again, at most `LOOKS` times.
    let (mut fresh, mut looks) = (false, 0);
    while idle < arcs || !fresh && looks < LOOKS {
        if idle >= arcs {
            tree.set_prices();
            (idle, fresh, looks) = (0, true, looks + 1);
        }
        let end = (at + block).min(arcs);
        match tree.cheapest(at, end) {
            Some(arc) => {
                tree.pivot(arc);
                (idle, fresh) = (0, false);
                if pivots % 1024 == 0 {
                    interrupt.check()?;
                }
                pivots += 1;
            }
            None => idle += end - at,
        }
        at = if end == arcs { 0 } else { end };
    }
    Ok(tree.plan())
}

/// The number of times that prices are recomputed before a plan counts as optimal up to rounding.
const LOOKS: usize = 8;

#[cfg(test)]
mod tests;
