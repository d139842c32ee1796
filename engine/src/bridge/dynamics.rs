//! The interface of all bridges.

use super::ReferenceProcess;
use crate::rng::Stream;
use crate::target::{Gaussian, Moments};
use crate::{Error, Points, Result, Subject};
use serde::{Deserialize, Serialize};
use std::fmt::Debug;

/// A direction of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the source at time 0 to the target at time 1.
    #[default]
    Forward,
    /// From the target at time 1 to the source at time 0.
    Backward,
}

crate::choices!(Direction);

/// A diffusion `dX = u(t, X) dt + sqrt(epsilon) dB` over the time from 0 to 1, which leads from a
/// source to a target.
///
/// Any method of this trait may assume what the method `drift` of `dyn Bridge` checks: `t` lies in
/// `[0, 1]`, the points are finite, and they have the dimension of the bridge.
pub trait Bridge: Send + Sync + Debug {
    /// Returns the name for messages, such as "a Gaussian bridge in 2 dimensions".
    fn name(&self) -> String;

    /// Returns the number of coordinates.
    fn dim(&self) -> usize;

    /// Returns the reference process, relative to which the bridge minimises the entropy. The
    /// bridge has the same noise as this process.
    fn reference(&self) -> ReferenceProcess;

    /// Writes the forward drift `u(t, x_i)` into row `i` of `out`, n x dim.
    ///
    /// # Errors
    /// The drift is infinite at time `t`, or it cannot be computed.
    fn forward(&self, t: f64, points: &Points, out: &mut Points) -> Result<()>;

    /// Returns the same process in reversed time, if the backward drift is known. The result is a
    /// bridge from the target to the source. Its forward drift at time `1 - t` is the backward
    /// drift `b(t, x)` of this bridge. Then `u + b = epsilon grad log p_t`, where `p_t` is the
    /// density at time `t`.
    fn reversed(&self) -> Option<Box<dyn Bridge + '_>> {
        None
    }

    /// Returns the joint distribution of start and end, if it can be sampled exactly.
    fn plan(&self) -> Option<&dyn Coupling> {
        None
    }

    /// Returns the mean and the covariance of the marginal at time `t`, if the marginal is
    /// Gaussian.
    fn gaussian_marginal(&self, _t: f64) -> Option<Moments> {
        None
    }
}

/// The joint distribution of start and end of a bridge, described by the distribution of the end
/// given the start.
pub trait Coupling: Send + Sync {
    /// Writes into row `i` of `out` an end drawn for the start `x_i`. Row `i` depends on the
    /// stream, on `i` and on the start alone.
    ///
    /// # Errors
    /// An interrupt, or the errors of a learned coupling.
    fn draw(&self, points: &Points, stream: Stream, out: &mut Points) -> Result<()>;

    /// Returns the mean and the covariance of the end given the start `x`.
    fn conditional_moments(&self, x: &[f64]) -> Moments;
}

impl dyn Bridge + '_ {
    /// Writes the drift at time `t` in `[0, 1]` into `out`, n x dim. Forward it is `u(t, x)`;
    /// backward it is the drift `b(t, x)` of the process in reversed time.
    ///
    /// # Errors
    /// `t` lies outside `[0, 1]`, the points have another dimension or are not finite, the backward
    /// drift is not known, or the errors of [`Bridge::forward`].
    pub fn drift(&self, direction: Direction, t: f64, points: &Points, out: &mut Points) -> Result<()> {
        check_time(t)?;
        self.check_points(points)?;
        match direction {
            Direction::Forward => self.forward(t, points, out),
            Direction::Backward => self.expect_reversed()?.forward(1.0 - t, points, out),
        }
    }

    /// Writes the velocity `(u - b) / 2` of the probability flow into `out`, n x dim. The flow is
    /// an ordinary differential equation with the same marginals.
    ///
    /// # Errors
    /// Those of `drift`.
    pub fn velocity(&self, t: f64, points: &Points, out: &mut Points) -> Result<()> {
        let mut back = Points::default();
        self.drift(Direction::Backward, t, points, &mut back)?;
        self.forward(t, points, out)?;
        out.data_mut().iter_mut().zip(back.data()).for_each(|(u, b)| *u = 0.5 * (*u - b));
        Ok(())
    }

    /// Returns the process in reversed time.
    ///
    /// # Errors
    /// [`Error::Missing`] if its drift is not known.
    pub fn expect_reversed(&self) -> Result<Box<dyn Bridge + '_>> {
        self.reversed().ok_or_else(|| Error::Missing {
            what: self.name(),
            part: "backward drift".into(),
            hint: "only the forward drift is known: use the direction \"forward\" and the method \"sde\" or \"plan\""
                .into(),
        })
    }

    /// Returns the joint distribution of start and end.
    ///
    /// # Errors
    /// [`Error::Missing`] if it cannot be sampled exactly.
    pub fn expect_plan(&self) -> Result<&dyn Coupling> {
        self.plan().ok_or_else(|| Error::Missing {
            what: self.name(),
            part: "exact plan".into(),
            hint: "simulate it with the method \"sde\"".into(),
        })
    }

    /// Returns the marginal at time `t` in `[0, 1]` of a bridge between Gaussians.
    ///
    /// # Errors
    /// `t` lies outside `[0, 1]`; [`Error::Missing`] if the marginals are not Gaussian.
    pub fn expect_marginal(&self, t: f64) -> Result<Gaussian> {
        check_time(t)?;
        let Some(Moments { mean, cov }) = self.gaussian_marginal(t) else {
            let hint = "only a bridge between Gaussians has them; compare with samples of its plan".into();
            return Err(Error::Missing { what: self.name(), part: "marginals in closed form".into(), hint });
        };
        Gaussian::new(mean, cov)
    }

    /// Checks that there are points, that they have the dimension of the bridge and that they are
    /// finite.
    ///
    /// # Errors
    /// The check fails.
    pub fn check_points(&self, points: &Points) -> Result<()> {
        if points.n() == 0 {
            return Err(Error::shape(Subject::points(), "no rows", "at least one is needed"));
        }
        points.check_dim(Subject::points(), self.dim(), "the bridge")?;
        points.check_finite("the set of points")
    }
}

/// Checks that a time lies in `[0, 1]`.
///
/// # Errors
/// The check fails.
pub fn check_time(t: f64) -> Result<()> {
    if (0.0..=1.0).contains(&t) {
        return Ok(());
    }
    Err(Error::argument("t", t, "a bridge begins at time 0 and ends at time 1"))
}
