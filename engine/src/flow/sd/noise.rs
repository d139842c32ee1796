//! Where the field of a particle is evaluated.

use crate::flow::Clock;
use crate::number::counted;
use serde::{Deserialize, Serialize};

/// Where the field of a particle `y` is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Noise {
    /// At `z = y + sigma e` with new noise in each step.
    #[default]
    Fresh,
    /// At `z = y + sigma e / 2` with new noise in each step.
    Half,
    /// At the particles themselves.
    None,
    /// At `z = y + sigma e` with one `e` per particle for the whole run.
    Fixed,
}

crate::choices!(Noise);

/// The number of particles, and of points of a finite target, from which a flow uses half the noise
/// if the choice is left to it. From this number of particles on it also uses a larger tolerance.
///
/// Let the density of the cloud differ from that of the target by a small wave of frequency `k`. In
/// a step of size 1 without noise, the flow removes a share `s exp(-s / 2)` of the wave, where `s =
/// k^2 sigma^2`; the exponential is the smoothing of the two densities. Noise of size `a sigma`
/// smooths the field once more, and the share is `s exp(-s (1 + a^2) / 2)`. If sigma falls
/// geometrically with `r` steps per factor of `e`, from far above `1 / k` to far below it, the run
/// multiplies the wave by the product of all remaining shares: by `exp(-1.45 r)` without noise, by
/// `exp(-1.04 r)` with half the noise, and by `exp(-0.58 r)` with all of it. Many points show what
/// remains of the wave. Few points do not, and more noise makes particles less like copies of the
/// target's points. Without any noise, the field is evaluated only where particles are, so that
/// they hardly pass through gaps between modes.
pub(super) const MANY: usize = 65_536;

impl Noise {
    /// Chooses the noise for this number of particles at the start, and this number of points of a
    /// finite target; returns a note on the choice if it is not the usual one.
    pub(super) fn choose(particles: usize, points: Option<usize>, clock: &Clock) -> (Noise, Option<String>) {
        if clock.fresh || particles < MANY || points.is_some_and(|points| points < MANY) {
            return (Noise::Fresh, None);
        }
        let note = format!("noise: \"half\", chosen for {}", counted(particles, "particle"));
        (Noise::Half, Some(note))
    }

    /// Returns the size of the noise in units of sigma.
    pub fn size(self) -> f64 {
        match self {
            Noise::Fresh | Noise::Fixed => 1.0,
            Noise::Half => 0.5,
            Noise::None => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{SdFlow, SdFlowOptions};
    use super::*;
    use crate::flow::VelocityField;
    use crate::rng::Stream;
    use crate::score::{Estimate, Kde};

    #[test]
    fn only_many_particles_use_half_the_noise() {
        let clock = Clock::at(0, 10, Stream::new(1));
        let chosen = |particles, points| Noise::choose(particles, points, &clock).0;
        assert_eq!((chosen(MANY, None), chosen(MANY, Some(MANY))), (Noise::Half, Noise::Half));
        assert_eq!((chosen(MANY - 1, None), chosen(MANY, Some(MANY - 1))), (Noise::Fresh, Noise::Fresh));
        // The samples of a generator are drawn anew in each step.
        assert_eq!(Noise::choose(MANY, None, &clock.of_fresh_samples()), (Noise::Fresh, None));
    }

    /// A flow of many particles uses the choice, unless the caller makes it.
    #[test]
    fn a_flow_tells_its_choice() {
        let (clock, points) = (Clock::at(0, 10, Stream::new(1)), Stream::new(2).normal(MANY, 1));
        let flow = |noise| {
            let target = Estimate::Kernel(Box::new(Kde::of(points.clone())));
            let source = Estimate::Kernel(Box::new(Kde::of_cloud()));
            let sigma = Some(0.5.into());
            SdFlow::new(target, source, SdFlowOptions { noise, sigma, ..SdFlowOptions::default() }).unwrap()
        };
        let mut left_out = flow(None);
        let notes = left_out.prepare(&points, &clock, None).unwrap();
        assert_eq!((left_out.noise, notes.len()), (Noise::Half, 1));
        assert!(notes[0].contains("65536 particles"), "{notes:?}");
        let mut given = flow(Some(Noise::None));
        assert!(given.prepare(&points, &clock, None).unwrap().is_empty());
        assert_eq!(given.noise, Noise::None);
        assert_eq!([MANY, MANY - 1].map(|n| given.tolerance(n)), [Some(1e-3), None]);
    }
}
