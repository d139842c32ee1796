//! Convergence of chains: R-hat and effective sample sizes.

use crate::{Error, Points, Result, Subject};
use rayon::prelude::*;

/// The mean, spread and convergence of one coordinate over several chains.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChainSummary {
    /// The mean over all draws.
    pub mean: f64,
    /// The standard deviation over all draws.
    pub std: f64,
    /// The potential scale reduction: 1 if the halves of all chains have the same distribution. It
    /// is NaN if the coordinate is constant.
    pub rhat: f64,
    /// The number of independent draws whose mean has the same standard error; NaN if the
    /// coordinate is constant.
    pub ess: f64,
}

/// Returns the summary of every coordinate of several chains. `draws` holds one set of points for
/// each moment: the positions of all chains, with chain `i` in row `i`.
///
/// Every chain is cut into halves. All halves together count as `m` chains of `k` draws. With the
/// mean `W` of their variances and the variance `B` of their means, `R-hat = sqrt((W (k - 1) / k +
/// B) / W)`. The effective sample size is `m k / (1 + 2 sum_t rho_t)`, where `rho_t` is the
/// correlation of draws `t` apart, combined over the chains. The correlations are summed in pairs
/// of neighbours: the sum ends before the first pair that is not positive, and a pair that exceeds
/// an earlier pair is reduced to it \[vehtari2021rank\] (without the ranks). Remove the draws of a
/// warm-up before the call. The cost is `n d k^2` for `n` chains.
///
/// # Errors
/// There are fewer than four sets, or their shapes differ.
pub fn chain_summary(draws: &[&Points]) -> Result<Vec<ChainSummary>> {
    let [first, .., _] = draws else { return Err(too_few(draws.len())) };
    if draws.len() < 4 {
        return Err(too_few(draws.len()));
    }
    for (i, points) in draws.iter().enumerate().skip(1) {
        if (points.n(), points.dim()) != (first.n(), first.dim()) {
            let seen = format!("set {i} has {} rows of {} coordinates", points.n(), points.dim());
            return Err(Error::shape(
                Subject::several("the draws"),
                seen,
                format!("set 0 has {} of {}", first.n(), first.dim()),
            ));
        }
    }
    let half = draws.len() / 2;
    // Of an odd number of draws, the one in the middle belongs to no half.
    let halves = [&draws[..half], &draws[draws.len() - half..]];
    let of = |j: usize| {
        let chains = (0..first.n()).flat_map(|i| halves.map(|half| half.iter().map(|x| x.row(i)[j]).collect()));
        summary(&chains.collect::<Vec<Vec<f64>>>())
    };
    Ok((0..first.dim()).into_par_iter().map(of).collect())
}

fn too_few(count: usize) -> Error {
    Error::shape(Subject::several("the draws"), format!("{count} sets"), "at least 4 are needed")
}

