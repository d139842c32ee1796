//! Velocities compared with finite differences of their losses, and with the score difference.

use super::*;
use crate::pairwise::PairwiseOptions;
use crate::score::Features;
use crate::target::{Density, Gaussian, Mixture};

fn mixture(means: [[f64; 2]; 2], weights: [f64; 2], std: f64) -> Mixture {
    let modes = means.map(|m| Gaussian::isotropic(m.to_vec(), std).unwrap());
    Mixture::new(weights.to_vec(), modes.to_vec()).unwrap()
}

fn pair() -> [Mixture; 2] {
    [mixture([[-1.5, 0.0], [1.5, 0.5]], [0.4, 0.6], 0.7), mixture([[0.0, 1.0], [0.5, -1.2]], [0.5, 0.5], 0.8)]
}

/// `log p/q` in closed form.
#[derive(Debug)]
struct ExactRatio([Mixture; 2]);

impl Archived for ExactRatio {
    fn archive(&mut self, _archive: &mut Archive) -> Result<()> {
        Ok(())
    }
}

impl LogitEstimator for ExactRatio {
    fn fit(&mut self, _p: &Points, _q: &Points, _stream: Stream, _interrupt: &Interrupt) -> Result<()> {
        Ok(())
    }

    fn evaluate(&mut self, z: &Points, logit: &mut Vec<f64>, gradient: &mut Points) {
        let (mut log_q, mut q_score) = (Vec::new(), Points::default());
        self.0[0].log_density(z, 0.0, logit).unwrap();
        self.0[1].log_density(z, 0.0, &mut log_q).unwrap();
        self.0[0].score(z, 0.0, gradient).unwrap();
        self.0[1].score(z, 0.0, &mut q_score).unwrap();
        logit.iter_mut().zip(&log_q).for_each(|(l, q)| *l -= q);
        gradient.data_mut().iter_mut().zip(q_score.data()).for_each(|(g, q)| *g -= q);
    }
}

fn velocity(estimator: Box<dyn LogitEstimator>, loss: Loss, cloud: &Points) -> Points {
    let options = GanFlowOptions { loss, ..GanFlowOptions::default() };
    let mut flow = GanFlow::with_estimator(Arc::new(pair()[0].clone()), estimator, options).unwrap();
    let pairwise = Pairwise::new(PairwiseOptions::default(), Interrupt::default());
    let mut out = Points::default();
    let clock = Clock::at(0, 1, Stream::new(8));
    flow.velocity(&FieldAt::cloud(cloud, &clock, &pairwise), &mut out).unwrap();
    out
}

/// Returns the mean over the particles of the cosine of the angle between two fields.
fn cosine(a: &Points, b: &Points) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    a.iter().zip(b.iter()).map(|(a, b)| dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()).sum::<f64>() / a.n() as f64
}

#[test]
fn every_velocity_is_minus_the_gradient_of_its_loss() {
    let [p, q] = pair();
    let cloud = q.sample(40, Stream::new(1)).unwrap();
    let exact = || Box::new(ExactRatio([p.clone(), q.clone()]));
    for loss in Loss::ALL {
        let found = velocity(exact(), loss, &cloud);
        let value = |z: &[f64]| {
            let (mut logit, mut gradient) = (Vec::new(), Points::default());
            exact().evaluate(&Points::from_rows(&[z]).unwrap(), &mut logit, &mut gradient);
            loss.value(logit[0])
        };
        for (z, found) in cloud.iter().zip(found.iter()) {
            for j in 0..2 {
                let moved = |by: f64| {
                    let mut z = z.to_vec();
                    z[j] += by;
                    value(&z)
                };
                let want = -(moved(1e-5) - moved(-1e-5)) / 2e-5;
                let error = (found[j] - want).abs() / (1.0 + want.abs());
                assert!(error < 1e-6, "{loss:?} at {z:?}: {} against {want}", found[j]);
            }
        }
    }
}

/// The logarithm of the density of a mixture, and its gradient, from their formulas.
fn log_density(means: [[f64; 2]; 2], weights: [f64; 2], std: f64, z: &[f64]) -> (f64, [f64; 2]) {
    let (mut density, mut slope) = (0.0, [0.0; 2]);
    for (mean, weight) in means.iter().zip(weights) {
        let away = [z[0] - mean[0], z[1] - mean[1]];
        let part = weight * (-0.5 * (away[0].powi(2) + away[1].powi(2)) / (std * std)).exp() / (std * std);
        density += part;
        (0..2).for_each(|j| slope[j] -= part * away[j] / (std * std));
    }
    (density.ln(), slope.map(|s| s / density))
}

