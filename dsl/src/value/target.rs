//! Targets and bases.

use rhai::Engine;
use sdflow::target::{Gaussian, Target};
use std::sync::Arc;

/// `N(0, I)`, the base of an untrained generator.
pub fn standard_normal(dim: usize) -> sdflow::Result<Arc<dyn Target>> {
    Ok(Arc::new(Gaussian::isotropic(vec![0.0; dim], 1.0)?))
}

/// True if the target is a Gaussian of mean 0 whose covariance is the unit matrix.
pub fn is_standard_normal(target: &dyn Target) -> bool {
    let is_gaussian = standard_normal(target.dim()).is_ok_and(|normal| normal.name() == target.name());
    let unit = |i: usize, j: usize| if i == j { 1.0 } else { 0.0 };
    is_gaussian
        && target.moments().is_some_and(|moments| {
            let dims = 0..target.dim();
            moments.mean.iter().all(|m| *m == 0.0)
                && dims.clone().all(|i| dims.clone().all(|j| moments.cov[(i, j)] == unit(i, j)))
        })
}

/// Registers how a target prints.
pub fn register(engine: &mut Engine) {
    let text = |target: &mut Arc<dyn Target>| target.name();
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
