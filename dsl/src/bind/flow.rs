//! Flows, as recipes: every run makes its own, so that none inherits another's state.

use crate::bind::idle;
use crate::bind::learned::{first_training, law};
use crate::bind::points::Cloud;
use crate::bind::sampler::own_units;
use crate::bind::score::{Recipe, score};
use crate::call::{At, Call, Fail};
use crate::manual::{Entry, Kind};
use rhai::{Dynamic, Engine};
use sdflow::flow::{
    Diffusion, GanFlow, GanFlowOptions, MmdFlow, MmdFlowOptions, Sampler, SdFlow, SdFlowOptions, Stepping,
    VelocityField,
};
use sdflow::options::{Key, Options};
use sdflow::run::Motion;
use sdflow::target::Target;
use sdflow::{Error, MissingPart, Result};
use serde_json::Value;
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
    /// A plan that has been tried once.
    pub(super) fn value(
        name: &'static str,
        call: &Call,
        stepping: Stepping,
        make: impl Fn() -> Result<Flow> + Send + Sync + 'static,
    ) -> std::result::Result<Dynamic, Fail> {
        make().map_err(|e| call.place(e))?;
        Ok(Dynamic::from(Plan { name, stepping, make: Arc::new(make) }))
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

/// The rows of a flow's options followed by those of its stepping, whose usual step is `step`.
pub(super) const fn with_stepping<const N: usize>(own: &[Key], step: fn() -> Value) -> [Key; N] {
    let mut all = [own[0]; N];
    let mut i = 0;
    while i < N {
        all[i] = if i < own.len() { own[i] } else { Stepping::KEYS[i - own.len()] };
        i += 1;
    }
    all[own.len()].default = step;
    all
}

pub(super) const STEPPING: usize = Stepping::KEYS.len();
const SD_KEYS: &[Key] = &with_stepping::<{ SdFlowOptions::KEYS.len() + STEPPING }>(SdFlowOptions::KEYS, || 1.0.into());
const MMD_KEYS: &[Key] =
    &with_stepping::<{ MmdFlowOptions::KEYS.len() + STEPPING }>(MmdFlowOptions::KEYS, || 1.0.into());
const GAN_KEYS: &[Key] =
    &with_stepping::<{ GanFlowOptions::KEYS.len() + STEPPING }>(GanFlowOptions::KEYS, || 0.1.into());

pub const ENTRIES: &[Entry] = &[
    Entry {
        name: "sd_flow",
        kind: Kind::Flow,
        signature: "sd_flow(target_score[, source_score][, options])",
        returns: "a flow",
        about: "The score-difference flow `dy/dt = grad log p(y) - grad log q(y)`, `p` and `q` smoothed by sigma \
                [weber2023score]. The target's score may be a score, a target or points; the source's score describes the moving \
                cloud. Left out, it is `kde()` beside points and in up to 4 dimensions, and `mixture_fit()` beside an exact score in more. Without options sigma is chosen from the data, which the run says.",
        options: SD_KEYS,
        names: &[],
        example: "let flow = sd_flow(dataset(\"moons\").sample(500));\nlet r = run(flow, normal(500, 2));\n\
                  let fixed = sd_flow(ar1(0.5, #{dim: 4}), gaussian_fit(), #{sigma: cosine(3, 0.1), step: 0.5});",
        call: sd_flow,
    },
    Entry {
        name: "mmd_flow",
        kind: Kind::Flow,
        signature: "mmd_flow(points[, options])",
        returns: "a flow",
        about: "The gradient flow of the maximum mean discrepancy, `E_p grad k(z, x) - E_q grad k(z, y)` [arbel2019maximum]. It \
                dies where the kernel does: from a far start it does not move. `noise` takes the velocity at jittered places, as \
                the source does against local minima; `weighting: \"normalised\"` divides each part by its density, which with a \
                Gaussian kernel makes it the score difference. Of `samples` it keeps the weights.",
        options: MMD_KEYS,
        names: &[],
        example: "let x = dataset(\"moons\").sample(500);\nlet r = run(mmd_flow(x, #{kernel: imq(0.5)}), normal(500, 2));\n\
                  let jittered = mmd_flow(x, #{kernel: [0.3, 1, 3], noise: linear(1, 0)});",
        call: mmd_flow,
    },
    Entry {
        name: "gan_flow",
        kind: Kind::Flow,
        signature: "gan_flow(target[, options])",
        returns: "a flow",
        about: "The particles of a generator's loss: `dy/dt = -grad L(l(y))`, `l` the logit of a discriminator that is trained, \
                along the way, to tell the target's points from the moving ones [goodfellow2014generative, nowozin2016fgan]. With \
                the best discriminator every loss gives a positive multiple of the score difference, and \"log_ratio\" gives \
                it itself. The target may be points.",
        options: GAN_KEYS,
        names: &[],
        example: "let flow = gan_flow(dataset(\"moons\").sample(500), #{loss: \"log_ratio\", discriminator: #{features: \
                  \"quadratic\"}});\nlet r = run(flow, normal(200, 2), #{steps: 3});",
        call: gan_flow,
    },
];

fn sd_flow(call: &Call) -> std::result::Result<Dynamic, Fail> {
    let (options, stepping): (SdFlowOptions, _) = call.options_with_stepping()?;
    let target = score(call, 0)?;
    if target.moves() {
        let fail = call.bad(0, "describes the moving cloud", "the score of the target comes first");
        return Err(fail.hint("sd_flow(target, source_score)"));
    }
    let whole = matches!(target, Recipe::Ratio(..));
    let source = match call.handles() > 1 {
        true if whole => return Err(whole_difference(call, 1)),
        true => score(call, 1)?,
        false => target.source(),
    };
    if matches!(source, Recipe::Ratio(..)) {
        return Err(whole_difference(call, 1));
    }
    idle::in_sd_flow(call, &target, &source, &options, &stepping);
    Plan::value("sd_flow", call, stepping, move || Ok(Flow::field(SdFlow::between(&target, &source, options.clone())?)))
}

/// A ratio beside another score.
fn whole_difference(call: &Call, i: usize) -> Fail {
    let fail =
        call.bad(i, "stands beside another score", "a ratio is the whole difference of the two and stands alone");
    fail.hint("sd_flow(ratio(target))")
}

fn gan_flow(call: &Call) -> std::result::Result<Dynamic, Fail> {
    let (mut options, stepping): (GanFlowOptions, _) = call.options_with_stepping()?;
    let target = law(call, 0)?;
    first_training(call, &target, &mut options.discriminator);
    idle::in_gan_flow(call, &options, &stepping);
    Plan::value("gan_flow", call, stepping, move || {
        Ok(Flow::field(GanFlow::new(Arc::clone(&target), options.clone())?))
    })
}

fn mmd_flow(call: &Call) -> std::result::Result<Dynamic, Fail> {
    let (options, stepping): (MmdFlowOptions, _) = call.options_with_stepping()?;
    let arg = call.arg(0)?.clone();
    let (points, weights) = match (arg.clone().try_cast::<Cloud>(), arg.try_cast::<Arc<dyn Target>>()) {
        (Some(cloud), _) => (cloud.points, None),
        (_, Some(target)) => match target.data() {
            Some(data) if data.standardiser.is_some() => return Err(own_units(call, 0)),
            Some(data) => (Arc::clone(data.points), data.weights.map(<[f64]>::to_vec)),
            None => {
                let fail = call.bad(0, format!("is {}", target.name()), "points are wanted");
                return Err(fail.hint("take samples: mmd_flow(target.sample(2000))").at(At::Argument(0)));
            }
        },
        _ => return Err(call.wrong(0, "a set of points")),
    };
    idle::in_stepping(call, &stepping);
    Plan::value("mmd_flow", call, stepping, move || {
        let flow = MmdFlow::new(Arc::clone(&points), options.clone())?;
        Ok(Flow::field(match &weights {
            Some(weights) => flow.weighted(weights)?,
            None => flow,
        }))
    })
}

/// How a flow prints.
pub fn register(engine: &mut Engine) {
    let text = |plan: &mut Plan| plan.name.to_string();
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bind::sampler::SVGD_KEYS;
    use sdflow::flow::{Clock, Svgd};
    use sdflow::rng::Stream;
    use sdflow::score::{Exact, Kde};
    use sdflow::target::Gaussian;

    /// What the manual calls the default of `step` is the step that a run takes.
    #[test]
    fn the_usual_step_is_that_of_the_manual() {
        let points = Stream::new(1).normal(20, 2);
        let target: Arc<dyn Target> = Arc::new(Gaussian::isotropic(vec![0.0; 2], 1.0).unwrap());
        let sd = SdFlow::new(Kde::of(points.clone()).into(), Kde::of_cloud().into(), SdFlowOptions::default());
        let mmd = MmdFlow::new(points.clone(), MmdFlowOptions::default());
        let gan = GanFlow::new(Arc::clone(&target), GanFlowOptions::default());
        let svgd = Svgd::new(Box::new(Exact::new(target).unwrap()), Default::default());
        let fields: [(Box<dyn VelocityField>, &[Key]); 4] = [
            (Box::new(sd.unwrap()), SD_KEYS),
            (Box::new(mmd.unwrap()), MMD_KEYS),
            (Box::new(gan.unwrap()), GAN_KEYS),
            (Box::new(svgd.unwrap()), SVGD_KEYS),
        ];
        for (field, keys) in fields {
            let said = (keys.iter().find(|key| key.name == "step").unwrap().default)().as_f64().unwrap();
            let clock = Clock::at(0, 1, Stream::new(0));
            assert_eq!(field.scales(&points, &clock).step, said, "{}", field.name());
        }
    }
}
