//! The common part of `fit` and `distill`. Base points pass through a generator, a velocity is
//! evaluated at its points, and Adam takes a step along the velocity.

use super::Generator;
use super::heavy_tails::{are_heavy, bound_leverage};
use super::history::{history_row, root_mean_square};
use super::optimiser::{Optimiser, Pull};
use super::standard_units::Units;
use super::student::Student;
use super::teacher::Teacher;
use super::training_options::TrainingOptions;
use crate::archive::{Archive, Archived};
use crate::flow::Clock;
use crate::net::{self, Trainee, TrainingStep};
use crate::ode::StepReport;
use crate::process::{Ending, Observer, Row, Stats};
use crate::target::{FiniteSample, Target};
use crate::{Error, Points, Result, pairwise::Pairwise, rng::Stream};
use std::time::Instant;

/// The result of a training, besides the generator.
#[derive(Debug, Clone, Default)]
pub struct FitResult {
    /// History: step, progress, readings of the teacher, and `residual`. The residual is the root
    /// mean square of the velocity or, for pairs, of `g(u) - y`.
    pub history: Vec<Row>,
    /// How the training ended.
    pub ending: Ending,
    /// The choices that were made automatically, a sentence each.
    pub notes: Vec<String>,
    /// Work done.
    pub stats: Stats,
}

/// Generators of more outputs do not start as a linear map: it would need a decomposition of a
/// matrix over all outputs.
const WIDEST: usize = 1024;

/// A generator in training.
pub(super) struct Training<'a> {
    student: Student<'a>,
    options: TrainingOptions<'a>,
    teacher: &'a mut dyn Teacher,
    stream: Stream,
    optimiser: Optimiser,
    u: Points,
    y: Points,
    v: Points,
    result: FitResult,
    /// Number of notes that were reported before the first step.
    told: usize,
    /// Whether the influence of single points is bounded.
    bounds: bool,
    /// True if the teacher is prepared for the first step.
    prepared: bool,
    pairwise: &'a Pairwise,
    /// The time and the number of evaluated pairs at the last update of the statistics.
    since: (Instant, u64),
}

impl<'a> Training<'a> {
    /// Creates the training of `generator` in place.
    ///
    /// # Errors
    /// Options or dimensions do not match.
    pub fn new(
        generator: &'a mut dyn Generator,
        base: &'a dyn Target,
        options: TrainingOptions<'a>,
        teacher: &'a mut dyn Teacher,
        pairwise: &'a Pairwise,
        stream: Stream,
    ) -> Result<Training<'a>> {
        options.check(generator, base)?;
        Ok(Training {
            optimiser: Optimiser::new(generator, &options.plan),
            student: Student { generator, base, batch: options.batch, units: Units::default() },
            options,
            teacher,
            stream,
            u: Points::default(),
            y: Points::default(),
            v: Points::default(),
            result: FitResult::default(),
            told: 0,
            bounds: false,
            prepared: false,
            pairwise,
            since: (Instant::now(), pairwise.work().pairs()),
        })
    }

    /// Runs the training: each step is one Adam step with the gradient `-eta mean J^T v` in
    /// standard units. At the end the parameters are averaged over the last steps. After a
    /// divergence they are the last parameters with a finite velocity. If no step was taken, the
    /// generator is unchanged.
    ///
    /// # Errors
    /// Those of the teacher. Divergence and interruption are not errors.
    pub fn run(mut self, observer: &mut dyn Observer) -> Result<FitResult> {
        let before = self.student.generator.parameters().to_vec();
        let trained = self.enter(observer).and_then(|()| self.train(observer));
        let student = &mut self.student;
        match self.result.stats.steps {
            0 => student.generator.parameters_mut().copy_from_slice(&before),
            _ => student.units.leave(student.generator),
        }
        self.result.ending = trained?;
        self.count_work();
        Ok(self.result)
    }

    /// Adds the work since the last update to the statistics.
    fn count_work(&mut self) {
        let (stats, now) = (&mut self.result.stats, (Instant::now(), self.pairwise.work().pairs()));
        stats.nfe = stats.steps;
        stats.pairs += now.1 - self.since.1;
        stats.flow_pairs = stats.pairs;
        stats.flow_seconds += (now.0 - self.since.0).as_secs_f64();
        self.since = now;
    }

    /// Maps the generator to standard units.
    fn enter(&mut self, observer: &mut dyn Observer) -> Result<()> {
        let (student, clock) =
            (&mut self.student, Clock::at(0, self.options.plan.steps, self.stream).of_fresh_samples());
        let (mut u, mut y) = (Points::default(), Points::default());
        student.draw(self.stream.label("units"), &mut u, &mut y)?;
        let wanted = self.teacher.target_units(&y, &clock)?;
        student.units = Units::of(student.base, wanted.as_ref());
        let mut notes = student.units.start(student.generator, u, y)?;
        if self.options.many_outputs {
            let is_wide = student.generator.dim() > WIDEST;
            // A finite sample draws each of its points once.
            let most = student.base.finite_sample().map_or(usize::MAX, FiniteSample::n);
            let n = if is_wide { student.batch } else { student.batch.max((4 * student.generator.dim()).min(most)) };
            let u = student.inputs(n, self.stream.label("start"))?;
            if !is_wide {
                let noise = u.dim() - student.base.labels().unwrap_or(0);
                let random = self.stream.label("mixtures");
                notes.extend(student.units.spread(student.generator, wanted.as_ref(), (&u, noise), random)?);
            }
            self.bounds = are_heavy(&u);
        }
        if wanted.is_none() {
            notes.push(
                "units: those of the points, because the mean and the standard deviations to be learned are not known"
                    .into(),
            );
        }
        self.teacher.measure(student.units.size());
        self.optimiser = Optimiser::new(student.generator, &self.options.plan);
        self.tell(notes, observer);
        self.told = self.result.notes.len();
        Ok(())
    }

    fn train(&mut self, observer: &mut dyn Observer) -> Result<Ending> {
        let (plan, name) = (self.options.plan, self.options.name);
        let rate = plan.schedule(self.student.generator);
        let plan = net::TrainingPlan {
            name,
            loss: "residual",
            steps: plan.steps,
            rate: &rate,
            stream: self.stream,
            checkpoint_every: self.options.checkpoint_every,
        };
        let interrupt = self.pairwise.interrupt();
        Ok(net::train(&plan, self, interrupt, observer)?.ending)
    }

    fn tell(&mut self, notes: Vec<String>, observer: &mut dyn Observer) {
        notes.iter().for_each(|note| observer.note(note));
        self.result.notes.extend(notes);
    }

    /// Evaluates the teacher's velocity at fresh points of the generator.
    fn ask(&mut self, clock: &Clock, observer: &mut dyn Observer) -> Result<()> {
        self.student.draw(clock.randomness("base"), &mut self.u, &mut self.y)?;
        if clock.step == 0 {
            self.prepare(clock, observer)?;
        }
        let mut u = Points::default();
        let student = &mut self.student;
        let mut draw = |stream: Stream, out: &mut Points| student.draw(stream, &mut u, out);
        self.teacher.learn(&mut draw, clock)?;
        self.teacher.velocity(&self.y, clock, &mut self.v)
    }

    /// Prepares the teacher for the first step. Its warm-up may take longer than many steps.
    /// Checkpoints are therefore written during the warm-up, and it ends when an end is requested.
    fn prepare(&mut self, clock: &Clock, observer: &mut dyn Observer) -> Result<()> {
        if !self.prepared {
            let notes = self.teacher.prepare(&self.y, clock)?;
            self.prepared = true;
            self.tell(notes, observer);
        }
        let (mut u, mut loss) = (Points::default(), f64::NAN);
        loop {
            let (student, teacher) = (&mut self.student, &mut *self.teacher);
            let mut draw = |stream: Stream, out: &mut Points| student.draw(stream, &mut u, out);
            let Some((done, total)) = teacher.warm_up(&mut draw, clock)? else { return Ok(()) };
            observer.progress("warm-up", done, total, &String::new);
            let ends = self.pairwise.interrupt().end_requested();
            let own = self.options.checkpoint_every.is_some_and(|every| done.is_multiple_of(every));
            if ends || own || observer.checkpoint_due(done, total) {
                net::keep_checkpoint(self, (0, clock.steps), &mut loss, observer)?;
            }
            if ends {
                return Err(Error::Interrupted);
            }
        }
    }

    fn write_row(&mut self, clock: &Clock, residual: f64, observer: &mut dyn Observer) -> Result<()> {
        let readings = self.teacher.readings(&self.y, clock)?;
        let row = history_row(clock.step, clock.steps, residual, readings);
        observer.row(&row);
        self.result.history.push(row);
        Ok(())
    }
}

