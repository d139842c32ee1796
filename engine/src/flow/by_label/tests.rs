use super::*;
use crate::flow::{
    DriftFlow, DriftFlowOptions, GanFlow, GanFlowOptions, MmdFlow, MmdFlowOptions, SdFlow, SdFlowOptions, Svgd,
    SvgdOptions,
};
use crate::generator::{Affine, AffineOptions, Fit};
use crate::pairwise::Pairwise;
use crate::rng::Stream;
use crate::score::{Exact, Kde};
use crate::target::{Gaussian, Labelled, Target};
use std::sync::Arc;

fn data(label: u64) -> Points {
    Stream::new(label).normal(20 + label as usize, 2)
}

fn drift(label: u64) -> Box<dyn VelocityField> {
    Box::new(DriftFlow::new(data(label), DriftFlowOptions::default()).unwrap())
}

fn sd(label: u64) -> Box<dyn VelocityField> {
    let flow = SdFlow::new(Kde::of(data(label)).into(), Kde::of_cloud().into(), SdFlowOptions::default());
    Box::new(flow.unwrap())
}

fn velocity(flow: &mut dyn VelocityField, at: &FieldAt) -> Points {
    let mut out = Points::default();
    flow.velocity(at, &mut out).unwrap();
    out
}

#[test]
fn each_label_follows_its_own_flow() {
    let (cloud, tracers) = (Stream::new(9).normal(11, 2), Stream::new(8).normal(5, 2));
    let (clock, pairwise) = (Clock::at(0, 3, Stream::new(0)), Pairwise::default());
    let mut flow = ByLabel::new((0..3).map(drift).collect()).unwrap();
    let at = FieldAt::cloud(&cloud, &clock, &pairwise);
    let (found, of_tracers) = (velocity(&mut flow, &at), velocity(&mut flow, &at.tracers(&tracers)));
    for (label, (rows, places)) in [(0..3, 0..1), (3..7, 1..3), (7..11, 3..5)].into_iter().enumerate() {
        let (own, z) = (cloud.rows(rows.clone()), tracers.rows(places.clone()));
        let at = FieldAt::cloud(&own, &clock, &pairwise);
        let mut alone = drift(label as u64);
        assert_eq!(velocity(alone.as_mut(), &at), found.rows(rows), "{label}");
        assert_eq!(velocity(alone.as_mut(), &at.tracers(&z)), of_tracers.rows(places), "{label}");
    }
}

#[test]
fn labels_have_noise_of_their_own_and_their_choices_are_kept() {
    let half = Stream::new(7).normal(6, 2);
    let cloud = half.concat(&half).unwrap();
    let (clock, pairwise) = (Clock::at(0, 30, Stream::new(0)), Pairwise::default());
    let at = FieldAt::cloud(&cloud, &clock, &pairwise);
    let new = || ByLabel::new(vec![sd(3), sd(3)]).unwrap();
    let mut flow = new();
    let notes = flow.prepare(&cloud, &clock, None).unwrap();
    assert!(notes.len() == 1 && notes[0].starts_with("sigma: from"), "{notes:?}");
    let found = velocity(&mut flow, &at);
    assert_ne!(found.rows(0..6), found.rows(6..12));
    let mut kept = Archive::writer();
    flow.archive(&mut kept).unwrap();
    let (mut again, mut reader) = (new(), Archive::reader(kept.bytes().to_vec()));
    again.archive(&mut reader).unwrap();
    reader.finish().unwrap();
    assert_eq!(velocity(&mut again, &at), found);
    let [(name, sigma), ..] = flow.readings(&at).unwrap()[..] else { panic!() };
    assert!(name == "sigma" && sigma > 0.0);
    let notes = ByLabel::new((3..7).map(sd).collect()).unwrap().prepare(&cloud, &clock, None).unwrap();
    assert!(notes.len() == 3 && notes[1].starts_with("label 1: ") && notes[2].starts_with("2 further"), "{notes:?}");
}

#[test]
fn units_are_those_of_all_targets_together() {
    let at = |mean: f64| -> Box<dyn VelocityField> {
        let target = Arc::new(Gaussian::isotropic(vec![mean, 0.0], 1.0).unwrap());
        Box::new(SdFlow::towards(target, SdFlowOptions::default()).unwrap())
    };
    let flow = ByLabel::new(vec![at(-4.0), at(6.0)]).unwrap();
    let (cloud, clock) = (data(0), Clock::at(0, 1, Stream::new(0)));
    // The variances are 1 + 25 and 1.
    let want = AffineMap::new(vec![26.0_f64.sqrt(), 1.0], vec![1.0, 0.0]);
    assert_eq!(flow.scales(&cloud, &clock).aim.units(), Some(want));
}

/// An affine generator adds the mean of the label to a map of the noise.
#[test]
fn a_generator_learns_the_means_of_its_labels() {
    let means = [[-3.0, 1.0], [2.0, 2.0], [0.0, -4.0]];
    let at = |mean: [f64; 2]| -> Box<dyn VelocityField> {
        let target = Arc::new(Gaussian::isotropic(mean.to_vec(), 0.5).unwrap());
        Box::new(SdFlow::towards(target, SdFlowOptions::default()).unwrap())
    };
    let mut flow = ByLabel::new(means.into_iter().map(at).collect()).unwrap();
    let base = Labelled::new(Arc::new(Gaussian::isotropic(vec![0.0; 2], 1.0).unwrap()), 3).unwrap();
    let options = AffineOptions { dim: 2, dim_in: Some(5), ..AffineOptions::default() };
    let mut generator = Affine::new(&options, Stream::new(1)).unwrap();
    Fit::new(&mut generator, &mut flow, &base).steps(1500).seed(2).go().unwrap();
    let inputs = base.sample(30_000, Stream::new(3)).unwrap();
    let mut points = Points::default();
    crate::generator::Generator::forward(&mut generator, &inputs, &mut points).unwrap();
    for (label, want) in means.iter().enumerate() {
        let own = points.rows(label * 10_000..(label + 1) * 10_000);
        let (mean, cov) = (own.mean(), own.covariance());
        for j in 0..2 {
            assert!((mean[j] - want[j]).abs() < 0.1, "{label}: {mean:?}");
            assert!((cov[(j, j)].sqrt() - 0.5).abs() < 0.05, "{label}: {cov:?}");
        }
    }
}

