//! The order in which a task's panels meet the blocks of sources.

use crate::pairwise::pruning::{Ball, Bounds};

/// A walk over pairs of a panel and a block; which blocks are met depends on the queries only.
pub enum Walk<'a> {
    /// Every panel meets every block; a block is met by all panels while it is in the cache.
    Full {
        /// Pairs already met.
        met: usize,
        panels: usize,
        blocks: usize,
    },
    /// Each panel meets its nearest block first, then in order every block that may hold weight.
    Bounded {
        bounds: &'a Bounds,
        /// Balls of the panels.
        panels: &'a [Ball],
        /// The panel, its nearest block and the next block to look at.
        at: Option<(usize, usize, usize)>,
        best: &'a mut Vec<f64>,
    },
}

impl Walk<'_> {
    /// The next panel and block; `floor` gives the lowest running maximum of a panel's queries.
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
