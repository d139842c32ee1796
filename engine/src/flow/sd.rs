//! The score-difference flow \[weber2023score\].

mod density_ratio;
mod divergence;
mod field;
mod minibatch;
mod noise;
mod option;
mod towards;

pub use divergence::Divergence;
pub use noise::Noise;
pub use option::{Scaling, SdFlowOptions};

use super::sigma::Smoothing;
use super::{Aim, Clock, FieldAt, Readings, Role, Scales, VelocityField};
use crate::archive::{Archive, Archived};
use crate::number::counted;
use crate::number::number;
use crate::ode::StepReport;
use crate::options::at_least;
use crate::points::Standardiser;
use crate::schedule::Schedule;
use crate::score::{Estimate, Kde, Score, SelfTerm};
use crate::target::{STANDARDISE_SAMPLES, scale_warning};
use crate::{Error, Points, Result, Rule, Subject};
use noise::MANY;
use std::mem;

/// The tolerance of sums on a grid with [`MANY`] particles. The sampling error of the field, which
/// grows as sigma falls, is larger as soon as the cloud is near the target.
const TOLERANCE_OF_MANY: f64 = 1e-3;

/// The velocity `s_p(z) - s_q(z)` or `D_p(z) - D_q(z)`: the difference of the scores or denoisers
/// of the target `p` and the cloud `q`, both smoothed by `sigma`. It is evaluated at `z = y`, or
/// near it at `z = y + a sigma e`, with noise of size `a`.
#[derive(Debug)]
pub struct SdFlow {
    target: Box<dyn Score>,
    source: Box<dyn Score>,
    options: SdFlowOptions,
    smoothing: Option<Smoothing>,
    /// Where the field is evaluated.
    noise: Noise,
    /// The standard units of the scores and of sigma; None if these are in the units of the
    /// particles.
    units: Option<Standardiser>,
    /// Buffers between steps: the cloud and the tracers in standard units, the queries, and the
    /// source's part of the velocity.
    standard: Points,
    places: Points,
    queries: Points,
    source_part: Points,
    /// The minibatch of particles that moves, and its field.
    moved: Points,
    moved_field: Points,
}

impl SdFlow {
    /// Creates the flow towards `target` and away from the moving cloud, whose score `source`
    /// estimates.
    ///
    /// # Errors
    /// An option is out of range, or a batch is given for an estimator that is not built from
    /// points.
    pub fn new(target: Estimate, source: Estimate, options: SdFlowOptions) -> Result<SdFlow> {
        let SdFlowOptions { batch, batch_target, batch_source, .. } = options;
        let batches = [("batch", batch), ("batch_target", batch_target), ("batch_source", batch_source)];
        at_least(&batches.map(|(name, batch)| (name, batch.unwrap_or(1), 1)))?;
        if let Some(batch) = batch.filter(|_| options.self_term == Some(SelfTerm::Exclude)) {
            return Err(Error::argument("batch", batch, "`batch` cannot be combined with self_term \"exclude\""));
        }
        let target = target.with_batch("batch_target", options.batch_target)?;
        let source = source.with_self_term(options.self_term.unwrap_or(SelfTerm::Exclude));
        let source = source.with_batch("batch_source", options.batch_source)?;
        let smoothing = options.sigma.clone().map(Smoothing::new).transpose()?;
        let flow = SdFlow {
            target,
            source,
            noise: options.noise.unwrap_or_default(),
            options,
            smoothing,
            units: None,
            standard: Points::default(),
            places: Points::default(),
            queries: Points::default(),
            source_part: Points::default(),
            moved: Points::default(),
            moved_field: Points::default(),
        };
        flow.check_zero_sigma()?;
        flow.check_divergence()?;
        Ok(flow)
    }

    /// Makes the flow work in standard units. The score of the target belongs to standardised
    /// points, sigma is measured in standard units, and particles are mapped to these units and
    /// back.
    pub fn in_units(mut self, units: Standardiser) -> SdFlow {
        self.units = Some(units);
        self
    }

    /// Returns sigma at this moment; 0 before [`VelocityField::prepare`] has chosen it.
    pub fn sigma(&self, clock: &Clock) -> f64 {
        self.smoothing.as_ref().map_or(0.0, |s| s.at(clock))
    }

    fn check_zero_sigma(&self) -> Result<()> {
        let Some(sigma) = self.options.sigma.as_ref().filter(|sigma| sigma.smallest() <= 0.0) else { return Ok(()) };
        if let Some(kernel) = [&self.target, &self.source].into_iter().find(|s| !s.sigma_range().zero) {
            let want = Rule::Positive.worded(format!("{} needs a positive sigma", kernel.name()));
            return Err(sigma.refuse_smallest("sigma", want));
        }
        if self.options.scaling == Scaling::Denoiser {
            let want = "with scaling \"denoiser\" nothing moves at sigma 0; use a positive sigma, or scaling \"raw\"";
            return Err(sigma.refuse_smallest("sigma", want));
        }
        Ok(())
    }