impl Trainee for Training<'_> {
    fn step(&mut self, now: &TrainingStep, observer: &mut dyn Observer) -> Result<f64> {
        let clock = Clock::at(now.step, now.steps, self.stream).of_fresh_samples();
        self.ask(&clock, observer)?;
        let residual = root_mean_square(&self.v);
        if !residual.is_finite() {
            return Ok(f64::NAN);
        }
        if self.options.writes_row(now) {
            self.write_row(&clock, residual, observer)?;
        }
        let eta = self.teacher.eta();
        self.teacher.after_step(&self.y, &StepReport { eta, displacement: eta * residual }, &clock)?;
        if let Some(map) = &self.student.units.outputs {
            map.unscale_in_place(&mut self.v);
        }
        if self.bounds {
            bound_leverage(&self.u, &mut self.v);
        }
        let pull = Pull { u: &self.u, v: &self.v, eta };
        if !self.optimiser.step(self.student.generator, &pull, now.step, now.rate)? {
            return Ok(f64::NAN);
        }
        self.result.stats.steps += 1;
        Ok(residual)
    }

    fn state(&mut self) -> Option<&mut dyn Archived> {
        Some(self)
    }

    fn resumed(&mut self, observer: &mut dyn Observer) {
        self.result.notes.iter().skip(self.told).for_each(|note| observer.note(note));
        self.result.history.iter().for_each(|row| observer.row(row));
    }

    fn take_back(&mut self) {
        self.optimiser.take_back(self.student.generator);
    }

    fn finish(&mut self) {
        self.optimiser.finish(self.student.generator);
    }
}

impl Archived for Training<'_> {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        self.count_work();
        archive.part("generator", self.student.generator.parameters_mut())?;
        archive.part("optimiser", &mut self.optimiser)?;
        archive.part("history", &mut self.result.history)?;
        archive.part("notes", &mut self.result.notes)?;
        archive.part("work", &mut self.result.stats)?;
        if archive.is_reader() {
            self.prepared = true;
            self.pairwise.work().add_earlier(self.result.stats.pairs);
            self.since.1 = self.pairwise.work().pairs();
        }
        self.teacher.archive(archive)
    }
}
