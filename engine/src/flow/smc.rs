//! The sequential Monte Carlo sampler, which leads particles from a prior to a target through
//! tempered distributions \[delmoral2006sequential\].

mod moves;
mod tempering;

use super::preconditioner::{Preconditioner, Preconditioning};
use super::support::Support;
use super::{Clock, FieldAt, Readings, Sampler};
use crate::archive::{Archive, Archived};
use crate::error::MissingPart;
use crate::number::number;
use crate::pairwise::Pairwise;
use crate::points::{AffineMap, systematic};
use crate::rng::Stream;
use crate::target::{Gaussian, Target};
use crate::{Error, Points, Result, Subject};
use moves::{Kernel, Mover};
use std::sync::Arc;
use tempering::{Path, advance};

crate::options! {
    /// Options of `smc`.
    pub struct SmcOptions {
        /// Effective sample size after a growth of the inverse temperature, as a share of the
        /// particles: each growth is the largest that leaves this share. Larger shares take more
        /// steps. Strictly between 0 and 1.
        ess: f64 = 0.95,
        /// Number of leapfrog steps of a move. The size of these steps is random for every
        /// particle, from the adapted size down to a hundredth of this size.
        leapfrog: usize = 10,
        /// Mean probability of acceptance to which the step size of the moves is adapted; strictly
        /// between 0 and 1.
        acceptance: f64 = 0.8,
        /// The directions and scales of the moves: "dense" from the covariance of the particles,
        /// "diagonal" from their standard deviations, "none" for moves that are equal in all
        /// directions.
        preconditioner: Preconditioning = Preconditioning::Dense,
    }
}

/// The sequential Monte Carlo sampler. Its distributions are `p_b ~ prior^(1 - b) target^b` with
/// the inverse temperature `b`, which grows from 0 to 1. A step of a run consists of:
///
/// 1. while `b < 1`: the growth of `b`, the weights `(target / prior)^(change of b)`, and
///    systematic resampling of the particles by these weights;
/// 2. one Hamiltonian Monte Carlo move of every particle, which keeps `p_b` invariant
///    \[neal2011mcmc\].
///
/// Unlike independent chains, the particles find the weights of separate modes, because resampling
/// moves them from one mode to another. The mean weights also estimate the integral of the target,
/// `log_evidence`. The target needs a log density, up to a constant, and a score. The cost of a
/// step is `leapfrog + 1` evaluations of the score.
///
/// The step size of the moves is adapted to `acceptance`. The adaptation slows down once `b` is 1,
/// so that the moves keep the target invariant in the limit.
#[derive(Debug)]
pub struct Smc {
    target: Arc<dyn Target>,
    prior: Option<Arc<dyn Target>>,
    options: SmcOptions,
    path: Option<Path>,
    state: State,
    mover: Mover,
    preconditioner: Preconditioner,
    support: Support,
}

/// The numbers that change from step to step.
#[derive(Debug, Clone, Default)]
struct State {
    beta: f64,
    log_step: f64,
    log_evidence: f64,
    /// The number of moves at the target.
    moves: u64,
    /// The mean probability of acceptance of the last move.
    acceptance: Option<f64>,
    resampled: u64,
}

/// The first step size, in the scale of the particles.
const FIRST_STEP: f64 = 0.5;

/// The change of the log step size for each unit of the error of the acceptance.
const GAIN: f64 = 0.15;

impl Smc {
    /// Creates the sampler of `target` for particles that start as a sample of `prior`. Without a
    /// prior, it is the Gaussian of independent coordinates with the means and standard deviations
    /// of the start.
    ///
    /// # Errors
    /// Target or prior has no log density, they have different dimensions, or an option is out of
    /// range.
    pub fn new(target: Arc<dyn Target>, prior: Option<Arc<dyn Target>>, options: &SmcOptions) -> Result<Smc> {
        for end in std::iter::once(&target).chain(&prior) {
            end.expect_density(MissingPart::LogDensity)?;
        }
        if let Some(prior) = prior.as_ref().filter(|prior| prior.dim() != target.dim()) {
            let seen = format!("the prior has {}", crate::number::counted(prior.dim(), "dimension"));
            return Err(Error::shape(Subject::argument("prior"), seen, format!("the target has {}", target.dim())));
        }
        for (name, share) in [("ess", options.ess), ("acceptance", options.acceptance)] {
            if !(share > 0.0 && share < 1.0) {
                return Err(Error::argument(name, share, "it must be strictly between 0 and 1"));
            }
        }
        if options.leapfrog == 0 {
            return Err(Error::argument("leapfrog", 0, "it must be at least 1"));
        }
        Ok(Smc {
            support: Support::of(Some(target.clone())),
            target,
            prior,
            options: options.clone(),
            path: None,
            state: State { log_step: FIRST_STEP.ln(), ..State::default() },
            mover: Mover::default(),
            preconditioner: Preconditioner::default(),
        })
    }

    /// Returns the path, which [`Sampler::prepare`] makes.
    fn path(&mut self, cloud: &Points) -> Result<Path> {
        if self.path.is_none() {
            let prior = match &self.prior {
                Some(prior) => prior.clone(),
                None => Arc::new(of_moments(cloud)?),
            };
            self.path = Some(Path { prior, target: self.target.clone() });
        }
        self.path.clone().ok_or_else(|| Error::missing("`smc`", MissingPart::Prior))
    }

