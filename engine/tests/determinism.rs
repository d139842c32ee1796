//! The results are the same bytes for any number of threads. This is tested for flows, fits and
//! floors, with every source of randomness in use.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

use sdflow::flow::{
    Diffusion, Langevin, LangevinOptions, LangevinSampler, MmdFlow, MmdFlowOptions, PfOdeOptions, PfOdeSampler,
    Preconditioning, PredictorCorrectorOptions, ReverseSdeOptions, ReverseSdeSampler, Sampler, SdFlow, SdFlowOptions,
    SinkhornFlow, SinkhornFlowOptions, Smc, SmcOptions, Svgd, SvgdOptions, VelocityField, Weighting,
};
use sdflow::generator::{Affine, AffineOptions, DistillOptions, Distillation, Fit, FitOptions, Generator};
use sdflow::metric::Reference;
use sdflow::rng::Stream;
use sdflow::run::{MetricChoice, Run, RunOptions};
use sdflow::schedule::Schedule;
use sdflow::score::{Estimate, Exact, GaussianFit, Kde, MixtureFit, MixtureFitOptions, Score};
use sdflow::target::{DatasetOptions, Gaussian, Target, dataset};
use std::sync::Arc;

/// Compares the bits of the result of `work` on 1, 2 and 5 threads.
fn assert_same_bytes(what: &str, work: impl Fn() -> Vec<f64> + Sync) {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| work().into_iter().map(f64::to_bits).collect::<Vec<_>>())
    };
    let one = on(1);
    assert!(!one.is_empty());
    assert!(one == on(2), "{what}: 2 threads differ from 1");
    assert!(one == on(5), "{what}: 5 threads differ from 1");
}

fn moved(mut field: impl VelocityField) -> Vec<f64> {
    measured(Run::new(&mut field, Stream::new(2).normal(700, 2)))
}

fn sampled(mut sampler: impl Sampler) -> Vec<f64> {
    measured(Run::sampling(&mut sampler, Stream::new(2).normal(700, 2)))
}

fn measured(run: Run) -> Vec<f64> {
    let target = dataset("25gaussians", &DatasetOptions::default()).unwrap();
    let reference = Reference::sample(target, 300, Stream::new(8)).unwrap();
    let options = RunOptions {
        steps: 12,
        metrics: ["energy", "sliced_w2", "mmd"].map(|m| MetricChoice::Name(m.into())).to_vec(),
        ..RunOptions::default()
    };
    let done = run.reference(Some(&reference)).options(options).seed(3).go().unwrap();
    let metrics = done.metrics.values().flat_map(|e| [e.value, e.se, e.floor.unwrap()]);
    done.points.data().iter().copied().chain(metrics).collect()
}

fn data() -> sdflow::Points {
    dataset("25gaussians", &DatasetOptions::default()).unwrap().sample(900, Stream::new(1)).unwrap()
}

fn kernel(points: sdflow::Points) -> Estimate {
    Estimate::Kernel(Box::new(Kde::of(points)))
}

fn cloud() -> Estimate {
    Estimate::Kernel(Box::new(Kde::of_cloud()))
}

#[test]
fn kernel_flow() {
    let make = || SdFlow::new(kernel(data()), cloud(), SdFlowOptions::default()).unwrap();
    assert_same_bytes("sd_flow", || moved(make()));
}

#[test]
fn kernel_flow_on_batches() {
    let options = || SdFlowOptions { batch_target: Some(128), batch_source: Some(200), ..SdFlowOptions::default() };
    let make = || SdFlow::new(kernel(data()), cloud(), options()).unwrap();
    assert_same_bytes("sd_flow on batches", || moved(make()));
}

#[test]
fn parametric_flow() {
    let make = || {
        let target = dataset("25gaussians", &DatasetOptions::default()).unwrap();
        let source = MixtureFit::new(MixtureFitOptions { k: Some(6), ..MixtureFitOptions::default() }).unwrap();
        let exact = Estimate::Other(Box::new(Exact::new(target).unwrap()));
        SdFlow::new(exact, Estimate::Other(Box::new(source)), SdFlowOptions::default()).unwrap()
    };
    assert_same_bytes("sd_flow with a mixture fit", || moved(make()));
    let automatic = || SdFlow::towards(dataset("25gaussians", &DatasetOptions::default()).unwrap(), Default::default());
    assert_same_bytes("sd_flow with an automatic source score", || moved(automatic().unwrap()));
}

#[test]
fn mmd_flow() {
    let make = || MmdFlow::new(data(), MmdFlowOptions::default()).unwrap();
    assert_same_bytes("mmd_flow", || moved(make()));
}

