//! A generator regressed on pairs: a map that was computed, as a function.

use super::Generator;
use super::descent::{Descent, Pace};
use super::units::Units;
use crate::process::{Ending, Observer, Row, Stats};
use crate::schedule::Schedule;
use crate::{Error, Interrupt, Points, Result, rng::Stream};
use std::time::Instant;

crate::options! {
    /// Options of `regress`.
    pub struct RegressOptions {
        /// Optimiser steps of a net, at least 1; an affine generator is solved for at once.
        steps: usize = 3000,
        /// Pairs per step, at least 1.
        batch: usize = 512,
        /// Learning rate of Adam over the training: a number, a schedule, a list; left out: `cosine(0.005, 0)`.
        rate: Option<Schedule> = None,
        /// Share of the steps, counted from the end, over which the parameters are averaged; 0 keeps the last ones.
        average: f64 = 0.25,
    }
}

/// What training on pairs leaves besides the generator.
#[derive(Debug, Clone)]
pub struct RegressResult {
    /// Rows of step, progress and `residual`, the root mean square of `|g(u) - y|` over the batch.
    pub history: Vec<Row>,
    /// How it ended.
    pub ending: Ending,
    /// Work done.
    pub stats: Stats,
}

/// Trains `generator` to `min mean |g(u_i) - y_i|^2` over pairs of rows: by least squares where that has a closed form, otherwise
/// by Adam on random batches, in units where inputs and outputs have mean 0 and variance 1. A net that already explains most of the
/// outputs goes on from there; any other starts from its parameters as they are in those units. Cost: a pass of the generator
/// over all pairs, then a pass and one back per step and pair of the batch.
///
/// # Errors
/// Shapes or options that do not fit. Divergence and interruption are endings: the generator then keeps its last finite parameters.
pub fn regress(
    generator: &mut dyn Generator,
    (u, y): (&Points, &Points),
    options: &RegressOptions,
    interrupt: &Interrupt,
    stream: Stream,
    observer: &mut dyn Observer,
) -> Result<RegressResult> {
    check(generator, (u, y), options)?;
    let begun = Instant::now();
    let mut result = RegressResult { history: Vec::new(), ending: Ending::Finished, stats: Stats::default() };
    if generator.least_squares(u, y)? {
        let mut out = Points::default();
        generator.forward(u, &mut out)?;
        result.stats.steps = 1;
        note(&mut result, observer, (0, 1), misfit(&out, y, &mut Points::default()));
    } else {
        let units = standard(generator, (u, y))?;
        let (inner, outer) = match &units {
            Some([from, to]) => (from.inverse().apply(u), to.inverse().apply(y)),
            None => (u.clone(), y.clone()),
        };
        let size = units.as_ref().map_or(1.0, |[_, to]| to.scale[0]);
        let done = descend(generator, (&inner, &outer, size), options, interrupt, stream, observer, &mut result);
        if let Some([from, to]) = &units {
            generator.compose(&from.inverse(), to);
        }
        done?;
    }
    result.stats.flow_seconds = begun.elapsed().as_secs_f64();
    Ok(result)
}

/// Turns the generator into one of inputs and outputs in standard units, where it can be. Returns the units of both.
fn standard(generator: &mut dyn Generator, (u, y): (&Points, &Points)) -> Result<Option<[Units; 2]>> {
    let (from, to) = (Units::of(u), Units::common(y));
    let known =
        [&from, &to].into_iter().flat_map(|units| units.scale.iter().chain(&units.shift)).all(|v| v.is_finite());
    let mut out = Points::default();
    generator.forward(u, &mut out)?;
    let goes_on = misfit(&out, y, &mut Points::default()) < 0.5 * y.spread();
    let before = generator.parameters().to_vec();
    if !known || !generator.compose(&from, &to.inverse()) {
        return Ok(None);
    }
    // A random net is made for standard units.
    if !goes_on {
        generator.parameters_mut().copy_from_slice(&before);
    }
    Ok(Some([from, to]))
}

