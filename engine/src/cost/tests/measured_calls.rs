//! What is measured once: learning at the first evaluation, interrupted calls, metrics.

use super::*;

/// Returns the seconds that [`Learner`] reports as its work.
fn worked() -> f64 {
    WORKED.get()
}

/// Learns for 1,000 seconds at its first evaluation. Every evaluation also takes a second for each
/// 64 points.
#[derive(Debug, Default)]
struct Learner {
    learned: bool,
}

impl VelocityField for Learner {
    fn name(&self) -> &'static str {
        "learner"
    }

    fn velocity(&mut self, at: &FieldAt, out: &mut Points) -> Result<()> {
        let learning = if self.learned { 0.0 } else { 1000.0 };
        self.learned = true;
        WORKED.set(WORKED.get() + learning + at.z.n() as f64 / 64.0);
        out.reshape(at.z.n(), at.z.dim());
        Ok(())
    }
}

impl Archived for Learner {}

/// The additional time of the first evaluation counts once, for any number of steps and stages.
#[test]
fn what_is_learned_at_the_first_evaluation_is_counted_once() {
    let engine = Pairwise::default();
    let gauge = Gauge::new(&engine, None).timed_by(worked);
    for (n, steps, integrator, evaluations) in
        [(64, 1, Integrator::Euler, 1), (64, 50, Integrator::Euler, 50), (6400, 50, Integrator::Rk4, 200)]
    {
        let stepping = Stepping { integrator, ..Stepping::default() };
        let make = || Ok(Motion::Field(Box::new(Learner::default()), stepping.clone()));
        let options = RunOptions { steps, ..RunOptions::default() };
        let cost = run(&make, Stream::new(3).normal(n, 2), None, &options, &gauge, Stream::new(5)).unwrap().1;
        assert_eq!(cost.nfe, evaluations);
        let want = 1000.0 + evaluations as f64 * n as f64 / 64.0;
        assert!((cost.seconds / want - 1.0).abs() < 1e-9, "{} {want}", cost.seconds);
    }
}

/// Another process interrupts every second call for 50 ms. The time is that of the other calls, one
/// second for a million rows.
#[test]
fn a_call_that_was_interrupted_does_not_count() {
    let engine = Pairwise::default();
    let gauge = Gauge::new(&engine, None).timed_by(worked);
    let mut calls = 0;
    let act = |rows: usize| {
        calls += 1;
        WORKED.set(WORKED.get() + 1e-6 * rows as f64 + if calls % 2 == 1 { 0.05 } else { 0.0 });
        Ok(())
    };
    let seconds = along(1_000_000, &gauge, act).unwrap().1.seconds;
    assert!((seconds - 1.0).abs() < 1e-6, "{seconds}");
}

/// The second measurement of a metric with the same options and sizes returns the result of the
/// first. If the metric refuses the points, its error is returned.
#[test]
fn a_metric_is_measured_once() {
    let (engine, known) = (Pairwise::default(), KnownCosts::default());
    let gauge = Gauge::new(&engine, None).remembering(&known);
    let set = |name: &str| Stream::new(8).label(name).normal(500, 2);
    let cost = |points: &Points| {
        let reference = Reference::new(set("reference")).unwrap();
        metric("kl_gauss", &serde_json::Value::Null, points, &reference, &gauge, Stream::new(1))
    };
    // Times differ between two measurements.
    assert_eq!(cost(&set("a")).unwrap(), cost(&set("b")).unwrap());
    let constant = Points::new(vec![1.0; 1000], 2, "constant").unwrap();
    assert!(cost(&constant).is_err());
}
