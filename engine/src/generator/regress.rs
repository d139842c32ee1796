//! A generator regressed on pairs: a map that was computed, as a function.

use super::Generator;
use super::training::Average;
use crate::net::{Adam, AdamOptions};
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
/// by Adam on random batches. Cost: a pass of the generator and one back per step and pair.
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
        descend(generator, (u, y), options, interrupt, stream, observer, &mut result)?;
    }
    result.stats.flow_seconds = begun.elapsed().as_secs_f64();
    Ok(result)
}

fn descend(
    generator: &mut dyn Generator,
    (u, y): (&Points, &Points),
    options: &RegressOptions,
    interrupt: &Interrupt,
    stream: Stream,
    observer: &mut dyn Observer,
    result: &mut RegressResult,
) -> Result<()> {
    let (steps, batch) = (options.steps, options.batch.min(u.n()));
    let usual = Schedule::Cosine { from: generator.usual_rate(), to: 0.0 };
    let rate = options.rate.as_ref().unwrap_or(&usual);
    let averaged_from = steps - (options.average * steps as f64) as usize;
    let mut adam = Adam::new(generator.parameters().len(), AdamOptions::default());
    let mut gradient = vec![0.0; generator.parameters().len()];
    let mut average = Average::default();
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
        let residual = misfit(&out, &some_y, &mut off);
        if !residual.is_finite() {
            result.ending = Ending::Diverged { step };
            break;
        }
        generator.pull_back(&some_u, &off, &mut gradient)?;
        gradient.iter_mut().for_each(|g| *g /= batch as f64);
        let progress = step as f64 / steps as f64;
        adam.step(generator.parameters_mut(), &gradient, rate.at(progress));
        result.stats.steps += 1;
        if step >= averaged_from {
            average.add(generator.parameters());
        }
        if step.is_multiple_of(steps.div_ceil(20)) || step + 1 == steps {
            note(result, observer, (step, steps), residual);
        }
        observer.progress("regress", step + 1, steps, &|| format!("residual {residual:.3}"));
    }
    average.store(generator.parameters_mut());
    Ok(())
}

/// The root mean square of `|out - y|`; `off` becomes `out - y`.
fn misfit(out: &Points, y: &Points, off: &mut Points) -> f64 {
    off.copy_from(out);
    off.data_mut().iter_mut().zip(y.data()).for_each(|(off, y)| *off -= y);
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
    for (name, value) in [("steps", options.steps), ("batch", options.batch)] {
        if value == 0 {
            return Err(Error::argument(name, value, "it must be at least 1"));
        }
    }
    if !(0.0..=1.0).contains(&options.average) {
        return Err(Error::argument("average", options.average, "it must lie between 0 and 1"));
    }
    options.rate.as_ref().map_or(Ok(()), |rate| rate.check("rate", 0.0..=f64::INFINITY))
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
