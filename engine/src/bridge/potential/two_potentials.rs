//! A bridge with a mixture potential at each end, so that it can be reversed.

use super::PotentialBridge;
use crate::bridge::{Bridge, Coupling, ReferenceProcess};
use crate::{Error, Points, Result};
use std::sync::Arc;

/// A bridge whose forward and backward process are two [`PotentialBridge`]s: one from the source,
/// with the potential at the target, and one from the target, with the potential at the source.
///
/// A Schroedinger bridge in reversed time is the bridge between the same distributions in reversed
/// order. If both potentials are exact, they therefore describe the same process; learned
/// potentials agree as far as their trainings have converged. The backward drift of a
/// [`StartedBridge`](super::StartedBridge) is infinite at the start, because its reversed process
/// returns to single points. The backward drift of a `TwoPotentialBridge` is finite there.
///
/// Cost of the backward drift: that of a [`PotentialBridge`].
#[derive(Debug, Clone)]
pub struct TwoPotentialBridge {
    /// The forward process and the backward process. The time of each is counted from its own
    /// start.
    pub(super) processes: [Arc<PotentialBridge>; 2],
}

impl TwoPotentialBridge {
    /// Creates the bridge from its forward process and its backward process. The time of each
    /// process is counted from the start of that process.
    ///
    /// # Errors
    /// The dimensions or the values of epsilon differ.
    pub fn new(forward: Arc<PotentialBridge>, backward: Arc<PotentialBridge>) -> Result<TwoPotentialBridge> {
        let [dim, epsilon] = [forward.dim() as f64, forward.reference().epsilon()];
        for (what, seen, want) in
            [("dimension", backward.dim() as f64, dim), ("epsilon", backward.reference().epsilon(), epsilon)]
        {
            if seen != want {
                let got = format!("the {what} {seen}");
                return Err(Error::shape("the backward process", got, format!("the forward process has {want}")));
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
