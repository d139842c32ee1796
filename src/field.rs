//! `field`: one velocity field between two files of points.

use crate::args::{FieldArgs, FlowName};
use crate::diagnostics::{of_engine, usage};
use crate::exit::Exit;
use crate::machine;
use crate::progress::duration;
use crate::terminal;
use sdflow::flow::{Clock, FieldAt, MmdFlow, MmdFlowOptions, Noise, Scaling, SdFlow, SdFlowOptions, VelocityField};
use sdflow::io::{LoadOptions, load_with_note, save_npy};
use sdflow::pairwise::{Kernel, Kernels, Pairwise, PairwiseOptions};
use sdflow::points::shares;
use sdflow::schedule::Schedule;
use sdflow::score::{Estimate, Kde, SelfTerm};
use sdflow::{Error, Interrupt, Points, Result, Rule, rng::Stream};
use sdflow_dsl::{Diagnostic, Fault};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Computes the field that `args` describe, with a flow of the engine, and saves it.
///
/// # Errors
/// Options contradict each other, files cannot be read or written, or shapes do not match.
pub fn field(args: &FieldArgs) -> std::result::Result<Exit, Diagnostic> {
    check(args)?;
    let begun = Instant::now();
    let clouds = Clouds::load(args).map_err(|e| unreadable(&e))?;
    let isa = machine::requested_isa()?;
    machine::replacement_warning(isa)
        .iter()
        .for_each(|warning| terminal::print_message(&format!("warning: {warning}")));
    let options = PairwiseOptions { precision: args.precision, isa, ..PairwiseOptions::default() };
    let pairwise = Pairwise::new(options, Interrupt::default());
    let computed = clouds.flow(args).and_then(|mut flow| clouds.velocity(&mut *flow, &pairwise));
    let velocity = computed.map_err(|e| of_engine(&e))?;
    if velocity.check_finite("the field").is_err() {
        return Err(not_finite());
    }
    save_npy(&args.output, &velocity).map_err(|e| of_engine(&e))?;
    report(args, &clouds, &velocity, &pairwise, begun.elapsed().as_secs_f64());
    terminal::check_printed()?;
    Ok(Exit::Done)
}

fn check(args: &FieldArgs) -> std::result::Result<(), Diagnostic> {
    if !(args.sigma > 0.0 && args.sigma.is_finite()) {
        let message = format!("`--sigma` is {}, but it must be positive and finite", args.sigma);
        return Err(usage(message, "give a length in the units of the data, for example `--sigma 0.5`"));
    }
    if args.output.extension().is_some_and(|ending| ending != "npy") {
        let message = format!("`--output` is {}, but the field is written as .npy", args.output.display());
        return Err(usage(message, "give a name that ends in .npy"));
    }
    if args.flow == FlowName::Sd && !matches!(args.kernel, Kernel::Gaussian { .. }) {
        let hint = "omit `--kernel`, or use `--flow mmd`, which accepts every kernel";
        return Err(usage("the score difference is defined for the Gaussian kernel only", hint));
    }
    if args.self_term == SelfTerm::Exclude && args.at.is_some() {
        let hint = "omit `--at`: a particle can be excluded from the field at its own place only";
        return Err(usage("`--self-term exclude` cannot be used with `--at`", hint));
    }
    Ok(())
}

fn not_finite() -> Diagnostic {
    let message =
        "the field is not finite: the coordinates or `--sigma` exceed the range of double precision".to_string();
    let hint = Some("rescale the points so that they are of the order of 1".to_string());
    Diagnostic { kind: Fault::Diverged, message, place: None, hint, see: None }
}

/// Returns the error for a file that cannot be read. The hint names the function `load` of scripts,
/// because `field` has no options for reading.
fn unreadable(error: &Error) -> Diagnostic {
    let stated = matches!(error, Error::File { want, .. } if matches!(want.rule, Rule::Stated(_)));
    let hint = "the function `load` of scripts has this option: read the file in a script, and \
                `save` the points as .npy";
    Diagnostic { hint: stated.then(|| hint.into()), ..of_engine(error) }
}

/// Reads a file of points and prints how it was interpreted.
fn load(path: &Path) -> Result<Points> {
    let loaded = load_with_note(path, &LoadOptions::default())?;
    loaded.note.iter().for_each(|note| terminal::print_message(&format!("{}: {note}", path.display())));
    Ok(loaded.points)
}

/// The points between which a field is computed.
struct Clouds {
    particles: Points,
    target: Arc<Points>,
    at: Option<Points>,
    /// Weights of the target's samples; their sum is one.
    weights: Option<Vec<f64>>,
}

