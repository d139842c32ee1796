//! The score-difference flow [weber2023score].

mod field;
mod option;
mod turn;

use field::{PROBES, Who};
pub use option::{Noise, Scaling, SdFlowOptions};

use super::sigma::Smoothing;
use super::{Clock, Estimate, Flow, FlowPairs, Integrator, StepReport};
use crate::number::number;
use crate::pairwise::Pairwise;
use crate::points::{AffineMap, Standardiser};
use crate::score::{Score, SelfTerm};
use crate::target::scale_warning;
use crate::{Error, Points, Result, schedule::Schedule};
use std::mem;

/// `dy/dt = s_p(z) - s_q(z)`, or `D_p(z) - D_q(z)`, of the proxies smoothed by `sigma`, at `z` near `y`.
#[derive(Debug)]
pub struct SdFlow {
    target: Box<dyn Score>,
    source: Box<dyn Score>,
    options: SdFlowOptions,
    smoothing: Option<Smoothing>,
    /// Units in which both scores and sigma are measured, when not those of the particles.
    units: Option<Standardiser>,
    /// Memory between steps: the cloud in those units, where the field is evaluated, the source's part of it.
    standard: Points,
    queries: Points,
    source_part: Points,
    /// Those whose turn it is, and their field.
    moved: Points,
    moved_field: Points,
}

impl SdFlow {
    /// The flow towards `target`, away from `source`, which is an estimate of the moving cloud's own score.
    ///
    /// # Errors
    /// An option out of range, or a batch size for an estimator that stands on no points.
    pub fn new(target: Estimate, source: Estimate, options: SdFlowOptions) -> Result<SdFlow> {
        options.step.check("step", 0.0..=f64::INFINITY)?;
        if matches!(options.step, Schedule::Adaptive { .. }) && options.integrator == Integrator::Rk4 {
            return Err(Error::argument("integrator", "\"rk4\"", "adaptive steps are Heun's: leave it out"));
        }
        let SdFlowOptions { batch, batch_target, batch_source, .. } = options;
        for (name, batch) in [("batch", batch), ("batch_target", batch_target), ("batch_source", batch_source)] {
            if batch == Some(0) {
                return Err(Error::argument(name, 0, "it must be at least 1"));
            }
        }
        if let Some(batch) = batch.filter(|_| options.self_term == SelfTerm::Exclude) {
            return Err(Error::argument("batch", batch, "particles that take turns do not leave themselves out"));
        }
        let target = target.drawing("batch_target", options.batch_target)?;
        let source = match source {
            Estimate::Kernel(kde) => Estimate::Kernel(Box::new(kde.with_self_term(options.self_term))),
            other => other,
        };
        let source = source.drawing("batch_source", options.batch_source)?;
        let smoothing = options.sigma.clone().map(Smoothing::new).transpose()?;
        let flow = SdFlow {
            target,
            source,
            options,
            smoothing,
            units: None,
            standard: Points::default(),
            queries: Points::default(),
            source_part: Points::default(),
            moved: Points::default(),
            moved_field: Points::default(),
        };
        flow.check_zero_sigma()?;
        Ok(flow)
    }

    /// Works in standard units: the target's score was made from standardised points, sigma is measured in them, and
    /// particles are mapped there and back.
    pub fn in_units(mut self, units: Standardiser) -> SdFlow {
        self.units = Some(units);
        self
    }

    /// Sigma at this moment; 0 before [`Flow::prepare`] has chosen it.
    pub fn sigma(&self, clock: &Clock) -> f64 {
        self.smoothing.as_ref().map_or(0.0, |s| s.at(clock))
    }

    fn check_zero_sigma(&self) -> Result<()> {
        let Some(smallest) = self.options.smallest_sigma().filter(|smallest| *smallest <= 0.0) else { return Ok(()) };
        if let Some(kernel) = [&self.target, &self.source].into_iter().find(|s| !s.allows_zero_sigma()) {
            let want = format!("{} needs a positive sigma", kernel.name());
            return Err(Error::argument("sigma", smallest, want));
        }
        if self.options.scaling == Scaling::Denoiser {
            let want = "a denoiser step does not move without smoothing; use `scaling: \"raw\"` for sigma = 0";
            return Err(Error::argument("sigma", smallest, want));
        }
        Ok(())
    }

    /// The field in the particles' units; followers come in the scores'.
    fn moving(&mut self, who: Who, cloud: &Points, clock: &Clock, pairwise: &Pairwise, out: &mut Points) -> Result<()> {
        let own = pairwise.at_precision(self.options.precision);
        let pairwise = own.as_ref().unwrap_or(pairwise);
        let mut standard = mem::take(&mut self.standard);
        if let Some(units) = &self.units {
            units.apply_into(cloud, &mut standard);
        }
        let cloud = if self.units.is_some() { &standard } else { cloud };
        let done = self.field(who, cloud, clock, pairwise, out);
        self.standard = standard;
        if let Some(units) = &self.units {
            let rows = out.data_mut().chunks_exact_mut(units.std().len());
            rows.for_each(|row| row.iter_mut().zip(units.std()).for_each(|(v, s)| *v *= s));
        }
        done
    }
}

