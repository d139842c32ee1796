use super::*;
use crate::flow::{
    Diffusion, Estimate, Integrator, Langevin, LangevinOptions, MmdFlow, MmdFlowOptions, PfOdeOptions,
    PredictorCorrectorOptions, Sampler, SdFlow, SdFlowOptions, Stepping, Svgd, SvgdOptions, VelocityField, Weighting,
};
use crate::score::{Exact, Kde, MixtureFit, MixtureFitOptions, Score, SelfTerm};
use crate::target::Gaussian;
use std::sync::Arc;

/// What moves, made anew for the run and for its forecast.
enum Made {
    Field(Box<dyn VelocityField>, Stepping),
    Sampler(Box<dyn Sampler>),
}

impl Made {
    fn usual(field: impl VelocityField + 'static) -> Made {
        Made::Field(Box::new(field), Stepping::default())
    }

    fn dynamics(&mut self) -> Dynamics<'_> {
        match self {
            Made::Field(field, stepping) => Dynamics::Field(field.as_mut(), stepping.clone()),
            Made::Sampler(sampler) => Dynamics::Sampler(sampler.as_mut()),
        }
    }
}

/// A run that counts, and its forecast.
fn both(flow: impl Fn() -> Made, start: &Points, reference: &Reference, options: &RunOptions) -> [u64; 4] {
    let stream = Stream::new(5);
    let (ahead_of, engine) = (Pairwise::default(), Pairwise::default());
    let found = forecast(flow().dynamics(), start.clone(), Some(reference), options, &ahead_of, stream);
    let (shape, ahead) = found.unwrap();
    let mut made = flow();
    let run = crate::run::Run::of(made.dynamics(), start.clone()).reference(Some(reference)).options(options.clone());
    let run = run.pairwise(&engine).stream(stream).go().unwrap();
    assert_eq!((shape.stats.steps, shape.stats.nfe), (run.stats.steps, run.stats.nfe));
    assert_eq!(shape.snapshots.len(), run.snapshots.len());
    assert_eq!(shape.metrics.keys().collect::<Vec<_>>(), run.metrics.keys().collect::<Vec<_>>());
    [ahead.flow_pairs, run.stats.flow_pairs, ahead.pairs, engine.work().pairs()]
}