    /// Chooses sigma if it was left out; returns a note on the choice.
    fn choose_sigma(&mut self, start: &Points, clock: &Clock) -> Result<Vec<String>> {
        if self.smoothing.is_some() {
            return Ok(Vec::new());
        }
        let Some(extent) = self.target.extent() else {
            let want = format!("{} has no known scale: give a number or a schedule", self.target.name());
            return Err(Error::argument("sigma", "left out", want));
        };
        let ranges = [self.target.sigma_range().learned, self.source.sigma_range().learned];
        let range = ranges.into_iter().flatten().reduce(|a, b| (a.0.max(b.0), a.1.min(b.1)));
        let schedule = match &self.units {
            None => Smoothing::for_extent(&extent, start, range, clock.fresh),
            Some(units) => Smoothing::for_extent(&extent, &units.apply(start), range, clock.fresh),
        };
        let unit = if self.units.is_some() { " standard deviations" } else { "" };
        let (from, to) = (schedule.at(0.0), schedule.at(1.0));
        let learned = if range.is_some() { ", within the range that the score has learned" } else { "" };
        let (first, last, steps) = (number(from), number(to), clock.steps);
        let stray = match extent.stray {
            0 => String::new(),
            1 => ", without 1 stray point, which lies far from all others: no particle will find it".into(),
            n => format!(", without {n} stray points, which lie far from all others: no particle will find them"),
        };
        let chosen = format!("chosen from the data{learned}{stray}");
        let note = format!("sigma: from {first} down to {last}{unit} over {}, {chosen}", counted(steps, "step"));
        self.smoothing = Some(Smoothing::new(schedule)?);
        Ok(vec![note])
    }
}

impl VelocityField for SdFlow {
    fn name(&self) -> &'static str {
        "sd_flow"
    }

    fn prepare(&mut self, cloud: &Points, clock: &Clock, last: Option<&StepReport>) -> Result<Vec<String>> {
        if let Some(report) = last {
            self.smoothing.iter_mut().for_each(|smoothing| smoothing.adapt(report, clock));
            return Ok(Vec::new());
        }
        self.target.check_dim(cloud, Subject::argument("start"), "the target")?;
        self.source.check_dim(cloud, Subject::argument("start"), "the source's score")?;
        let mut notes = self.choose_sigma(cloud, clock)?;
        if self.options.noise.is_none() {
            let points = self.target.kernel().and_then(Kde::points).map(|points| points.n());
            let (noise, note) = Noise::choose(cloud.n(), points, clock);
            self.noise = noise;
            notes.extend(note);
        }
        Ok(notes)
    }

    /// Writes the field in the units of the particles.
    fn velocity(&mut self, at: &FieldAt, out: &mut Points) -> Result<()> {
        let Some(units) = &self.units else { return self.field(at, out) };
        let (mut standard, mut places) = (mem::take(&mut self.standard), mem::take(&mut self.places));
        units.apply_into(at.cloud, &mut standard);
        let z = match at.role {
            Role::Cloud => &standard,
            Role::Tracer => {
                units.apply_into(at.z, &mut places);
                &places
            }
        };
        let done = self.field(&FieldAt { z, cloud: &standard, ..*at }, out);
        (self.standard, self.places) = (standard, places);
        if let Some(units) = &self.units {
            let rows = out.data_mut().chunks_exact_mut(units.std().len());
            rows.for_each(|row| row.iter_mut().zip(units.std()).for_each(|(v, s)| *v *= s));
        }
        done
    }

    fn scales(&self, cloud: &Points, clock: &Clock) -> Scales<'_> {
        let (sigma, dim) = (self.sigma(clock), cloud.dim() as f64);
        let resolution = match &self.units {
            _ if sigma == 0.0 => 1e-2 * cloud.spread(),
            None => sigma * dim.sqrt(),
            Some(units) => sigma * units.std().iter().map(|s| s * s).sum::<f64>().sqrt(),
        };
        let aim = match &self.units {
            Some(units) => Aim::Standardised(&*self.target, units.units()),
            None => Aim::Score(&*self.target),
        };
        let step = 1.0 / self.options.divergence.largest_factor();
        Scales { step, resolution, units: self.units.as_ref().map(Standardiser::std), aim }
    }

    fn tolerance(&self, particles: usize) -> Option<f64> {
        (particles >= MANY).then_some(TOLERANCE_OF_MANY)
    }

    fn readings(&mut self, at: &FieldAt) -> Result<Readings> {
        let in_units = self.units.as_ref().map(|units| units.apply(at.cloud));
        let cloud = in_units.as_ref().unwrap_or(at.cloud);
        let mut readings = vec![("sigma", self.sigma(at.clock))];
        readings.extend(self.split_half_error(cloud, at.clock, at.pairwise)?.map(|e| ("field_error", e)));
        // Effective sample sizes come from the evaluations that estimated the error.
        readings.extend(self.target.diagnostics().ess.map(|e| ("ess_target", e)));
        readings.extend(self.source.diagnostics().ess.map(|e| ("ess_source", e)));
        Ok(readings)
    }

    fn warnings(&self) -> Vec<String> {
        let end = self.smoothing.as_ref().map_or(0.0, |s| s.schedule().at(1.0));
        let mut warnings = self.target.diagnostics().warnings;
        warnings.extend(self.source.diagnostics().warnings);
        if self.units.is_none() {
            let points = self.target.kernel().and_then(Kde::points);
            warnings.extend(points.and_then(|points| scale_warning(points, STANDARDISE_SAMPLES)));
        }
        if let Some((data, extent)) = self.target.kernel().and_then(Kde::points).zip(self.target.extent())
            && end < 0.99 * extent.detail
        {
            warnings.push(format!(
                "the final sigma {} is below the data's spacing {}: particles end on top of the {} target \
                 points (they memorise); let sigma end at the spacing or above it",
                number(end),
                number(extent.detail),
                data.n()
            ));
        }
        if let Some(batch) = self.options.batch_source.or(self.options.batch_target) {
            warnings.push(format!(
                "batches of {batch} points distort the spread within modes; with `batch` instead, a step moves only some \
                 of the particles, but computes their velocities from all points"
            ));
        }
        warnings
    }
}

impl Archived for SdFlow {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.optional("smoothing", &mut self.smoothing, |_| Smoothing::new(Schedule::from(1.0)))?;
        self.target.archive(archive)?;
        self.source.archive(archive)
    }
}
