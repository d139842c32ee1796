//! The average of parameters over a training.

use crate::Result;
use crate::archive::{Archive, Archived};
use crate::simd::Real;
use rayon::prelude::*;

/// The number of parameters that one thread updates at a time.
const CHUNK: usize = 8192;

/// The weights of successive parameters in the average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Averaging {
    /// An exponential moving average (EMA) with this decay per step. In the first steps the decay
    /// is at most `(1 + t) / (10 + t)` at step `t`, so that the random start loses its weight soon.
    Exponential {
        /// The decay, in `[0, 1)`.
        decay: f64,
    },
    /// All steps have equal weights. The memory contains the sum of the parameters;
    /// [`RunningMean::store`] divides this sum by the number of steps.
    Equal,
}

/// An average of parameters. The caller owns the memory, because the memory may be the parameters
/// of a net.
#[derive(Debug, Clone, Copy)]
pub struct RunningMean {
    averaging: Averaging,
    count: u64,
}

/// The caller owns the memory and archives it.
impl Archived for RunningMean {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("count", &mut self.count)
    }
}

impl RunningMean {
    /// Creates an empty average. The memory must contain the first parameters if the average is
    /// exponential, and zeros if the weights are equal.
    pub fn new(averaging: Averaging) -> RunningMean {
        RunningMean { averaging, count: 0 }
    }

    /// Adds the parameters `now` to the average in `memory`.
    pub fn add<T: Real>(&mut self, memory: &mut [T], now: &[T]) {
        self.count += 1;
        let both = memory.par_chunks_mut(CHUNK).zip(now.par_chunks(CHUNK));
        match self.averaging {
            Averaging::Exponential { decay } => {
                let decay = decay.min((1 + self.count) as f64 / (10 + self.count) as f64);
                let mix = |mean: f64, now: f64| now + decay * (mean - now);
                both.for_each(|(mean, now)| combine(mean, now, mix));
            }
            Averaging::Equal => both.for_each(|(sum, now)| combine(sum, now, |sum, now| sum + now)),
        }
    }

    /// Writes the average in `memory` into `parameters`; an empty average leaves them unchanged.
    pub fn store<T: Real>(&self, memory: &[T], parameters: &mut [T]) {
        if self.count == 0 {
            return;
        }
        let parts = match self.averaging {
            Averaging::Exponential { .. } => 1.0,
            Averaging::Equal => self.count as f64,
        };
        parameters.iter_mut().zip(memory).for_each(|(p, held)| *p = T::from_f64(held.to_f64() / parts));
    }
}

fn combine<T: Real>(memory: &mut [T], now: &[T], rule: impl Fn(f64, f64) -> f64) {
    memory.iter_mut().zip(now).for_each(|(held, now)| *held = T::from_f64(rule(held.to_f64(), now.to_f64())));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_count_alike_or_less_and_less() {
        let mut equal = RunningMean::new(Averaging::Equal);
        let (mut sum, mut parameters) = ([0.0f64; 2], [7.0, 8.0]);
        equal.store(&sum, &mut parameters);
        assert_eq!(parameters, [7.0, 8.0], "a mean of nothing changes nothing");
        for now in [[1.0, 10.0], [2.0, 20.0], [6.0, 60.0]] {
            equal.add(&mut sum, &now);
        }
        equal.store(&sum, &mut parameters);
        assert_eq!(parameters, [3.0, 30.0]);
        let mut fading = RunningMean::new(Averaging::Exponential { decay: 0.25 });
        let mut mean = [0.0f64];
        // The first step keeps 2/11 of the start, which is less than the 1/4 that the second step
        // keeps.
        fading.add(&mut mean, &[11.0]);
        assert!((mean[0] - 9.0).abs() < 1e-12);
        fading.add(&mut mean, &[1.0]);
        fading.store(&mean.clone(), &mut mean);
        assert!((mean[0] - 3.0).abs() < 1e-12);
    }
}
