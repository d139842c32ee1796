//! A net as a discriminator.

use super::option::DiscriminatorOptions;
use super::sigmoid::{sigmoid, softplus};
use crate::archive::{Archive, Archived};
use crate::net::{AdamOptions, Gradients, Mlp, Trainer, TrainingPlan, TrainingStep, train};
use crate::points::AffineMap;
use crate::process::Unobserved;
use crate::rng::Stream;
use crate::schedule::Schedule;
use crate::{Interrupt, Points, Result};
use std::ops::Range;

/// The logit `l(x) = F((x - mean) / scale)` of a net `F`. Mean and scale are those of the first
/// fit, so that successive fits train the same function.
#[derive(Debug, Clone)]
pub struct Learned {
    trainer: Trainer<f32>,
    /// The map from the units of the net to those of the points, with one factor for all
    /// coordinates.
    units: AffineMap,
    begun: bool,
    input: Vec<f32>,
    slope: Vec<f32>,
    output: Vec<f32>,
}

/// The largest coordinate of a point on which a net is trained, in the units of the first fit.
/// Below it, products in f32 do not overflow.
const FAR: f32 = 1e15;

impl Learned {
    pub fn new(p: &Points, q: &Points, options: &DiscriminatorOptions, stream: Stream) -> Result<Learned> {
        let net = Mlp::new(&options.widths(p.dim())?, options.activation, true, stream)?;
        let each = AffineMap::pooled(p, q);
        let units = AffineMap::uniform(each.size(), each.shift().to_vec());
        Ok(Learned::of(net, units, options))
    }

    /// Returns a net for `dim` coordinates into which an archived net can be read.
    pub fn blank(dim: usize, options: &DiscriminatorOptions, archive: &Archive) -> Result<Learned> {
        let widths = options.widths(dim)?;
        archive.expect_room(Mlp::<f32>::bytes(&widths)?)?;
        let net = Mlp::zeros(&widths, options.activation, true)?;
        Ok(Learned::of(net, AffineMap::uniform(1.0, vec![0.0; dim]), options))
    }

    fn of(net: Mlp<f32>, units: AffineMap, options: &DiscriminatorOptions) -> Learned {
        let adam = AdamOptions { weight_decay: options.decay, ..AdamOptions::default() };
        let trainer = Trainer::new(net, adam, 0.0);
        Learned { trainer, units, begun: false, input: Vec::new(), slope: Vec::new(), output: Vec::new() }
    }

    pub fn dim(&self) -> usize {
        self.units.dim()
    }

    /// Takes steps of Adam on `mean_p softplus(-l) + mean_q softplus(l)`, with batches drawn from
    /// both sets. If a drawn point is too far away for the net, the training ends and the result is
    /// false.
    pub fn fit(
        &mut self,
        p: &Points,
        q: &Points,
        options: &DiscriminatorOptions,
        stream: Stream,
        interrupt: &Interrupt,
    ) -> Result<bool> {
        let (batch, settled) = (options.batch, Schedule::from(options.rate.at(1.0)));
        let (steps, rate) = if self.begun { (options.follow, &settled) } else { (options.steps, &options.rate) };
        let mut too_far = false;
        let mut learn = |now: &TrainingStep| -> Result<f64> {
            self.draw(p, q, batch, now.stream);
            too_far = !self.input.iter().all(|x| x.abs() < FAR);
            if too_far {
                return Ok(f64::NAN);
            }
            Ok(self.trainer.step(&self.input, now.rate, |rows, out| logistic_loss(batch, rows, out)))
        };
        let plan = TrainingPlan {
            name: "discriminator",
            loss: "loss",
            steps,
            rate,
            stream: stream.label("batch"),
            checkpoint_every: None,
        };
        let trained = train(&plan, &mut learn, interrupt, &mut Unobserved)?;
        if too_far {
            return Ok(false);
        }
        trained.require_finished("the discriminator")?;
        self.begun = true;
        Ok(true)
    }

    /// Fills the input of the net with a minibatch of `batch` rows of `p`, followed by `batch` rows
    /// of `q`.
    fn draw(&mut self, p: &Points, q: &Points, batch: usize, stream: Stream) {
        let mut rng = stream.rng();
        self.input.resize(2 * batch * self.dim(), 0.0);
        let rows = (0..2 * batch).map(|i| if i < batch { p.row(rng.below(p.n())) } else { q.row(rng.below(q.n())) });
        fill(&mut self.input, rows, &self.units);
    }

    pub fn evaluate(&mut self, z: &Points, logit: &mut [f64], gradient: &mut Points) {
        self.input.resize(z.data().len(), 0.0);
        self.slope.resize(z.data().len(), 0.0);
        self.output.resize(z.n(), 0.0);
        fill(&mut self.input, z.iter(), &self.units);
        self.trainer.forward(&self.input, &mut self.output);
        let slope_of_one = |_: Range<usize>, out: &mut [f32]| {
            out.fill(1.0);
            0.0
        };
        let to = Gradients { parameters: None, input: Some(&mut self.slope) };
        self.trainer.gradient(&self.input, slope_of_one, to);
        logit.iter_mut().zip(&self.output).for_each(|(to, l)| *to = f64::from(*l));
        let scale = self.units.scale()[0];
        gradient.data_mut().iter_mut().zip(&self.slope).for_each(|(to, s)| *to = f64::from(*s) / scale);
    }
}

impl Archived for Learned {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("trainer", &mut self.trainer)?;
        archive.part("units", &mut self.units)?;
        archive.part("begun", &mut self.begun)
    }
}

/// Returns the sum of the losses of these rows, and replaces the logits by the derivatives of the
/// loss. Rows below `batch` are points of `p`, the others are points of `q`.
fn logistic_loss(batch: usize, rows: Range<usize>, logits: &mut [f32]) -> f64 {
    let mut sum = 0.0;
    for (i, l) in rows.zip(logits) {
        // The derivative is -softplus'(-l) = -1/(1 + e^l) for p, and softplus'(l) = 1/(1 + e^-l)
        // for q. Both are doubled, because half of the rows belong to each set.
        let sign = if i < batch { -1.0 } else { 1.0 };
        let x = sign * f64::from(*l);
        sum += 2.0 * softplus(x);
        *l = (2.0 * sign * sigmoid(x)) as f32;
    }
    sum
}

fn fill<'a>(input: &mut [f32], rows: impl Iterator<Item = &'a [f64]>, units: &AffineMap) {
    let scale = units.scale()[0];
    for (input, row) in input.chunks_exact_mut(units.dim()).zip(rows) {
        for ((to, x), m) in input.iter_mut().zip(row).zip(units.shift()) {
            *to = ((x - m) / scale) as f32;
        }
    }
}
