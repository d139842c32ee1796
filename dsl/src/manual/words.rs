//! The words of the manual, of messages and of the gallery, each with its one meaning.

/// Pairs of a word and its meaning, grouped by subject.
pub const WORDS: &[(&str, &str)] = &[
    ("points", "a matrix with one row per point and one column per coordinate"),
    ("particle", "a point that a flow moves"),
    ("cloud", "all particles of a run at one moment"),
    ("tracer", "a point that the velocity field moves and that does not influence the cloud; see the option `carry`"),
    ("target", "the distribution that the particles move to: samples, a density, or both"),
    ("source", "the distribution of the cloud itself; in a bridge, the distribution at time 0"),
    ("base", "the distribution of the inputs of a generator, usually a standard normal distribution"),
    ("generator", "a function, such as a net, that maps points of the base to points of the target"),
    ("teacher", "the score or the flow from which a generator learns"),
    ("sigma, noise level", "the standard deviation of the Gaussian noise that smooths a distribution"),
    ("bandwidth", "the length scale of a kernel, if this length is not a noise level"),
    ("spacing", "the median distance from a point to the nearest other point: the finest detail that the points show"),
    ("score", "`grad log p` of a distribution `p`, usually smoothed by sigma"),
    ("denoiser, `D(z)`", "the mean of the clean points given the noisy point `z`; the score is `(D(z) - z) / sigma^2`"),
    ("velocity field", "the velocity at every point, given by one equation"),
    ("step", "one advance of the cloud; it may need several evaluations of the velocity field"),
    ("progress, `t`", "the share of the steps that are done, from 0 to 1; a schedule is a function of the progress"),
    (
        "pair",
        "one evaluation of a kernel, between a query point and a data point; the sum over the data \
         is evaluated at the query point",
    ),
    (
        "effective sample size",
        "the number of equally weighted points whose mean has the same variance as the mean of the \
         weighted points; a small number means that few points decide the score",
    ),
    (
        "`ess_target`, `ess_source`, `ess_cloud`",
        "in a history: the effective sample size of the estimate from the target's points \
         (`ess_target`) and of the estimate from the cloud (`ess_source` in `sd_flow`, `ess_cloud` \
         in `drift_flow`). It is the median over the particles, in `drift_flow` the mean",
    ),
    (
        "split-half error, `field_error`",
        "the relative difference of a field between two halves of the data: an estimate of its sampling error. Near 0 \
         the field is well known; above 1 the noise is larger than the field, which is usual at the end of a flow, \
         where the field vanishes",
    ),
    ("`acceptance`", "in a history: the share of the proposed moves that a sampler has accepted"),
    ("`inverse_temperature`", "in a history of `smc`: the exponent of the likelihood, from 0 to 1"),
    ("`log_evidence`", "in a history of `smc`: the logarithm of the normalising constant so far"),
    (
        "`start_correlation`",
        "in a history: the correlation of the particles with their start; it is near 0 if the \
         start no longer influences them",
    ),
    ("`logit`", "in a history of `gan_flow`: the mean logit of the discriminator at the particles"),
    ("bridge", "a diffusion between two given distributions, over the time from 0 to 1"),
    ("Schroedinger bridge", "the bridge with the least relative entropy to its reference process"),
    (
        "reference process",
        "the diffusion without a condition on its end: a Brownian motion or an Ornstein-Uhlenbeck process",
    ),
    ("plan", "a joint distribution of start and end, such as a transport plan"),
    (
        "path energy",
        "the relative entropy of a bridge to its reference process: `|u - f|^2 / (2 epsilon)`, \
         integrated over time and averaged over paths, with the drift `u` of the bridge and the \
         drift `f` of the reference process",
    ),
    ("standard units", "coordinates shifted and scaled so that each column has mean 0 and standard deviation 1"),
    ("metric", "a number that compares points with a reference"),
    ("reference", "points of the target that the method has not used, for metrics"),
    ("fresh sample", "points drawn anew from the target, or rows of the data that the method does not use"),
    ("standard error", "the standard deviation of an estimate over repetitions"),
    (
        "noise floor",
        "the 95 % quantile (5 % if larger is better) of a metric between two fresh samples of the target, of the same sizes; \
         a perfect method stays below it (above it, if larger is better) in 95 of 100 cases",
    ),
    ("reading", "the result of a metric: its value, its standard error, and its noise floor if there is one"),
    (
        "memorisation",
        "the degree to which points repeat training data: 0 for fresh samples, 1 for copies of the training points",
    ),
    ("check", "an `expect` or a `threshold` of a script, which holds or fails"),
    ("run", "one execution of a script, or within a script one call of `run`"),
    ("sweep", "runs over a grid of parameters; each run is a cell"),
    ("dry run", "an execution without the numerical work, which finds mistakes and estimates the cost"),
];

/// Returns the entry of the glossary for this word. The case of its letters does not matter.
pub fn word(name: &str) -> Option<(&'static str, &'static str)> {
    let is_it = |word: &str| word.trim_matches('`').eq_ignore_ascii_case(name);
    // A comma separates two words of one meaning.
    WORDS.iter().copied().find(|(words, _)| words.split(", ").any(is_it))
}

/// Returns the table of words as Markdown.
pub fn words_markdown() -> String {
    let rows: String = WORDS.iter().map(|(word, meaning)| format!("| {word} | {meaning} |\n")).collect();
    format!("| word | meaning |\n|---|---|\n{rows}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_two_words_finds_their_meaning() {
        let found = |name: &str| word(name).map(|(words, _)| words);
        for (name, want) in [
            ("cloud", Some("cloud")),
            ("Reading", Some("reading")),
            ("noise level", Some("sigma, noise level")),
            ("D(z)", Some("denoiser, `D(z)`")),
            ("t", Some("progress, `t`")),
            ("clouds of points", None),
            ("", None),
        ] {
            assert_eq!(found(name), want, "{name}");
        }
    }
}
