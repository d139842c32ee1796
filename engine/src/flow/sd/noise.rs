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

/// The number of particles from which a flow uses half the noise and a larger tolerance, if these
/// choices are left to it.
///
/// Let the density of the cloud differ from that of the target by a wave of frequency `k`. In a
/// step of size 1 without noise, the flow removes about a share `s exp(-s / 2)` of the wave, where
/// `s = k^2 sigma^2`; the exponential is the smoothing of the two densities. Noise of size `a
/// sigma` smooths the field once more, and the share is `s exp(-s (1 + a^2) / 2)`. If sigma falls
/// geometrically with `r` steps per factor of `e`, a run multiplies the wave by about `exp(-r / (1 +
/// a^2))`: by `exp(-r)` without noise, by `exp(-0.8 r)` with half the noise, and by `exp(-r / 2)`
/// with all of it. Many particles show what remains of the wave. Few particles do not, and noise
/// makes them less like copies of the target's points. Without any noise, the field is evaluated
/// only where particles are, so that they hardly pass through gaps between modes.
pub(super) const MANY: usize = 65_536;

impl Noise {
    /// Chooses the noise for the particles at the start; returns a note on the choice if it is not
    /// the usual one.
    pub(super) fn choose(particles: usize, clock: &Clock) -> (Noise, Option<String>) {
        if clock.fresh || particles < MANY {
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
    use super::*;
    use crate::rng::Stream;

    #[test]
    fn only_many_particles_use_half_the_noise() {
        let clock = Clock::at(0, 10, Stream::new(1));
        assert_eq!(Noise::choose(MANY, &clock).0, Noise::Half);
        assert_eq!(Noise::choose(MANY - 1, &clock), (Noise::Fresh, None));
        // The samples of a generator are drawn anew in each step.
        assert_eq!(Noise::choose(MANY, &clock.of_fresh_samples()), (Noise::Fresh, None));
    }
}
