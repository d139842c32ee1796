//! How far the plan of one bridge is from the plan of another, for each start.

use super::Bridge;
use super::simulate::diffuse;
use crate::metric::{Estimate, bures_wasserstein};
use crate::options::at_least;
use crate::rng::Stream;
use crate::target::{Moments, Target};
use crate::{Error, Interrupt, Points, Result};
use rayon::prelude::*;

/// Number of starts between two progress reports.
const REPORT: usize = 32;

crate::options! {
    /// Options of `cbw_uvp`.
    pub struct ConditionalErrorOptions {
        /// Number of starts drawn if the starts are given as a target, at least 2.
        points: usize = 1000,
        /// Number of ends drawn for each start, at least 2.
        samples: usize = 1000,
        /// Number of Euler steps by which the ends are simulated. Left out: they are drawn from the
        /// exact plan of the bridge.
        steps: Option<usize> = None,
    }
}

/// A distribution of the end given the start.
#[derive(Debug, Clone, Copy)]
pub enum Conditional<'a> {
    /// The exact plan of a bridge.
    Plan(&'a dyn Bridge),
    /// A bridge simulated by this number of Euler steps.
    Euler(&'a dyn Bridge, usize),
    /// An end that does not depend on the start.
    Independent(&'a dyn Target),
}

impl Conditional<'_> {
    fn dim(&self) -> usize {
        match self {
            Conditional::Plan(bridge) | Conditional::Euler(bridge, _) => bridge.dim(),
            Conditional::Independent(target) => target.dim(),
        }
    }

    /// Returns one end for each of these starts.
    fn draw(&self, starts: &Points, stream: Stream, interrupt: &Interrupt) -> Result<Points> {
        let mut ends = Points::default();
        match self {
            Conditional::Plan(bridge) => bridge.expect_plan()?.draw(starts, stream, &mut ends)?,
            Conditional::Euler(bridge, steps) => {
                diffuse(*bridge, starts.clone(), (*steps, false), stream, interrupt, &mut |_, points, _| {
                    ends.copy_from(points)
                })?;
            }
            Conditional::Independent(target) => ends = target.sample(starts.n(), stream)?,
        }
        Ok(ends)
    }
}

/// Returns the conditional Bures-Wasserstein unexplained variance in percent, cBW-UVP
/// \[gushchin2023building\], `100 E BW(p(.|X_0), q(.|X_0)) / (Var X_1 / 2)` of the plan `p` that
/// was found and the exact plan `q`, with its standard error over the starts. For each start,
/// `BW(p, q) = |m - m'|^2 / 2 + tr(S + S' - 2 (S^1/2 S' S^1/2)^1/2) / 2` compares the mean `m` and
/// the covariance `S` of `samples` ends with the moments `m'` and `S'` of the exact plan, which are
/// in closed form. The moments of the exact plan also give the variance `Var X_1`.
///
/// The moments of samples differ from the moments of their distribution. Therefore compare the
/// value with the value for samples of the exact plan. If `found` is a [`Conditional::Plan`], the
/// part `exact` of the estimate is the same quantity with the moments of both plans in closed form,
/// without this noise. `seen` receives the number of finished starts and the number of all starts.
///
/// Cost per start: `samples` draws, and `O(samples d^2 + d^3)`.
///
/// # Errors
/// There are fewer than two starts or samples, dimensions differ, a plan is missing
/// ([`Error::Missing`]), the ends are not finite, or an interrupt.
pub fn conditional_error(
    found: Conditional,
    exact: &dyn Bridge,
    starts: &Points,
    samples: usize,
    stream: Stream,
    interrupt: &Interrupt,
    seen: &mut dyn FnMut(usize, usize),
) -> Result<Estimate> {
    let steps = if let Conditional::Euler(_, steps) = found { steps } else { 1 };
    at_least(&[("samples", samples, 2), ("steps", steps, 1)])?;
    exact.check_points(starts)?;
    if starts.n() < 2 {
        return Err(Error::shape("the starts", "1 row", "a variance needs at least two"));
    }
    if found.dim() != exact.dim() {
        let got = format!("{} dimensions", found.dim());
        return Err(Error::shape("the bridge", got, format!("the exact one has {}", exact.dim())));
    }
    let plan = exact.expect_plan()?;
    let of = |i: usize| -> Result<([f64; 2], End)> {
        interrupt.check()?;
        let want = plan.conditional_moments(starts.row(i));
        let ends = found.draw(&starts.select(&vec![i; samples]), stream.at(i as u64), interrupt)?;
        ends.check_squares("the set of ends")?;
        let sampled = Moments { mean: ends.mean(), cov: ends.covariance() };
        let closed = match found {
            Conditional::Plan(bridge) => {
                bures_wasserstein(&bridge.expect_plan()?.conditional_moments(starts.row(i)), &want)?
            }
            _ => f64::NAN,
        };
        Ok(([bures_wasserstein(&sampled, &want)?, closed], End::of(want)))
    };
    let mut values = Vec::with_capacity(starts.n());
    for begin in (0..starts.n()).step_by(REPORT) {
        let range = begin..(begin + REPORT).min(starts.n());
        let part: Vec<([f64; 2], End)> = range.into_par_iter().map(of).collect::<Result<_>>()?;
        values.extend(part);
        seen(values.len(), starts.n());
    }
    let (errors, ends): (Vec<[f64; 2]>, Vec<End>) = values.into_iter().unzip();
    let scale = 100.0 / (0.5 * end_variance(&ends)?);
    let [sampled, closed] = [0, 1].map(|part| errors.iter().map(|v| scale * v[part]).collect::<Vec<_>>());
    let estimate = Estimate::of_mean(&sampled);
    let closed = Estimate::of_mean(&closed).value;
    Ok(if closed.is_finite() { estimate.with_part("exact", closed) } else { estimate })
}

/// The end of a bridge given one start.
struct End {
    mean: Vec<f64>,
    /// The sum of the variances of the coordinates of the end.
    variance: f64,
}

impl End {
    fn of(Moments { mean, cov }: Moments) -> End {
        let variance = (0..mean.len()).map(|j| cov[(j, j)]).sum();
        End { mean, variance }
    }
}

/// Returns the total variance of the end over all starts: the mean of the conditional variance plus
/// the variance of the conditional mean.
fn end_variance(ends: &[End]) -> Result<f64> {
    let inner: f64 = ends.iter().map(|end| end.variance).sum();
    let means = Points::from_rows(&ends.iter().map(|end| &end.mean).collect::<Vec<_>>())?;
    Ok(inner / ends.len() as f64 + means.spread().powi(2))
}
