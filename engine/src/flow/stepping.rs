//! The integrator of a run along a velocity field.

use super::{Clock, VelocityField};
use crate::number::number;
use crate::ode::Integrator;
use crate::pairwise::{Pairwise, PairwiseOptions, Precision};
use crate::schedule::Schedule;
use crate::{Error, Points, Result, Rule};

crate::options! {
    /// How particles step along a velocity field. Every velocity field has these options. The
    /// run checks them.
    pub struct Stepping {
        /// Step size: a number, a schedule, or `adaptive(largest, smallest)`, which chooses each
        /// step size in this range by the error of the step.
        step: Option<Schedule> = None,
        /// "euler", "heun" or "rk4"; adaptive steps use "heun".
        integrator: Integrator = Integrator::Euler,
        /// Arithmetic of the pairwise sums: "f32", "f64", "bf16x3" or "bf16x6" (each number is
        /// split into two or three bfloat16 parts, for matrix units), or "auto" (the fastest of
        /// them with a relative error of at most 1e-5). Left out: the arithmetic of the run, which
        /// is "f32" by default.
        precision: Option<Precision> = None,
        /// Largest relative error, above 0, of sums on a grid. A grid is used for many
        /// points in up to three dimensions, but not with precision "f64". With 1e-3 or more, sums
        /// in three dimensions take about half the time; below 1e-6 no grid is used. Left out:
        /// 1e-6; for an `sd_flow` of 65,536 particles or more (of each label) 1e-3, since even then
        /// the sampling error of the velocities is usually larger.
        tol: Option<f64> = None,
    }
}

impl Stepping {
    /// Checks that the options are consistent.
    ///
    /// # Errors
    /// A step is negative or not finite, or "rk4" is given for adaptive steps, which use Heun's
    /// method.
    pub fn check(&self) -> Result<()> {
        if let Some(step) = &self.step {
            step.check("step", 0.0..=f64::INFINITY)?;
        }
        if let Some(tol) = self.tol.filter(|tol| !(*tol > 0.0 && tol.is_finite())) {
            return Err(Error::argument(
                "tol",
                number(tol),
                Rule::Positive.worded("a relative error is above 0 and finite"),
            ));
        }
        if self.is_adaptive() && self.integrator == Integrator::Rk4 {
            return Err(Error::argument("integrator", "\"rk4\"", "adaptive steps use \"heun\": leave it out"));
        }
        Ok(())
    }

    /// True if the step size is chosen by the error of a step.
    pub fn is_adaptive(&self) -> bool {
        matches!(self.step, Some(Schedule::Adaptive { .. }))
    }

    /// Returns the step size at this moment; the default of the field if none was given.
    pub fn size(&self, field: &dyn VelocityField, cloud: &Points, clock: &Clock) -> f64 {
        let usual = || field.scales(cloud, clock).step;
        self.step.as_ref().map_or_else(usual, |step| step.at(clock.progress()))
    }

    /// Returns the pairwise engine at the requested precision, and at the requested tolerance or
    /// that of the field; None for those of the run. The tolerance of the field does not replace
    /// one that the run chose.
    pub fn arithmetic(&self, field: &dyn VelocityField, cloud: &Points, pairwise: &Pairwise) -> Option<Pairwise> {
        let usual = pairwise.options().tol == PairwiseOptions::default().tol;
        pairwise.at(self.precision, self.tol.or_else(|| field.tolerance(cloud.n()).filter(|_| usual)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Aim, FieldAt, Scales};
    use super::*;
    use crate::archive::Archived;
    use crate::rng::Stream;

    #[test]
    fn an_adaptive_step_is_heuns_and_no_step_goes_backwards() {
        let adaptive = Some(Schedule::Adaptive { from: 1.0, to: 0.01 });
        for (integrator, good) in [(Integrator::Euler, true), (Integrator::Heun, true), (Integrator::Rk4, false)] {
            let stepping = Stepping { step: adaptive.clone(), integrator, ..Stepping::default() };
            assert_eq!(stepping.check().is_ok(), good, "{integrator:?}");
        }
        assert!(Stepping { step: Some(Schedule::from(-1.0)), ..Stepping::default() }.check().is_err());
    }

    /// A field whose default step is 0.3.
    #[derive(Debug)]
    struct Still;

    impl VelocityField for Still {
        fn name(&self) -> &'static str {
            "still"
        }

        fn velocity(&mut self, at: &FieldAt, out: &mut Points) -> Result<()> {
            out.reshape(at.z.n(), at.z.dim());
            out.data_mut().fill(0.0);
            Ok(())
        }

        fn scales(&self, _cloud: &Points, _clock: &Clock) -> Scales<'_> {
            Scales { step: 0.3, resolution: 1.0, units: None, aim: Aim::Unknown }
        }

        fn tolerance(&self, particles: usize) -> Option<f64> {
            (particles > 2).then_some(0.01)
        }
    }

    impl Archived for Still {}

    #[test]
    fn the_usual_tolerance_is_the_fields_own() {
        let (engine, given) = (Pairwise::default(), Stepping { tol: Some(1e-4), ..Stepping::default() });
        let tol = |stepping: &Stepping, particles: usize| {
            Some(stepping.arithmetic(&Still, &Points::zeros(particles, 2), &engine)?.options().tol)
        };
        assert_eq!((tol(&Stepping::default(), 3), tol(&Stepping::default(), 2)), (Some(0.01), None));
        assert_eq!((tol(&given, 3), tol(&given, 2)), (Some(1e-4), Some(1e-4)));
        let chosen = engine.with(PairwiseOptions { tol: 1e-9, ..PairwiseOptions::default() });
        assert!(Stepping::default().arithmetic(&Still, &Points::zeros(3, 2), &chosen).is_none());
    }

    #[test]
    fn the_usual_step_is_the_fields_own() {
        let given = Stepping { step: Some(Schedule::Linear { from: 2.0, to: 1.0 }), ..Stepping::default() };
        let size = |stepping: &Stepping| stepping.size(&Still, &Points::zeros(3, 2), &Clock::at(5, 10, Stream::new(0)));
        assert_eq!((size(&Stepping::default()), size(&given)), (0.3, 1.5));
    }
}
