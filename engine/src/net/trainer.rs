//! The state of the training of a net: its optimiser, the average of its parameters, and its
//! buffers.

use super::{Adam, AdamOptions, Averaging, Gradients, Mlp, RunningMean, Workspace};
use crate::Result;
use crate::archive::{Archive, Archived};
use crate::simd::Real;
use std::ops::Range;

/// A net with the state of its training. After the first step, no step allocates memory.
#[derive(Debug, Clone)]
pub struct Trainer<T> {
    net: Mlp<T>,
    /// The net with the averaged parameters, and the rule by which they are averaged.
    mean: Option<(Mlp<T>, RunningMean)>,
    adam: Adam<T>,
    gradient: Vec<T>,
    work: Workspace<T>,
}

impl<T: Real> Trainer<T> {
    /// Creates a trainer of `net`. `decay` in `[0, 1)` is the decay of an exponential moving
    /// average (EMA) of the parameters; 0 means no average.
    pub fn new(net: Mlp<T>, options: AdamOptions, decay: f64) -> Trainer<T> {
        let count = net.parameters().len();
        Trainer {
            mean: (decay > 0.0).then(|| (net.clone(), RunningMean::new(Averaging::Exponential { decay }))),
            net,
            adam: Adam::new(count, options),
            gradient: vec![T::default(); count],
            work: Workspace::default(),
        }
    }

    /// Returns the net with its present parameters.
    pub fn net(&self) -> &Mlp<T> {
        &self.net
    }

    /// Returns the net to be evaluated: the averaged net if there is one.
    pub fn mean(&self) -> &Mlp<T> {
        self.mean.as_ref().map_or(&self.net, |(net, _)| net)
    }

    /// Takes one step of Adam at `rate` on the mean of a loss over the rows of `input`. Returns
    /// this mean before the step. `loss` receives a range of rows and the outputs of the net for
    /// these rows. It returns the sum of the losses and replaces the outputs by the derivatives.
    pub fn step(&mut self, input: &[T], rate: f64, loss: impl Fn(Range<usize>, &mut [T]) -> f64 + Sync) -> f64 {
        let share = 1.0 / (input.len() / self.net.input_dim()) as f64;
        let to = Gradients { parameters: Some(&mut self.gradient), input: None };
        let scaled = |rows: Range<usize>, out: &mut [T]| {
            let value = loss(rows, out);
            out.iter_mut().for_each(|y| *y = T::from_f64(share * y.to_f64()));
            share * value
        };
        let value = self.net.gradient(input, scaled, to, &mut self.work);
        self.adam.step(self.net.parameters_mut(), &self.gradient, rate);
        if let Some((mean, running)) = &mut self.mean {
            running.add(mean.parameters_mut(), self.net.parameters());
        }
        value
    }

    /// Writes the outputs of the averaged net at the rows of `input` into `output`.
    pub fn forward(&mut self, input: &[T], output: &mut [T]) {
        self.mean.as_ref().map_or(&self.net, |(net, _)| net).forward(input, output, &mut self.work);
    }

    /// Writes the gradients of the averaged net, as [`Mlp::gradient`] does.
    pub(crate) fn gradient(
        &mut self,
        input: &[T],
        loss: impl Fn(Range<usize>, &mut [T]) -> f64 + Sync,
        to: Gradients<T>,
    ) -> f64 {
        self.mean.as_ref().map_or(&self.net, |(net, _)| net).gradient(input, loss, to, &mut self.work)
    }
}

/// Parameters, their running mean and the optimiser. While reading, the net must have the same
/// shape.
impl<T: Real> Archived for Trainer<T> {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("parameters", self.net.parameters_mut())?;
        archive.part("adam", &mut self.adam)?;
        let Some((net, mean)) = &mut self.mean else { return Ok(()) };
        archive.part("mean", net.parameters_mut())?;
        archive.part("averaged", mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Activation;
    use crate::rng::Stream;

    /// Returns a loss: half the squared distance to `want`.
    fn square(want: &[f32]) -> impl Fn(Range<usize>, &mut [f32]) -> f64 + Sync {
        move |rows, out| {
            let mut sum = 0.0;
            for (y, want) in out.iter_mut().zip(&want[rows]) {
                *y -= want;
                sum += 0.5 * f64::from(*y * *y);
            }
            sum
        }
    }

    fn waves(n: usize) -> (Vec<f32>, Vec<f32>) {
        let x: Vec<f32> = (0..n).map(|i| 4.0 * i as f32 / n as f32 - 2.0).collect();
        let y = x.iter().map(|x| (3.0 * x).sin()).collect();
        (x, y)
    }

    #[test]
    fn it_learns_a_wave_the_same_on_any_number_of_threads() {
        let (x, y) = waves(300);
        let train = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let net = Mlp::new(&[1, 64, 64, 1], Activation::Silu, true, Stream::new(1)).unwrap();
            let mut trainer = Trainer::new(net, AdamOptions::default(), 0.99);
            let mut loss = f64::NAN;
            pool.install(|| (0..600).for_each(|_| loss = trainer.step(&x, 5e-3, square(&y))));
            (loss, trainer.net().parameters().to_vec(), trainer.mean().parameters().to_vec())
        };
        let [one, two, five] = [1, 2, 5].map(train);
        assert!(one.0 < 2e-3, "loss {}", one.0);
        assert!(one == two && two == five);
        assert_ne!(one.1, one.2);
    }

    #[test]
    fn the_running_mean_is_the_weighted_sum_of_what_was() {
        let (x, y) = waves(20);
        let net = Mlp::new(&[1, 3, 1], Activation::Tanh, false, Stream::new(1)).unwrap();
        let mut trainer = Trainer::new(net.clone(), AdamOptions::default(), 0.5);
        let mut want: Vec<f64> = net.parameters().iter().map(|p| f64::from(*p)).collect();
        for step in 1..=20 {
            trainer.step(&x, 1e-2, square(&y));
            let decay = (f64::from(1 + step) / f64::from(10 + step)).min(0.5);
            for (mean, now) in want.iter_mut().zip(trainer.net().parameters()) {
                *mean = decay * *mean + (1.0 - decay) * f64::from(*now);
            }
        }
        for (mean, want) in trainer.mean().parameters().iter().zip(&want) {
            assert!((f64::from(*mean) - want).abs() < 1e-6);
        }
    }

    #[test]
    fn buffers_are_kept() {
        let (x, y) = waves(700);
        let net: Mlp<f32> = Mlp::new(&[1, 32, 1], Activation::Silu, false, Stream::new(1)).unwrap();
        let mut trainer = Trainer::new(net, AdamOptions::default(), 0.9);
        trainer.step(&x, 1e-3, square(&y));
        let places = trainer.work.places();
        (0..5).for_each(|_| assert!(trainer.step(&x, 1e-3, square(&y)) > 0.0));
        trainer.step(&x[..300], 1e-3, square(&y));
        trainer.step(&x, 1e-3, square(&y));
        assert!(places.len() > 5 && trainer.work.places()[..12] == places[..12]);
    }
}
