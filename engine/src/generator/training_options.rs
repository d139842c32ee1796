//! The options that all trainings of generators have.

use super::Generator;
use super::optimiser::OptimiserPlan;
use crate::net::TrainingStep;
use crate::options::at_least;
use crate::target::Target;
use crate::{Error, Quantity, Result, Subject};

/// The options that all trainings have: steps, batch, learning rate, averaging, rows of history.
#[derive(Debug, Clone, Copy)]
pub(super) struct TrainingOptions<'a> {
    pub name: &'static str,
    pub plan: OptimiserPlan<'a>,
    pub batch: usize,
    pub every: Option<usize>,
    pub checkpoint_every: Option<usize>,
    /// Whether the generator is trained as one of many outputs. It then starts as a linear map of
    /// the base if its points hardly vary, and the influence of single points is bounded if the
    /// base has heavy tails.
    pub many_outputs: bool,
}

impl TrainingOptions<'_> {
    /// Checks the options and the dimensions.
    ///
    /// # Errors
    /// Options or dimensions do not match.
    pub fn check(&self, generator: &dyn Generator, base: &dyn Target) -> Result<()> {
        if base.dim() != generator.input_dim() {
            let want = format!("the generator takes {}", generator.input_dim());
            return Err(Error::shape(Subject::argument("base"), Quantity::Columns(base.dim()), want));
        }
        let (every, kept) = (self.every.unwrap_or(1), self.checkpoint_every.unwrap_or(1));
        self.plan.check()?;
        at_least(&[("batch", self.batch, 2), ("every", every, 1), ("checkpoint_every", kept, 1)])
    }

    /// True if this step writes a row of history.
    pub fn writes_row(&self, now: &TrainingStep) -> bool {
        let every = self.every.unwrap_or(now.steps.div_ceil(20)).max(1);
        now.step.is_multiple_of(every) || now.step + 1 == now.steps
    }
}
