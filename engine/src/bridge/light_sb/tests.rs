//! The training of a bridge from samples.

use super::matching::Moment;
use super::*;
use crate::Points;
use crate::bridge::{Bridge, Conditional, Coupling, EndTarget, GaussianBridge, ReferenceProcess, conditional_error};
use crate::process::Unobserved;
use crate::target::{Gaussian, Mixture, Samples, SamplesOptions};
use std::sync::Arc;

fn learn(source: &dyn Target, target: &dyn Target, options: &LightSbOptions) -> Result<TrainedBridge> {
    train_light_sb(source, target, options, Stream::new(1), &Interrupt::default(), &mut Unobserved)
}

/// Random parameters, without symmetry between components or coordinates.
fn parameters(shape: ShapeKind, epsilon: f64) -> Parameters {
    let mut parameters = Parameters::new(&Stream::new(1).normal(4, 3), epsilon, shape).unwrap();
    let noise = Stream::new(2).normal(parameters.values.len(), 1);
    parameters.values.iter_mut().zip(noise.data()).for_each(|(v, z)| *v += 0.2 * z);
    parameters
}

#[test]
fn the_gradient_is_a_difference_of_losses() {
    let (x, y) = (Stream::new(3).normal(150, 3), Stream::new(4).normal(150, 3));
    for (shape, epsilon) in [(ShapeKind::Diagonal, 0.4), (ShapeKind::Full, 0.4), (ShapeKind::Full, 3.0)] {
        let mut p = parameters(shape, epsilon);
        let (mut gradient, mut unused) = (vec![0.0; p.values.len()], vec![0.0; p.values.len()]);
        p.loss(&x, &y, &mut gradient).unwrap();
        let h = 1e-5;
        for (i, found) in gradient.iter().enumerate() {
            let value = p.values[i];
            let mut moved = |by: f64| {
                p.values[i] = value + by;
                p.loss(&x, &y, &mut unused).unwrap()
            };
            let want = (moved(h) - moved(-h)) / (2.0 * h);
            p.values[i] = value;
            assert!((found - want).abs() < 1e-6 * (1.0 + want.abs()), "{shape:?} {i}: {found} {want}");
        }
    }
}

/// Returns positions between random ends, at the times of one step.
fn positions(epsilon: f64) -> Vec<Moment> {
    moments([&Stream::new(3).normal(40, 3), &Stream::new(4).normal(40, 3)], epsilon, Stream::new(5))
}

#[test]
fn the_gradient_of_matching_is_a_difference_of_losses() {
    for (shape, epsilon) in [(ShapeKind::Diagonal, 0.4), (ShapeKind::Full, 0.4), (ShapeKind::Full, 3.0)] {
        let mut p = parameters(shape, epsilon);
        let (mut gradient, mut unused) = (vec![0.0; p.values.len()], vec![0.0; p.values.len()]);
        let at = positions(epsilon);
        p.matching(&at, &mut gradient).unwrap();
        let h = 1e-5;
        for (i, found) in gradient.iter().enumerate() {
            let value = p.values[i];
            let mut moved = |by: f64| {
                p.values[i] = value + by;
                p.matching(&at, &mut unused).unwrap()
            };
            let want = (moved(h) - moved(-h)) / (2.0 * h);
            p.values[i] = value;
            assert!((found - want).abs() < 1e-6 * (1.0 + want.abs()), "{shape:?} {i}: {found} {want}");
        }
    }
}

/// The ends are independent and standard normal, and there is one component. The positions at time
/// `t` then have the variance `q = 1 - (2 - epsilon) t (1 - t)`, the drift is `a x` with `a =
/// (S - 1) / (t S + 1 - t)`, and the mean of `x w` is `2 t - 1 - epsilon t`. For epsilon 2 and S =
/// 1/2 the loss per coordinate is `int (a^2 q / 2 + a) dt / 2` with `a = -1 / (2 - t)` and `q = 1`,
/// which is `1/8 - log(2) / 2`.
#[test]
fn the_loss_of_matching_is_the_integral() {
    let mut p = Parameters::new(&Points::zeros(1, 1), 2.0, ShapeKind::Diagonal).unwrap();
    p.values[2] = 0.5f64.ln();
    let (x, y) = (Stream::new(3).normal(400_000, 1), Stream::new(4).normal(400_000, 1));
    let (mut sum, mut unused, parts) = (0.0, vec![0.0; 3], 100);
    for part in 0..parts {
        let rows = part * 4000..(part + 1) * 4000;
        let at = moments([&x.rows(rows.clone()), &y.rows(rows)], 2.0, Stream::new(5).at(part as u64));
        sum += p.matching(&at, &mut unused).unwrap() / f64::from(parts as u32);
    }
    let want = 0.125 - 0.5 * 2f64.ln();
    assert!((sum - want).abs() < 0.005, "{sum} {want}");
}

#[test]
fn the_loss_of_diagonal_and_full_shapes_is_the_same() {
    let (x, y) = (Stream::new(3).normal(300, 3), Stream::new(4).normal(300, 3));
    let [diagonal, full] = [ShapeKind::Diagonal, ShapeKind::Full].map(|shape| {
        let p = Parameters::new(&Stream::new(1).normal(4, 3), 0.7, shape).unwrap();
        let mut gradient = vec![0.0; p.values.len()];
        (p.loss(&x, &y, &mut gradient).unwrap(), gradient)
    });
    assert!((diagonal.0 - full.0).abs() < 1e-12);
    assert!((0..4 + 12).all(|i| (diagonal.1[i] - full.1[i]).abs() < 1e-12));
}

#[test]
fn a_learned_bridge_between_gaussians_is_the_closed_form() {
    [PotentialLoss::Plan, PotentialLoss::Matching].into_iter().for_each(bridge_between_gaussians);
}

