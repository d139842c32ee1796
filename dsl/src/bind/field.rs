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
        /// Progress of the run, from 0 to 1, at which the velocity is evaluated; it determines the
        /// values of schedules.
        progress: f64 = 0.0,
    }
}

/// The number of evaluations with different noise over which a velocity is averaged.
const MOMENTS: usize = 64;

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
             noise level of the option `progress`. For `langevin` it is the drift. Two flows with \
             the same noise option get the same noise, so their fields can be compared. The \
             `denoiser` of a cloud, a `ratio` and the discriminator of a `gan_flow` are trained \
             anew in each call.",
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
    let clock = clock_at(call, options.progress, call.context.fixed_stream("velocity"))?;
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

/// Returns the clock at this progress of a run, which must lie between 0 and 1.
fn clock_at(call: &Call, progress: f64, stream: Stream) -> Result<Clock, Fail> {
    if !(0.0..=1.0).contains(&progress) {
        return Err(call.place(Error::argument("progress", progress, "it must lie between 0 and 1")));
    }
    let step = (progress * STEPS as f64) as usize;
    Ok(Clock::at(step.min(STEPS - 1), STEPS, stream))
}

/// Returns the velocity at the points `at`, at this progress of a run with this cloud, averaged
/// over the noise of the flow. A dry run returns `at`.
pub fn mean_velocity(call: &Call, plan: &Plan, cloud: &Points, at: &Points, progress: f64) -> Result<Points, Fail> {
    let stream = call.context.fixed_stream("velocity");
    let clocks =
        (0..MOMENTS as u64).map(|i| clock_at(call, progress, stream.at(i))).collect::<Result<Vec<_>, Fail>>()?;
    let evaluate = || -> sdflow::Result<Points> {
        let (mut motion, mut sum, mut one) = (plan.motion()?, Points::default(), Points::default());
        let mut dynamics = motion.dynamics();
        dynamics.prepare(cloud, &clocks[0])?;
        for (i, clock) in clocks.iter().enumerate() {
            dynamics.velocity(&FieldAt::cloud(cloud, clock, &call.context.pairwise).tracers(at), &mut one)?;
            match i {
                0 => sum = one.clone(),
                // A flow without noise gives the same field in every evaluation.
                1 if one == sum => return Ok(sum),
                _ => sum.data_mut().iter_mut().zip(one.data()).for_each(|(sum, v)| *sum += v),
            }
        }
        sum.data_mut().iter_mut().for_each(|v| *v /= MOMENTS as f64);
        Ok(sum)
    };
    call.context.mode.find(evaluate, || Ok(at.clone())).map_err(|e| call.place(e))
}

/// The relative error of one set of vectors with respect to another.
pub fn relative_error_of_fields(call: &Call) -> Result<Dynamic, Fail> {
    let (vectors, reference) = (call.points(0)?, call.points(1)?);
    let (value, se) = relative_error(&vectors, &reference).map_err(|e| call.place(e))?;
    Ok(Dynamic::from(Reading::of(value, se)))
}
