//! Inputs from which no bridge can be learned.

use super::*;
use crate::Points;
use crate::target::{Samples, SamplesOptions};

#[test]
fn what_cannot_be_learned_is_refused() {
    let [source, target] = shifted(2, 1.0);
    let told = |options: DsbOptions| dsb([&source, &target], &options).unwrap_err().to_string();
    let told_pairs = |options: DsbmOptions| dsbm([&source, &target], &options).unwrap_err().to_string();
    for epsilon in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(told(DsbOptions { epsilon: Some(epsilon), ..small() }).contains("`epsilon`"));
        assert!(told_pairs(DsbmOptions { epsilon: Some(epsilon), ..small_pairs() }).contains("`epsilon`"));
    }
    assert!(told(DsbOptions { pull: -1.0, ..small() }).contains("`pull`"));
    assert!(told(DsbOptions { iterations: 0, ..small() }).contains("`iterations`"));
    assert!(told(DsbOptions { iterations: usize::MAX, ..small() }).contains("`iterations`"));
    assert!(told(DsbOptions { steps: 0, ..small() }).contains("`steps`"));
    assert!(told(DsbOptions { time_steps: 1, ..small() }).contains("`time_steps`"));
    assert!(told(DsbOptions { batch: 1, ..small() }).contains("`batch`"));
    assert!(told(DsbOptions { hidden: 0, ..small() }).contains("`hidden`"));
    assert!(told(DsbOptions { ema: 1.0, ..small() }).contains("`ema`"));
    for memory in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-3] {
        assert!(told(DsbOptions { memory, ..small() }).contains("`memory`"), "{memory}");
    }
    assert!(told_pairs(DsbmOptions { memory: 1e-4, ..small_pairs() }).contains("one `batch` needs"));
    let flat = Gaussian::isotropic(vec![0.0], 1.0).unwrap();
    assert!(dsb([&source, &flat], &small()).unwrap_err().to_string().contains("the source has 2"));
    let one = Samples::new(Points::zeros(1, 2), &SamplesOptions::default()).unwrap();
    for baseline in [Baseline::Gaussian, Baseline::None] {
        let options = DsbmOptions { baseline, ..small_pairs() };
        let said = dsbm([&source, &one], &options).unwrap_err().to_string();
        assert!(said.contains("the target") && said.contains("needs points that vary"), "{said}");
    }
}