    /// Raises the inverse temperature and resamples.
    fn temper(&mut self, stream: Stream) -> Result<()> {
        let logs = &self.mover.logs;
        let n = self.mover.at.n();
        let Some(next) = advance(self.state.beta, self.options.ess, n, |i| logs.ratio(i)) else {
            let name = self.target.name();
            let (seen, want) =
                (format!("every particle lies where {name} is 0 or NaN"), "a prior that overlaps the target");
            return Err(Error::shape(Subject::argument("start"), seen, want));
        };
        (self.state.beta, self.state.log_evidence) = (next.beta, self.state.log_evidence + next.log_mean);
        self.state.resampled += 1;
        let offset = stream.rng().uniform();
        self.mover.select(&systematic(&next.weights, n, offset));
        self.preconditioner = Preconditioner::of(self.options.preconditioner, &self.mover.at);
        Ok(())
    }
}

/// Returns the Gaussian of independent coordinates with the moments of the cloud.
fn of_moments(cloud: &Points) -> Result<Gaussian> {
    let units = AffineMap::of(cloud);
    if let Some(j) = (0..cloud.dim()).find(|j| cloud.iter().all(|x| x[*j] == cloud.row(0)[*j])) {
        let seen = format!("all points have the same coordinate {j}");
        return Err(Error::shape(Subject::argument("start"), seen, "a start with spread, or the argument `prior`"));
    }
    Gaussian::diagonal(units.shift().to_vec(), units.scale())
}

impl Sampler for Smc {
    fn name(&self) -> &'static str {
        "smc"
    }

    fn prepare(&mut self, start: &Points, _clock: &Clock) -> Result<Vec<String>> {
        start.check_dim(Subject::argument("start"), self.target.dim(), "the target")?;
        self.path(start)?;
        let chosen = "prior: independent normal coordinates with the means and standard deviations of the start";
        let notes =
            [self.prior.is_none().then(|| chosen.into()), self.support.check_start(start, "they are replaced")?];
        Ok(notes.into_iter().flatten().collect())
    }

    fn step(&mut self, cloud: &mut Points, clock: &Clock, _pairwise: &Pairwise) -> Result<u64> {
        let path = self.path(cloud)?;
        if self.mover.at != *cloud {
            self.mover.start(&path, cloud)?;
        }
        let stream = clock.randomness("smc");
        if self.state.beta < 1.0 {
            self.temper(stream.label("resampling"))?;
        }
        let kernel = Kernel {
            path: &path,
            beta: self.state.beta,
            preconditioner: &self.preconditioner,
            step: self.state.log_step.exp(),
            leapfrog: self.options.leapfrog,
        };
        let accepted = self.mover.step(kernel, stream.label("move"))?;
        if self.state.beta == 1.0 {
            self.state.moves += 1;
        }
        let gain = GAIN * (self.state.moves.max(1) as f64).powf(-0.6);
        self.state.log_step += gain * (accepted - self.options.acceptance);
        self.state.acceptance = Some(accepted);
        cloud.copy_from(&self.mover.at);
        Ok(self.options.leapfrog as u64 + 1)
    }

    fn drift(&mut self, at: &FieldAt, out: &mut Points) -> Result<()> {
        let (path, mut buffer) = (self.path(at.cloud)?, Points::default());
        path.score(at.z, self.state.beta, &mut buffer, out)
    }

    fn readings(&mut self, at: &FieldAt) -> Result<Readings> {
        self.support.look(at.cloud)?;
        let State { beta, log_evidence, acceptance, .. } = self.state;
        let mut readings = vec![("inverse_temperature", beta), ("log_evidence", log_evidence)];
        readings.extend(acceptance.map(|rate| ("acceptance", rate)));
        Ok(readings)
    }

    fn warnings(&self) -> Vec<String> {
        let State { beta, resampled, moves, .. } = self.state;
        let mut warnings: Vec<String> = self
            .support
            .warning("particles", "take more steps, or a prior that overlaps the target")
            .into_iter()
            .collect();
        if beta < 1.0 {
            warnings.push(format!(
                "the particles do not have the distribution of the target: the inverse temperature reached {} of 1 in \
                 {resampled} steps; take more steps, or a smaller `ess`",
                number(beta)
            ));
        } else if moves * 4 < resampled {
            warnings.push(format!(
                "the inverse temperature reached 1 after {resampled} steps, and {moves} moves at the target followed; \
                 take at least twice as many steps"
            ));
        }
        warnings
    }
}

impl Archived for Smc {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        let State { beta, log_step, log_evidence, moves, acceptance, resampled } = &mut self.state;
        archive.part("inverse_temperature", beta)?;
        archive.part("log_step", log_step)?;
        archive.part("log_evidence", log_evidence)?;
        archive.part("moves", moves)?;
        archive.part("acceptance", acceptance)?;
        archive.part("resampled", resampled)?;
        archive.part("preconditioner", &mut self.preconditioner)?;
        self.support.archive(archive)
    }
}
