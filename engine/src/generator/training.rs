//! The loop of every training: base points through a generator, a velocity at its points, a step of Adam along it.

use super::Generator;
use super::descent::{Descent, Pace};
use crate::flow::{Clock, StepReport};
use crate::process::{Ending, Observer, Row, Stats};
use crate::target::Target;
use crate::{Error, Points, Result, pairwise::Pairwise, rng::Stream};
use std::collections::BTreeMap;
use std::time::Instant;

/// What training leaves besides the generator.
#[derive(Debug, Clone)]
pub struct FitResult {
    /// Rows of step, progress, readings of what teaches and `residual`, the root mean square of the velocity.
    pub history: Vec<Row>,
    /// How it ended.
    pub ending: Ending,
    /// What was decided on the user's behalf.
    pub notes: Vec<String>,
    /// Work done.
    pub stats: Stats,
}

/// How long and how fast: the options that every training has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Course<'a> {
    pub name: &'static str,
    pub pace: Pace<'a>,
    pub batch: usize,
    pub every: Option<usize>,
}

impl Course<'_> {
    fn check(&self, generator: &dyn Generator, base: &dyn Target) -> Result<()> {
        if base.dim() != generator.input_dim() {
            let want = format!("the generator takes {}", generator.input_dim());
            return Err(Error::shape("the base", format!("{} columns", base.dim()), want));
        }
        let every = self.every.unwrap_or(1);
        self.pace.check()?;
        for (name, value, least) in [("batch", self.batch, 2), ("every", every, 1)] {
            if value < least {
                return Err(Error::argument(name, value, format!("it must be at least {least}")));
            }
        }
        Ok(())
    }
}

/// Fresh points of the generator as it is at this moment.
pub(super) type Draw<'a> = dyn FnMut(Stream, &mut Points) -> Result<()> + 'a;

/// Says where the points of a generator are to move.
pub(super) trait Guide {
    /// Makes itself ready before the first step, whose points are `y`. Returns what it decided, a sentence each.
    fn prepare(&mut self, y: &Points, draw: &mut Draw, clock: &Clock, pairwise: &Pairwise) -> Result<Vec<String>>;

    /// Learns from fresh points before it is asked for a velocity.
    fn learn(&mut self, _draw: &mut Draw, _clock: &Clock, _pairwise: &Pairwise) -> Result<()> {
        Ok(())
    }

    fn velocity(&mut self, y: &Points, clock: &Clock, pairwise: &Pairwise, out: &mut Points) -> Result<()>;

    fn readings(&mut self, y: &Points, clock: &Clock, pairwise: &Pairwise) -> Result<Vec<(&'static str, f64)>>;

    /// How far along the velocity the points are to move.
    fn eta(&self) -> f64 {
        1.0
    }

    fn stepped(&mut self, _y: &Points, _report: &StepReport, _clock: &Clock) -> Result<()> {
        Ok(())
    }
}

/// A generator in training.
pub(super) struct Training<'a> {
    generator: &'a mut dyn Generator,
    base: &'a dyn Target,
    course: Course<'a>,
    pairwise: &'a Pairwise,
    stream: Stream,
    descent: Descent,
    y: Points,
    v: Points,
    result: FitResult,
}

impl<'a> Training<'a> {
    /// # Errors
    /// Options or dimensions that do not fit.
    pub fn new(
        generator: &'a mut dyn Generator,
        base: &'a dyn Target,
        course: Course<'a>,
        pairwise: &'a Pairwise,
        stream: Stream,
    ) -> Result<Training<'a>> {
        course.check(generator, base)?;
        let (history, notes) = (Vec::new(), Vec::new());
        Ok(Training {
            descent: Descent::new(generator, course.pace),
            generator,
            base,
            course,
            pairwise,
            stream,
            y: Points::default(),
            v: Points::default(),
            result: FitResult { history, ending: Ending::Finished, notes, stats: Stats::default() },
        })
    }

    /// Takes one Adam step per step on `-eta mean J^T v`, and leaves the generator with the mean of its last parameters; where it
    /// diverges, with the last ones whose velocity was finite.
    ///
    /// # Errors
    /// As the guide. Divergence and interruption are endings.
    pub fn along(mut self, guide: &mut dyn Guide, observer: &mut dyn Observer) -> Result<FitResult> {
        let (begun, pairs_before) = (Instant::now(), self.pairwise.work().pairs());
        for step in 0..self.course.pace.steps {
            match self.step(step, guide, observer) {
                Ok(true) => {}
                Ok(false) => self.result.ending = Ending::Diverged { step },
                Err(Error::Interrupted) => {
                    self.result.ending = Ending::Interrupted { step: self.result.stats.steps as usize };
                }
                Err(error) => return Err(error),
            }
            if self.result.ending != Ending::Finished {
                break;
            }
        }
        if !matches!(self.result.ending, Ending::Diverged { .. }) {
            self.descent.finish(self.generator);
        }
        let (mut result, stats) = (self.result, self.pairwise.work().pairs() - pairs_before);
        (result.stats.nfe, result.stats.pairs, result.stats.flow_pairs) = (result.stats.steps, stats, stats);
        result.stats.flow_seconds = begun.elapsed().as_secs_f64();
        Ok(result)
    }

    /// One step; false where it leaves the finite numbers.
    fn step(&mut self, step: usize, guide: &mut dyn Guide, observer: &mut dyn Observer) -> Result<bool> {
        let Course { name, pace: Pace { steps, .. }, batch, .. } = self.course;
        let (base, pairwise) = (self.base, self.pairwise);
        let clock = Clock::at(step, steps, self.stream);
        let u = base.sample(batch, clock.randomness("base"))?;
        self.generator.forward(&u, &mut self.y)?;
        let mut draw = |stream: Stream, out: &mut Points| self.generator.forward(&base.sample(batch, stream)?, out);
        if step == 0 {
            self.result.notes = guide.prepare(&self.y, &mut draw, &clock, pairwise)?;
            self.result.notes.iter().for_each(|note| observer.note(note));
        }
        guide.learn(&mut draw, &clock, pairwise)?;
        guide.velocity(&self.y, &clock, pairwise, &mut self.v)?;
        let residual = (self.v.data().iter().map(|x| x * x).sum::<f64>() / batch as f64).sqrt();
        if !residual.is_finite() {
            self.descent.take_back(self.generator);
            return Ok(false);
        }
        if step.is_multiple_of(self.course.every.unwrap_or(steps.div_ceil(20)).max(1)) || step + 1 == steps {
            let mut row: Row = BTreeMap::from([("step".into(), step as f64), ("progress".into(), clock.progress())]);
            row.insert("residual".into(), residual);
            let readings = guide.readings(&self.y, &clock, pairwise)?;
            row.extend(readings.into_iter().map(|(name, value)| (name.to_string(), value)));
            observer.row(&row);
            self.result.history.push(row);
        }
        let eta = guide.eta();
        guide.stepped(&self.y, &StepReport { eta, displacement: eta * residual }, &clock)?;
        if !self.descent.step(self.generator, (&u, &self.v, eta), step)? {
            return Ok(false);
        }
        self.result.stats.steps += 1;
        observer.progress(name, step + 1, steps, &|| format!("residual {residual:.3}"));
        pairwise.interrupt().check()?;
        Ok(true)
    }
}
