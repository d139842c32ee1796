//! The training of both drifts.

use super::chain::{Chain, Regression, Trace};
use super::drawn::draw;
use super::drift::{Drift, evaluate};
use super::frame::{FEATURES, Frame};
use super::option::{Baseline, ChainStart, Method, PairStart, Plan};
use super::pinned::{Batch, Pinned};
use crate::archive::{Archive, Archived};
use crate::bridge::{Bridge, GaussianBridge};
use crate::net::{Activation, AdamOptions, Mlp, Trainee, Trainer, TrainingStep};
use crate::process::Observer;
use crate::rng::Stream;
use crate::target::Target;
use crate::{Interrupt, Points, Result};
use std::ops::Range;

/// The simulated data of a fit.
enum Material {
    None,
    /// The trajectories of a process.
    Trace(Trace),
    /// The starts and the ends of a process.
    Pairs([Points; 2]),
}

/// The state of a training. The half iterations are numbered `0, 1, 2, ..`. An even half iteration
/// fits the backward drift, an odd one the forward drift.
pub struct Learner<'a> {
    plan: &'a Plan,
    ends: [&'a dyn Target; 2],
    frames: [Frame; 2],
    gaussian: Option<GaussianBridge>,
    /// The coordinates whose whole drift is the baseline.
    known: Vec<usize>,
    trainers: [Trainer<f32>; 2],
    /// The net with which the present fit began.
    begun: Mlp<f32>,
    particles: usize,
    refresh: usize,
    material: Material,
    /// The half iteration and the number of the refresh to which the simulated data belong. The
    /// data are simulated again after a checkpoint is read; the result is the same, because the net
    /// of the simulated process does not change during a fit.
    belongs: Option<(usize, usize)>,
    stream: Stream,
    interrupt: &'a Interrupt,
    input: Vec<f32>,
    wanted: Vec<f64>,
    weights: Vec<f64>,
}

impl<'a> Learner<'a> {
    /// Begins with nets whose output is 0, so that the drifts are the baseline.
    ///
    /// # Errors
    /// The options do not describe a valid net, or there is too little memory.
    pub fn new(
        plan: &'a Plan,
        ends: [&'a dyn Target; 2],
        frames: [Frame; 2],
        gaussian: Option<GaussianBridge>,
        stream: Stream,
        interrupt: &'a Interrupt,
    ) -> Result<Learner<'a>> {
        let (particles, refresh) = plan.particles(frames[0].dim())?;
        let fresh = |place: u64| fresh(plan, frames[0].dim(), stream.label("net").at(place));
        let nets = [fresh(0)?, fresh(1)?];
        Ok(Learner {
            begun: nets[0].clone(),
            trainers: nets.map(|net| Trainer::new(net, AdamOptions::default(), plan.ema)),
            plan,
            ends,
            frames,
            gaussian,
            known: Vec::new(),
            particles,
            refresh,
            material: Material::None,
            belongs: None,
            stream,
            interrupt,
            input: Vec::new(),
            wanted: Vec::new(),
            weights: Vec::new(),
        })
    }

