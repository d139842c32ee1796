//! Metrics that count neighbours, compared with values from the densities.

use super::*;

#[test]
fn the_kl_divergence_from_neighbours_is_that_of_the_densities() {
    let [from, to] = [(0.0, 1.0), (1.0, 1.5)].map(|(m, s)| Arc::new(Gaussian::isotropic(vec![m, 0.0], s).unwrap()));
    let want = 1.5f64.ln() * 2.0 - 1.0 + (1.0 + 0.5) / 2.25;
    let (mut sum, mut squares) = (0.0, 0.0);
    for k in 0..10 {
        let points = from.sample(1500, stream().at(k)).unwrap();
        let reference = Reference::sample(to.clone(), 2000, stream().at(100 + k)).unwrap();
        let got = estimate("kl_knn", &points, &reference);
        assert!((got.value - want).abs() < 4.0 * got.se, "{got:?} against {want}");
        (sum, squares) = (sum + got.value, squares + got.se * got.se);
    }
    assert!((sum / 10.0 - want).abs() < 4.0 * squares.sqrt() / 10.0, "{} against {want}", sum / 10.0);
    let twice = Points::from_rows(&[[0.0, 0.0]; 20]).unwrap();
    let reference = Reference::sample(to, 50, stream()).unwrap();
    assert_eq!(estimate("kl_knn", &twice, &reference).value, f64::INFINITY);
}

#[test]
fn precision_and_recall_see_what_is_missing_and_what_is_wrong() {
    let modes = |at: &[f64]| -> Arc<dyn Target> {
        let one = |x: &f64| Gaussian::isotropic(vec![*x, 0.0], 0.1).unwrap();
        Arc::new(crate::target::Mixture::new(vec![1.0; at.len()], at.iter().map(one).collect()).unwrap())
    };
    let parts = |from: &[f64], to: &[f64]| {
        let reference = Reference::sample(modes(to), 400, stream().at(1)).unwrap();
        let got = estimate("precision_recall", &modes(from).sample(400, stream().at(2)).unwrap(), &reference);
        (got.part("precision").unwrap(), got.part("recall").unwrap())
    };
    let (precision, recall) = parts(&[0.0], &[0.0, 5.0]);
    assert!(precision > 0.9 && (0.4..0.6).contains(&recall), "{precision} {recall}");
    let (precision, recall) = parts(&[0.0, 9.0], &[0.0]);
    assert!((0.4..0.6).contains(&precision) && recall > 0.9, "{precision} {recall}");
    assert_eq!(parts(&[9.0], &[0.0]), (0.0, 0.0));
}