/// Residuals are told times `size`.
fn descend(
    generator: &mut dyn Generator,
    (u, y, size): (&Points, &Points, f64),
    options: &RegressOptions,
    interrupt: &Interrupt,
    stream: Stream,
    observer: &mut dyn Observer,
    result: &mut RegressResult,
) -> Result<()> {
    let (steps, batch) = (options.steps, options.batch.min(u.n()));
    let mut descent = Descent::new(generator, pace(options));
    let (mut some_u, mut some_y, mut out, mut off) =
        (Points::default(), Points::default(), Points::default(), Points::default());
    for step in 0..steps {
        if interrupt.raised() {
            result.ending = Ending::Interrupted { step };
            break;
        }
        let chosen = stream.label("batch").at(step as u64).rng().choose(u.n(), batch);
        some_u.gather(u, &chosen);
        some_y.gather(y, &chosen);
        generator.forward(&some_u, &mut out)?;
        let residual = size * misfit(&out, &some_y, &mut off);
        if !residual.is_finite() {
            descent.take_back(generator);
            result.ending = Ending::Diverged { step };
            return Ok(());
        }
        if !descent.step(generator, (&some_u, &off, 1.0), step)? {
            result.ending = Ending::Diverged { step };
            return Ok(());
        }
        result.stats.steps += 1;
        if step.is_multiple_of(steps.div_ceil(20)) || step + 1 == steps {
            note(result, observer, (step, steps), residual);
        }
        observer.progress("regress", step + 1, steps, &|| format!("residual {residual:.3}"));
    }
    descent.finish(generator);
    Ok(())
}

/// The root mean square of `|y - out|`; `off` becomes `y - out`.
fn misfit(out: &Points, y: &Points, off: &mut Points) -> f64 {
    off.copy_from(out);
    off.data_mut().iter_mut().zip(y.data()).for_each(|(off, y)| *off = y - *off);
    (off.data().iter().map(|v| v * v).sum::<f64>() / y.n() as f64).sqrt()
}

fn note(result: &mut RegressResult, observer: &mut dyn Observer, (step, steps): (usize, usize), residual: f64) {
    let progress = step as f64 / steps as f64;
    let row = [("step", step as f64), ("progress", progress), ("residual", residual)];
    let row: Row = row.into_iter().map(|(name, value)| (name.to_string(), value)).collect();
    observer.row(&row);
    result.history.push(row);
}

fn check(generator: &dyn Generator, (u, y): (&Points, &Points), options: &RegressOptions) -> Result<()> {
    u.check_dim("`inputs`", generator.input_dim(), "the generator's input")?;
    y.check_dim("`outputs`", generator.dim(), "the generator's output")?;
    if u.n() != y.n() || u.n() == 0 {
        let want = format!("the inputs have {}, and each needs its output", u.n());
        return Err(Error::shape("`outputs`", format!("{} rows", y.n()), want));
    }
    pace(options).check()?;
    if options.batch == 0 {
        return Err(Error::argument("batch", 0, "it must be at least 1"));
    }
    Ok(())
}

