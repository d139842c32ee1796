//! A process that is interrupted and continues from its checkpoint ends with the same bytes as a
//! process that is not interrupted. This is tested for every flow, sampler, learned score and
//! training.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

use sdflow::archive::Archive;
use sdflow::bridge::{
    Bridge, DsbOptions, DsbmOptions, LightSbOptions, ShapeKind, train_dsb, train_dsbm, train_light_sb,
};
use sdflow::flow::{
    Diffusion, DriftFlow, DriftFlowOptions, GanFlow, GanFlowOptions, Langevin, LangevinOptions, LangevinSampler,
    MmdFlow, MmdFlowOptions, Noise, Normalisation, PfOdeOptions, PfOdeSampler, Preconditioning,
    PredictorCorrectorOptions, ReverseSdeOptions, SdFlow, SdFlowOptions, SinkhornFlow, SinkhornFlowOptions, Smc,
    SmcOptions, Stepping, Svgd, SvgdOptions, Temperatures,
};
use sdflow::generator::{
    Affine, AffineOptions, DistillOptions, Distillation, Fit, FitOptions, Generator, MlpGenerator, MlpOptions, Pairs,
    RegressOptions, Regression,
};
use sdflow::metric::Reference;
use sdflow::ode::Integrator;
use sdflow::pairwise::{Pairwise, PairwiseOptions};
use sdflow::points::Standardiser;
use sdflow::process::{Ending, Observer, Row};
use sdflow::rng::Stream;
use sdflow::run::{MetricChoice, Motion, Run, RunOptions};
use sdflow::schedule::Schedule;
use sdflow::score::{
    At, Denoiser, DenoiserOptions, DiscriminatorOptions, Features, Form, Kde, MixtureFitOptions, Score, ScoreSpec,
    SelfTerm,
};
use sdflow::target::{Banana, DatasetOptions, Gaussian, Target, dataset};
use sdflow::{Interrupt, Points, Result};
use std::sync::Arc;

