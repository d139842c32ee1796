//! The Sinkhorn divergence is compared with its closed forms.

use super::*;

/// The closed forms are those of translations, of a large epsilon, and of one-dimensional Gaussians
/// \[janati2020entropic\].
#[test]
fn sinkhorn_divergence_has_its_closed_forms() {
    let of = |epsilon: f64| serde_json::json!({ "epsilon": epsilon, "tolerance": 1e-7 });
    let points = p().sample(80, stream()).unwrap();
    let reference = Reference::new(shifted(&points, &[0.3, -0.4])).unwrap();
    let found = try_estimate("sinkhorn_divergence", of(0.5), &points, &reference).unwrap();
    assert!((found.value - 0.125).abs() < 1e-7 && found.part("epsilon") == Some(0.5), "{found:?}");
    let reference = Reference::new(q().sample(60, stream()).unwrap()).unwrap();
    let found = try_estimate("sinkhorn_divergence", of(1e6), &points, &reference).unwrap();
    let means = 0.5 * crate::points::squared_distance(&points.mean(), &reference.points().mean());
    assert!((found.value - means).abs() < 1e-5 * means, "{found:?} {means}");
    // The divergence of N(0, a) and N(m, b) in one dimension.
    let (a, b, m, epsilon) = (1.0, 0.25, 0.5, 0.3);
    let part = |a: f64, b: f64| {
        let d = (4.0 * a * b + epsilon * epsilon).sqrt();
        0.5 * (a + b - d + epsilon * (d + epsilon).ln())
    };
    let want = 0.5 * m * m + part(a, b) - 0.5 * (part(a, a) + part(b, b));
    let (mut x, mut y) = (stream().label("x").normal(1500, 1), stream().label("y").normal(1500, 1));
    for (points, mean, variance) in [(&mut x, 0.0, a), (&mut y, m, b)] {
        // The sample moments are made exact, so that the only error is that of the shape.
        let (centre, spread) = (points.mean()[0], points.spread());
        points.data_mut().iter_mut().for_each(|v| *v = mean + variance.sqrt() * (*v - centre) / spread);
    }
    let found = try_estimate("sinkhorn_divergence", of(epsilon), &x, &Reference::new(y).unwrap()).unwrap();
    assert!((found.value - want).abs() < 5e-3, "{found:?} {want}");
    let few = serde_json::json!({ "epsilon": 1e-3, "max_iterations": 2 });
    let told = try_estimate("sinkhorn_divergence", few, &points, &reference).unwrap_err().to_string();
    assert!(told.contains("increase `max_iterations`"), "{told}");
}
