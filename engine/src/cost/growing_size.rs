//! Measurements at growing sizes, until the cost at the real size can be extrapolated.

use super::extrapolate::whole;
use super::gauge::{Asked, Gauge, Measured};
use super::{Cost, extrapolate};
use crate::{Error, Result};

/// The first size.
const FIRST: usize = 64;
/// If a call at the real size takes about this many seconds or less, it is measured directly.
const CHEAP: f64 = 20e-3;
/// If a call takes at least this many seconds, its work takes much longer than its preparation.
const ENOUGH: f64 = 8e-3;
/// The same for a metric or another call whose time is extrapolated from sizes, not from pairs.
/// Shorter times do not grow regularly with the size, because of caches and threads.
const ENOUGH_WITHOUT_PAIRS: f64 = 0.1;
/// After this many seconds, larger sizes are tried only until there are [`Climb::sizes`] of them.
/// With [`Climb::quadratic`], three sizes of at least [`MANY`] are tried nevertheless, until
/// [`TOO_LONG`].
const LONG: f64 = 0.4;
/// If the real size is at least this many times larger than the largest measured size, and no pairs
/// are counted, a small error of the growth becomes a large error of the time.
/// [`ENOUGH_WITHOUT_PAIRS`] and [`LONG`] are then multiplied by [`MORE`].
const FAR: usize = 32;
const MORE: f64 = 4.0;
/// After this many seconds, no larger size is tried at all.
const TOO_LONG: f64 = 3.0;
/// After this many seconds, no larger size is tried if only memory is asked for.
const BRIEF: f64 = 0.05;
/// A size that is representative of large clouds. At smaller sizes a minibatch may hold the whole
/// cloud.
const MANY: usize = 2048;

/// The limits of the sizes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Climb {
    /// The first size.
    pub first: usize,
    /// The smallest number of sizes, unless the real size is reached first.
    pub sizes: usize,
    /// Whether pairs must grow as a quadratic. Larger sizes are then tried until they do.
    pub quadratic: bool,
    /// What is asked for: for memory, few short measurements suffice, and for errors, the first
    /// size.
    pub asked: Asked,
    /// Returns the seconds since a fixed moment.
    pub watch: fn() -> f64,
}

impl Climb {
    /// Returns the usual limits for measurements by `gauge`.
    pub fn of(gauge: &Gauge) -> Climb {
        Climb { first: FIRST, sizes: 3, quadratic: true, asked: gauge.asked(), watch: gauge.watch() }
    }
}

/// Measurements at growing sizes, each of the same parts of a call.
#[derive(Debug)]
pub(super) struct Ladder {
    pub rungs: Vec<(usize, Vec<Measured>)>,
}

impl Ladder {
    /// Calls `act` with doubling sizes up to `n`. It skips sizes for which `act` returns an error,
    /// because there may be enough points only at the real size. Also returns the result at the
    /// largest size.
    ///
    /// # Errors
    /// Those of `act` at `n`, and an interrupt.
    pub fn climb<T>(
        n: usize,
        climb: Climb,
        mut act: impl FnMut(usize) -> Result<(Vec<Measured>, T)>,
    ) -> Result<(Ladder, T)> {
        let (begun, mut ladder, mut result) = ((climb.watch)(), Ladder { rungs: Vec::new() }, None);
        let mut size = climb.first.min(n);
        loop {
            match act(size) {
                Ok((found, made)) => {
                    ladder.rungs.push((size, found));
                    result = Some(made);
                }
                Err(error) if size == n || error == Error::Interrupted => return Err(error),
                Err(_) => {}
            }
            if size == n || ladder.is_enough(climb, (climb.watch)() - begun, n) {
                break;
            }
            size = if ladder.is_cheap_at(n) || size > n / 2 { n } else { 2 * size };
        }
        match result {
            Some(made) => Ok((ladder, made)),
            None => act(n).map(|(found, made)| (Ladder { rungs: vec![(n, found)] }, made)),
        }
    }

    /// Returns the largest size.
    pub fn reached(&self) -> usize {
        self.rungs.last().map_or(0, |rung| rung.0)
    }

    /// Returns the seconds of the slowest part at the largest size.
    fn slowest(&self) -> f64 {
        self.rungs.last().map_or(0.0, |(_, found)| found.iter().map(|part| part.seconds).fold(0.0, f64::max))
    }

    /// True if a call with `n` would be quick, even if time grows as the square.
    fn is_cheap_at(&self, n: usize) -> bool {
        let reached = self.reached();
        reached > 0 && self.slowest() * (n as f64 / reached as f64).powi(2) < CHEAP
    }