#[test]
fn pairs_are_those_of_the_run() {
    let set = |name: &str, n: usize| Stream::new(3).label(name).normal(n, 3);
    let (start, data) = (set("start", 70), set("data", 51));
    let reference = Reference::new(set("reference", 33)).unwrap();
    let kde = || Estimate::Kernel(Box::new(Kde::of(set("data", 51))));
    let cloud = || Estimate::Kernel(Box::new(Kde::of_cloud()));
    let metrics = serde_json::from_str(r#"["energy", {"metric": "mmd", "kernel": [0.5, 2]}, "w2"]"#).unwrap();
    let options = RunOptions { steps: 7, every: Some(3), snapshots: 3, metrics, ..RunOptions::default() };
    let of = |o: SdFlowOptions, integrator: Integrator| {
        let stepping = Stepping { integrator, ..Stepping::default() };
        move || Made::Field(Box::new(SdFlow::new(kde(), cloud(), o.clone()).unwrap()), stepping.clone())
    };
    let plain = SdFlowOptions::default();
    let heun = SdFlowOptions::default();
    let batches = SdFlowOptions { batch_target: Some(20), batch_source: Some(90), ..SdFlowOptions::default() };
    let alone = SdFlowOptions { self_term: SelfTerm::Exclude, ..SdFlowOptions::default() };
    let euler = Integrator::Euler;
    for (options_of_flow, integrator) in [(plain, euler), (heun, Integrator::Heun), (batches, euler), (alone, euler)] {
        let [flow, flow_run, all, all_run] = both(of(options_of_flow, integrator), &start, &reference, &options);
        assert_eq!((flow, all), (flow_run, all_run));
    }
    let rk4 = SvgdOptions { sigma: 0.5.into(), ..SvgdOptions::default() };
    let score = || Box::new(Kde::of(set("data", 51))) as Box<dyn Score>;
    let stepping = Stepping { integrator: Integrator::Rk4, ..Stepping::default() };
    let svgd = move || Made::Field(Box::new(Svgd::new(score(), rk4.clone()).unwrap()), stepping.clone());
    let ula = LangevinOptions { sigma: 0.5.into(), ..LangevinOptions::default() };
    let langevin = || Made::Sampler(Box::new(Langevin::new(score(), None, &ula).unwrap()));
    let denoising = PfOdeOptions { denoise: true, ..Default::default() };
    let ode = || Made::Sampler(Box::new(Diffusion::pf_ode(score(), &denoising).unwrap()));
    let corrected = || Diffusion::predictor_corrector(score(), &PredictorCorrectorOptions::default()).unwrap();
    let corrected = || Made::Sampler(Box::new(corrected()));
    let relatives: [&dyn Fn() -> Made; 4] = [&svgd, &langevin, &ode, &corrected];
    for relative in relatives {
        let [flow, flow_run, all, all_run] = both(relative, &start, &reference, &options);
        assert_eq!((flow, all), (flow_run, all_run), "{}", relative().dynamics().name());
    }
    let normalised = MmdFlowOptions {
        weighting: Weighting::Normalised,
        kernel: serde_json::from_str(r#"[0.5, {"kernel": "laplace", "h": 1}]"#).unwrap(),
        ..MmdFlowOptions::default()
    };
    let scaled = || Made::usual(MmdFlow::new(data.clone(), normalised.clone()).unwrap());
    let [flow, flow_run, all, all_run] = both(scaled, &start, &reference, &options);
    assert_eq!((flow, all), (flow_run, all_run));
    let mmd = || Made::usual(MmdFlow::new(data.clone(), MmdFlowOptions::default()).unwrap());
    let [flow, flow_run, all, all_run] = both(mmd, &start, &reference, &options);
    assert_eq!((flow, all), (flow_run, all_run));
    // Fresh samples for the floors instead of parts of the reference.
    let law = Arc::new(Gaussian::isotropic(vec![0.0; 3], 1.0).unwrap());
    let reference = Reference::sample(law, 40, Stream::new(1)).unwrap();
    let [.., all, all_run] = both(mmd, &start, &reference, &options);
    assert_eq!(all, all_run);
}

#[test]
fn few_points_in_place_of_many_cost_what_the_many_do() {
    let set = |name: &str, n: usize| Stream::new(3).label(name).normal(n, 2);
    let options = RunOptions { metrics: serde_json::from_str(r#"["energy"]"#).unwrap(), ..RunOptions::default() };
    let pairs = |held: usize, n: usize| {
        let target = Estimate::Kernel(Box::new(Kde::of(set("data", held).standing_for(n))));
        let mut flow =
            SdFlow::new(target, Estimate::Kernel(Box::new(Kde::of_cloud())), SdFlowOptions::default()).unwrap();
        let reference = Reference::new(set("reference", held).standing_for(n)).unwrap();
        let start = set("start", held).standing_for(n);
        let dynamics = Dynamics::Field(&mut flow, Stepping::default());
        let found =
            forecast(dynamics, start, Some(&reference), &options, &Pairwise::default(), Stream::new(1)).unwrap();
        assert_eq!(found.0.points.count(), n);
        (found.1.pairs, found.1.bytes)
    };
    assert_eq!(pairs(64, 900), pairs(900, 900));
    assert!(pairs(64, 1_000_000).0 > 1_000_000_000_000);
}

#[test]
fn times_are_carried_along_a_line() {
    let found = [(100.0, 3.0), (200.0, 4.0)];
    assert_eq!(carried(found, 1000.0), 12.0);
    // A larger size that took less was disturbed; one that took all too much more starts at 0.
    assert_eq!(carried([(100.0, 4.0), (200.0, 3.0)], 1000.0), 3.0);
    assert_eq!(carried([(100.0, 1.0), (200.0, 4.0)], 400.0), 8.0);
    assert_eq!(carried([(1.0, 2.0), (1.0, 2.0)], 3.0), 6.0);
}

/// A million million steps are counted by division.
#[test]
fn any_number_of_steps_is_foretold_at_once() {
    let start = Stream::new(1).normal(50, 2);
    let flow = || MmdFlow::new(start.clone(), MmdFlowOptions::default()).unwrap();
    let of = |options: RunOptions| {
        let (mut flow, usual) = (flow(), Stepping::default());
        forecast(Dynamics::Field(&mut flow, usual), start.clone(), None, &options, &Pairwise::default(), Stream::new(1))
    };
    let ahead = of(RunOptions { steps: 1_000_000_000_000, every: Some(1), ..RunOptions::default() }).unwrap().1;
    assert_eq!((ahead.nfe, ahead.flow_pairs), (1_000_000_000_000, 5_000_000_000_000_000));
    let most = of(RunOptions { steps: usize::MAX, ..RunOptions::default() }).unwrap().1;
    assert_eq!(most.flow_pairs, u64::MAX);
    let kept = RunOptions { steps: usize::MAX, snapshots: usize::MAX, ..RunOptions::default() };
    assert!(of(kept).unwrap_err().to_string().contains("`snapshots`"));
}

/// The rounds before the first evaluation count, and the components are those of the points that are stood for.
#[test]
fn the_first_fit_of_a_mixture_is_foretold() {
    let seconds = |first_rounds: usize| {
        let target = Gaussian::isotropic(vec![0.0; 8], 1.0).unwrap();
        let target = Estimate::Other(Box::new(Exact::new(Arc::new(target)).unwrap()));
        let fit = MixtureFitOptions { first_rounds, rounds: 1, ..MixtureFitOptions::default() };
        let source = Estimate::Other(Box::new(MixtureFit::new(fit).unwrap()));
        let mut flow = SdFlow::new(target, source, SdFlowOptions::default()).unwrap();
        let options = RunOptions { steps: 1, ..RunOptions::default() };
        let start = Stream::new(3).normal(500, 8);
        let dynamics = Dynamics::Field(&mut flow, Stepping::default());
        forecast(dynamics, start, None, &options, &Pairwise::default(), Stream::new(1)).unwrap().1.seconds
    };
    let (short, long) = (seconds(1), seconds(199));
    // A hundred times the work of one evaluation, on a machine that has other work too.
    assert!(long > 10.0 * short, "{long} {short}");
}
