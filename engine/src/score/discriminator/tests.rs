//! The logit is compared with the exact log ratio of Gaussians.

use super::*;
use crate::target::{Gaussian, Target};

fn gaussian(mean: [f64; 2], cov: [f64; 3]) -> Gaussian {
    let [a, b, c] = cov;
    Gaussian::new(mean.to_vec(), faer::mat![[a, b], [b, c]]).unwrap()
}

/// Returns the relative error of the gradient and the mean square error of the logit, at points of
/// both sets.
fn errors(p: &dyn Target, q: &dyn Target, options: DiscriminatorOptions) -> (f64, f64) {
    let sample = |t: &dyn Target, k: u64| t.sample(20_000, Stream::new(k)).unwrap();
    let mut fitted = Discriminator::new(options).unwrap();
    fitted.fit(&sample(p, 1), &sample(q, 2), Stream::new(3), &Interrupt::default()).unwrap();
    let (mut gap, mut size, mut off, mut count) = (0.0, 0.0, 0.0, 0.0);
    for (law, seed) in [(p, 4), (q, 5)] {
        let z = law.sample(2000, Stream::new(seed)).unwrap();
        let (mut logit, mut gradient) = (Vec::new(), Points::default());
        fitted.evaluate(&z, &mut logit, &mut gradient);
        let (mut a, mut b, mut log_p, mut log_q) = (Points::default(), Points::default(), Vec::new(), Vec::new());
        p.density().unwrap().score(&z, 0.0, &mut a).unwrap();
        q.density().unwrap().score(&z, 0.0, &mut b).unwrap();
        p.density().unwrap().log_density(&z, 0.0, &mut log_p).unwrap();
        q.density().unwrap().log_density(&z, 0.0, &mut log_q).unwrap();
        for i in 0..z.data().len() {
            let want = a.data()[i] - b.data()[i];
            gap += (gradient.data()[i] - want).powi(2);
            size += want * want;
        }
        for i in 0..z.n() {
            off += (logit[i] - (log_p[i] - log_q[i])).powi(2);
            count += 1.0;
        }
    }
    ((gap / size).sqrt(), off / count)
}

fn of(features: Features) -> DiscriminatorOptions {
    DiscriminatorOptions { features, ..DiscriminatorOptions::default() }
}

#[test]
fn linear_features_are_right_for_gaussians_of_equal_covariance() {
    let cov = [1.0, 0.4, 0.5];
    let (error, off) = errors(&gaussian([1.0, 0.0], cov), &gaussian([0.0, 0.3], cov), of(Features::Linear));
    assert!(error < 0.03 && off < 0.005, "{error} {off}");
}

#[test]
fn quadratic_features_are_right_for_any_two_gaussians() {
    let (p, q) = (gaussian([1.0, 0.0], [1.0, 0.4, 0.5]), gaussian([0.0, 0.3], [1.5, -0.3, 0.8]));
    let (error, off) = errors(&p, &q, of(Features::Quadratic));
    assert!(error < 0.04 && off < 0.01, "{error} {off}");
    // Linear features are not exact here.
    assert!(errors(&p, &q, of(Features::Linear)).0 > 0.2);
}

#[test]
fn sets_of_different_size_count_alike() {
    let (p, q) = (gaussian([1.0, 0.0], [1.0, 0.0, 1.0]), gaussian([-1.0, 0.0], [1.0, 0.0, 1.0]));
    let (p, q) = (p.sample(9000, Stream::new(1)).unwrap(), q.sample(3000, Stream::new(2)).unwrap());
    let mut fitted = Discriminator::new(of(Features::Linear)).unwrap();
    fitted.fit(&p, &q, Stream::new(3), &Interrupt::default()).unwrap();
    let (mut logit, mut gradient) = (Vec::new(), Points::default());
    fitted.evaluate(&Points::zeros(1, 2), &mut logit, &mut gradient);
    assert!(logit[0].abs() < 0.1 && (gradient.row(0)[0] - 2.0).abs() < 0.12, "{logit:?} {gradient:?}");
}