impl Flow for SdFlow {
    fn name(&self) -> &'static str {
        "sd_flow"
    }

    fn dim(&self) -> Option<usize> {
        self.target.dim().or(self.source.dim())
    }

    fn prepare(&mut self, start: &Points, clock: &Clock) -> Result<Vec<String>> {
        if let Some(dim) = self.target.dim() {
            start.check_dim("the start", dim, "the target")?;
        }
        if let Some(dim) = self.source.dim() {
            start.check_dim("the start", dim, "the source's score")?;
        }
        if self.smoothing.is_some() {
            return Ok(Vec::new());
        }
        let Some(extent) = self.target.extent() else {
            let want = format!("{} says nothing of its size: give a number or a schedule", self.target.name());
            return Err(Error::argument("sigma", "left out", want));
        };
        let ranges = [self.target.range(), self.source.range()];
        let range = ranges.into_iter().flatten().reduce(|a, b| (a.0.max(b.0), a.1.min(b.1)));
        let schedule = match &self.units {
            None => Smoothing::for_extent(&extent, start, range),
            Some(units) => Smoothing::for_extent(&extent, &units.apply(start), range),
        };
        let unit = if self.units.is_some() { " standard deviations" } else { "" };
        let (from, to) = (schedule.at(0.0), schedule.at(1.0));
        let learned = if range.is_some() { " within what the score has learned" } else { "" };
        let (first, last, steps) = (number(from), number(to), clock.steps);
        let note =
            format!("sigma: from {first} down to {last}{unit} over {steps} steps, chosen from the data{learned}");
        self.smoothing = Some(Smoothing::new(schedule)?);
        Ok(vec![note])
    }

    fn velocity(&mut self, cloud: &Points, clock: &Clock, pairwise: &Pairwise, out: &mut Points) -> Result<()> {
        self.moving(Who::Cloud, cloud, clock, pairwise, out)
    }

    fn velocity_at(
        &mut self,
        z: &Points,
        cloud: &Points,
        clock: &Clock,
        pairwise: &Pairwise,
        out: &mut Points,
    ) -> Result<()> {
        match &self.units {
            None => self.moving(Who::Followers(z), cloud, clock, pairwise, out),
            Some(units) => {
                let z = units.apply(z);
                self.moving(Who::Followers(&z), cloud, clock, pairwise, out)
            }
        }
    }

    fn step_size(&self) -> &Schedule {
        &self.options.step
    }

    fn integrator(&self) -> Integrator {
        self.options.integrator
    }

    fn resolution(&self, cloud: &Points, clock: &Clock) -> f64 {
        let (sigma, dim) = (self.sigma(clock), cloud.dim() as f64);
        match &self.units {
            _ if sigma == 0.0 => 1e-2 * cloud.spread(),
            None => sigma * dim.sqrt(),
            Some(units) => sigma * units.std().iter().map(|s| s * s).sum::<f64>().sqrt(),
        }
    }

    fn units(&self) -> Option<&[f64]> {
        self.units.as_ref().map(Standardiser::std)
    }

    fn target_units(&self) -> Option<AffineMap> {
        match &self.units {
            Some(units) => Some(units.units().clone()),
            None => self.target.extent().map(|extent| extent.units()),
        }
    }

    fn stepped(&mut self, report: &StepReport, clock: &Clock) {
        if let Some(smoothing) = &mut self.smoothing {
            smoothing.stepped(report, clock);
        }
    }

    fn readings(&mut self, cloud: &Points, clock: &Clock, pairwise: &Pairwise) -> Result<Vec<(&'static str, f64)>> {
        let in_units = self.units.as_ref().map(|units| units.apply(cloud));
        let cloud = in_units.as_ref().unwrap_or(cloud);
        let sigma = self.sigma(clock);
        let mut readings = vec![("sigma", sigma)];
        readings.extend(self.split_half_error(cloud, clock, pairwise)?.map(|e| ("field_error", e)));
        // Of the evaluations that judged the error.
        readings.extend(self.target.ess().map(|e| ("ess_target", e)));
        readings.extend(self.source.ess().map(|e| ("ess_source", e)));
        Ok(readings)
    }

    fn pairs(&self, cloud: usize) -> FlowPairs {
        let (scores, probes) = ([&self.target, &self.source], cloud.min(PROBES));
        let of = |queries: usize| scores.iter().map(|s| s.pairs(queries, cloud)).sum::<u64>();
        let halves: Vec<u64> = scores.iter().filter_map(|s| s.half_pairs(probes, cloud)).collect();
        let readings = if halves.is_empty() { 0 } else { halves.iter().sum::<u64>() + of(probes) };
        FlowPairs { velocity: of(self.options.batch.map_or(cloud, |batch| batch.min(cloud))), readings }
    }

    fn first_evaluation(&self) -> f64 {
        self.target.first_evaluation().max(self.source.first_evaluation())
    }

    fn warnings(&self, _cloud: &Points) -> Vec<String> {
        let end = self.smoothing.as_ref().map_or(0.0, |s| s.schedule().at(1.0));
        let mut warnings = self.target.warnings();
        warnings.extend(self.source.warnings());
        if self.units.is_none() {
            warnings.extend(self.target.data().and_then(scale_warning));
        }
        if let Some((data, extent)) = self.target.data().zip(self.target.extent())
            && end < 0.99 * extent.detail
        {
            warnings.push(format!(
                "the final sigma {} is below the data's spacing {}: particles end on top of the {} target \
                 points (they memorise); end at the spacing or above",
                number(end),
                number(extent.detail),
                data.n()
            ));
        }
        if let Some(batch) = self.options.batch_source.or(self.options.batch_target) {
            warnings.push(format!(
                "batches of {batch} distort the spread within modes; `batch: {batch}` moves that many particles per step \
                 against all points instead"
            ));
        }
        warnings
    }
}
