//! The shares of the components of a mixture in each point.

use super::axes::Axes;
use super::centre::{far_from_origin, moved};
use super::few::{Rounds, first_fit, improve, positive_ridge};
use super::moments::mixture_of;
use super::option::MixtureFitOptions;
use crate::number::counted;
use crate::rng::Stream;
use crate::target::Mixture;
use crate::{Error, Interrupt, Points, Result};

/// The number of times that a first fit improves its coordinates.
const REFINEMENTS: usize = 3;
/// The number of iterations after each improvement of the coordinates.
const REFINING_ROUNDS: usize = 10;

/// Returns the shares of `k` components in each point, n x k, from a fit without an earlier
/// mixture.
pub(super) fn cold_fit(
    points: &Points,
    k: usize,
    options: &MixtureFitOptions,
    stream: Stream,
    interrupt: &Interrupt,
) -> Result<Points> {
    let n = points.n();
    if n < k {
        return Err(Error::shape("the cloud", counted(n, "point"), format!("a mixture of {k} needs at least {k}")));
    }
    let mut shares = Points::zeros(n, 1);
    if k == 1 {
        shares.data_mut().fill(1.0);
        return Ok(shares);
    }
    let near = far_from_origin(points).map(|map| map.undo(points));
    let points = near.as_ref().unwrap_or(points);
    let rounds = Rounds { count: options.first_rounds, ridge: options.ridge, interrupt };
    let axes = Axes::principal(points, options.coordinates)?;
    let few = axes.coordinates(points);
    first_fit(&few, k, rounds, stream)?.responsibilities(&few, 0.0, &mut shares)?;
    if points.dim() > options.coordinates {
        let rounds = Rounds { count: REFINING_ROUNDS, ..rounds };
        for _ in 0..REFINEMENTS {
            refine(points, &axes, &mixture_of(points, &shares, true, options)?, rounds, &mut shares)?;
        }
    }
    Ok(shares)
}

/// Returns the shares of the components in each point, n x k, from a fit that starts from an
/// earlier mixture.
pub(super) fn warm_fit(
    points: &Points,
    mixture: &Mixture,
    options: &MixtureFitOptions,
    interrupt: &Interrupt,
) -> Result<Points> {
    let mut shares = Points::zeros(points.n(), 1);
    if mixture.components().len() == 1 {
        shares.data_mut().fill(1.0);
        return Ok(shares);
    }
    let near = match far_from_origin(points) {
        Some(map) => Some((map.undo(points), moved(mixture, &map.inverse())?)),
        None => None,
    };
    let (points, mixture) = near.as_ref().map_or((points, mixture), |(points, mixture)| (points, mixture));
    let rounds = Rounds { count: options.rounds, ridge: options.ridge, interrupt };
    let axes = Axes::principal(points, options.coordinates)?;
    refine(points, &axes, mixture, rounds, &mut shares)?;
    Ok(shares)
}

/// Writes the shares of the components after more iterations. The coordinates are those along the
/// axes and along the directions that tell the components of the mixture apart.
fn refine(points: &Points, axes: &Axes, mixture: &Mixture, rounds: Rounds, shares: &mut Points) -> Result<()> {
    let axes = axes.with_discriminants(mixture)?;
    let few = axes.coordinates(points);
    let marginal = axes.marginal(mixture, positive_ridge(&few, rounds.ridge))?;
    improve(&few, marginal, rounds)?.responsibilities(&few, 0.0, shares)
}
