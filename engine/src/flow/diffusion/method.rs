//! The method by which a sampler steps to the next noise level.

use super::option::{PfOdeSampler, PredictorCorrectorOptions, ReverseSdeOptions, ReverseSdeSampler};
use crate::ode::Integrator;

/// The method of a step.
#[derive(Debug, Clone)]
pub(super) enum Method {
    Ode { sampler: PfOdeSampler, tolerance: f64 },
    Sde(ReverseSdeOptions),
    Corrected(PredictorCorrectorOptions),
}

impl Method {
    pub(super) fn integrator(&self) -> Integrator {
        match self {
            Method::Ode { sampler: PfOdeSampler::Rk4, .. } => Integrator::Rk4,
            Method::Ode { sampler: PfOdeSampler::Heun, .. } => Integrator::Heun,
            Method::Sde(options) if options.sampler == ReverseSdeSampler::Edm => Integrator::Heun,
            _ => Integrator::Euler,
        }
    }
}