#[test]
fn impossible_labels_are_refused() {
    let mmd: Box<dyn VelocityField> = Box::new(MmdFlow::new(data(0), MmdFlowOptions::default()).unwrap());
    assert!(ByLabel::new(Vec::new()).is_err());
    let mixed = ByLabel::new(vec![drift(0), mmd]).unwrap_err().to_string();
    assert!(mixed.contains("flows[1]") && mixed.contains("mmd_flow"), "{mixed}");
    let (few, clock) = (Stream::new(1).normal(2, 2), Clock::at(0, 1, Stream::new(0)));
    let few = ByLabel::new((0..3).map(drift).collect()).unwrap().prepare(&few, &clock, None).unwrap_err();
    assert!(few.to_string().contains("3 labels"), "{few}");
}

#[test]
fn flow_and_base_have_equally_many_labels() {
    let plain: Arc<dyn Target> = Arc::new(Gaussian::isotropic(vec![0.0; 2], 1.0).unwrap());
    let labelled: Arc<dyn Target> = Arc::new(Labelled::new(Arc::clone(&plain), 3).unwrap());
    let fit = |flow: &mut dyn VelocityField, base: &Arc<dyn Target>| {
        let options = AffineOptions { dim: 2, dim_in: Some(base.dim()), ..AffineOptions::default() };
        let mut generator = Affine::new(&options, Stream::new(1)).unwrap();
        Fit::new(&mut generator, flow, base.as_ref()).steps(2).go().map(drop).map_err(|e| e.to_string())
    };
    let flow = |labels: u64| ByLabel::new((0..labels).map(drift).collect()).unwrap();
    assert!(fit(&mut flow(3), &labelled).is_ok());
    for (result, want) in [
        (fit(&mut flow(2), &labelled), "3 labels"),
        (fit(&mut flow(2), &plain), "no labels"),
        (fit(drift(0).as_mut(), &labelled), "3 labels"),
    ] {
        assert!(result.clone().unwrap_err().contains(want), "{result:?}");
    }
    let kl = SdFlowOptions { divergence: crate::flow::Divergence::Kl, ..SdFlowOptions::default() };
    let kl = SdFlow::new(Kde::of(data(1)).into(), Kde::of_cloud().into(), kl).unwrap();
    // The default steps are 1 and 0.1.
    let both = ByLabel::new(vec![sd(0), Box::new(kl)]).unwrap();
    assert_eq!(both.scales(&data(3), &Clock::at(0, 3, Stream::new(0))).step, 0.1);
}

/// The step of a label does not throw the particles of a narrower one: flows of data of scales 1
/// and 1,000 take the default step of the former.
#[test]
fn the_default_step_suits_the_narrowest_label() {
    let gan = |scale: f64| -> Box<dyn VelocityField> {
        let target = Gaussian::isotropic(vec![0.0; 2], scale).unwrap();
        Box::new(GanFlow::new(Arc::new(target), GanFlowOptions::default()).unwrap())
    };
    let svgd = |scale: f64| -> Box<dyn VelocityField> {
        let exact = Exact::new(Arc::new(Gaussian::isotropic(vec![0.0; 2], scale).unwrap())).unwrap();
        Box::new(Svgd::new(Box::new(exact), SvgdOptions::default()).unwrap())
    };
    let mut cloud = Stream::new(5).normal(40, 2);
    cloud.data_mut()[..40].iter_mut().for_each(|x| *x *= 1000.0);
    let clock = Clock::at(0, 3, Stream::new(0));
    for flows in [vec![gan(1000.0), gan(1.0)], vec![svgd(1000.0), svgd(1.0)]] {
        let mut flow = ByLabel::new(flows).unwrap();
        flow.prepare(&cloud, &clock, None).unwrap();
        let step = flow.scales(&cloud, &clock).step;
        assert!((step - 0.1).abs() < 1e-9, "{step}");
    }
}

/// A column that is constant within each label varies between the labels.
#[test]
fn a_constant_column_has_the_scale_of_its_differences() {
    let at = |x: f64| Points::from_rows(&[[x, 0.0], [x, 0.02]]).unwrap();
    let flow =
        |x: f64| -> Box<dyn VelocityField> { Box::new(DriftFlow::new(at(x), DriftFlowOptions::default()).unwrap()) };
    let flow = ByLabel::new(vec![flow(0.0), flow(0.01)]).unwrap();
    let units = flow.scales(&at(0.0), &Clock::at(0, 1, Stream::new(0))).aim.units().unwrap();
    assert!((units.scale()[0] - 0.005).abs() < 1e-12 && (units.scale()[1] - 0.01).abs() < 1e-12, "{units:?}");
}

/// The tolerance is that of the flow of one label.
#[test]
fn the_tolerance_is_that_of_the_points_of_one_label() {
    let flow = ByLabel::new((0..2).map(sd).collect()).unwrap();
    assert_eq!([2 * 65_536, 2 * 65_536 - 1].map(|n| flow.tolerance(n)), [Some(1e-3), None]);
    assert_eq!(ByLabel::new((0..2).map(drift).collect()).unwrap().tolerance(1 << 20), None);
}
