//! The implementation of [`Bridge`] for two learned drifts.

use super::drift::Drift;
use crate::bridge::{Bridge, ReferenceProcess};
use crate::{Points, Result};
use std::sync::Arc;

/// A diffusion between two distributions. Its drifts in both directions were learned, so that it
/// can be reversed. The sum of both drifts is `epsilon` times the score of the marginals, as far as
/// the training has converged.
#[derive(Debug, Clone)]
pub struct LearnedBridge {
    pub(super) name: String,
    /// The forward and the backward drift. The time of each drift is counted from the start of the
    /// process with this drift.
    pub(super) drifts: [Arc<Drift>; 2],
}

impl Bridge for LearnedBridge {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn dim(&self) -> usize {
        self.drifts[0].frame.dim()
    }

    fn reference(&self) -> ReferenceProcess {
        self.drifts[0].frame.reference()
    }

    fn forward(&self, t: f64, points: &Points, out: &mut Points) -> Result<()> {
        self.drifts[0].evaluate(t, points, out)
    }

    fn reversed(&self) -> Option<Box<dyn Bridge + '_>> {
        let [forward, backward] = self.drifts.clone();
        Some(Box::new(LearnedBridge { name: self.name.clone(), drifts: [backward, forward] }))
    }
}