fn pace(options: &RegressOptions) -> Pace<'_> {
    Pace { steps: options.steps, rate: options.rate.as_ref(), average: options.average }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::{Affine, AffineOptions, MlpGenerator, MlpOptions};
    use crate::process::Unobserved;

    fn trained(generator: &mut dyn Generator, u: &Points, y: &Points, steps: usize) -> RegressResult {
        let options = RegressOptions { steps, batch: 100, ..RegressOptions::default() };
        regress(generator, (u, y), &options, &Interrupt::default(), Stream::new(5), &mut Unobserved).unwrap()
    }

    #[test]
    fn an_affine_map_is_found_exactly() {
        let stream = Stream::new(1);
        let options = AffineOptions { dim: 3, dim_in: Some(2), ..AffineOptions::default() };
        let mut truth = Affine::new(&options, stream.label("truth")).unwrap();
        truth.parameters_mut()[6..].copy_from_slice(&[5.0, -2.0, 1e3]);
        let u = stream.normal(50, 2);
        let mut y = Points::default();
        truth.forward(&u, &mut y).unwrap();
        let mut found = Affine::new(&options, stream.label("start")).unwrap();
        let result = trained(&mut found, &u, &y, 1);
        for (found, truth) in found.parameters().iter().zip(truth.parameters()) {
            assert!((found - truth).abs() < 1e-9 * (1.0 + truth.abs()), "{found} {truth}");
        }
        assert!(result.history[0]["residual"] < 1e-9);
        // Points on a line do not say what the map does across it: the answer is still one that fits them.
        let line = Points::from_rows(&[[1.0, 1.0], [2.0, 2.0], [4.0, 4.0]]).unwrap();
        truth.forward(&line, &mut y).unwrap();
        assert!(trained(&mut found, &line, &y, 1).history[0]["residual"] < 1e-9);
    }

    #[test]
    fn a_net_learns_a_curved_map_and_keeps_it_on_new_points() {
        let stream = Stream::new(2);
        let bent = |u: &Points| {
            let rows: Vec<_> = u.iter().map(|u| [u[0] + 0.5 * u[1] * u[1], (2.0 * u[0]).sin()]).collect();
            Points::from_rows(&rows).unwrap()
        };
        let (u, new) = (stream.normal(1000, 2), stream.label("new").normal(200, 2));
        let mut net =
            MlpGenerator::new(&MlpOptions { hidden: 32, layers: 2, ..MlpOptions::default() }, stream).unwrap();
        trained(&mut net, &u, &bent(&u), 1500);
        let mut out = Points::default();
        net.forward(&new, &mut out).unwrap();
        let off = misfit(&out, &bent(&new), &mut Points::default());
        assert!(off < 0.15 * bent(&new).spread(), "{off}");
    }

    #[test]
    fn a_net_knows_no_units_and_goes_on_from_what_it_has_learned() {
        let stream = Stream::new(2);
        let u = stream.normal(500, 2);
        let rows: Vec<_> = u.iter().map(|u| [u[0] + 0.5 * u[1] * u[1], (2.0 * u[0]).sin()]).collect();
        let y = Points::from_rows(&rows).unwrap();
        let options = MlpOptions { hidden: 32, layers: 2, ..MlpOptions::default() };
        let shares = [(1.0, 1.0, 0.0), (1e4, 1e4, 3e4), (1e-6, 1e5, -1e-6)].map(|(inner, outer, shift)| {
            let to = |points: &Points, scale: f64| Units { scale: vec![scale; 2], shift: vec![shift; 2] }.apply(points);
            let (u, y) = (to(&u, inner), to(&y, outer));
            let mut net = MlpGenerator::new(&options, stream).unwrap();
            let first = trained(&mut net, &u, &y, 800);
            let mut out = Points::default();
            net.forward(&u, &mut out).unwrap();
            let share = misfit(&out, &y, &mut Points::default()) / y.spread();
            let again = trained(&mut net, &u, &y, 1);
            assert!(first.history[0]["residual"] > 0.5 * y.spread());
            assert!(again.history[0]["residual"] < 2.0 * share * y.spread() + 1e-3 * y.spread(), "{again:?} {share}");
            share
        });
        assert!(shares.iter().all(|share| *share < 0.1), "{shares:?}");
    }

    #[test]
    fn what_leaves_the_finite_numbers_is_taken_back() {
        let (u, y) = (Stream::new(1).normal(50, 2), Stream::new(2).normal(50, 2));
        for rate in [1e30, 1e200, 1e308] {
            let mut net =
                MlpGenerator::new(&MlpOptions { hidden: 8, ..MlpOptions::default() }, Stream::new(1)).unwrap();
            let options = RegressOptions { steps: 30, rate: Some(Schedule::from(rate)), ..RegressOptions::default() };
            let made = regress(&mut net, (&u, &y), &options, &Interrupt::default(), Stream::new(5), &mut Unobserved);
            assert!(matches!(made.unwrap().ending, Ending::Diverged { .. }), "{rate}");
            let mut out = Points::default();
            net.forward(&u, &mut out).unwrap();
            assert!(net.is_finite() && out.data().iter().all(|x| x.is_finite()), "{rate}");
        }
    }

    #[test]
    fn pairs_that_do_not_pair_are_refused() {
        let mut g = Affine::new(&AffineOptions::default(), Stream::new(1)).unwrap();
        let mut refused = |u: &Points, y: &Points, options: RegressOptions| {
            let made = regress(&mut g, (u, y), &options, &Interrupt::default(), Stream::new(1), &mut Unobserved);
            made.err().unwrap().to_string()
        };
        let two = Points::zeros(4, 2);
        assert!(refused(&two, &Points::zeros(3, 2), RegressOptions::default()).contains("3 rows"));
        assert!(refused(&Points::zeros(4, 3), &two, RegressOptions::default()).contains("inputs"));
        assert!(refused(&two, &two, RegressOptions { batch: 0, ..RegressOptions::default() }).contains("batch"));
        assert!(refused(&two, &two, RegressOptions { average: 2.0, ..RegressOptions::default() }).contains("average"));
    }
}
