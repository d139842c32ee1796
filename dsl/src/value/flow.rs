//! Flows, as recipes: every run makes its own, so that none inherits the state of another.

use rhai::Engine;
use sdflow::flow::{Diffusion, Sampler, Stepping, VelocityField};
use sdflow::run::Motion;
use sdflow::{Error, MissingPart, Result};
use std::sync::Arc;

/// What a script holds as a flow: how to make one, and how to step along it.
#[derive(Clone)]
pub struct Plan {
    /// Its name.
    pub name: &'static str,
    /// How to step; of no effect for samplers.
    pub stepping: Stepping,
    make: Arc<dyn Fn() -> Result<Flow> + Send + Sync>,
}

/// A flow as it was made for one run.
pub enum Flow {
    /// A velocity field.
    Field(Box<dyn VelocityField>),
    /// A sampler.
    Sampler(Box<dyn Sampler>),
    /// The samplers that know where to start from, and perhaps a log density.
    Diffusion(Box<Diffusion>),
}

impl Flow {
    /// A velocity field.
    pub fn field(field: impl VelocityField + 'static) -> Flow {
        Flow::Field(Box::new(field))
    }

    /// The field that a generator can follow.
    ///
    /// # Errors
    /// A sampler.
    pub fn into_field(self, name: &str) -> Result<Box<dyn VelocityField>> {
        match self {
            Flow::Field(field) => Ok(field),
            Flow::Sampler(_) | Flow::Diffusion(_) => {
                let want = "it is a sampler of particles, whose noise or age a generator cannot follow: use `sd_flow`, `mmd_flow` \
                            or `svgd`";
                Err(Error::argument("flow", name, want))
            }
        }
    }

    /// The sampler that has a prior.
    ///
    /// # Errors
    /// Any other flow.
    pub fn into_diffusion(self) -> Result<Diffusion> {
        let missing = |name: &str| Err(Error::missing(format!("`{name}`"), MissingPart::Prior));
        match self {
            Flow::Diffusion(diffusion) => Ok(*diffusion),
            Flow::Field(field) => missing(field.name()),
            Flow::Sampler(sampler) => missing(sampler.name()),
        }
    }
}

impl Plan {
    /// A plan of the flows that `make` makes.
    pub fn new(
        name: &'static str,
        stepping: Stepping,
        make: impl Fn() -> Result<Flow> + Send + Sync + 'static,
    ) -> Plan {
        Plan { name, stepping, make: Arc::new(make) }
    }

    /// A new flow.
    pub fn flow(&self) -> Result<Flow> {
        (self.make)()
    }

    /// A new flow as a run takes it.
    pub fn motion(&self) -> Result<Motion> {
        Ok(match self.flow()? {
            Flow::Field(field) => Motion::Field(field, self.stepping.clone()),
            Flow::Sampler(sampler) => Motion::Sampler(sampler),
            Flow::Diffusion(diffusion) => Motion::Sampler(diffusion),
        })
    }
}

/// How a flow prints.
pub fn register(engine: &mut Engine) {
    let text = |plan: &mut Plan| plan.name.to_string();
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