impl Clouds {
    fn load(args: &FieldArgs) -> Result<Clouds> {
        let target = load(&args.target)?;
        let particles = load(&args.particles)?;
        particles.check_dim(args.particles.display().to_string(), target.dim(), "the target")?;
        let at = args.at.as_ref().map(|path| load(path)).transpose()?;
        if let (Some(at), Some(path)) = (&at, &args.at) {
            at.check_dim(path.display().to_string(), target.dim(), "the target")?;
        }
        if args.self_term == SelfTerm::Exclude && particles.n() == 1 {
            let want = "`--self-term exclude` needs at least 2 particles";
            return Err(Error::shape(args.particles.display().to_string(), "1 row", want));
        }
        let clouds = [(Some(&particles), Some(&args.particles)), (Some(&target), Some(&args.target))];
        for (points, path) in clouds.into_iter().chain([(at.as_ref(), args.at.as_ref())]) {
            points.zip(path).map_or(Ok(()), |(points, path)| points.check_squares(&path.display().to_string()))?;
        }
        let weights = args.target_weights.as_ref().map(|path| load(path)).transpose()?;
        let weights = weights.map(|w| shares(w.data(), target.n(), "target-weights")).transpose()?;
        Ok(Clouds { particles, target: Arc::new(target), at, weights })
    }

    /// Returns the velocity at the points of `--at`, or at the particles.
    fn velocity(&self, flow: &mut dyn VelocityField, pairwise: &Pairwise) -> Result<Points> {
        let clock = Clock::at(0, 1, Stream::new(0));
        let own = FieldAt::cloud(&self.particles, &clock, pairwise);
        let mut velocity = Points::default();
        flow.velocity(&self.at.as_ref().map_or(own, |at| own.tracers(at)), &mut velocity)?;
        Ok(velocity)
    }

    fn flow(&self, args: &FieldArgs) -> Result<Box<dyn VelocityField>> {
        match args.flow {
            FlowName::Sd => Ok(Box::new(self.sd_flow(args)?)),
            FlowName::Mmd => Ok(Box::new(self.mmd_flow(args)?)),
        }
    }

    /// Builds the flow of the score difference `s_p - s_q` between kernel estimates of target and
    /// particles.
    fn sd_flow(&self, args: &FieldArgs) -> Result<SdFlow> {
        let target = Kde::of(self.target.clone());
        let target = match &self.weights {
            Some(weights) => target.with_weights(weights)?,
            None => target,
        };
        let options = SdFlowOptions {
            sigma: Some(Schedule::Constant { value: args.sigma }),
            scaling: Scaling::Raw,
            noise: Some(Noise::None),
            self_term: Some(args.self_term),
            ..SdFlowOptions::default()
        };
        SdFlow::new(Estimate::Kernel(Box::new(target)), Estimate::Kernel(Box::new(Kde::of_cloud())), options)
    }

    /// Builds the MMD flow, whose velocity is the gradient of the witness function.
    fn mmd_flow(&self, args: &FieldArgs) -> Result<MmdFlow> {
        let kernel = Kernels::Given(vec![args.kernel.with_bandwidth(args.sigma)]);
        let options = MmdFlowOptions { kernel, scaling: Scaling::Raw, ..MmdFlowOptions::default() };
        let flow = MmdFlow::new(self.target.clone(), options)?.with_self_term(args.self_term)?;
        match &self.weights {
            Some(weights) => flow.with_weights(weights),
            None => Ok(flow),
        }
    }
}

fn report(args: &FieldArgs, clouds: &Clouds, velocity: &Points, pairwise: &Pairwise, seconds: f64) {
    let pairs = pairwise.work().pairs();
    let rms = (velocity.data().iter().map(|v| v * v).sum::<f64>() / velocity.n() as f64).sqrt();
    if args.json {
        terminal::print_json(&serde_json::json!({
            "schema": 1, "task": "field", "flow": args.flow, "n": velocity.n(), "m": clouds.target.n(),
            "dim": velocity.dim(), "sigma": args.sigma, "precision": pairwise.options().precision, "rms": rms,
            "pairs": pairs, "seconds": seconds, "output": args.output,
        }));
        return;
    }
    let (n, dim, time) = (velocity.n(), velocity.dim(), duration(seconds));
    terminal::print_result(&format!(
        "{n} velocities in {dim} dimensions, rms length {rms:.5}, in {time}: {}",
        args.output.display()
    ));
}
