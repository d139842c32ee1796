//! Every metric is compared with closed forms. Its standard errors and its symmetries are checked,
//! too.

mod classifiers;
mod closed_form;
mod error_bar;
mod neighbours;
mod noise_floor;
mod sinkhorn_divergence;
mod symmetry;
mod ties;
mod weights;

use super::{Estimate, Reference, by_name};
use crate::pairwise::Pairwise;
use crate::target::{Gaussian, Mixture, Target};
use crate::{Points, Result, rng::Stream};
use faer::Mat;
use serde_json::Value;
use std::sync::Arc;

/// A correlated Gaussian in the plane.
fn p() -> Arc<dyn Target> {
    Arc::new(Gaussian::new(vec![0.5, -1.0], faer::mat![[2.0, 0.6], [0.6, 1.0]]).unwrap())
}

/// Another Gaussian, correlated and with another centre.
fn q() -> Arc<dyn Target> {
    Arc::new(Gaussian::new(vec![1.2, 0.1], faer::mat![[0.8, -0.3], [-0.3, 1.5]]).unwrap())
}

/// Three modes of unequal weight.
fn modes() -> Arc<dyn Target> {
    let at = |x: f64, y: f64| Gaussian::isotropic(vec![x, y], 0.2).unwrap();
    Arc::new(Mixture::new(vec![0.5, 0.3, 0.2], vec![at(0.0, 0.0), at(3.0, 0.0), at(0.0, 3.0)]).unwrap())
}

fn stream() -> Stream {
    Stream::new(11)
}

fn try_estimate(name: &str, options: Value, points: &Points, reference: &Reference) -> Result<Estimate> {
    by_name(name, options)?.estimate(points, reference, &Pairwise::default(), stream().label("metric"))
}

fn estimate(name: &str, points: &Points, reference: &Reference) -> Estimate {
    try_estimate(name, Value::Null, points, reference).unwrap()
}

fn shifted(points: &Points, by: &[f64]) -> Points {
    let mut out = points.clone();
    for i in 0..out.n() {
        out.row_mut(i).iter_mut().zip(by).for_each(|(x, b)| *x += b);
    }
    out
}

/// `diag(a)`
fn diagonal(a: &[f64]) -> Mat<f64> {
    Mat::from_fn(a.len(), a.len(), |i, j| if i == j { a[i] } else { 0.0 })
}
