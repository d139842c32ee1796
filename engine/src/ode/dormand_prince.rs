//! Adaptive steps within a tolerance, by the embedded Runge-Kutta pair of orders 5 and 4 of Dormand
//! and Prince \[dormand1980family\].

use super::runge_kutta::{RungeKutta, Velocity, add, move_into};
use crate::{Error, Points, Result};

/// Positions of the stages in the step.
const PLACES: [f64; 7] = [0.0, 1.0 / 5.0, 3.0 / 10.0, 4.0 / 5.0, 8.0 / 9.0, 1.0, 1.0];

/// Weights of the previous stages for each stage. The last row is the solution of order 5.
const STAGES: [&[f64]; 7] = [
    &[],
    &[1.0 / 5.0],
    &[3.0 / 40.0, 9.0 / 40.0],
    &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
    &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0],
    &[9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0],
    &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
];

/// The weights of the solution of order 5 minus the weights of the solution of order 4.
const ERROR: [f64; 7] =
    [71.0 / 57600.0, 0.0, -71.0 / 16695.0, 71.0 / 1920.0, -17253.0 / 339_200.0, 22.0 / 525.0, -1.0 / 40.0];

/// The largest number of parts into which a step is divided.
const MOST: usize = 10_000;

impl RungeKutta {
    /// Moves `cloud` along `dy/dc = velocity(y, c)` from `c` = 0 to 1. The step is divided into
    /// parts whose estimated error, as a root mean square over particles, is at most `tolerance`.
    /// The first part has the size that the previous call chose for its next part.
    ///
    /// # Errors
    /// Those of `velocity`, or the step needs more than 10,000 parts; the cloud is then at the end
    /// of the last accepted part.
    pub fn reach(&mut self, cloud: &mut Points, tolerance: f64, velocity: &mut Velocity) -> Result<()> {
        self.velocities.resize_with(self.velocities.len().max(7), Points::default);
        self.before.copy_from(cloud);
        let (mut at, mut part) = (0.0, self.eta.unwrap_or(1.0));
        for _ in 0..MOST {
            let last = at + part >= 1.0;
            let size = if last { 1.0 - at } else { part };
            let error = self.attempt(cloud, at, size, velocity)?;
            // NaN is accepted, so that the run detects it.
            let good = error <= tolerance || !error.is_finite();
            if good {
                std::mem::swap(cloud, &mut self.stage);
                at += size;
            }
            let factor = (0.9 * (tolerance / error).powf(0.2)).clamp(0.2, 5.0);
            // If the end of the step shortened a part, its size is not kept for the next part.
            if !(good && last && factor >= 1.0 && size < part) {
                part = (size * if factor.is_finite() { factor } else { 1.0 }).min(1.0);
            }
            if good && last {
                self.eta = Some(part);
                return Ok(());
            }
        }
        let reason =
            format!("a step needed more than {MOST} parts for an error of {tolerance:e}; allow a larger `tolerance`");
        Err(Error::Numeric { what: "the adaptive sampler".into(), reason })
    }

    /// Writes the moved cloud into `stage` and returns the estimated error.
    fn attempt(&mut self, cloud: &Points, at: f64, size: f64, velocity: &mut Velocity) -> Result<f64> {
        for (s, (place, weights)) in PLACES.iter().zip(STAGES).enumerate() {
            let (done, rest) = self.velocities.split_at_mut(s);
            if s == 0 {
                velocity(cloud, at, &mut rest[0])?;
            } else {
                combine(cloud, size, weights, done, &mut self.stage);
                velocity(&self.stage, at + place * size, &mut rest[0])?;
            }
            self.evaluations += 1;
        }
        // The last stage lies at the solution of order 5.
        let (first, others) = self.velocities.split_at_mut(1);
        first[0].data_mut().iter_mut().for_each(|v| *v *= ERROR[0]);
        for (weight, v) in ERROR[1..].iter().zip(others) {
            first[0].data_mut().iter_mut().zip(v.data()).for_each(|(e, v)| *e += weight * v);
        }
        let square: f64 = first[0].data().iter().map(|e| e * e).sum();
        Ok(size * (square / cloud.n() as f64).sqrt())
    }
}

/// Writes `cloud + size sum_s w_s v_s` into `out`.
fn combine(cloud: &Points, size: f64, weights: &[f64], velocities: &[Points], out: &mut Points) {
    move_into(cloud, size * weights[0], &velocities[0], out);
    weights[1..].iter().zip(&velocities[1..]).for_each(|(w, v)| add(out, size * w, v));
}