/// Interrupts a process after some steps, or lets it continue from there.
#[derive(Default)]
struct Cut {
    after: Option<usize>,
    interrupt: Interrupt,
    kept: Option<(usize, Vec<u8>)>,
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Observer for Cut {
    fn note(&mut self, note: &str) {
        self.notes.push(note.into());
    }

    fn row(&mut self, row: &Row) {
        self.rows.push(row.clone());
    }

    fn progress(&mut self, what: &str, done: usize, _total: usize, _detail: &dyn Fn() -> String) {
        if self.after == Some(done) && !["noise floors", "warm-up"].contains(&what) {
            self.interrupt.request_end(std::time::Duration::from_secs(3600));
        }
    }

    fn resume(&mut self) -> Result<Option<(usize, Archive)>> {
        Ok(self.kept.take().map(|(step, bytes)| (step, Archive::reader(bytes))))
    }

    fn keep_checkpoint(&mut self, done: usize, _total: usize, state: Archive) -> Result<()> {
        self.kept = Some((done, state.bytes().to_vec()));
        Ok(())
    }
}

/// Records the steps after which a process keeps a checkpoint without a request.
#[derive(Default)]
struct Steps(Vec<usize>);

impl Observer for Steps {
    fn keep_checkpoint(&mut self, done: usize, _total: usize, _state: Archive) -> Result<()> {
        self.0.push(done);
        Ok(())
    }
}

/// The results of a process: every number that it computed, how it ended, its history and its
/// notes.
type Left = (Vec<u64>, Ending, Vec<Row>, Vec<String>);

/// Compares `process` without an interruption with the same process interrupted after each of these
/// numbers of steps.
fn assert_resumes(what: &str, after: &[usize], process: impl Fn(&mut Cut) -> (Vec<f64>, Ending)) {
    let run = |cut: &mut Cut| -> Left {
        let (numbers, ending) = process(cut);
        let bits = numbers.into_iter().map(f64::to_bits).collect();
        (bits, ending, std::mem::take(&mut cut.rows), std::mem::take(&mut cut.notes))
    };
    let whole = run(&mut Cut::default());
    assert!(matches!(whole.1, Ending::Finished), "{what}: {:?}", whole.1);
    for &after in after {
        let mut cut = Cut { after: Some(after), ..Cut::default() };
        let first = run(&mut cut);
        assert_eq!(first.1, Ending::Interrupted { step: after }, "{what}");
        let kept = cut.kept.unwrap_or_else(|| panic!("{what}: nothing was kept after {after} steps"));
        assert_eq!(kept.0, after, "{what}");
        let second = run(&mut Cut { kept: Some(kept), ..Cut::default() });
        assert!(whole.0 == second.0, "{what}: other bytes where it goes on after {after} steps");
        assert_eq!((&whole.1, &whole.2, &whole.3), (&second.1, &second.2, &second.3), "{what} after {after}");
    }
}

/// Runs the motion with metrics, snapshots and all that `options` asks for.
fn assert_run_resumes(what: &str, options: &RunOptions, start: &Points, make: impl Fn() -> Motion) {
    let reference = Reference::sample(moons(), 200, Stream::new(8)).unwrap();
    let measured = start.dim() == reference.points().dim();
    let metrics = if measured { ["energy", "c2st"].map(|m| MetricChoice::Name(m.into())).to_vec() } else { Vec::new() };
    let options = RunOptions { steps: 9, every: Some(2), snapshots: 4, metrics, ..options.clone() };
    assert_resumes(what, &[1, 4, 8, 9], |cut| {
        let pairwise = Pairwise::new(PairwiseOptions::default(), cut.interrupt.clone());
        let mut motion = make();
        let run = Run::of(motion.dynamics(), start.clone()).reference(measured.then_some(&reference));
        let run = run.options(options.clone()).pairwise(&pairwise).seed(5);
        let done = run.run_with(cut).unwrap();
        let mut numbers = done.points.data().to_vec();
        numbers.extend(
            done.snapshots.iter().flat_map(|s| std::iter::once(s.step as f64).chain(s.points.data().iter().copied())),
        );
        numbers.extend(done.metrics.values().flat_map(|e| [e.value, e.se, e.floor.unwrap_or(-1.0)]));
        numbers.extend(done.carried.iter().flat_map(|points| points.data().to_vec()));
        numbers.extend(done.log_det.into_iter().flatten());
        let stats = &done.stats;
        numbers.extend([stats.steps, stats.nfe, stats.pairs, stats.flow_pairs].map(|count| count as f64));
        cut.notes.extend(done.warnings);
        (numbers, done.ending)
    });
}

fn moons() -> Arc<dyn Target> {
    dataset("moons", &DatasetOptions::default()).unwrap()
}

fn data() -> Points {
    moons().sample(150, Stream::new(1)).unwrap()
}

fn start() -> Points {
    Stream::new(2).normal(120, 2)
}

fn fields(
    what: &str,
    stepping: &Stepping,
    options: &RunOptions,
    target: &ScoreSpec,
    source: &ScoreSpec,
    sd: &SdFlowOptions,
) {
    assert_run_resumes(what, options, &start(), || {
        let flow = SdFlow::new(target.estimate().unwrap(), source.estimate().unwrap(), sd.clone()).unwrap();
        Motion::Field(Box::new(flow), stepping.clone())
    });
}

fn geometric() -> SdFlowOptions {
    SdFlowOptions { sigma: Some(Schedule::Geometric { from: 2.0, to: 0.2 }), ..SdFlowOptions::default() }
}

fn small_net() -> DenoiserOptions {
    DenoiserOptions { hidden: 16, layers: 2, steps: 12, follow: 3, batch: 64, ..DenoiserOptions::default() }
}

fn small_discriminator(features: Features) -> DiscriminatorOptions {
    DiscriminatorOptions { features, hidden: 16, steps: 12, follow: 3, batch: 32, ..DiscriminatorOptions::default() }
}

#[test]
fn score_differences_between_kernels() {
    let (data, cloud, plain, usual) =
        (ScoreSpec::of_points(data()), ScoreSpec::Cloud, Stepping::default(), RunOptions::default());
    fields("defaults", &plain, &usual, &data, &cloud, &SdFlowOptions::default());
    let minibatch = SdFlowOptions { batch: Some(50), noise: Some(Noise::Fixed), ..SdFlowOptions::default() };
    fields("minibatches", &plain, &usual, &data, &cloud, &minibatch);
    let batches = SdFlowOptions { batch_target: Some(40), batch_source: Some(30), ..SdFlowOptions::default() };
    fields("batches", &plain, &usual, &data, &cloud, &batches);
    let paced = SdFlowOptions {
        sigma: Some(Schedule::Adaptive { from: 2.0, to: 0.2 }),
        self_term: Some(SelfTerm::Exclude),
        ..SdFlowOptions::default()
    };
    fields("an adaptive sigma", &plain, &usual, &data, &cloud, &paced);
    let adaptive = Stepping { step: Some(Schedule::Adaptive { from: 1.0, to: 0.01 }), ..Stepping::default() };
    fields("adaptive steps", &adaptive, &usual, &data, &cloud, &geometric());
    let tracers = RunOptions { carry: Some(Stream::new(4).normal(10, 2)), log_det: true, ..RunOptions::default() };
    let fine = Stepping { integrator: Integrator::Rk4, ..Stepping::default() };
    fields("tracers", &fine, &tracers, &data, &cloud, &SdFlowOptions { noise: Some(Noise::None), ..geometric() });
}

#[test]
fn tracers_in_many_dimensions() {
    let options = RunOptions { carry: Some(Stream::new(4).normal(6, 10)), log_det: true, ..RunOptions::default() };
    assert_run_resumes("tracers in 10 dimensions", &options, &Stream::new(2).normal(60, 10), || {
        let target: Arc<dyn Target> = Arc::new(Gaussian::ar1(10, 0.5).unwrap());
        let spec = ScoreSpec::of_target(target).unwrap();
        let (target, source) = (spec.estimate().unwrap(), spec.source().estimate().unwrap());
        Motion::along(SdFlow::new(target, source, SdFlowOptions { noise: Some(Noise::None), ..geometric() }).unwrap())
    });
}

#[test]
fn standard_units() {
    assert_run_resumes("standard units", &RunOptions::default(), &start(), || {
        let units = Standardiser::of(&data());
        let target = Kde::of(units.apply(&data()));
        let flow = SdFlow::new(target.into(), Kde::of_cloud().into(), SdFlowOptions::default()).unwrap();
        Motion::along(flow.in_units(units))
    });
}

#[test]
fn scores_that_are_fitted_or_learned() {
    let (plain, usual) = (Stepping::default(), RunOptions::default());
    let exact = ScoreSpec::Exact(Arc::new(Gaussian::isotropic(vec![1.0, -1.0], 0.5).unwrap()));
    let mixture = ScoreSpec::Mixture(MixtureFitOptions { k: Some(3), ..MixtureFitOptions::default() });
    fields("a mixture fit", &plain, &usual, &exact, &mixture, &geometric());
    fields("an automatic choice", &plain, &usual, &exact, &ScoreSpec::Auto, &geometric());
    fields("a Gaussian fit", &plain, &usual, &exact, &ScoreSpec::Gaussian(Default::default()), &geometric());
    let net = ScoreSpec::CloudDenoiser(small_net());
    fields("a denoiser of the cloud", &plain, &usual, &exact, &net, &geometric());
    let smoothed = ScoreSpec::of_target(Arc::new(Banana::new(2, 1.0, 0.2).unwrap())).unwrap();
    fields("a smoothed score", &plain, &usual, &smoothed, &ScoreSpec::Cloud, &geometric());
    for features in [Features::Linear, Features::Quadratic, Features::Mlp] {
        let ratio = ScoreSpec::Ratio(moons(), small_discriminator(features));
        let heun = Stepping { integrator: Integrator::Heun, ..Stepping::default() };
        fields(&format!("a ratio of {features:?}"), &heun, &usual, &ratio, &ScoreSpec::Nothing, &geometric());
    }
}

#[test]
fn other_fields() {
    let usual = RunOptions::default();
    assert_run_resumes("mmd_flow", &usual, &start(), || {
        let options = MmdFlowOptions { noise: Schedule::from(0.2), ..MmdFlowOptions::default() };
        Motion::along(MmdFlow::new(data(), options).unwrap())
    });
    for epsilon in [None, Some(0.01)] {
        assert_run_resumes("sinkhorn_flow", &usual, &start(), || {
            let options = SinkhornFlowOptions { epsilon, max_iterations: 30, ..SinkhornFlowOptions::default() };
            Motion::along(SinkhornFlow::new(data(), options).unwrap())
        });
    }
    for normalisation in [Normalisation::Row, Normalisation::Joint] {
        assert_run_resumes("drift_flow", &usual, &start(), || {
            let temperature = Temperatures::Several(vec![0.1, 0.3]);
            let options = DriftFlowOptions { normalisation, temperature, ..DriftFlowOptions::default() };
            Motion::along(DriftFlow::new(data(), options).unwrap())
        });
    }
    for step in [None, Some(Schedule::Adaptive { from: 0.5, to: 0.01 })] {
        let stepping = Stepping { step, ..Stepping::default() };
        assert_run_resumes("svgd", &usual, &start(), || {
            let target: Arc<dyn Target> = Arc::new(Banana::new(2, 1.0, 0.2).unwrap());
            let score = ScoreSpec::Exact(Arc::clone(&target)).estimate().unwrap().score();
            let flow = Svgd::new(score, SvgdOptions::default()).unwrap().inside(Some(target));
            Motion::Field(Box::new(flow), stepping.clone())
        });
    }
    for features in [Features::Quadratic, Features::Mlp] {
        assert_run_resumes("gan_flow", &usual, &start(), || {
            let options = GanFlowOptions { discriminator: small_discriminator(features), ..GanFlowOptions::default() };
            Motion::along(GanFlow::new(moons(), options).unwrap())
        });
    }
}

#[test]
fn samplers() {
    let usual = RunOptions::default();
    let target = || -> Arc<dyn Target> { Arc::new(Gaussian::ar1(2, 0.5).unwrap()) };
    let score = || ScoreSpec::Exact(target()).estimate().unwrap().score();
    for sampler in [LangevinSampler::Ula, LangevinSampler::Mala] {
        assert_run_resumes("langevin", &usual, &start(), || {
            let options = LangevinOptions { sampler, ..LangevinOptions::default() };
            Motion::Sampler(Box::new(Langevin::new(score(), Some(target()), &options).unwrap()))
        });
    }
    // The covariance of the chains is estimated before step 8.
    assert_run_resumes("langevin with a preconditioner", &usual, &start(), || {
        let sampler = LangevinSampler::Mala;
        let preconditioner = Preconditioning::Dense;
        let options = LangevinOptions { sampler, preconditioner, warmup: Some(11), ..LangevinOptions::default() };
        Motion::Sampler(Box::new(Langevin::new(score(), Some(target()), &options).unwrap()))
    });
    assert_run_resumes("smc", &usual, &start(), || {
        Motion::Sampler(Box::new(Smc::new(target(), None, &SmcOptions::default()).unwrap()))
    });
    for sampler in [PfOdeSampler::Heun, PfOdeSampler::Adaptive] {
        let options = PfOdeOptions { sampler, ..PfOdeOptions::default() };
        assert_run_resumes("pf_ode", &usual, &start(), || {
            Motion::Sampler(Box::new(Diffusion::pf_ode(score(), &options).unwrap()))
        });
    }
    let options = ReverseSdeOptions::default();
    assert_run_resumes("reverse_sde", &usual, &start(), || {
        Motion::Sampler(Box::new(Diffusion::reverse_sde(score(), &options).unwrap()))
    });
    let options = PredictorCorrectorOptions::default();
    assert_run_resumes("predictor_corrector", &usual, &start(), || {
        Motion::Sampler(Box::new(Diffusion::predictor_corrector(Box::new(Kde::of(data())), &options).unwrap()))
    });
}

/// Returns the parameters of a generator, the counts of its work, and how its training ended.
fn left(generator: &dyn Generator, done: sdflow::generator::FitResult, cut: &mut Cut) -> (Vec<f64>, Ending) {
    assert_eq!(done.history, cut.rows);
    let stats = &done.stats;
    let counts = [stats.steps, stats.nfe, stats.pairs, stats.flow_pairs].map(|count| count as f64);
    (generator.parameters().iter().copied().chain(counts).collect(), done.ending)
}

#[test]
fn trainings_of_generators() {
    let base = Gaussian::isotropic(vec![30.0, -20.0], 5.0).unwrap();
    let net = || {
        let options = MlpOptions { hidden: 12, layers: 2, ..MlpOptions::default() };
        MlpGenerator::new(&options, Stream::new(3)).unwrap()
    };
    assert_resumes("fit", &[1, 5, 11, 12], |cut| {
        let pairwise = Pairwise::new(PairwiseOptions::default(), cut.interrupt.clone());
        let mut flow = SdFlow::new(Kde::of(data()).into(), Kde::of_cloud().into(), SdFlowOptions::default()).unwrap();
        let mut generator = net();
        let options = FitOptions { steps: Some(12), batch: 100, average: 0.5, ..FitOptions::default() };
        let fit = Fit::new(&mut generator, &mut flow, &base).options(options).pairwise(&pairwise).seed(6);
        let done = fit.run_with(cut).unwrap();
        left(&generator, done, cut)
    });
    assert_resumes("fit by a ratio", &[1, 5, 11], |cut| {
        let pairwise = Pairwise::new(PairwiseOptions::default(), cut.interrupt.clone());
        let ratio = ScoreSpec::Ratio(moons(), small_discriminator(Features::Mlp));
        let mut flow =
            SdFlow::new(ratio.estimate().unwrap(), ScoreSpec::Nothing.estimate().unwrap(), geometric()).unwrap();
        let mut generator = Affine::new(&AffineOptions::default(), Stream::new(3)).unwrap();
        let fit = Fit::new(&mut generator, &mut flow, &base).steps(12).pairwise(&pairwise).seed(6);
        let done = fit.run_with(cut).unwrap();
        left(&generator, done, cut)
    });
    assert_resumes("distill", &[1, 5, 11], |cut| {
        let pairwise = Pairwise::new(PairwiseOptions::default(), cut.interrupt.clone());
        let (mut generator, mut teacher) = (net(), Kde::of(data()));
        let options = DistillOptions { steps: 12, batch: 60, warm_up: 7, hidden: 16, ..DistillOptions::default() };
        let distillation = Distillation::new(&mut generator, &mut teacher, &base).options(options);
        let done = distillation.pairwise(&pairwise).seed(6).run_with(cut).unwrap();
        left(&generator, done, cut)
    });
    let (inputs, outputs) = (Stream::new(5).normal(80, 2), Stream::new(6).normal(80, 2));
    assert_resumes("regress", &[1, 5, 11], |cut| {
        let mut generator = net();
        let options = RegressOptions { steps: 12, ..RegressOptions::default() };
        let pairs = Pairs { inputs: &inputs, outputs: &outputs };
        let interrupt = cut.interrupt.clone();
        let regression = Regression::new(&mut generator, pairs).options(options).interrupt(&interrupt).seed(6);
        let done = regression.run_with(cut).unwrap();
        left(&generator, done, cut)
    });
}

/// Cuts a distillation off within its warm-up; counts the updates of the warm-up that are reported.
#[derive(Default)]
struct WarmUpCut {
    cut: Cut,
    after: Option<usize>,
    updates: Vec<usize>,
}

impl Observer for WarmUpCut {
    fn note(&mut self, note: &str) {
        self.cut.note(note);
    }

