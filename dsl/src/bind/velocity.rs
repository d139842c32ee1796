//! The field of a flow, and how far one field is from another.

use crate::Reading;
use crate::bind::flow::Plan;
use crate::bind::points::Cloud;
use crate::call::{Call, Fail};
use crate::manual::{Entry, Kind};
use rhai::Dynamic;
use sdflow::flow::{Clock, FieldAt};
use sdflow::metric::relative_error;
use sdflow::options::Options;
use sdflow::run::Forecast;
use sdflow::{Error, Points};
use std::collections::BTreeMap;
use std::time::Instant;

sdflow::options! {
    /// Options of `velocity`.
    pub struct VelocityOptions {
        /// Progress of the run at which the field is taken, from 0 to 1: where schedules stand.
        progress: f64 = 0.0,
    }
}

/// Steps into which progress is divided.
const STEPS: usize = 1 << 20;

pub const ENTRIES: &[Entry] = &[Entry {
    name: "velocity",
    kind: Kind::Flow,
    signature: "flow.velocity(points[, options])",
    returns: "points, a velocity for each",
    about: "The flow's velocity at the points, which are its whole cloud: what a run steps with. Of `pf_ode`, \
                `reverse_sde` and `predictor_corrector` it is the probability flow's `-dy/dsigma` at the noise level of that \
                progress: per unit by which sigma falls; of `langevin` it is the drift. Two flows with the same noise \
                option see the same noise, so their fields can be compared. An estimator that learns begins anew.",
    options: VelocityOptions::KEYS,
    names: &[],
    example: "let y = normal(200, 2);\nlet v = sd_flow(gaussian(#{dim: 2}), #{sigma: 1.0}).velocity(y);\nprint(v.mean());",
    call: velocity,
}];

fn velocity(call: &Call) -> Result<Dynamic, Fail> {
    let (plan, options): (Plan, VelocityOptions) = (call.receiver()?, call.options()?);
    let cloud = call.points(1)?;
    if !(0.0..=1.0).contains(&options.progress) {
        let error = Error::argument("progress", options.progress, "it must lie between 0 and 1");
        return Err(call.place(error));
    }
    let step = (options.progress * STEPS as f64) as usize;
    let clock = Clock::at(step.min(STEPS - 1), STEPS, call.context.fixed_stream("velocity"));
    let pairwise = &call.context.pairwise;
    let mut flow = plan.flow().map_err(|e| call.place(e))?;
    let mut out = Points::default();
    call.context.timed("flow", || {
        let mut dynamics = flow.dynamics(&plan.stepping);
        dynamics.prepare(&cloud, &clock).map_err(|e| call.place(e))?;
        let begun = Instant::now();
        dynamics.velocity(&FieldAt::cloud(&cloud, &clock, pairwise), &mut out).map_err(|e| call.place(e))?;
        if let Some(dry) = &call.context.dry {
            let (here, pairs) = (flow.pairs(cloud.n()).velocity.max(1), flow.pairs(cloud.count()).velocity);
            let seconds = begun.elapsed().as_secs_f64() * pairs as f64 / here as f64;
            dry.add("velocity", call.native.call_position(), &Forecast { pairs, seconds, ..Forecast::default() });
        }
        Ok::<_, Fail>(())
    })?;
    Ok(Cloud::value(out.standing_for(cloud.count())))
}

/// The relative error of one set of vectors against another.
pub fn against(call: &Call) -> Result<Dynamic, Fail> {
    let (vectors, reference) = (call.points(0)?, call.points(1)?);
    let (value, se) = relative_error(&vectors, &reference).map_err(|e| call.place(e))?;
    Ok(Dynamic::from(Reading { value, se: se.is_finite().then_some(se), floor: None, parts: BTreeMap::new() }))
}
