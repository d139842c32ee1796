//! Sinkhorn's algorithm against a dense implementation, closed forms and identities.

mod closed_form;
mod dense;
mod extremes;
mod identities;
mod known;
mod newton;

use super::*;
use crate::points::squared_distance;
use crate::rng::Stream;
use crate::{Points, pairwise::Pairwise};

/// Points around `centre`.
fn cloud(key: u64, n: usize, dim: usize, centre: f64) -> Points {
    let mut points = Stream::new(key).normal(n, dim);
    points.data_mut().iter_mut().for_each(|v| *v += centre);
    points
}

/// Uneven weights that sum to 1.
fn weights(key: u64, n: usize) -> Vec<f64> {
    let raw: Vec<f64> = Stream::new(key).normal(n, 1).data().iter().map(|v| v.exp()).collect();
    let sum: f64 = raw.iter().sum();
    raw.into_iter().map(|w| w / sum).collect()
}

fn with_epsilon(epsilon: f64) -> SinkhornOptions {
    SinkhornOptions { epsilon: Some(epsilon), ..SinkhornOptions::default() }
}

fn solve(x: &Points, y: &Points, options: SinkhornOptions) -> Potentials {
    Sinkhorn::between(x, y, options).unwrap().solve(&Pairwise::default()).unwrap()
}

fn value(x: &Points, y: &Points, options: &SinkhornOptions) -> f64 {
    let found = divergence(&Marginal::equal(x), &Marginal::equal(y), options, &Pairwise::default()).unwrap();
    assert!(found.converged(), "{:?}", found.worst().marginal_error);
    found.value
}

/// Half the mean squared distance.
fn mean_cost(x: &Points, y: &Points) -> f64 {
    let sum: f64 = x.iter().flat_map(|x| y.iter().map(move |y| 0.5 * squared_distance(x, y))).sum();
    sum / (x.n() * y.n()) as f64
}