fn bridge_between_gaussians(loss: PotentialLoss) {
    let ends = [
        Gaussian::new(vec![3.0, -1.0], faer::mat![[2.0, 0.5], [0.5, 1.0]]).unwrap(),
        Gaussian::new(vec![-1.0, 4.0], faer::mat![[1.0, -0.4], [-0.4, 3.0]]).unwrap(),
    ];
    let exact = GaussianBridge::new(&ends[0], &ends[1], ReferenceProcess::brownian(2.0).unwrap()).unwrap();
    let options = LightSbOptions {
        epsilon: Some(2.0),
        components: 1,
        shape: ShapeKind::Full,
        loss,
        steps: 3000,
        batch: 256,
        ..LightSbOptions::default()
    };
    let learned = learn(&ends[0], &ends[1], &options).unwrap();
    assert_eq!(learned.ending, Ending::Finished);
    let x = ends[0].sample(50, Stream::new(8)).unwrap();
    for x in x.iter() {
        let [found, want] = [learned.bridge.conditional_moments(x), exact.conditional_moments(x)];
        let off: f64 = found.mean.iter().zip(&want.mean).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off < 0.1 && (&found.cov - &want.cov).norm_max() < 0.06, "{off} {:?} {:?}", found.cov, want.cov);
    }
    let (mut found, mut want) = (Points::default(), Points::default());
    learned.bridge.forward(0.6, &x, &mut found).unwrap();
    exact.forward(0.6, &x, &mut want).unwrap();
    let off =
        found.data().iter().zip(want.data()).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / found.data().len() as f64;
    assert!(off.sqrt() < 0.1, "{off}");
}

#[test]
fn a_known_pair_is_learned() {
    let source: Arc<dyn Target> = Arc::new(Gaussian::isotropic(vec![0.0; 2], 1.0).unwrap());
    let exact = Arc::new(PotentialBridge::of_mixture(&Mixture::ring(3, 3.0, 1.0).unwrap(), 1.0).unwrap());
    let target = EndTarget::new(exact.clone(), source.clone()).unwrap();
    let starts = source.sample(100, Stream::new(5)).unwrap();
    let error = |found: Conditional| {
        let interrupt = Interrupt::default();
        conditional_error(found, exact.as_ref(), &starts, 50, Stream::new(6), &interrupt, &mut |_, _| {}).unwrap()
    };
    let none = error(Conditional::Independent(&target));
    assert!(none.value > 5.0, "{none:?}");
    for loss in [PotentialLoss::Plan, PotentialLoss::Matching] {
        let epsilon = Some(1.0);
        let options = LightSbOptions { epsilon, components: 10, steps: 2000, loss, ..LightSbOptions::default() };
        let learned = learn(source.as_ref(), &target, &options).unwrap().bridge;
        let found = error(Conditional::Plan(&learned));
        assert!(found.part("exact").unwrap() < 0.5, "{loss:?}: {found:?}");
    }
}

#[test]
fn bytes_do_not_depend_on_threads_and_an_interrupt_leaves_a_bridge() {
    let source = Gaussian::isotropic(vec![0.0; 2], 1.0).unwrap();
    let target = Mixture::ring(3, 3.0, 0.3).unwrap();
    let x = Stream::new(1).normal(20, 2);
    let kinds = [ShapeKind::Diagonal, ShapeKind::Full].into_iter();
    for (shape, loss) in kinds.flat_map(|shape| [(shape, PotentialLoss::Plan), (shape, PotentialLoss::Matching)]) {
        let options = LightSbOptions { components: 6, steps: 30, batch: 300, shape, loss, ..LightSbOptions::default() };
        let train = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut drift = Points::default();
            pool.install(|| learn(&source, &target, &options).unwrap().bridge.forward(0.3, &x, &mut drift)).unwrap();
            drift
        };
        let [one, two, five] = [1, 2, 5].map(train);
        assert!(one == two && two == five, "{shape:?} {loss:?}");
    }
    let interrupt = Interrupt::default();
    interrupt.raise();
    let options = LightSbOptions::default();
    let left = train_light_sb(&source, &target, &options, Stream::new(1), &interrupt, &mut Unobserved).unwrap();
    assert_eq!((left.ending, left.bridge.components()), (Ending::Interrupted { step: 0 }, 50));
}

#[test]
fn what_cannot_be_learned_is_refused() {
    let normal = Gaussian::isotropic(vec![0.0; 2], 1.0).unwrap();
    let told = |target: &dyn Target, options: LightSbOptions| learn(&normal, target, &options).unwrap_err().to_string();
    for epsilon in [0.0, -1.0, f64::NAN] {
        assert!(
            told(&normal, LightSbOptions { epsilon: Some(epsilon), ..LightSbOptions::default() }).contains("`epsilon`")
        );
    }
    let count = |components, steps, batch| LightSbOptions { components, steps, batch, ..LightSbOptions::default() };
    assert!(told(&normal, count(0, 1, 2)).contains("`components`"));
    assert!(told(&normal, count(1, 0, 2)).contains("`steps`"));
    assert!(told(&normal, count(1, 1, 1)).contains("`batch`"));
    let flat = Gaussian::isotropic(vec![0.0], 1.0).unwrap();
    assert!(told(&flat, LightSbOptions::default()).contains("the source has 2"));
    let far = Gaussian::isotropic(vec![1e9, 0.0], 10.0).unwrap();
    let away = learn(&far, &far, &LightSbOptions::default()).unwrap_err().to_string();
    assert!(away.contains("times the spread of both ends from the origin"), "{away}");
    let one = Samples::new(Points::zeros(1, 2), &SamplesOptions::default()).unwrap();
    assert!(told(&one, LightSbOptions::default()).contains("needs points that vary"));
}