/// With the exact ratio, a velocity is minus the finite difference of the loss, and a positive
/// multiple of the difference of two scores. Both are computed from densities that are written out
/// here.
#[test]
fn with_the_best_discriminator_every_velocity_descends_its_loss_along_the_score_difference() {
    let [p, q] = pair();
    let cloud = q.sample(200, Stream::new(1)).unwrap();
    let of_p = |z: &[f64]| log_density([[-1.5, 0.0], [1.5, 0.5]], [0.4, 0.6], 0.7, z);
    let of_q = |z: &[f64]| log_density([[0.0, 1.0], [0.5, -1.2]], [0.5, 0.5], 0.8, z);
    let log_ratio = |z: &[f64]| of_p(z).0 - of_q(z).0;
    for loss in Loss::ALL {
        let found = velocity(Box::new(ExactRatio([p.clone(), q.clone()])), loss, &cloud);
        for (z, found) in cloud.iter().zip(found.iter()) {
            let fall = |up: f64, down: f64| (loss.value(down) - loss.value(up)) / 2e-5;
            let logit = log_ratio(z);
            let weight = fall(logit + 1e-5, logit - 1e-5);
            assert!(weight > 0.0, "{loss:?} at {z:?}: {weight}");
            for (j, found) in found.iter().enumerate() {
                let moved =
                    |by: f64| log_ratio(&[z[0] + if j == 0 { by } else { 0.0 }, z[1] + if j == 1 { by } else { 0.0 }]);
                let (descent, difference) = (fall(moved(1e-5), moved(-1e-5)), of_p(z).1[j] - of_q(z).1[j]);
                for want in [descent, weight * difference] {
                    // The tolerance is far above the rounding error of a central difference of a
                    // loss of this size.
                    let error = (found - want).abs() / (1.0 + want.abs() + loss.value(logit).abs());
                    assert!(error < 1e-6, "{loss:?} at {z:?}: {found} against {want}");
                }
            }
        }
    }
}

/// The expected weights are written with `r = p/q` and `D = r / (1 + r)`.
#[test]
fn weights_are_those_of_the_literature() {
    for l in [-3.0f64, -0.4, 0.0, 1.0, 2.5] {
        let r = l.exp();
        let d = r / (1.0 + r);
        for (loss, want) in [
            (Loss::Saturating, d),
            (Loss::NonSaturating, 1.0 - d),
            (Loss::LogRatio, 1.0),
            (Loss::LeastSquares, d * (1.0 - d) * (1.0 - d)),
            (Loss::Kl, r),
            (Loss::ReverseKl, 1.0),
            (Loss::Js, d),
            (Loss::Pearson, 2.0 * r * r),
            (Loss::SquaredHellinger, r.sqrt() / 2.0),
        ] {
            assert!((loss.weight(l) / want - 1.0).abs() < 1e-12, "{loss:?} at {l}");
        }
    }
}

#[test]
fn a_learned_discriminator_finds_the_direction() {
    let [p, q] = pair();
    let cloud = q.sample(4000, Stream::new(1)).unwrap();
    let difference = velocity(Box::new(ExactRatio([p.clone(), q.clone()])), Loss::LogRatio, &cloud);
    let options = DiscriminatorOptions { features: Features::Mlp, steps: 1500, ..DiscriminatorOptions::default() };
    let learned = Discriminator::new(options).unwrap();
    for loss in [Loss::NonSaturating, Loss::LogRatio] {
        let found = cosine(&velocity(Box::new(learned.clone()), loss, &cloud), &difference);
        assert!(found >= 0.95, "{loss:?}: {found}");
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let target: Arc<dyn Target> = Arc::new(pair()[0].clone());
    let bad = |options: GanFlowOptions| GanFlow::new(target.clone(), options).unwrap_err().to_string();
    let still = GanFlowOptions { scaling: Scaling::Denoiser, ..GanFlowOptions::default() };
    assert!(bad(still).contains("`sigma` is 0"));
    let negative = GanFlowOptions { sigma: Schedule::from(-1.0), ..GanFlowOptions::default() };
    assert!(bad(negative).contains("sigma"));
}
