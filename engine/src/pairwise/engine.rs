//! The pairwise engine as callers use it.

use super::grid::kept::Kept;
use super::options::{PairwiseOptions, Precision};
use super::ranks::leader::Ranks;
use super::scratch::Memory;
use super::work::Work;
use crate::Interrupt;
use std::sync::Arc;

/// The engine with its options, its count of work and its interrupt. Clones share the count and the
/// interrupt.
#[derive(Debug, Clone, Default)]
pub struct Pairwise {
    pub(super) options: PairwiseOptions,
    pub(super) work: Arc<Work>,
    pub(super) interrupt: Interrupt,
    pub(super) memory: Arc<Memory>,
    pub(super) ranks: Option<Arc<Ranks>>,
}

impl Pairwise {
    /// Creates an engine with these options, stopped by `interrupt`.
    pub fn new(options: PairwiseOptions, interrupt: Interrupt) -> Pairwise {
        Pairwise { options, work: Arc::default(), interrupt, memory: Arc::default(), ranks: None }
    }

    /// Shares large sums with these ranks.
    #[must_use]
    pub fn sharing_with(self, ranks: Option<Arc<Ranks>>) -> Pairwise {
        Pairwise { ranks, ..self }
    }

    /// Returns an engine with the options and the ranks of this one, stopped by `interrupt`, that
    /// counts its work from 0.
    #[must_use]
    pub fn anew(&self, interrupt: Interrupt) -> Pairwise {
        Pairwise::new(self.options.clone(), interrupt).sharing_with(self.ranks.clone())
    }

    /// Returns an engine with other options that shares the count and the interrupt of this one.
    pub fn with(&self, options: PairwiseOptions) -> Pairwise {
        Pairwise { options, ..self.clone() }
    }

    /// Returns an engine with another precision that shares the count and the interrupt of this
    /// one; None if `precision` is None.
    pub fn at_precision(&self, precision: Option<Precision>) -> Option<Pairwise> {
        self.at(precision, None)
    }

    /// Returns an engine with another precision, another tolerance of sums on a grid, or both, that
    /// shares the count and the interrupt of this one; None if neither is given.
    pub fn at(&self, precision: Option<Precision>, tol: Option<f64>) -> Option<Pairwise> {
        let own = &self.options;
        let options = PairwiseOptions {
            precision: precision.unwrap_or(own.precision),
            tol: tol.unwrap_or(own.tol),
            ..own.clone()
        };
        (precision.is_some() || tol.is_some()).then(|| self.with(options))
    }

    /// Forgets what sums on a grid keep of points that did not move between calls, so that the next
    /// call takes as long as a first one.
    pub fn forget(&self) {
        self.memory.shared::<Kept>().forget();
    }

    /// The options.
    pub fn options(&self) -> &PairwiseOptions {
        &self.options
    }

    /// The count of work, shared by all clones.
    pub fn work(&self) -> &Work {
        &self.work
    }

    /// The interrupt.
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }
}
