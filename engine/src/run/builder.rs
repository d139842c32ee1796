//! The builder of a run.

use super::driver::Driver;
use super::result::RunResult;
use super::{Dynamics, MetricChoice, RunOptions};
use crate::flow::{Sampler, Stepping, VelocityField};
use crate::metric::Reference;
use crate::pairwise::Pairwise;
use crate::process::{Observer, process_setters};
use crate::rng::Stream;
use crate::{Points, Result};

/// A run: the dynamics (a velocity field or a sampler), the points that they move, the reference,
/// the options, the pairwise engine and the random stream. Only the first two are required.
///
/// ```
/// use sdflow::flow::{SdFlow, SdFlowOptions};
/// use sdflow::rng::Stream;
/// use sdflow::run::Run;
/// use sdflow::score::Kde;
/// # fn main() -> sdflow::Result<()> {
/// let target = Stream::new(1).normal(200, 2);
/// let start = Stream::new(2).normal(100, 2);
/// let (target, own) = (Kde::of(target).into(), Kde::of_cloud().into());
/// let mut flow = SdFlow::new(target, own, SdFlowOptions::default())?;
/// let done = Run::new(&mut flow, start).steps(20).seed(3).go()?;
/// assert_eq!((done.points.n(), done.stats.steps), (100, 20));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Run<'d, 'a> {
    dynamics: Dynamics<'d>,
    start: Points,
    reference: Option<&'a Reference>,
    options: RunOptions,
    pairwise: Option<&'a Pairwise>,
    stream: Stream,
}

impl<'d, 'a> Run<'d, 'a> {
    /// Moves the points `start`, n x dim, along a velocity field.
    pub fn new(field: &'d mut dyn VelocityField, start: Points) -> Run<'d, 'a> {
        Run::of(Dynamics::Field(field, Stepping::default()), start)
    }

    /// Moves the points `start`, n x dim, by the steps of a sampler.
    pub fn sampling(sampler: &'d mut dyn Sampler, start: Points) -> Run<'d, 'a> {
        Run::of(Dynamics::Sampler(sampler), start)
    }

    /// Moves the points `start`, n x dim, by either kind of dynamics.
    #[doc(hidden)]
    pub fn of(dynamics: Dynamics<'d>, start: Points) -> Run<'d, 'a> {
        let (options, stream) = (RunOptions::default(), Stream::new(0));
        Run { dynamics, start, reference: None, options, pairwise: None, stream }
    }

    /// Sets the stepping along the field. It has no effect on a sampler, which makes its own steps.
    #[must_use]
    pub fn stepping(mut self, stepping: Stepping) -> Run<'d, 'a> {
        if let Dynamics::Field(_, own) = &mut self.dynamics {
            *own = stepping;
        }
        self
    }

    /// Sets the reference, which the flow must not have seen, and the metrics by name, such as
    /// "energy" or "c2st".
    #[must_use]
    pub fn with_metrics(mut self, reference: &'a Reference, metrics: &[&str]) -> Run<'d, 'a> {
        self.options.metrics = metrics.iter().map(|name| MetricChoice::Name((*name).to_string())).collect();
        self.reference(Some(reference))
    }

    /// Sets the reference for the metrics in [`Run::options`].
    #[must_use]
    pub fn reference(mut self, reference: Option<&'a Reference>) -> Run<'d, 'a> {
        self.reference = reference;
        self
    }

    process_setters!(RunOptions, RunResult, pairwise 'a);

    /// Runs, and reports notes, progress and measurements to `observer`.
    ///
    /// # Errors
    /// An option is out of range, dimensions do not match, or a metric can never be computed; all
    /// three are found before the first step. Divergence and interruption are not errors:
    /// [`RunResult::ending`] reports them.
    pub fn run_with(self, observer: &mut dyn Observer) -> Result<RunResult> {
        let default = Pairwise::default();
        let pairwise = self.pairwise.unwrap_or(&default);
        Driver::new(self.dynamics, self.start, self.reference, &self.options, pairwise, self.stream)?.drive(observer)
    }
}
