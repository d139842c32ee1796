//! The pairwise engine as callers use it.

use super::options::{PairwiseOptions, Precision};
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
}

impl Pairwise {
    /// Creates an engine with these options, stopped by `interrupt`.
    pub fn new(options: PairwiseOptions, interrupt: Interrupt) -> Pairwise {
        Pairwise { options, work: Arc::default(), interrupt, memory: Arc::default() }
    }

    /// Returns an engine with other options that shares the count and the interrupt of this one.
    pub fn with(&self, options: PairwiseOptions) -> Pairwise {
        Pairwise { options, ..self.clone() }
    }

    /// Returns an engine with another precision that shares the count and the interrupt of this
    /// one; None if `precision` is None.
    pub fn at_precision(&self, precision: Option<Precision>) -> Option<Pairwise> {
        precision.map(|precision| self.with(PairwiseOptions { precision, ..self.options.clone() }))
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