    /// Sets the known coordinates. With a baseline, the nets stay 0 in these coordinates, because
    /// the nets begin with 0 and are fitted to 0 there.
    pub fn with_known(self, known: Vec<usize>) -> Learner<'a> {
        let baseline = self.plan.baseline == Baseline::Gaussian;
        Learner { known: if baseline { known } else { Vec::new() }, ..self }
    }

    /// Returns both drifts; the nets have the averaged parameters.
    pub fn into_drifts(self) -> [Drift; 2] {
        let nets = self.trainers.map(|trainer| trainer.mean().clone());
        let [forward, backward] = self.frames;
        let [first, second] = nets;
        [Drift { frame: forward, net: first }, Drift { frame: backward, net: second }]
    }

    /// Begins a half iteration, which fits the drift `fitted`: 0 is forward, 1 is backward.
    fn begin(&mut self, half: usize, fitted: usize) -> Result<()> {
        let net = match self.plan.warm_start || half < 2 {
            true => self.trainers[fitted].mean().clone(),
            false => fresh(self.plan, self.frames[0].dim(), self.stream.label("net").at(half as u64))?,
        };
        self.begun = net.clone();
        self.trainers[fitted] = Trainer::new(net, AdamOptions::default(), self.plan.ema);
        Ok(())
    }

    /// Simulates the process that provides the data of the half iteration.
    fn simulate(&mut self, half: usize, refresh: usize) -> Result<()> {
        let moving = half % 2;
        let stream = self.stream.label("material").at(half as u64).at(refresh as u64);
        let mut points = draw(self.ends[moving], self.particles, stream.label("start"))?;
        if half == 0 && self.plan.method == Method::Pairs(PairStart::Independent) {
            let other = draw(self.ends[1], self.particles, stream.label("end"))?;
            self.material = Material::Pairs([points, other]);
            return Ok(());
        }
        let (steps, reference) = (self.plan.time_steps, self.plan.reference);
        let own_time = |k: usize| k as f64 / steps as f64;
        let (frame, net) = (&self.frames[moving], self.trainers[moving].mean());
        let starts =
            matches!(self.plan.method, Method::Chain(ChainStart::Gaussian, _) | Method::Pairs(PairStart::Gaussian));
        let gaussian = self.gaussian.as_ref().filter(|_| starts);
        let drift = |k: usize, points: &Points, out: &mut Points| match (half, gaussian) {
            (0, Some(bridge)) => bridge.forward(own_time(k), points, out),
            (0, None) => {
                out.reshape(points.n(), points.dim());
                out.data_mut().iter_mut().zip(points.data()).for_each(|(u, x)| *u = -reference.pull() * x);
                Ok(())
            }
            _ => evaluate(frame, net, own_time(k), points, out),
        };
        let (epsilon, interrupt) = (reference.epsilon(), self.interrupt);
        let chain = Chain { steps, epsilon, drift: &drift, stream: stream.label("noise"), interrupt };
        self.material = match self.plan.method {
            Method::Chain(_, regression) => Material::Trace(self.trace(&chain, points, regression, 1 - moving)?),
            Method::Pairs(_) => {
                let start = points.clone();
                chain.run(&mut points, None)?;
                Material::Pairs([start, points])
            }
        };
        Ok(())
    }

    /// Simulates a chain, and subtracts the baseline of the fitted drift from the regression
    /// targets.
    fn trace(&self, chain: &Chain, mut points: Points, regression: Regression, fitted: usize) -> Result<Trace> {
        let mut trace = Trace::new();
        chain.run(&mut points, Some((regression, &mut trace)))?;
        for (j, [points, wanted]) in trace.iter_mut().enumerate() {
            if let Some(baseline) = &self.frames[fitted].at_step(chain.steps - 1 - j).baseline {
                baseline.add(-1.0, points.data(), wanted.data_mut());
            }
        }
        Ok(trace)
    }

    /// Fills the batch: inputs, regression targets minus the baseline, and weights.
    fn fill_batch(&mut self, fitted: usize, stream: Stream) {
        let (batch, steps, dim) = (self.plan.batch, self.plan.time_steps, self.frames[0].dim());
        let (frame, width) = (&self.frames[fitted], dim + FEATURES);
        self.input.resize(batch * width, 0.0);
        self.wanted.resize(batch * dim, 0.0);
        self.weights.resize(batch, 1.0);
        let mut rng = stream.label("rows").rng();
        let mut rows: Vec<(usize, usize)> = Vec::with_capacity(batch);
        for i in (0..batch).step_by(2) {
            // Sampling is stratified: the times of a batch are spread evenly, in their order. Each
            // pair of successive rows has the same particle and opposite noise.
            let k = (steps as f64 * (i as f64 + 2.0 * rng.uniform()) / batch as f64) as usize;
            let row = (k.min(steps - 1), rng.below(self.particles));
            rows.extend([row, row].into_iter().take(batch - i));
        }
        let size = frame.size * frame.size;
        match &self.material {
            Material::None => {}
            Material::Trace(trace) => {
                let share = 1.0 / (1.0 + self.plan.reference.epsilon() * steps as f64 / size);
                for (i, (k, particle)) in rows.into_iter().enumerate() {
                    let particle = particle + i % 2 * self.particles;
                    // Step k of the fitted process is step N - 1 - k of the simulated process, with
                    // N time steps.
                    let [points, wanted] = &trace[steps - 1 - k];
                    frame.at_step(k).write_input(points.row(particle), &mut self.input[i * width..(i + 1) * width]);
                    self.wanted[i * dim..(i + 1) * dim].copy_from_slice(wanted.row(particle));
                    self.weights[i] = share;
                }
            }
            Material::Pairs([start, end]) => {
                let pinned = Pinned { plan: self.plan, frame, pairs: [end, start] };
                let mut to = Batch { input: &mut self.input, wanted: &mut self.wanted, weights: &mut self.weights };
                pinned.fill(&rows, stream.label("noise"), &mut to);
            }
        }
        for wanted in self.wanted.chunks_exact_mut(dim) {
            self.known.iter().for_each(|j| wanted[*j] = 0.0);
        }
    }
}

