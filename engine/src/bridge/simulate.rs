//! Points moved along a bridge.

use super::dynamics::{Bridge, Direction};
use crate::interrupt::Interrupt;
use crate::ode::{Integrator, RungeKutta};
use crate::options::at_least;
use crate::rng::Stream;
use crate::{Error, Points, Result};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Values per task of an update.
const CHUNK: usize = 8192;

/// How points are moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// The stochastic differential equation of the bridge, by Euler steps.
    #[default]
    Sde,
    /// The ordinary differential equation with the same marginals, by Heun steps.
    Ode,
    /// A draw of the other end from the exact plan, and the pinned reference process in between.
    Plan,
}

crate::choices!(Method);

crate::options! {
    /// Options of a simulation.
    pub struct SimulateOptions {
        /// Number of steps from one end to the other, at least 1; ignored by the method "plan".
        steps: usize = 100,
        /// "forward" from the source, or "backward" from the target; not every bridge knows its
        /// backward drift.
        direction: Direction = Direction::Forward,
        /// "sde" is the stochastic process of the bridge, by Euler steps. "ode" is its probability
        /// flow, by Heun steps; it needs the drift in both directions. "plan" draws the opposite
        /// end exactly, and positions in between from the pinned reference process.
        method: Method = Method::Sde,
        /// For "sde": whether the last step adds no noise. The end is then its conditional mean,
        /// given the position before the last step. Use this option if the noise of one step,
        /// `sqrt(epsilon / steps)`, is larger than the finest structure of the end.
        denoise: bool = false,
    }
}

/// The points at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Time in `[0, 1]`, counted from the source.
    pub t: f64,
    /// The points, in the order of the start.
    pub points: Points,
}

/// Snapshots of the same points, in the order of the motion; the first is the start.
pub type Path = Vec<Snapshot>;

/// Moves points from one end of the bridge to the other. Returns `snapshots + 1` clouds at equally
/// spaced times; the first cloud is the start. Row `i` of a cloud depends only on the stream, on
/// `i` and on row `i` of the start.
///
/// The cost is one evaluation of the drift per step and point, and four for "ode".
///
/// # Errors
/// The points do not fit the bridge, an option is out of range, there are more snapshots than
/// steps, the bridge lacks what the method needs ([`Error::Missing`]), the points become infinite
/// or NaN ([`Error::NotFinite`]), or an interrupt.
pub fn simulate(
    bridge: &dyn Bridge,
    start: &Points,
    options: &SimulateOptions,
    snapshots: usize,
    stream: Stream,
    interrupt: &Interrupt,
) -> Result<Path> {
    let SimulateOptions { steps, direction, method, denoise } = *options;
    at_least(&[("steps", steps, 1), ("snapshots", snapshots, 1)])?;
    if method != Method::Plan && snapshots > steps {
        return Err(Error::argument("snapshots", snapshots, format!("there are {steps} `steps`")));
    }
    if denoise && method != Method::Sde {
        return Err(Error::argument("denoise", denoise, "only the method \"sde\" adds noise in its steps"));
    }
    bridge.check_points(start)?;
    let reversed;
    let process = match direction {
        Direction::Forward => bridge,
        Direction::Backward => {
            reversed = bridge.expect_reversed()?;
            reversed.as_ref()
        }
    };
    let mut path = match method {
        Method::Plan => pinned(process, start, snapshots, stream, interrupt)?,
        Method::Sde | Method::Ode => {
            let (mut path, mut next) = (vec![Snapshot { t: 0.0, points: start.clone() }], 1);
            let mut keep = |step: usize, points: &Points| {
                if step * snapshots >= next * steps {
                    path.push(Snapshot { t: step as f64 / steps as f64, points: points.clone() });
                    next += 1;
                }
            };
            match method {
                Method::Ode => flow(process, start.clone(), steps, interrupt, &mut keep)?,
                _ => diffuse(process, start.clone(), (steps, denoise), stream, interrupt, &mut |step, points, _| {
                    keep(step, points);
                })?,
            }
            path
        }
    };
    if direction == Direction::Backward {
        path.iter_mut().for_each(|snapshot| snapshot.t = 1.0 - snapshot.t);
    }
    path.iter().try_for_each(|snapshot| snapshot.points.check_finite("a simulated cloud"))?;
    Ok(path)
}

/// Moves points by Euler steps `x += u h + sqrt(epsilon h) z`. After each step `seen` receives the
/// number of steps taken, the points after the step and the drift before the step. With `denoise`
/// the last step adds no noise.
///
/// # Errors
/// Those of the drift; an interrupt.
pub fn diffuse(
    bridge: &dyn Bridge,
    mut points: Points,
    (steps, denoise): (usize, bool),
    stream: Stream,
    interrupt: &Interrupt,
    seen: &mut dyn FnMut(usize, &Points, &Points),
) -> Result<()> {
    let (h, mut drift) = (1.0 / steps as f64, Points::default());
    let noise = (bridge.reference().epsilon() * h).sqrt();
    for step in 0..steps {
        interrupt.check()?;
        bridge.forward(step as f64 * h, &points, &mut drift)?;
        let chunks = points.data_mut().par_chunks_mut(CHUNK).zip(drift.data().par_chunks(CHUNK));
        chunks.for_each(|(x, u)| x.iter_mut().zip(u).for_each(|(x, u)| *x += h * u));
        if !denoise || step + 1 < steps {
            stream.at(step as u64).add_normal(noise, points.data_mut());
        }
        seen(step + 1, &points, &drift);
    }
    Ok(())
}

/// Moves points along the probability flow.
fn flow(
    bridge: &dyn Bridge,
    mut points: Points,
    steps: usize,
    interrupt: &Interrupt,
    seen: &mut dyn FnMut(usize, &Points),
) -> Result<()> {
    let (h, mut stepper, mut back) = (1.0 / steps as f64, RungeKutta::default(), Points::default());
    let reversed = bridge.expect_reversed()?;
    for step in 0..steps {
        interrupt.check()?;
        stepper.advance(&mut points, h, Integrator::Heun, &mut |points, place, out| {
            let t = ((step as f64 + place) * h).min(1.0);
            reversed.forward(1.0 - t, points, &mut back)?;
            bridge.forward(t, points, out)?;
            out.data_mut().iter_mut().zip(back.data()).for_each(|(u, b)| *u = 0.5 * (*u - b));
            Ok(())
        })?;
        seen(step + 1, &points);
    }
    Ok(())
}

/// Draws the ends from the plan, and the positions in between from the pinned reference process.
fn pinned(
    bridge: &dyn Bridge,
    start: &Points,
    snapshots: usize,
    stream: Stream,
    interrupt: &Interrupt,
) -> Result<Path> {
    let (plan, reference) = (bridge.expect_plan()?, bridge.reference());
    let mut end = Points::default();
    plan.draw(start, stream.label("plan"), &mut end)?;
    let mut path = vec![Snapshot { t: 0.0, points: start.clone() }];
    for k in 1..=snapshots {
        interrupt.check()?;
        let (from, to) = ((k - 1) as f64 / snapshots as f64, k as f64 / snapshots as f64);
        if k == snapshots {
            path.push(Snapshot { t: 1.0, points: std::mem::take(&mut end) });
            break;
        }
        let (near, far, variance) = reference.between(from, to);
        let mut points = path[k - 1].points.clone();
        points.data_mut().iter_mut().zip(end.data()).for_each(|(x, y)| *x = near * *x + far * y);
        stream.label("pinned").at(k as u64).add_normal(variance.sqrt(), points.data_mut());
        path.push(Snapshot { t: to, points });
    }
    Ok(path)
}
