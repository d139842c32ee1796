//! `field`: one velocity field between two files of points.

use crate::args::{FieldArgs, FlowName, SelfTerm};
use crate::exit::Exit;
use crate::machine;
use crate::message::{of_engine, usage};
use crate::progress::duration;
use crate::terminal;
use sdflow::io::{LoadOptions, load, save_npy};
use sdflow::pairwise::{
    Kernel, KernelSum, KernelSums, Pairwise, PairwiseOptions, Part, Queries, ScoreDifference, Values,
};
use sdflow::points::shares;
use sdflow::{Error, Interrupt, Points, Result};
use sdflow_dsl::{Diagnostic, Fault};
use std::time::Instant;

/// Computes the field that `args` describe and saves it.
///
/// # Errors
/// Options that contradict each other, files that cannot be read or written, shapes that do not fit.
pub fn field(args: &FieldArgs) -> std::result::Result<Exit, Diagnostic> {
    check(args)?;
    let begun = Instant::now();
    let clouds = Clouds::loaded(args).map_err(|e| of_engine(&e))?;
    let isa = machine::asked()?;
    machine::replaced(isa).iter().for_each(|warning| terminal::tell(&format!("warning: {warning}")));
    let options = PairwiseOptions { precision: args.precision, isa, ..PairwiseOptions::default() };
    let pairwise = Pairwise::new(options, Interrupt::default());
    let computed = match args.flow {
        FlowName::Sd => clouds.score_difference(&pairwise, args),
        FlowName::Mmd => clouds.witness_gradient(&pairwise, args),
    };
    let velocity = computed.map_err(|e| of_engine(&e))?;
    if velocity.check_finite("the field").is_err() {
        return Err(overflowed());
    }
    save_npy(&args.output, &velocity).map_err(|e| of_engine(&e))?;
    report(args, &clouds, &velocity, &pairwise, begun.elapsed().as_secs_f64());
    terminal::flushed()?;
    Ok(Exit::Done)
}

fn check(args: &FieldArgs) -> std::result::Result<(), Diagnostic> {
    if !(args.sigma > 0.0 && args.sigma.is_finite()) {
        let message = format!("`--sigma` is {}, but it must be positive and finite", args.sigma);
        return Err(usage(message, "give a length in the data's units, for example `--sigma 0.5`"));
    }
    if args.output.extension().is_some_and(|ending| ending != "npy") {
        let message = format!("`--output` is {}, but the field is written as .npy", args.output.display());
        return Err(usage(message, "give a name that ends in .npy"));
    }
    if args.flow == FlowName::Sd && !matches!(args.kernel, Kernel::Gaussian { .. }) {
        let hint = "leave `--kernel` out, or take `--flow mmd`, which knows every kernel";
        return Err(usage("the score difference is defined with the Gaussian kernel only", hint));
    }
    if args.self_term == SelfTerm::Exclude && args.at.is_some() {
        let hint = "leave `--at` out: a particle can only be excluded from its own field";
        return Err(usage("`--self-term exclude` does not go with `--at`", hint));
    }
    Ok(())
}

fn overflowed() -> Diagnostic {
    let message =
        "the field is not finite: the coordinates or `--sigma` leave the range of double precision".to_string();
    let hint = Some("rescale the points so that they are of the order of 1".to_string());
    Diagnostic { kind: Fault::Diverged, message, place: None, hint, see: None }
}

/// The point sets of a field, moved so that the target's mean is the origin: no common offset costs digits.
struct Clouds {
    particles: Points,
    target: Points,
    at: Option<Points>,
    /// Of the target's samples, summing to one.
    weights: Option<Vec<f64>>,
}

impl Clouds {
    fn loaded(args: &FieldArgs) -> Result<Clouds> {
        let options = LoadOptions::default();
        let mut target = load(&args.target, &options)?;
        let mut particles = load(&args.particles, &options)?;
        particles.check_dim(args.particles.display().to_string(), target.dim(), "the target")?;
        let mut at = args.at.as_ref().map(|path| load(path, &options)).transpose()?;
        if let (Some(at), Some(path)) = (&at, &args.at) {
            at.check_dim(path.display().to_string(), target.dim(), "the target")?;
        }
        if args.self_term == SelfTerm::Exclude && particles.n() == 1 {
            let want = "`--self-term exclude` needs at least 2 particles";
            return Err(Error::shape(args.particles.display().to_string(), "1 row", want));
        }
        let weights = args.target_weights.as_ref().map(|path| load(path, &options)).transpose()?;
        let weights = weights.map(|w| shares(w.data(), target.n(), "target-weights")).transpose()?;
        let centre = target.mean();
        [Some(&mut target), Some(&mut particles), at.as_mut()]
            .into_iter()
            .flatten()
            .for_each(|set| shift(set, &centre));
        Ok(Clouds { particles, target, at, weights })
    }