    fn row(&mut self, row: &Row) {
        self.cut.row(row);
    }

    fn progress(&mut self, what: &str, done: usize, _total: usize, _detail: &dyn Fn() -> String) {
        if what == "warm-up" {
            self.updates.push(done);
            if self.after == Some(done) {
                self.cut.interrupt.request_end(std::time::Duration::from_secs(3600));
            }
        }
    }

    fn resume(&mut self) -> Result<Option<(usize, Archive)>> {
        self.cut.resume()
    }

    fn keep_checkpoint(&mut self, done: usize, total: usize, state: Archive) -> Result<()> {
        self.cut.keep_checkpoint(done, total, state)
    }
}

#[test]
fn a_warm_up_goes_on_where_it_was_cut_off() {
    let base = Gaussian::isotropic(vec![0.0, 0.0], 1.0).unwrap();
    let distil = |watch: &mut WarmUpCut| {
        let pairwise = Pairwise::new(PairwiseOptions::default(), watch.cut.interrupt.clone());
        let options = MlpOptions { hidden: 8, layers: 2, ..MlpOptions::default() };
        let mut generator = MlpGenerator::new(&options, Stream::new(4)).unwrap();
        let mut teacher = Kde::of(data());
        let options = DistillOptions { steps: 5, batch: 60, warm_up: 7, hidden: 16, ..DistillOptions::default() };
        let distillation = Distillation::new(&mut generator, &mut teacher, &base).options(options);
        let ending = distillation.pairwise(&pairwise).seed(6).run_with(watch).unwrap().ending;
        let bits: Vec<u64> = generator.parameters().iter().map(|value| value.to_bits()).collect();
        (bits, ending, std::mem::take(&mut watch.cut.rows), std::mem::take(&mut watch.cut.notes))
    };
    let mut alone = WarmUpCut::default();
    let whole = distil(&mut alone);
    assert_eq!((&whole.1, alone.updates), (&Ending::Finished, (1..=7).collect()));
    for after in [1, 4, 7] {
        let mut first = WarmUpCut { after: Some(after), ..WarmUpCut::default() };
        assert_eq!(distil(&mut first).1, Ending::Interrupted { step: 0 });
        let kept = first.cut.kept.take();
        assert_eq!(kept.as_ref().map(|kept| kept.0), Some(0), "after {after}");
        let mut second = WarmUpCut { cut: Cut { kept, ..Cut::default() }, ..WarmUpCut::default() };
        assert!(whole == distil(&mut second), "other results where the warm-up goes on after {after} updates");
        assert_eq!(second.updates, (after + 1..=7).collect::<Vec<_>>(), "updates were made twice");
    }
}

#[test]
fn checkpoints_are_kept_after_every_so_many_steps() {
    let flow = || SdFlow::new(Kde::of(data()).into(), Kde::of_cloud().into(), geometric()).unwrap();
    let (base, mut kept) = (Gaussian::isotropic(vec![0.0, 0.0], 1.0).unwrap(), Steps::default());
    let options = RunOptions { steps: 10, checkpoint_every: Some(4), ..RunOptions::default() };
    Run::new(&mut flow(), start()).options(options).run_with(&mut kept).unwrap();
    let mut generator = Affine::new(&AffineOptions::default(), Stream::new(3)).unwrap();
    let options =
        FitOptions { steps: Some(12), batch: 60, ema: Some(0.9), checkpoint_every: Some(5), ..FitOptions::default() };
    Fit::new(&mut generator, &mut flow(), &base).options(options).run_with(&mut kept).unwrap();
    assert_eq!(kept.0, [4, 8, 5, 10]);
    let none = RunOptions { checkpoint_every: Some(0), ..RunOptions::default() };
    let refused = Run::new(&mut flow(), start()).options(none).go().unwrap_err().to_string();
    assert!(refused.contains("checkpoint_every"), "{refused}");
}

#[test]
fn training_of_a_denoiser() {
    let evaluated = |cut: &mut Cut| {
        let interrupt = cut.interrupt.clone();
        let made = Denoiser::of_target(moons().as_ref(), small_net(), Stream::new(4), &interrupt, cut);
        let mut denoiser = match made {
            Ok(denoiser) => denoiser,
            Err(sdflow::Error::Interrupted) => return (Vec::new(), Ending::Interrupted { step: cut.after.unwrap() }),
            Err(error) => panic!("{error}"),
        };
        let (z, pairwise, mut out) = (Stream::new(3).normal(20, 2), Pairwise::default(), Points::default());
        let at = At {
            z: &z,
            sigma: 0.5,
            cloud: &z,
            aligned: true,
            learn: true,
            stream: Stream::new(1),
            pairwise: &pairwise,
        };
        denoiser.evaluate(&at, Form::Score, &mut out).unwrap();
        (out.data().to_vec(), Ending::Finished)
    };
    assert_resumes("denoiser", &[1, 6, 11], evaluated);
}

#[test]
fn the_state_of_something_else_is_refused() {
    let run = |start: Points, cut: &mut Cut| {
        let pairwise = Pairwise::new(PairwiseOptions::default(), cut.interrupt.clone());
        let mut flow = MmdFlow::new(data(), MmdFlowOptions::default()).unwrap();
        Run::new(&mut flow, start).steps(9).pairwise(&pairwise).run_with(cut)
    };
    let mut cut = Cut { after: Some(4), ..Cut::default() };
    run(start(), &mut cut).unwrap();
    let kept = cut.kept.unwrap();
    let again = |bytes: Vec<u8>, start: Points| run(start, &mut Cut { kept: Some((4, bytes)), ..Cut::default() });
    let said = again(kept.1.clone(), Stream::new(2).normal(60, 2)).unwrap_err().to_string();
    assert!(said.contains("120 points") && said.contains("the run moves 60"), "{said}");
    for end in (0..kept.1.len()).step_by(97) {
        let said = again(kept.1[..end].to_vec(), start()).unwrap_err().to_string();
        assert!(said.contains("the checkpoint"), "{said}");
    }
    let longer = [kept.1, vec![0]].concat();
    assert!(again(longer, start()).unwrap_err().to_string().contains("1 bytes are left"));
}

#[test]
fn training_of_a_bridge() {
    let source = Gaussian::isotropic(vec![0.0; 2], 1.0).unwrap();
    for shape in [ShapeKind::Diagonal, ShapeKind::Full] {
        assert_resumes("light_sb", &[1, 6, 11], |cut| {
            let options = LightSbOptions { components: 5, steps: 12, shape, ..LightSbOptions::default() };
            let interrupt = cut.interrupt.clone();
            let made = train_light_sb(&source, moons().as_ref(), &options, Stream::new(4), &interrupt, cut).unwrap();
            let mut drift = Points::default();
            made.bridge.forward(0.5, &Stream::new(3).normal(20, 2), &mut drift).unwrap();
            (drift.data().to_vec(), made.ending)
        });
    }
    let target = moons();
    let ends: [&dyn Target; 2] = [&source, target.as_ref()];
    let x = Stream::new(3).normal(20, 2);
    // Half iterations end after 5, 10 and 15 steps. With this memory, the trajectories are
    // simulated again within each half iteration.
    assert_resumes("dsb", &[1, 5, 8, 15, 19], |cut| {
        let options =
            DsbOptions { iterations: 2, steps: 5, batch: 40, hidden: 8, memory: 0.003, ..DsbOptions::default() };
        let interrupt = cut.interrupt.clone();
        let made = train_dsb(ends, &options, Stream::new(4), &interrupt, cut).unwrap();
        let mut drift = Points::default();
        made.bridge.forward(0.5, &x, &mut drift).unwrap();
        (drift.data().to_vec(), made.ending)
    });
    assert_resumes("dsbm", &[1, 5, 8, 15, 19], |cut| {
        let options =
            DsbmOptions { iterations: 2, steps: 5, batch: 40, hidden: 8, memory: 0.0001, ..DsbmOptions::default() };
        let interrupt = cut.interrupt.clone();
        let made = train_dsbm(ends, &options, Stream::new(4), &interrupt, cut).unwrap();
        let mut drift = Points::default();
        made.bridge.forward(0.5, &x, &mut drift).unwrap();
        (drift.data().to_vec(), made.ending)
    });
}
