//! The score-difference flow [weber2023score].

use super::sigma::Smoothing;
use super::{Clock, Estimate, Flow, Integrator, StepReport};
use crate::pairwise::{Pairwise, PairwiseOptions, Precision};
use crate::points::Standardiser;
use crate::score::{At, Form, Score, SelfTerm};
use crate::target::scale_warning;
use crate::{Error, Points, Result, schedule::Schedule};
use serde::{Deserialize, Serialize};

/// What a unit of step moves by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scaling {
    /// `D_p - D_q = sigma^2 (s_p - s_q)`: stable for steps up to 1 at every sigma.
    #[default]
    Denoiser,
    /// `s_p - s_q`: the flow's own time; the step must shrink with the smallest variance.
    Raw,
}

/// Where the field is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Noise {
    /// At `z = y + sigma e` with new noise each step.
    #[default]
    Fresh,
    /// At the particles themselves.
    None,
    /// At `z = y + sigma e` with one `e` per particle for the whole run.
    Fixed,
}

crate::options! {
    /// Options of `sd_flow`.
    pub struct SdFlowOptions {
        /// Smoothing over the run, in the points' units: a number, a schedule, a list. Left out: from the larger of the target's
        /// diameter and its distance from the start, down to the spacing of its points, geometrically.
        sigma: Option<Schedule> = None,
        /// Step size: a number, a schedule, or `adaptive(largest, smallest)` for an error-controlled one. With denoiser scaling
        /// at most 1 is stable.
        step: Schedule = Schedule::Constant { value: 1.0 },
        /// "denoiser": a unit step moves by D_p - D_q; "raw": by the score difference itself.
        scaling: Scaling = Scaling::Denoiser,
        /// Where the field is evaluated: "fresh" noise each step, "none", or "fixed" noise per particle.
        noise: Noise = Noise::Fresh,
        /// Does a particle's own kernel count in the cloud's density: "include" or "exclude".
        self_term: SelfTerm = SelfTerm::Include,
        /// Target points used per step, drawn anew each time; left out: all.
        batch_target: Option<usize> = None,
        /// Particles on which the cloud's density stands per step, drawn anew each time; left out: all.
        batch_source: Option<usize> = None,
        /// "euler", "heun" or "rk4"; an adaptive step is Heun's.
        integrator: Integrator = Integrator::Euler,
        /// Arithmetic of the pairwise sums: "f32", "f64", "bf16x3", "bf16x6" or "auto"; left out: that of the run.
        precision: Option<Precision> = None,
    }
}

/// Particles used to judge the field's error.
const PROBES: usize = 256;

