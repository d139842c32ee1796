//! The engine that a user holds.

use super::options::{PairwiseOptions, Precision};
use super::scratch::Memory;
use super::work::Work;
use crate::Interrupt;
use std::sync::Arc;

/// The engine with its options, its count of work and the flag that stops it. Clones share the
/// count and the flag.
#[derive(Debug, Clone, Default)]
pub struct Pairwise {
    pub(super) options: PairwiseOptions,
    pub(super) work: Arc<Work>,
    pub(super) interrupt: Interrupt,
    pub(super) memory: Arc<Memory>,
}

impl Pairwise {
    /// An engine with these options, stopped by `interrupt`.
    pub fn new(options: PairwiseOptions, interrupt: Interrupt) -> Pairwise {
        Pairwise { options, work: Arc::default(), interrupt, memory: Arc::default() }
    }

    /// The same engine (work count and interrupt shared) with other options.
    pub fn with(&self, options: PairwiseOptions) -> Pairwise {
        Pairwise { options, ..self.clone() }
    }

    /// The same engine at another precision; None where none is asked for.
    pub fn at_precision(&self, precision: Option<Precision>) -> Option<Pairwise> {
        precision.map(|precision| self.with(PairwiseOptions { precision, ..self.options.clone() }))
    }

    /// The options in force.
    pub fn options(&self) -> &PairwiseOptions {
        &self.options
    }

    /// The count of work, shared by all clones.
    pub fn work(&self) -> &Work {
        &self.work
    }

    /// The flag that stops the loops.
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }
}