impl Trainee for Learner<'_> {
    fn step(&mut self, moment: &TrainingStep, _observer: &mut dyn Observer) -> Result<f64> {
        let (half, within) = (moment.step / self.plan.steps, moment.step % self.plan.steps);
        let fitted = 1 - half % 2;
        if within == 0 {
            self.begin(half, fitted)?;
        }
        let belongs = (half, within / self.refresh);
        if self.belongs != Some(belongs) {
            self.simulate(half, belongs.1)?;
            self.belongs = Some(belongs);
        }
        self.fill_batch(fitted, moment.stream);
        let rate = self.plan.rate.at(within as f64 / self.plan.steps as f64);
        let (wanted, weights, dim) = (&self.wanted, &self.weights, self.frames[0].dim());
        let (unit, share) = (1.0 / self.frames[fitted].size, 1.0 / dim as f64);
        let loss = |rows: Range<usize>, out: &mut [f32]| {
            let mut sum = 0.0;
            for (row, out) in rows.zip(out.chunks_exact_mut(dim)) {
                let weight = share * weights[row];
                for (y, wanted) in out.iter_mut().zip(&wanted[row * dim..(row + 1) * dim]) {
                    let off = f64::from(*y) - unit * wanted;
                    sum += weight * off * off;
                    *y = (2.0 * weight * off) as f32;
                }
            }
            sum
        };
        Ok(self.trainers[fitted].step(&self.input, rate, loss))
    }

    fn state(&mut self) -> Option<&mut dyn Archived> {
        Some(self)
    }

    fn take_back(&mut self) {
        // The net of the fit that diverged is the one whose parameters are not finite.
        for trainer in &mut self.trainers {
            if trainer.mean().parameters().iter().any(|v| !v.is_finite()) {
                *trainer = Trainer::new(self.begun.clone(), AdamOptions::default(), self.plan.ema);
            }
        }
    }
}

impl Archived for Learner<'_> {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        let [forward, backward] = &mut self.trainers;
        archive.part("forward", forward)?;
        archive.part("backward", backward)?;
        archive.part("begun", self.begun.parameters_mut())
    }
}

/// Returns a net with random hidden layers whose output is 0.
fn fresh(plan: &Plan, dim: usize, stream: Stream) -> Result<Mlp<f32>> {
    let mut net = Mlp::new(&plan.widths(dim)?, Activation::Silu, true, stream)?;
    let last = net.layers() - 1;
    for range in [net.weight_range(last), net.bias_range(last)] {
        net.parameters_mut()[range].fill(0.0);
    }
    Ok(net)
}
