//! Distillations compared with distributions that are known.

use super::super::{Affine, AffineOptions};
use super::*;
use crate::flow::Clock;
use crate::generator::teacher::Teacher;
use crate::process::{Ending, Unobserved};
use crate::schedule::Schedule;
use crate::score::{Exact, Kde};
use crate::target::Gaussian;
use crate::{Error, Points};
use crate::{Interrupt, pairwise::PairwiseOptions};
use std::sync::Arc;

fn teacher(mean: [f64; 2]) -> (Arc<Gaussian>, Exact) {
    let cov = faer::mat![[2.0, 0.8], [0.8, 0.5]];
    let law = Arc::new(Gaussian::new(mean.to_vec(), cov).unwrap());
    (law.clone(), Exact::new(law).unwrap())
}

fn affine() -> Affine {
    Affine::new(&AffineOptions::default(), Stream::new(1)).unwrap()
}

fn base() -> Gaussian {
    Gaussian::isotropic(vec![0.0; 2], 1.0).unwrap()
}

fn small() -> DistillOptions {
    DistillOptions { steps: 10, batch: 64, levels: 4, hidden: 8, warm_up: 5, ..DistillOptions::default() }
}

fn taught(
    g: &mut Affine,
    options: &DistillOptions,
    observer: &mut dyn Observer,
    pairwise: &Pairwise,
) -> Result<FitResult> {
    let (mut teacher, base) = (teacher([3.0, -1.0]).1, base());
    let distillation = Distillation::new(g, &mut teacher, &base).options(options.clone());
    distillation.pairwise(pairwise).stream(Stream::new(5)).run_with(observer)
}

#[test]
fn an_affine_generator_takes_the_teacher_s_mean_and_covariance() {
    let mut g = affine();
    let options = DistillOptions { steps: 800, batch: 256, hidden: 64, ..DistillOptions::default() };
    let done = taught(&mut g, &options, &mut Unobserved, &Pairwise::default()).unwrap();
    let cov = g.covariance();
    let want = faer::mat![[2.0, 0.8], [0.8, 0.5]];
    let gap = (&cov - &want).norm_l2() / want.norm_l2();
    let away = (g.bias()[0] - 3.0).hypot(g.bias()[1] + 1.0) / 2.5f64.sqrt();
    assert!(gap < 0.05 && away < 0.03, "covariance {gap}, mean {away}");
    assert_eq!((done.ending, done.stats.steps, done.history.len()), (Ending::Finished, 800, 21));
    assert!(done.history.iter().all(|row| row["source_loss"].is_finite()));
    let residual = |i: usize| done.history[i]["residual"];
    assert!(residual(20) < 0.5 * residual(0), "{} {}", residual(20), residual(0));
}

/// The velocity is the denoiser of the teacher minus the denoiser of the generator's points. It is
/// 0 if both denoisers are the same.
#[test]
fn a_teacher_of_the_generator_s_own_law_does_not_move_it() {
    let (law, _) = teacher([0.0; 2]);
    let options = DistillOptions { weight: Weight::None, warm_up: 1500, hidden: 64, ..DistillOptions::default() };
    let speed = |mean: [f64; 2]| {
        let mut exact = teacher(mean).1;
        let (clock, pairwise) = (Clock::at(0, 10, Stream::new(2)), Pairwise::default());
        let mut guide = Difference::new(&mut exact, 2, &options, &pairwise).unwrap();
        let mut draw = |stream: Stream, out: &mut Points| {
            *out = law.sample(512, stream)?;
            Ok(())
        };
        let y = law.sample(512, Stream::new(3)).unwrap();
        guide.prepare(&y, &clock).unwrap();
        while guide.warm_up(&mut draw, &clock).unwrap().is_some() {}
        let mut v = Points::default();
        guide.velocity(&y, &clock, &mut v).unwrap();
        v.data().iter().map(|v| v * v).sum::<f64>().sqrt()
    };
    let (same, other) = (speed([0.0; 2]), speed([1.0, 0.5]));
    assert!(same < 0.15 * other, "{same} against {other}");
}

#[test]
fn what_it_cannot_do_it_refuses_by_name() {
    let usual = DistillOptions::default;
    for (name, options) in [
        ("steps", DistillOptions { steps: 0, ..usual() }),
        ("batch", DistillOptions { batch: 1, ..usual() }),
        ("average", DistillOptions { average: 2.0, ..usual() }),
        ("ema", DistillOptions { ema: Some(1.0), ..usual() }),
        ("rate", DistillOptions { rate: Some(Schedule::from(-1.0)), ..usual() }),
        ("every", DistillOptions { every: Some(0), ..usual() }),
        ("score_updates", DistillOptions { score_updates: 0, ..usual() }),
        ("score_rate", DistillOptions { score_rate: Schedule::from(-1.0), ..usual() }),
        ("hidden", DistillOptions { hidden: 0, ..usual() }),
        ("layers", DistillOptions { layers: 0, ..usual() }),
        ("levels", DistillOptions { levels: 0, ..usual() }),
        ("sigma_min", DistillOptions { sigma_min: Some(0.0), ..usual() }),
        ("sigma_min", DistillOptions { sigma_min: Some(2.0), sigma_max: Some(1.0), ..usual() }),
        ("sigma_min", DistillOptions { sigma_min: Some(1e3), ..usual() }),
        ("sigma_max", DistillOptions { sigma_max: Some(f64::INFINITY), ..usual() }),
    ] {
        let error = taught(&mut affine(), &options, &mut Unobserved, &Pairwise::default()).unwrap_err();
        assert!(matches!(&error, Error::Argument { name: found, .. } if *found == name), "{name}: {error:?}");
    }
    let mut wide = Kde::of(Points::zeros(5, 3));
    let said = Distillation::new(&mut affine(), &mut wide, &base()).go();
    assert!(matches!(said, Err(Error::Shape { .. })));
}

/// Raises the interrupt after some steps; the warm-up does not count.
struct Impatient(Interrupt, usize);

impl Observer for Impatient {
    fn progress(&mut self, what: &str, done: usize, _: usize, _: &dyn Fn() -> String) {
        if what == "distill" && done == self.1 {
            self.0.raise();
        }
    }
}

#[test]
fn an_interrupt_keeps_what_was_learned() {
    let interrupt = Interrupt::default();
    let pairwise = Pairwise::new(PairwiseOptions::default(), interrupt.clone());
    let mut g = affine();
    let done = taught(&mut g, &small(), &mut Impatient(interrupt, 3), &pairwise).unwrap();
    assert_eq!((done.ending, done.stats.steps), (Ending::Interrupted { step: 3 }, 3));
    let learned = g.parameters().to_vec();
    // The interrupt is still raised, so this training ends before its first step.
    let done = taught(&mut g, &small(), &mut Unobserved, &pairwise).unwrap();
    assert_eq!((done.ending, g.parameters()), (Ending::Interrupted { step: 0 }, learned.as_slice()));
    assert_ne!(affine().parameters(), learned);
}

#[test]
fn it_diverges_with_finite_parameters() {
    let mut g = affine();
    let options = DistillOptions { rate: Some(Schedule::from(1e200)), ..small() };
    let done = taught(&mut g, &options, &mut Unobserved, &Pairwise::default()).unwrap();
    assert_eq!(done.ending, Ending::Diverged { step: 1 });
    assert!(g.parameters().iter().all(|p| p.is_finite()));
}
