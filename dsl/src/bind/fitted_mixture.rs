//! A mixture of Gaussians fitted to points, as a target.

use crate::call::{Call, Entry, function};
use crate::language::{Fail, Kind, OPTIONS, Type, arg};
use rhai::Dynamic;
use sdflow::cost;
use sdflow::options::Options;
use sdflow::score::{self, FittedMixtureOptions};
use sdflow::target::Target;
use std::sync::Arc;

pub const ENTRIES: &[Entry] =
    &[function("fitted_mixture", Kind::Target, &[arg("points", Type::Points), OPTIONS], Type::Target, fitted_mixture)
        .about(
            "A mixture of Gaussians fitted to points by expectation maximisation [dempster1977maximum]. It \
     is the usual density model to compare a flow with: it can be sampled, and has an exact \
     density and score. If `k` is left out, the number of components has the smallest Bayesian \
     information criterion [schwarz1978estimating]. In more than ten dimensions the components are \
     told apart in the leading principal coordinates.",
        )
        .options(FittedMixtureOptions::KEYS)
        .example(
            "let x = dataset(\"8gaussians\").sample(400);\n\
     let p = fitted_mixture(x);\n\
     print(p);\n\
     let y = p.sample(400);",
        )];

fn fitted_mixture(call: &Call) -> Result<Dynamic, Fail> {
    let points = call.points(0)?;
    let options: FittedMixtureOptions = call.options()?;
    let (_, stream) = call.context.numbered_stream("fitted_mixture");
    let fit = |rounds: usize| {
        let options = FittedMixtureOptions { rounds, ..options.clone() };
        score::fitted_mixture(&points, &options, stream, &call.context.interrupt)
    };
    let rounds = options.rounds;
    let made = call.work("fitted_mixture", || fit(rounds), |gauge| cost::repeated(rounds, gauge, fit))?;
    let made: Arc<dyn Target> = Arc::new(made);
    Ok(Dynamic::from(made))
}
