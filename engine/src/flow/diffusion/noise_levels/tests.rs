//! The noise levels of each process, and the noise between two of them.

use super::*;
use crate::archive::Archived;
use crate::score::Exact;
use std::sync::Arc;

fn levels(process: Process, denoise: bool) -> Levels {
    let score = Exact::new(Arc::new(Gaussian::isotropic(vec![1.0, 2.0], 0.5).unwrap())).unwrap();
    let options = LevelOptions {
        process,
        sigma_max: None,
        sigma_min: Some(0.01),
        rho: 7.0,
        beta_min: 0.1,
        beta_max: 20.0,
        denoise,
    };
    Levels::new(options, &score).unwrap()
}

#[test]
fn levels_fall_from_end_to_end() {
    for process in [Process::Ve, Process::Vp, Process::SubVp] {
        for denoise in [false, true] {
            let levels = levels(process, denoise);
            let all: Vec<f64> = (0..=50).map(|step| levels.sigma(step, 50)).collect();
            assert!(all.windows(2).all(|w| w[1] < w[0]), "{process:?}");
            assert_eq!((all[0], all[50]), (levels.sigma_max, if denoise { 0.0 } else { 0.01 }));
            assert!(!denoise || all[49] == 0.01);
        }
    }
}

/// The levels are compared with the formulas of the process: `a = exp(-B/2)`, and a noise of
/// variance `1 - a^2` or `(1 - a^2)^2`.
#[test]
fn scales_are_those_of_the_process() {
    for process in [Process::Vp, Process::SubVp] {
        let levels = levels(process, false);
        for time in [0.01f64, 0.3, 1.0] {
            let b: f64 = time * (0.1 + 0.5 * time * 19.9);
            let (a, sigma) = ((-0.5 * b).exp(), levels.sigma_at(time));
            let noise = if process == Process::Vp { (1.0 - a * a).sqrt() } else { 1.0 - a * a };
            assert!((levels.scale(sigma) - a).abs() < 1e-12, "{process:?} {time}");
            assert!((a * sigma - noise).abs() < 1e-12, "{process:?} {time}");
            assert!((levels.time_of(sigma) - time).abs() < 1e-12, "{process:?} {time}");
            let slope = (levels.scale(sigma + 1e-6) - levels.scale(sigma - 1e-6)) / 2e-6;
            assert!((levels.scale_slope(sigma) - slope).abs() < 1e-8);
        }
    }
}

/// A score that has learned sigma between 0.02 and 3.
#[derive(Debug)]
struct Learned(Exact);

impl Score for Learned {
    fn name(&self) -> String {
        "learned".into()
    }

    fn dim(&self) -> Option<usize> {
        self.0.dim()
    }

    fn evaluate(&mut self, at: &crate::score::At, form: crate::score::Form, out: &mut crate::Points) -> Result<()> {
        self.0.evaluate(at, form, out)
    }

    fn extent(&self) -> Option<crate::score::Extent> {
        self.0.extent()
    }

    fn properties(&self) -> crate::score::ScoreProperties<'_> {
        let sigma_range = crate::score::SigmaRange { learned: Some((0.02, 3.0)), zero: true };
        crate::score::ScoreProperties { sigma_range, ..Default::default() }
    }
}

impl Archived for Learned {}

#[test]
fn what_is_left_open_stays_within_what_was_learned_and_what_is_given_does_not() {
    let score = Learned(Exact::new(Arc::new(Gaussian::isotropic(vec![1.0, 2.0], 0.5).unwrap())).unwrap());
    let of = |process, sigma_max, sigma_min| {
        let options =
            LevelOptions { process, sigma_max, sigma_min, rho: 7.0, beta_min: 0.1, beta_max: 20.0, denoise: false };
        Levels::new(options, &score).unwrap()
    };
    for process in [Process::Ve, Process::Vp] {
        let levels = of(process, None, None);
        assert_eq!((levels.sigma_max, levels.sigma_min), (3.0, 0.02));
        let note = levels.note().unwrap();
        assert_eq!(note, "sigma: from 3 down to 0.02, within the range that the score has learned");
        let levels = of(process, Some(50.0), Some(1e-3));
        assert_eq!((levels.sigma_max, levels.sigma_min), (50.0, 1e-3));
    }
}

#[test]
fn the_start_has_the_noise_of_the_first_level() {
    let ve = levels(Process::Ve, false);
    let prior = ve.prior(2).unwrap();
    assert_eq!(prior.mean(), [1.0, 2.0]);
    assert!((prior.cov()[(0, 0)].sqrt() - 20.0).abs() < 1e-9, "ten diameters of four standard deviations");
    assert!((levels(Process::Vp, false).prior(2).unwrap().cov()[(1, 1)] - 1.0).abs() < 1e-3);
}
