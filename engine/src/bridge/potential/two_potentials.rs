//! A bridge with a mixture potential at either end, so that it can be reversed.

use super::PotentialBridge;
use crate::bridge::{Bridge, Coupling, ReferenceProcess};
use crate::{Error, Points, Result};
use std::sync::Arc;

/// A bridge whose forward and backward process are two [`PotentialBridge`]s: one with the potential
/// at the target, the other from the target with the potential at the source.
///
/// The process of a Schroedinger bridge in reversed time is the bridge between the same
/// distributions in the other order, so that both potentials describe the same process once both
/// are exact. Learned ones agree as far as their trainings have converged. Unlike the backward
/// drift of a [`StartedBridge`](super::StartedBridge), that of this bridge is finite at the start,
/// and its reversed process does not return to single points.
///
/// Cost of the backward drift: that of a [`PotentialBridge`].
#[derive(Debug, Clone)]
pub struct TwoPotentialBridge {
    /// The forward process, and the backward process in its own time.
    pub(super) processes: [Arc<PotentialBridge>; 2],
}

impl TwoPotentialBridge {
    /// Creates the bridge from its forward process and its backward process, each in its own time.
    ///
    /// # Errors
    /// The dimensions or the noises differ.
    pub fn new(forward: Arc<PotentialBridge>, backward: Arc<PotentialBridge>) -> Result<TwoPotentialBridge> {
        let [dim, epsilon] = [forward.dim() as f64, forward.reference().epsilon()];
        for (what, seen, want) in
            [("dimension", backward.dim() as f64, dim), ("epsilon", backward.reference().epsilon(), epsilon)]
        {
            if seen != want {
                let got = format!("the {what} {seen}");
                return Err(Error::mismatch("the backward process", got, format!("the forward process has {want}")));
            }
        }
        Ok(TwoPotentialBridge { processes: [forward, backward] })
    }
}

impl Bridge for TwoPotentialBridge {
    fn name(&self) -> String {
        self.processes[0].name()
    }

    fn dim(&self) -> usize {
        self.processes[0].dim()
    }

    fn reference(&self) -> ReferenceProcess {
        self.processes[0].reference()
    }

    fn forward(&self, t: f64, points: &Points, out: &mut Points) -> Result<()> {
        self.processes[0].forward(t, points, out)
    }

    fn reversed(&self) -> Option<Box<dyn Bridge + '_>> {
        let [forward, backward] = self.processes.clone();
        Some(Box::new(TwoPotentialBridge { processes: [backward, forward] }))
    }

    fn plan(&self) -> Option<&dyn Coupling> {
        self.processes[0].plan()
    }
}
