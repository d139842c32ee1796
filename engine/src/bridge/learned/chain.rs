//! The simulation of a process, and the regression targets for the process in reversed time.

use crate::rng::Stream;
use crate::{Interrupt, Points, Result};
use serde::{Deserialize, Serialize};

/// The regression target for the drift of the process in reversed time, after the step `X' = X + h
/// u(X) + sqrt(epsilon h) Z`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Regression {
    /// `-sqrt(epsilon / h) Z - u(X')`: mean matching.
    #[default]
    Mean,
    /// `(X - X') / h`: the increment of the chain.
    Increment,
}

crate::choices!(Regression);

/// The points after each step of a chain, and the regression targets of the reversed drift at these
/// points. Each of `n` points has a partner `n` rows further, with the opposite noise in that step.
/// Most of the noise of the regression targets cancels in the mean over a point and its partner.
pub type Trace = Vec<[Points; 2]>;

/// A chain of Euler steps.
pub struct Chain<'a> {
    /// Number of steps over the time from 0 to 1.
    pub steps: usize,
    /// Variance of the noise per unit of time.
    pub epsilon: f64,
    /// Writes the drift at a step (first argument) and at given points (second argument) into the
    /// third argument.
    pub drift: &'a dyn Fn(usize, &Points, &mut Points) -> Result<()>,
    /// The source of the noise.
    pub stream: Stream,
    /// Stops the simulation.
    pub interrupt: &'a Interrupt,
}

impl Chain<'_> {
    /// Moves `points` to the end of the chain in place. If `trace` is given, the data of each step
    /// are added to it for the regression \[debortoli2021diffusion\]. The cost is one evaluation of
    /// the drift per step and point, and three for mean matching.
    ///
    /// # Errors
    /// Those of the drift; an interrupt; a point becomes infinite or NaN.
    pub fn run(&self, points: &mut Points, mut trace: Option<(Regression, &mut Trace)>) -> Result<()> {
        let h = 1.0 / self.steps as f64;
        let noise = (self.epsilon * h).sqrt();
        let (mut before, mut drift, mut after) = (Points::default(), Points::default(), Points::default());
        for k in 0..self.steps {
            self.interrupt.check()?;
            (self.drift)(k, points, &mut drift)?;
            before.clone_from(points);
            points.data_mut().iter_mut().zip(drift.data()).for_each(|(x, u)| *x += h * u);
            self.stream.at(k as u64).add_normal(noise, points.data_mut());
            points.check_finite("a simulated cloud")?;
            let Some((regression, trace)) = &mut trace else { continue };
            // With the opposite noise, this step would end at 2 (X + h u) - X'.
            let mut both = Points::zeros(2 * points.n(), points.dim());
            let (here, mirrored) = both.data_mut().split_at_mut(points.data().len());
            here.copy_from_slice(points.data());
            let steps = before.data().iter().zip(drift.data()).zip(points.data());
            mirrored.iter_mut().zip(steps).for_each(|(m, ((x, u), y))| *m = 2.0 * (x + h * u) - y);
            let starts = before.data().iter().chain(before.data());
            let mut wanted = both.clone();
            wanted.data_mut().iter_mut().zip(starts).for_each(|(w, x)| *w = (x - *w) / h);
            if *regression == Regression::Mean {
                (self.drift)(k, &both, &mut after)?;
                let change = drift.data().iter().chain(drift.data()).zip(after.data());
                wanted.data_mut().iter_mut().zip(change).for_each(|(w, (u, v))| *w += u - v);
            }
            trace.push([both, wanted]);
        }
        Ok(())
    }
}