/// `dy/dt = s_p(z) - s_q(z)`, or `D_p(z) - D_q(z)`, of the proxies smoothed by `sigma`, at `z` near `y`.
#[derive(Debug)]
pub struct SdFlow {
    target: Box<dyn Score>,
    source: Box<dyn Score>,
    options: SdFlowOptions,
    smoothing: Option<Smoothing>,
    /// Units in which both scores and sigma are measured, when not those of the particles.
    units: Option<Standardiser>,
    queries: Points,
    source_part: Points,
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
        for (name, batch) in [("batch_target", options.batch_target), ("batch_source", options.batch_source)] {
            if batch == Some(0) {
                return Err(Error::argument(name, 0, "it must be at least 1"));
            }
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
            queries: Points::default(),
            source_part: Points::default(),
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

    fn form(&self) -> Form {
        match self.options.scaling {
            Scaling::Denoiser => Form::Shift,
            Scaling::Raw => Form::Score,
        }
    }

    fn check_zero_sigma(&self) -> Result<()> {
        let Some(schedule) = &self.options.sigma else { return Ok(()) };
        let smallest = match schedule {
            Schedule::Table { values } => values.iter().copied().fold(f64::INFINITY, f64::min),
            other => other.at(0.0).min(other.at(1.0)),
        };
        if smallest > 0.0 {
            return Ok(());
        }
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

    /// `z = y + sigma e`.
    fn place_queries(&mut self, cloud: &Points, sigma: f64, clock: &Clock) {
        let stream = match self.options.noise {
            Noise::None => return self.queries.copy_from(cloud),
            Noise::Fresh => clock.randomness("noise"),
            Noise::Fixed => clock.stream.label("fixed noise"),
        };
        self.queries.reshape(cloud.n(), cloud.dim());
        stream.fill_normal(self.queries.data_mut());
        self.queries.data_mut().iter_mut().zip(cloud.data()).for_each(|(z, y)| *z = y + sigma * *z);
    }

    /// `s_p - s_q` or `D_p - D_q` at the queries, in the scores' own units.
    fn field(&mut self, cloud: &Points, clock: &Clock, pairwise: &Pairwise, out: &mut Points) -> Result<()> {
        let (sigma, form) = (self.sigma(clock), self.form());
        self.place_queries(cloud, sigma, clock);
        let stream = clock.randomness("estimate");
        let at = At { z: &self.queries, sigma, cloud, aligned: true, stream, pairwise };
        self.target.evaluate(&at, form, out)?;
        self.source.evaluate(&at, form, &mut self.source_part)?;
        out.data_mut().iter_mut().zip(self.source_part.data()).for_each(|(v, q)| *v -= q);
        Ok(())
    }

    /// Half the difference of two fields from disjoint halves of all points, relative to the field: its sampling error.
    fn split_half_error(&mut self, cloud: &Points, clock: &Clock, pairwise: &Pairwise) -> Result<Option<f64>> {
        let sigma = self.sigma(clock);
        let count = cloud.n().min(PROBES);
        let z = self.queries.rows(0..count);
        let stream = clock.randomness("probe");
        let at = At { z: &z, sigma, cloud, aligned: false, stream, pairwise };
        let form = self.form();
        let (mut p, mut q) = (Points::default(), Points::default());
        let halves = [self.target.halves(&at, form)?, self.source.halves(&at, form)?];
        if halves.iter().all(Option::is_none) {
            return Ok(None);
        }
        self.target.evaluate(&at, form, &mut p)?;
        self.source.evaluate(&at, form, &mut q)?;
        let (mut error, mut size) = (0.0, 0.0);
        for i in 0..p.data().len() {
            let gap = |h: &Option<[Points; 2]>| h.as_ref().map_or(0.0, |[a, b]| a.data()[i] - b.data()[i]);
            error += 0.25 * (gap(&halves[0]) - gap(&halves[1])).powi(2);
            size += (p.data()[i] - q.data()[i]).powi(2);
        }
        Ok((size > 0.0).then(|| (error / size).sqrt()))
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
        let schedule = match &self.units {
            None => Smoothing::for_extent(&extent, start),
            Some(units) => Smoothing::for_extent(&extent, &units.apply(start)),
        };
        let unit = if self.units.is_some() { " standard deviations" } else { "" };
        let (from, to) = (schedule.at(0.0), schedule.at(1.0));
        let note =
            format!("sigma: from {from:.3} down to {to:.3}{unit} over {} steps, chosen from the data", clock.steps);
        self.smoothing = Some(Smoothing::new(schedule)?);
        Ok(vec![note])
    }

    fn velocity(&mut self, cloud: &Points, clock: &Clock, pairwise: &Pairwise, out: &mut Points) -> Result<()> {
        let chosen = self.options.precision;
        let own = chosen.map(|precision| pairwise.with(PairwiseOptions { precision, ..pairwise.options().clone() }));
        let pairwise = own.as_ref().unwrap_or(pairwise);
        let Some(units) = self.units.clone() else { return self.field(cloud, clock, pairwise, out) };
        let cloud = units.apply(cloud);
        self.field(&cloud, clock, pairwise, out)?;
        let std = units.std().iter().cycle();
        out.data_mut().iter_mut().zip(std).for_each(|(v, s)| *v *= s);
        Ok(())
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
        readings.extend(self.target.ess().map(|e| ("ess_target", e)));
        readings.extend(self.source.ess().map(|e| ("ess_source", e)));
        self.place_queries(cloud, sigma, clock);
        readings.extend(self.split_half_error(cloud, clock, pairwise)?.map(|e| ("field_error", e)));
        Ok(readings)
    }

    fn warnings(&self, _cloud: &Points) -> Vec<String> {
        let end = self.smoothing.as_ref().map_or(0.0, |s| s.schedule().at(1.0));
        let mut warnings = Vec::new();
        if self.units.is_none() {
            warnings.extend(self.target.data().and_then(scale_warning));
        }
        if let Some((data, extent)) = self.target.data().zip(self.target.extent())
            && end < 0.99 * extent.detail
        {
            warnings.push(format!(
                "the final sigma {end:.3} is below the data's spacing {:.3}: particles end on top of the {} target \
                 points (they memorise); end at the spacing or above",
                extent.detail,
                data.n()
            ));
        }
        if let Some(batch) = self.options.batch_source.or(self.options.batch_target) {
            warnings.push(format!(
                "batches of {batch} distort the spread within modes, least with a falling step such as `step: cosine(1.0, \
                 0.1)`; compare with all points"
            ));
        }
        warnings
    }
}