#[test]
fn sinkhorn_flow() {
    let make = || SinkhornFlow::new(data(), SinkhornFlowOptions::default()).unwrap();
    assert_same_bytes("sinkhorn_flow", || moved(make()));
}

#[test]
fn mmd_flow_with_noise_and_normalised() {
    let options = || MmdFlowOptions {
        kernel: serde_json::from_str(r#"[0.5, {"kernel": "laplace", "h": 1}]"#).unwrap(),
        noise: Schedule::from(0.3),
        weighting: Weighting::Normalised,
        ..MmdFlowOptions::default()
    };
    let make = || MmdFlow::new(data(), options()).unwrap();
    assert_same_bytes("mmd_flow with noise", || moved(make()));
}

fn exact() -> Box<dyn Score> {
    Box::new(Exact::new(dataset("25gaussians", &DatasetOptions::default()).unwrap()).unwrap())
}

#[test]
fn samplers_by_their_density() {
    let svgd = || Svgd::new(exact(), SvgdOptions::default()).unwrap();
    assert_same_bytes("svgd", || moved(svgd()));
    let target = || dataset("25gaussians", &DatasetOptions::default()).unwrap();
    for sampler in [LangevinSampler::Ula, LangevinSampler::Mala] {
        let options = LangevinOptions { sampler, step: Some(Schedule::from(0.01)), ..LangevinOptions::default() };
        let make = || Langevin::new(exact(), Some(target()), &options).unwrap();
        assert_same_bytes("langevin", || sampled(make()));
    }
    let sampler = LangevinSampler::Mala;
    let preconditioner = Preconditioning::Dense;
    let options = LangevinOptions { sampler, preconditioner, warmup: Some(11), ..LangevinOptions::default() };
    assert_same_bytes("langevin, dense", || sampled(Langevin::new(exact(), Some(target()), &options).unwrap()));
    assert_same_bytes("smc", || sampled(Smc::new(target(), None, &SmcOptions::default()).unwrap()));
}

#[test]
fn samplers_by_denoising() {
    let ode = PfOdeOptions { sampler: PfOdeSampler::Adaptive, ..PfOdeOptions::default() };
    assert_same_bytes("pf_ode", || sampled(Diffusion::pf_ode(exact(), &ode).unwrap()));
    let churned = ReverseSdeOptions { sampler: ReverseSdeSampler::Edm, ..ReverseSdeOptions::default() };
    assert_same_bytes("reverse_sde", || sampled(Diffusion::reverse_sde(exact(), &churned).unwrap()));
    let mixed = ReverseSdeOptions { sampler: ReverseSdeSampler::GaussianMixture, ..ReverseSdeOptions::default() };
    assert_same_bytes("gaussian_mixture", || sampled(Diffusion::reverse_sde(exact(), &mixed).unwrap()));
    let corrected = PredictorCorrectorOptions::default();
    let make = || Diffusion::predictor_corrector(Box::new(Kde::of(data())), &corrected).unwrap();
    assert_same_bytes("predictor_corrector", || sampled(make()));
}

#[test]
fn generator_distillation() {
    assert_same_bytes("distill", || {
        let mut generator = Affine::new(&AffineOptions::default(), Stream::new(1)).unwrap();
        let base = Gaussian::isotropic(vec![0.0; 2], 1.0).unwrap();
        let options = DistillOptions { steps: 5, batch: 333, warm_up: 9, ..DistillOptions::default() };
        let mut teacher = Kde::of(data());
        Distillation::new(&mut generator, &mut teacher, &base).options(options).seed(6).go().unwrap();
        generator.parameters().to_vec()
    });
}

#[test]
fn generator_fit() {
    assert_same_bytes("fit", || {
        let target: Arc<dyn Target> = Arc::new(Gaussian::ar1(20, 0.8).unwrap());
        let source = Estimate::Other(Box::new(GaussianFit::default()));
        let exact = Estimate::Other(Box::new(Exact::new(target).unwrap()));
        let mut flow = SdFlow::new(exact, source, SdFlowOptions::default()).unwrap();
        let mut generator =
            Affine::new(&AffineOptions { dim: 20, ..AffineOptions::default() }, Stream::new(1)).unwrap();
        let base = Gaussian::isotropic(vec![0.0; 20], 1.0).unwrap();
        let options = FitOptions { steps: Some(15), batch: 333, ..FitOptions::default() };
        Fit::new(&mut generator, &mut flow, &base).options(options).seed(6).go().unwrap();
        generator.parameters().to_vec()
    });
}