/// Returns the summary of chains of equal length.
fn summary(chains: &[Vec<f64>]) -> ChainSummary {
    let (m, k) = (chains.len() as f64, chains[0].len() as f64);
    let means: Vec<f64> = chains.iter().map(|chain| chain.iter().sum::<f64>() / k).collect();
    let mean = means.iter().sum::<f64>() / m;
    let variance = chains.iter().flatten().map(|x| (x - mean).powi(2)).sum::<f64>() / (m * k - 1.0);
    let between = means.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (m - 1.0);
    // The mean covariance of draws `lag` apart within a chain.
    let covariance = |lag: usize| {
        let of = |(chain, mean): (&Vec<f64>, &f64)| -> f64 {
            chain.iter().zip(&chain[lag..]).map(|(a, b)| (a - mean) * (b - mean)).sum()
        };
        chains.iter().zip(&means).map(of).sum::<f64>() / (m * k)
    };
    let within = covariance(0) * k / (k - 1.0);
    let pooled = within * (k - 1.0) / k + between;
    let rho = |lag: usize| 1.0 - (within - covariance(lag)) / pooled;
    let (mut sum, mut last) = (0.0, f64::INFINITY);
    for lag in (0..chains[0].len() - 1).step_by(2) {
        let pair = if lag == 0 { 1.0 + rho(1) } else { rho(lag) + rho(lag + 1) };
        if pair <= 0.0 {
            break;
        }
        last = pair.min(last);
        sum += last;
    }
    // Anticorrelated draws cannot make the estimate arbitrarily large.
    let draws = m * k;
    let ess = (draws / (2.0 * sum - 1.0).max(1.0 / draws.log10().max(1.0))).max(1.0);
    let known = pooled > 0.0;
    ChainSummary {
        mean,
        std: variance.sqrt(),
        rhat: if known { (pooled / within).sqrt() } else { f64::NAN },
        ess: if known { ess } else { f64::NAN },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    /// Returns draws of `n` chains `x' = r x + sqrt(1 - r^2) e` around centres of variance `s^2`.
    fn autoregressive(n: usize, length: usize, r: f64, s: f64) -> Vec<Points> {
        let centres = Stream::new(1).normal(n, 1);
        let mut state = Stream::new(2).normal(n, 1);
        (0..length)
            .map(|step| {
                let noise = Stream::new(3).at(step as u64).normal(n, 1);
                let (x, e) = (state.data_mut(), noise.data());
                x.iter_mut().zip(e).for_each(|(x, e)| *x = r * *x + (1.0 - r * r).sqrt() * e);
                let mut out = state.clone();
                out.data_mut().iter_mut().zip(centres.data()).for_each(|(x, c)| *x += s * c);
                out
            })
            .collect()
    }

    fn found(draws: &[Points]) -> ChainSummary {
        chain_summary(&draws.iter().collect::<Vec<_>>()).unwrap()[0]
    }

    /// The effective sample size of an autoregression is `n k (1 - r) / (1 + r)`.
    #[test]
    fn an_autoregression_has_its_effective_sample_size() {
        for r in [0.0, 0.5, 0.8, -0.5] {
            let one = found(&autoregressive(50, 2000, r, 0.0));
            let want = 50.0 * 2000.0 * (1.0 - r) / (1.0 + r);
            assert!((one.ess / want - 1.0).abs() < 0.12, "{r}: {} {want}", one.ess);
            assert!((one.rhat - 1.0).abs() < 0.01 && (one.std - 1.0).abs() < 0.05, "{one:?}");
        }
        // The error of the mean is std / sqrt(ess).
        let one = found(&autoregressive(50, 2000, 0.8, 0.0));
        assert!(one.mean.abs() < 4.0 * one.std / one.ess.sqrt(), "{one:?}");
    }

    /// Chains around centres of variance `s^2` have `R-hat = sqrt(1 + s^2)`, and each chain counts
    /// as about one independent draw.
    #[test]
    fn chains_that_do_not_meet_are_seen() {
        let one = found(&autoregressive(400, 200, 0.0, 2.0));
        assert!((one.rhat / 5f64.sqrt() - 1.0).abs() < 0.1, "{one:?}");
        assert!(one.ess < 1000.0, "{one:?}");
        // Few draws of independent chains do not raise R-hat by themselves.
        let few = found(&autoregressive(5000, 4, 0.0, 0.0));
        assert!((few.rhat - 1.0).abs() < 0.03, "{few:?}");
    }

    #[test]
    fn what_cannot_be_summarised_is_refused() {
        let x = Stream::new(1).normal(5, 2);
        assert!(chain_summary(&[&x, &x, &x]).unwrap_err().to_string().contains("3 sets"));
        let y = Stream::new(1).normal(4, 2);
        assert!(chain_summary(&[&x, &x, &y, &x]).unwrap_err().to_string().contains("set 2 has 4 rows"));
        assert!(chain_summary(&[]).is_err());
        let flat = Points::zeros(5, 1);
        assert!(chain_summary(&[&flat; 4]).unwrap()[0].rhat.is_nan());
    }
}
