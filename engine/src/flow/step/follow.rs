//! Steps along the velocity of a flow, and those who are carried along.

use super::{Carried, Integrator, StepReport, Stepper};
use crate::flow::{Clock, Flow};
use crate::pairwise::Pairwise;
use crate::schedule::Schedule;
use crate::{Points, Result};

impl Stepper {
    /// Carries these points along with whatever it moves by [`Stepper::follow`].
    pub fn carry(&mut self, carried: Carried) {
        self.carried = Some(carried);
    }

    /// The points that are carried.
    pub fn carried(&self) -> Option<&Carried> {
        self.carried.as_ref()
    }

    /// Moves `cloud` by one step along the velocity of `flow`.
    ///
    /// # Errors
    /// As [`Flow::velocity`]; the cloud is then as it was.
    pub fn follow<F: Flow + ?Sized>(
        &mut self,
        flow: &mut F,
        cloud: &mut Points,
        clock: &Clock,
        pairwise: &Pairwise,
    ) -> Result<StepReport> {
        let mut carried = self.carried.take();
        let done = self.follow_with(flow, cloud, clock, pairwise, carried.as_mut());
        self.carried = carried;
        done
    }

    fn follow_with<F: Flow + ?Sized>(
        &mut self,
        flow: &mut F,
        cloud: &mut Points,
        clock: &Clock,
        pairwise: &Pairwise,
        mut carried: Option<&mut Carried>,
    ) -> Result<StepReport> {
        if let Some(carried) = &mut carried {
            carried.begin();
        }
        if let Schedule::Adaptive { from, to } = *flow.step_size() {
            let resolution = flow.resolution(cloud, clock);
            let report = self.adaptive(cloud, (from, to), resolution, &mut |y, stage, v| {
                let clock = Clock { stage, ..*clock };
                flow.velocity(y, &clock, pairwise, v)?;
                // The size is known once the step is accepted: until then they wait at their first stage.
                let first = carried.as_mut().filter(|_| stage == 0.0);
                first.map_or(Ok(()), |carried| carried.stage(flow, y, (0.0, 0.0), &clock, pairwise))
            })?;
            if let Some(carried) = carried {
                let clock = Clock { stage: 1.0, ..*clock };
                carried.stage(flow, &self.stage, (1.0, report.eta), &clock, pairwise)?;
                carried.end(report.eta, Integrator::Heun);
            }
            return Ok(report);
        }
        let (eta, integrator) = (flow.step_size().at(clock.progress()), flow.integrator());
        let report = self.advance(cloud, eta, integrator, &mut |y, stage, v| {
            let clock = Clock { stage, ..*clock };
            flow.velocity(y, &clock, pairwise, v)?;
            carried.as_mut().map_or(Ok(()), |carried| carried.stage(flow, y, (stage, eta), &clock, pairwise))
        })?;
        if let Some(carried) = carried {
            carried.end(eta, integrator);
        }
        Ok(report)
    }
}
