//! The process relative to which a bridge minimises the entropy.

use crate::flow::mean_variance;
use crate::target::Target;
use crate::{Error, Result, Rule};

/// The largest rate at which a process may return to the origin.
const MOST_PULL: f64 = 100.0;

/// The diffusion `dX = -pull X dt + sqrt(epsilon) dB` over the time from 0 to 1: a Brownian motion
/// for `pull = 0`, otherwise an Ornstein-Uhlenbeck process.
///
/// The transition over a time `s` is `X_{t+s} = r X_t + sqrt(v) Z` with `r = exp(-pull s)` and `v =
/// epsilon (1 - r^2) / (2 pull)`, or `epsilon s` for the Brownian motion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReferenceProcess {
    epsilon: f64,
    pull: f64,
}

/// Returns the default of `epsilon` for a bridge between two distributions: the mean of the
/// variances of all coordinates of both. It is 1 between standard normal distributions, and between
/// single points.
pub fn usual_epsilon(ends: [&dyn Target; 2]) -> f64 {
    let [a, b] = ends.map(|end| mean_variance(end).unwrap_or(0.0));
    if a + b > 0.0 { 0.5 * (a + b) } else { 1.0 }
}

/// The position at time `t` given both ends, `X_t = start X_0 + end X_1 + sqrt(variance) Z`, and
/// the rates of change of the factors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pinned {
    /// Factor of the start.
    pub start: f64,
    /// Factor of the end.
    pub end: f64,
    /// Variance of each coordinate.
    pub variance: f64,
    /// Rate of change of `start`.
    pub start_rate: f64,
    /// Rate of change of `end`.
    pub end_rate: f64,
    /// The covariance of `X_s` and `X_t` given both ends is a function of `s >= t`. This is its
    /// derivative at `s = t`.
    pub lag_rate: f64,
}

impl ReferenceProcess {
    /// Creates a process.
    ///
    /// # Errors
    /// `epsilon` is not positive and finite, or `pull` does not lie between 0 and 100.
    pub fn new(epsilon: f64, pull: f64) -> Result<ReferenceProcess> {
        if !(epsilon > 0.0 && epsilon.is_finite()) {
            return Err(Error::argument("epsilon", epsilon, Rule::Positive.worded("it must be positive and finite")));
        }
        // For a larger rate the end does not depend on the start: the factor exp(-pull) is lost in
        // rounding.
        if !(0.0..=MOST_PULL).contains(&pull) {
            let want = format!("it must be 0 or more and at most {MOST_PULL}");
            return Err(Error::argument("pull", pull, Rule::NotNegative.worded(want)));
        }
        Ok(ReferenceProcess { epsilon, pull })
    }

    /// Creates a Brownian motion.
    ///
    /// # Errors
    /// `epsilon` is not positive and finite.
    pub fn brownian(epsilon: f64) -> Result<ReferenceProcess> {
        ReferenceProcess::new(epsilon, 0.0)
    }

    /// Returns the variance of the noise per unit of time: the weight of the entropy in the
    /// transport problem with the cost `|x - y|^2 / 2`.
    pub fn epsilon(&self) -> f64 {
        self.epsilon
    }

    /// Returns the rate at which the process returns to the origin; 0 for the Brownian motion.
    pub fn pull(&self) -> f64 {
        self.pull
    }

    /// Returns the factor `r` and the variance `v` of the transition over the time `span`.
    pub fn transition(&self, span: f64) -> (f64, f64) {
        let ReferenceProcess { epsilon, pull } = *self;
        if pull == 0.0 {
            return (1.0, epsilon * span);
        }
        ((-pull * span).exp(), -epsilon * (-2.0 * pull * span).exp_m1() / (2.0 * pull))
    }

    /// Returns the position at time `t` given both ends.
    pub fn pinned(&self, t: f64) -> Pinned {
        let ((early, before), (late, after)) = (self.transition(t), self.transition(1.0 - t));
        let whole = self.transition(1.0).1;
        let growth = |factor: f64, variance: f64| self.epsilon * factor * factor + self.pull * variance;
        let end_rate = growth(early, before) * late / whole;
        Pinned {
            start: after * early / whole,
            end: before * late / whole,
            variance: before * after / whole,
            start_rate: -growth(late, after) * early / whole,
            end_rate,
            lag_rate: -before * (self.pull + end_rate * late),
        }
    }

    /// Describes the position at time `to` given the position at time `from` and the end, with
    /// `from <= to <= 1`. Returns the factor of the position at `from`, the factor of the end, and
    /// the variance.
    pub fn between(&self, from: f64, to: f64) -> (f64, f64, f64) {
        let ((near, before), (far, after)) = (self.transition(to - from), self.transition(1.0 - to));
        let whole = self.transition(1.0 - from).1;
        if whole <= 0.0 {
            return (0.0, 1.0, 0.0);
        }
        (after * near / whole, before * far / whole, before * after / whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pinned_brownian_motion_is_known() {
        let pinned = ReferenceProcess::brownian(2.0).unwrap().pinned(0.25);
        let want = Pinned { start: 0.75, end: 0.25, variance: 0.375, start_rate: -1.0, end_rate: 1.0, lag_rate: -0.5 };
        assert_eq!(pinned, want);
    }

    #[test]
    fn rates_are_differences_and_a_small_pull_is_a_brownian_motion() {
        let (process, t, h) = (ReferenceProcess::new(0.7, 1.3).unwrap(), 0.4, 1e-5);
        let (at, more, less) = (process.pinned(t), process.pinned(t + h), process.pinned(t - h));
        assert!(((more.start - less.start) / (2.0 * h) - at.start_rate).abs() < 1e-9);
        assert!(((more.end - less.end) / (2.0 * h) - at.end_rate).abs() < 1e-9);
        // d Var / dt = 2 (rate of the covariance) + epsilon, for a diffusion with this noise.
        let variance_rate = (more.variance - less.variance) / (2.0 * h);
        assert!((variance_rate - 2.0 * at.lag_rate - 0.7).abs() < 1e-9);
        let (weak, brownian) = (ReferenceProcess::new(0.7, 1e-9).unwrap(), ReferenceProcess::brownian(0.7).unwrap());
        assert!((weak.pinned(t).variance - brownian.pinned(t).variance).abs() < 1e-8);
    }

    #[test]
    fn steps_of_a_pinned_process_add_up() {
        let process = ReferenceProcess::new(1.5, 0.8).unwrap();
        let (first, second) = (process.pinned(0.3), process.between(0.3, 0.7));
        let whole = process.pinned(0.7);
        assert!((second.0 * first.start - whole.start).abs() < 1e-14);
        assert!((second.0 * first.end + second.1 - whole.end).abs() < 1e-14);
        assert!((second.0 * second.0 * first.variance + second.2 - whole.variance).abs() < 1e-14);
        assert_eq!(process.between(1.0, 1.0), (0.0, 1.0, 0.0));
    }

    #[test]
    fn impossible_processes_are_refused() {
        for epsilon in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(ReferenceProcess::brownian(epsilon).unwrap_err().to_string().contains("`epsilon`"), "{epsilon}");
        }
        for pull in [-1.0, f64::NAN, 101.0] {
            assert!(ReferenceProcess::new(1.0, pull).unwrap_err().to_string().contains("`pull`"), "{pull}");
        }
    }
}
