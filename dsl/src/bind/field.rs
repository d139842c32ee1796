//! The velocity field of a flow, and the relative error of fields.

use crate::call::{Call, Entry, function};
use crate::language::{Fail, Kind, OPTIONS, Type, arg};
use crate::value::{Cloud, Plan, Reading};
use rhai::Dynamic;
use sdflow::cost::{self, Gauge};
use sdflow::flow::{Clock, FieldAt};
use sdflow::metric::relative_error;
use sdflow::options::Options;
use sdflow::rng::Stream;
use sdflow::{Error, Points};

sdflow::options! {
    /// Options of `velocity`.
    pub struct VelocityOptions {
        /// Progress of the run, from 0 to 1, at which the field is evaluated; it determines the
        /// values of schedules.
        progress: f64 = 0.0,
    }
}

/// The number of steps into which progress is divided.
const STEPS: usize = 1 << 20;

pub const ENTRIES: &[Entry] =
    &[function("velocity", Kind::Flow, &[arg("points", Type::Points), OPTIONS], Type::Points, velocity)
        .of(Type::Flow)
        .returned("points: the velocity at each point")
        .about(
            "The velocity of the flow at the points, which are taken as the whole cloud. A run \
             integrates this velocity. For `pf_ode`, `reverse_sde` and `predictor_corrector` it is \
             `-dy/dsigma` of the probability flow, the displacement per decrease of sigma, at the \
             noise level of that progress. For `langevin` it is the drift. Two flows with the same \
             noise option get the same noise, so their fields can be compared. A learned estimator \
             starts untrained.",
        )
        .options(VelocityOptions::KEYS)
        .example(
            "let y = normal(200, 2);\n\
             let v = sd_flow(gaussian(#{dim: 2}), #{sigma: 1.0}).velocity(y);\n\
             print(v.mean());",
        )];

fn velocity(call: &Call) -> Result<Dynamic, Fail> {
    let (plan, options): (Plan, VelocityOptions) = (call.receiver()?, call.options()?);
    let cloud = call.points(1)?;
    if !(0.0..=1.0).contains(&options.progress) {
        let error = Error::argument("progress", options.progress, "it must lie between 0 and 1");
        return Err(call.place(error));
    }
    let clock = clock_at(options.progress, call.context.fixed_stream("velocity"));
    let pairwise = &call.context.pairwise;
    let evaluate = || {
        let (mut motion, mut out) = (plan.motion()?, Points::default());
        let mut dynamics = motion.dynamics();
        dynamics.prepare(&cloud, &clock)?;
        dynamics.velocity(&FieldAt::cloud(&cloud, &clock, pairwise), &mut out).map(|()| out)
    };
    let measure = |gauge: &Gauge| cost::velocity(&|| plan.motion(), &cloud, &clock, gauge);
    call.context.time("flow", || call.work("velocity", evaluate, measure)).map(Cloud::value)
}

/// Returns the moment at this progress of a run, from 0 to 1.
pub fn clock_at(progress: f64, stream: Stream) -> Clock {
    let step = (progress * STEPS as f64) as usize;
    Clock::at(step.min(STEPS - 1), STEPS, stream)
}

/// The relative error of one set of vectors with respect to another.
pub fn relative_error_of_fields(call: &Call) -> Result<Dynamic, Fail> {
    let (vectors, reference) = (call.points(0)?, call.points(1)?);
    let (value, se) = relative_error(&vectors, &reference).map_err(|e| call.place(e))?;
    Ok(Dynamic::from(Reading::of(value, se)))
}
