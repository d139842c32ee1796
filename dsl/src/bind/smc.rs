//! The sequential Monte Carlo sampler.

use crate::bind::stepping::plan;
use crate::call::{Call, Entry, function};
use crate::language::{Fail, Kind, OPTIONS, Type, arg, optional};
use crate::value::Flow;
use rhai::Dynamic;
use sdflow::flow::{Smc, SmcOptions, Stepping};
use sdflow::options::Options;
use sdflow::target::Target;
use std::sync::Arc;

pub const ENTRIES: &[Entry] = &[function(
    "smc",
    Kind::Flow,
    &[arg("target", Type::Target), optional("prior", Type::Target), OPTIONS],
    Type::Flow,
    smc,
)
.about(
    "The sequential Monte Carlo sampler: particles start as a sample of the prior and pass through \
     the distributions `prior^(1 - b) target^b` while the inverse temperature `b` grows from 0 to \
     1 [delmoral2006sequential]. A step raises `b`, resamples the particles by their weights, and \
     makes one Hamiltonian Monte Carlo move of every particle [neal2011mcmc]. Use this sampler for \
     posteriors and other densities with separate modes, strong correlations or narrow parts, \
     where the independent chains of `langevin` do not mix. The target needs a log density, up to \
     a constant. If the prior is left out, it is a Gaussian with the means and standard deviations \
     of the start. The history has the columns `inverse_temperature`, `acceptance` and \
     `log_evidence`. If the prior is normalised, `log_evidence` ends at the logarithm of the \
     integral of the target.",
)
.options(SmcOptions::KEYS)
.example(
    "let p = density(2, \"logsumexp(k, 0, 2, -((x[0] - 8*k)^2 + x[1]^2) / 2)\");\n\
     let q = gaussian(#{dim: 2, std: 10});\n\
     let r = run(smc(p, q), q.sample(500), #{steps: 60});\n\
     print(r.history.column(\"log_evidence\"));",
)];

fn smc(call: &Call) -> Result<Dynamic, Fail> {
    let options: SmcOptions = call.options()?;
    let target: Arc<dyn Target> = call.get(0, "a target with a log density")?;
    let prior: Option<Arc<dyn Target>> = match call.handles() > 1 {
        true => Some(call.get(1, "a target with samples and a log density")?),
        false => None,
    };
    plan("smc", call, Stepping::default(), move || {
        Ok(Flow::Sampler(Box::new(Smc::new(target.clone(), prior.clone(), &options)?)))
    })
}