    fn queries(&self) -> &Points {
        self.at.as_ref().unwrap_or(&self.particles)
    }

    /// `(D_p - D_q) / sigma^2`, the softmax means of target and particles [weber2023score].
    fn score_difference(&self, pairwise: &Pairwise, args: &FieldArgs) -> Result<Points> {
        let logs: Option<Vec<f64>> = self.weights.as_ref().map(|w| w.iter().map(|w| w.ln()).collect());
        let difference = ScoreDifference {
            targets: &self.target,
            target_log_weights: logs.as_deref(),
            particles: &self.particles,
            leave_out_self: args.self_term == SelfTerm::Exclude,
            sigma: args.sigma,
        };
        let mut field = Points::default();
        let queries = self.at.as_ref().map_or(Queries::Particles, Queries::At);
        pairwise.score_difference(queries, &difference, &mut field)?;
        let scale = 1.0 / (args.sigma * args.sigma);
        field.data_mut().iter_mut().for_each(|v| *v *= scale);
        Ok(field)
    }

    /// `E_p[grad_z k(z, x)] - E_q[grad_z k(z, y)]`, the velocity of the MMD flow [arbel2019maximum].
    fn witness_gradient(&self, pairwise: &Pairwise, args: &FieldArgs) -> Result<Points> {
        let leave_out_self = args.self_term == SelfTerm::Exclude;
        let kernel = args.kernel.with_bandwidth(args.sigma);
        let sum = |sources, weights, leave_out_self| {
            let sum = KernelSum { kernel, part: Part::Slope, weights, values: Some(Values::Own), leave_out_self };
            let mut sums = KernelSums::default();
            pairwise.kernel_sum(self.queries(), sources, &sum, &mut sums).map(|()| sums)
        };
        let p = sum(&self.target, self.weights.as_deref(), false)?;
        let q = sum(&self.particles, None, leave_out_self)?;
        let p_scale = if self.weights.is_some() { 1.0 } else { 1.0 / self.target.n() as f64 };
        let q_scale = 1.0 / (self.particles.n() - usize::from(leave_out_self)) as f64;
        let mut velocity = self.queries().clone();
        for i in 0..velocity.n() {
            let mass = p.mass[i] * p_scale - q.mass[i] * q_scale;
            let moments = p.moment.row(i).iter().zip(q.moment.row(i));
            // `grad_z k = slope (z - x)`, so the mean gradient is `z mass - moment`.
            velocity
                .row_mut(i)
                .iter_mut()
                .zip(moments)
                .for_each(|(z, (p, q))| *z = *z * mass - (p * p_scale - q * q_scale));
        }
        Ok(velocity)
    }
}

fn shift(points: &mut Points, centre: &[f64]) {
    for i in 0..points.n() {
        points.row_mut(i).iter_mut().zip(centre).for_each(|(x, c)| *x -= c);
    }
}

fn report(args: &FieldArgs, clouds: &Clouds, velocity: &Points, pairwise: &Pairwise, seconds: f64) {
    let pairs = pairwise.work().pairs();
    let rms = (velocity.data().iter().map(|v| v * v).sum::<f64>() / velocity.n() as f64).sqrt();
    if args.json {
        terminal::say_json(&serde_json::json!({
            "schema": 1, "task": "field", "flow": args.flow, "n": velocity.n(), "m": clouds.target.n(),
            "dim": velocity.dim(), "sigma": args.sigma, "precision": pairwise.options().precision, "rms": rms,
            "pairs": pairs, "seconds": seconds, "output": args.output,
        }));
        return;
    }
    let (n, dim, time) = (velocity.n(), velocity.dim(), duration(seconds));
    terminal::say(&format!(
        "{n} velocities in {dim} dimensions, rms length {rms:.5}, in {time}: {}",
        args.output.display()
    ));
}
