//! Flows. A flow in a script is a recipe: every run builds a new flow, which inherits no state.

use rhai::Engine;
use sdflow::flow::{Diffusion, Sampler, Stepping, VelocityField};
use sdflow::run::Motion;
use sdflow::{Error, MissingPart, Result};
use std::sync::Arc;

/// A flow as a value of the script: how to build it, and how to step along it.
#[derive(Clone)]
pub struct Plan {
    /// Its name.
    pub name: &'static str,
    /// The stepping; it has no effect on samplers.
    pub stepping: Stepping,
    /// The names of the coordinates of its target; empty if they have none.
    pub columns: Arc<[String]>,
    make: Arc<dyn Fn() -> Result<Flow> + Send + Sync>,
}

/// A flow built for one run.
pub enum Flow {
    /// A velocity field.
    Field(Box<dyn VelocityField>),
    /// A sampler.
    Sampler(Box<dyn Sampler>),
    /// A diffusion sampler. It has a prior and, without noise, a log density.
    Diffusion(Box<Diffusion>),
}

impl Flow {
    /// A velocity field.
    pub fn field(field: impl VelocityField + 'static) -> Flow {
        Flow::Field(Box::new(field))
    }

    /// Returns the field that a generator can follow.
    ///
    /// # Errors
    /// The flow is a sampler.
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

    /// Returns the diffusion sampler, which has a prior.
    ///
    /// # Errors
    /// The flow is of another kind.
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
    /// Creates a recipe; `make` builds its flows.
    pub fn new(
        name: &'static str,
        stepping: Stepping,
        make: impl Fn() -> Result<Flow> + Send + Sync + 'static,
    ) -> Plan {
        Plan { name, stepping, columns: Arc::default(), make: Arc::new(make) }
    }

    /// Sets the names of the coordinates.
    pub fn named(self, columns: Arc<[String]>) -> Plan {
        Plan { columns, ..self }
    }

    /// Builds a flow.
    pub fn flow(&self) -> Result<Flow> {
        (self.make)()
    }

    /// Builds a flow in the form that a run needs.
    pub fn motion(&self) -> Result<Motion> {
        Ok(match self.flow()? {
            Flow::Field(field) => Motion::Field(field, self.stepping.clone()),
            Flow::Sampler(sampler) => Motion::Sampler(sampler),
            Flow::Diffusion(diffusion) => Motion::Sampler(diffusion),
        })
    }
}

/// Registers how a flow prints.
pub fn register(engine: &mut Engine) {
    let text = |plan: &mut Plan| plan.name.to_string();
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