#[test]
fn sets_that_a_plane_divides_stay_finite() {
    let far = gaussian([100.0, 0.0], [1.0, 0.0, 1.0]).sample(200, Stream::new(1)).unwrap();
    let near = gaussian([0.0, 0.0], [1.0, 0.0, 1.0]).sample(200, Stream::new(2)).unwrap();
    for features in [Features::Linear, Features::Quadratic, Features::Mlp] {
        let mut fitted = Discriminator::new(DiscriminatorOptions { steps: 30, ..of(features) }).unwrap();
        fitted.fit(&far, &near, Stream::new(3), &Interrupt::default()).unwrap();
        let (mut logit, mut gradient) = (Vec::new(), Points::default());
        fitted.evaluate(&near, &mut logit, &mut gradient);
        assert!(gradient.data().iter().all(|v| v.is_finite()), "{features:?}");
        assert!(gradient.mean()[0] > 0.0, "{features:?} points towards the target");
    }
}

/// The gradient is that of the logit, for every kind of features.
#[test]
fn the_gradient_is_the_logits_by_finite_differences() {
    let (p, q) = (gaussian([1.0, 0.0], [1.0, 0.4, 0.5]), gaussian([0.0, 0.3], [1.5, -0.3, 0.8]));
    let (p, q) = (p.sample(500, Stream::new(1)).unwrap(), q.sample(500, Stream::new(2)).unwrap());
    // The net computes in f32, so its finite differences need a larger step.
    for (features, h, bound) in
        [(Features::Linear, 1e-4, 1e-7), (Features::Quadratic, 1e-4, 1e-7), (Features::Mlp, 2e-2, 5e-3)]
    {
        let mut fitted = Discriminator::new(DiscriminatorOptions { steps: 100, ..of(features) }).unwrap();
        fitted.fit(&p, &q, Stream::new(3), &Interrupt::default()).unwrap();
        let mut logit_at = |z: &[f64]| {
            let (mut logit, mut gradient) = (Vec::new(), Points::default());
            fitted.evaluate(&Points::from_rows(&[z]).unwrap(), &mut logit, &mut gradient);
            (logit[0], gradient.row(0).to_vec())
        };
        for z in [[0.2, -0.4], [1.5, 1.0], [-1.0, 0.7]] {
            let found = logit_at(&z).1;
            for j in 0..2 {
                let moved = |by: f64| {
                    let mut z = z;
                    z[j] += by;
                    z
                };
                let want = (logit_at(&moved(h)).0 - logit_at(&moved(-h)).0) / (2.0 * h);
                assert!(
                    (found[j] - want).abs() < bound * (1.0 + want.abs()),
                    "{features:?} {z:?} {j}: {found:?} {want}"
                );
            }
        }
    }
}

#[test]
fn impossible_options_are_refused() {
    let message = |options: DiscriminatorOptions| Discriminator::new(options).unwrap_err().to_string();
    assert!(message(DiscriminatorOptions { ridge: -1.0, ..of(Features::Linear) }).contains("`ridge` is -1"));
    assert!(message(DiscriminatorOptions { batch: 1, ..of(Features::Mlp) }).contains("at least 2"));
    let most = 1_000_000_000_000_000;
    assert!(message(DiscriminatorOptions { layers: most, ..of(Features::Mlp) }).contains("at most 1000"));
    assert!(message(DiscriminatorOptions { batch: most, ..of(Features::Mlp) }).contains("`batch` is 1000000000000000"));
    let mut wide = Discriminator::new(of(Features::Quadratic)).unwrap();
    let points = Points::zeros(3, 100);
    let said = wide.fit(&points, &points, Stream::new(1), &Interrupt::default()).unwrap_err().to_string();
    assert!(said.contains("5151 features") && said.contains("mlp"), "{said}");
}
