//! The order in which the panels of a task are combined with the blocks of sources.

use crate::pairwise::pruning::{Ball, Bounds};

/// A sequence of pairs of a panel and a block. Which blocks are used depends on the queries and
/// sources only.
pub enum Walk<'a> {
    /// Every panel with every block. All panels use a block one after the other, while the block is
    /// in the cache.
    Full {
        /// The number of finished pairs.
        met: usize,
        panels: usize,
        blocks: usize,
    },
    /// Each panel with its nearest block first, and then, in order, with every block that may have
    /// weight.
    Bounded {
        bounds: &'a Bounds,
        /// Bounding balls of the panels.
        panels: &'a [Ball],
        /// The panel, its nearest block, and the next block to check.
        at: Option<(usize, usize, usize)>,
        best: &'a mut Vec<f64>,
    },
}

impl Walk<'_> {
    /// Returns the next panel and block. `floor` returns the smallest running maximum of the
    /// queries of a panel.
    pub fn next(&mut self, floor: impl Fn(usize) -> f64) -> Option<(usize, usize)> {
        match self {
            Walk::Full { met, panels, blocks } => {
                let pair = (*met % *panels, *met / *panels);
                *met += 1;
                (pair.1 < *blocks).then_some(pair)
            }
            Walk::Bounded { bounds, panels, at, best } => {
                if let Some((panel, home, next)) = *at {
                    let least = floor(panel) - bounds.depth;
                    if let Some(block) = (next..best.len()).find(|b| *b != home && best[*b] >= least) {
                        *at = Some((panel, home, block + 1));
                        return Some((panel, block));
                    }
                }
                let panel = at.map_or(0, |(panel, ..)| panel + 1);
                let home = bounds.against(panels.get(panel)?, best);
                *at = Some((panel, home, 0));
                Some((panel, home))
            }
        }
    }
}