    fn is_enough(&self, climb: Climb, elapsed: f64, n: usize) -> bool {
        if climb.asked == Asked::Errors {
            return !self.rungs.is_empty();
        }
        if self.rungs.len() < climb.sizes {
            return false;
        }
        if climb.asked == Asked::Memory && (elapsed > BRIEF || self.reached() >= MANY) {
            return true;
        }
        let many = self.rungs.iter().filter(|rung| rung.0 >= MANY).count();
        let paired = self.rungs.last().is_some_and(|(_, found)| found.iter().all(|part| part.pairs > 0.0));
        let more = if paired || n / self.reached() < FAR { 1.0 } else { MORE };
        if elapsed > TOO_LONG || (elapsed > more * LONG && (!climb.quadratic || many >= 3)) {
            return true;
        }
        let foretold = !climb.quadratic || (many > 0 && self.is_foretold());
        let enough = if climb.quadratic || paired { ENOUGH } else { more * ENOUGH_WITHOUT_PAIRS };
        foretold && (self.slowest() > enough || elapsed > more * LONG) && !self.is_cheap_at(n)
    }

    /// True if a polynomial through the three sizes before the largest one predicts its pairs.
    fn is_foretold(&self) -> bool {
        let [before @ .., (size, found)] = self.rungs.as_slice() else { return false };
        let [.., _, _, _] = before else { return false };
        let before = Ladder { rungs: before.to_vec() };
        (0..found.len()).all(|k| before.pairs(k, *size) == found[k].pairs.round())
    }

    /// Returns the last `most` measurements of part `k`.
    fn readings(&self, k: usize, most: usize, of: impl Fn(&Measured) -> f64) -> Vec<(f64, f64)> {
        let skipped = self.rungs.len().saturating_sub(most);
        self.rungs[skipped..].iter().map(|(size, found)| (*size as f64, of(&found[k]))).collect()
    }

    /// Returns the extrapolated pairs of part `k`: at least those of the largest measured size, and
    /// at most twice what growth as the square of the size gives. Without these limits, a count
    /// that is not a quadratic could become 0.
    fn pairs(&self, k: usize, size: usize) -> f64 {
        let points = self.readings(k, 3, |part| part.pairs);
        let (reached, pairs) = points.last().copied().unwrap_or_default();
        let ratio = size as f64 / reached;
        match points.as_slice() {
            [_] => pairs * ratio,
            points => {
                let found = extrapolate::polynomial(points, size as f64).round();
                found.max(pairs).min(2.0 * pairs * ratio * ratio)
            }
        }
    }

    /// Returns the seconds of part `k`, extrapolated in the number of pairs if pairs are counted,
    /// and otherwise in the size.
    fn seconds(&self, k: usize, size: usize) -> f64 {
        // The first and the last of three sizes are used: errors of their times change the exponent least.
        let sizes = self.readings(k, 3, |part| part.seconds);
        let last = sizes.last().copied().unwrap_or_default();
        let [small, large] = [sizes.first().copied().unwrap_or(last), last];
        let pairs = self.readings(k, 3, |part| part.pairs);
        if pairs.iter().all(|(_, pairs)| *pairs > 0.0) && self.pairs(k, size) > 0.0 {
            let of = |i: usize, seconds: f64| (pairs[i].1, seconds);
            return extrapolate::line([of(0, small.1), of(pairs.len() - 1, large.1)], self.pairs(k, size));
        }
        extrapolate::power([small, large], size as f64, 3.0)
    }

    /// Returns the bytes of part `k`. The polynomial through three sizes is not used: a scratch
    /// buffer that appears at one size would look like quadratic growth. The same buffer beside a
    /// few rows would also look like steep growth, so the smaller of two extrapolations is used.
    fn bytes(&self, k: usize, size: usize) -> f64 {
        let by = |pair: [(f64, f64); 2]| extrapolate::square(pair, size as f64);
        match self.readings(k, 3, |part| part.bytes).as_slice() {
            &[first, second, third] => by([second, third]).min(by([first, second])).max(third.1),
            &[small, large] => by([small, large]),
            points => points.iter().map(|(reached, bytes)| bytes * size as f64 / reached).sum(),
        }
    }

    /// Returns the extrapolated measurement of each part at `size`.
    pub fn at(&self, size: usize) -> Vec<Measured> {
        if let Some((_, found)) = self.rungs.iter().find(|rung| rung.0 == size) {
            return found.clone();
        }
        let Some((_, last)) = self.rungs.last() else { return Vec::new() };
        let of = |k: usize| Measured {
            pairs: self.pairs(k, size),
            evaluations: last[k].evaluations,
            seconds: self.seconds(k, size),
            bytes: self.bytes(k, size),
        };
        (0..last.len()).map(of).collect()
    }
}

/// Returns the cost of `act` for `n` rows, extrapolated from calls with fewer rows, and the result
/// of the call with the most rows.
///
/// # Errors
/// Those of `act`.
pub fn along<T>(n: usize, gauge: &Gauge, mut act: impl FnMut(usize) -> Result<T>) -> Result<(T, Cost)> {
    let climb = Climb { quadratic: false, ..Climb::of(gauge) };
    let (ladder, made) = Ladder::climb(n, climb, |rows| {
        let (found, made) = gauge.quickest(gauge.pairwise(), || act(rows))?;
        Ok((vec![found], made))
    })?;
    let found = ladder.at(n)[0];
    Ok((made, Cost { pairs: whole(found.pairs), ..Cost::of(&found, gauge) }))
}
