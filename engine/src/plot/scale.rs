//! The positions of values on an axis, and of its ticks.

use super::axis::Axis;
use super::extent::Extent;
use super::few_values::ticks_at;
use super::tick_text::{minus, superscript};
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use std::ops::Range;

/// A linear or logarithmic axis between two ends.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    /// The lower end: a value, or its decimal logarithm on a logarithmic axis.
    low: f64,
    /// The upper end, in the same form.
    high: f64,
    log: bool,
    /// Tick values and their labels.
    pub ticks: Vec<(f64, String)>,
    /// Grid lines without a label.
    minor: Vec<f64>,
    /// The exponent of the power of ten that is the unit of the labels.
    pub power: i32,
}

impl Scale {
    /// Returns the scale that shows `extent` with a margin, or exactly the range of the axis if it
    /// has one. It has about `ticks` ticks. An empty extent shows 0 to 1, or 1 to 10 on a
    /// logarithmic axis.
    pub fn new(axis: &Axis, extent: Extent, ticks: f64) -> Scale {
        let measure = |v: f64| if axis.log { v.log10() } else { v };
        let (low, high) = match axis.range {
            Some((a, b)) => (measure(a.min(b)), measure(a.max(b))),
            None if extent.is_empty() => (0.0, 1.0),
            None => pad(measure(extent.low), measure(extent.high)),
        };
        let (low, high) = widen(low, high);
        let mut scale = Scale { low, high, log: axis.log, ticks: Vec::new(), minor: Vec::new(), power: 0 };
        match ticks_at(&axis.values, |value| scale.fraction(value), ticks) {
            Some(at) => scale.ticks = at,
            None => scale.place_ticks(ticks.max(2.0)),
        }
        scale
    }

    /// Widens the scale around its middle until it covers `factor` times its length. The axis must
    /// be linear.
    pub fn stretch(self, factor: f64, ticks: f64) -> Scale {
        let (middle, half) = (0.5 * self.low + 0.5 * self.high, (0.5 * self.high - 0.5 * self.low) * factor);
        let axis = Axis { range: Some((middle - half, middle + half)), ..Axis::default() };
        Scale::new(&axis, Extent::NONE, ticks)
    }

    /// Labels the ticks of two linear axes in the same units.
    pub fn share_units(x: &mut Scale, y: &mut Scale) {
        let power = if x.power == 0 || y.power == 0 { x.power + y.power } else { x.power.max(y.power) };
        for scale in [x, y] {
            let values: Vec<f64> = scale.ticks.iter().map(|(value, _)| *value).collect();
            if let ([first, second, ..], true) = (values.as_slice(), scale.power != power) {
                scale.label_ticks(second - first, power);
            }
        }
    }

    /// Returns the length of the axis, in values or in decades.
    pub fn length(&self) -> f64 {
        self.high - self.low
    }

    /// Returns the position of `value` between the ends: 0 at the lower end, 1 at the upper end.
    pub fn fraction(&self, value: f64) -> f64 {
        let measure = if self.log { value.log10() } else { value };
        (measure - self.low) / (self.high - self.low)
    }

    /// Returns the value at a position; the inverse of [`Scale::fraction`].
    pub fn value(&self, fraction: f64) -> f64 {
        let measure = self.low + fraction * (self.high - self.low);
        if self.log { 10f64.powf(measure) } else { measure }
    }

    fn place_ticks(&mut self, wanted: f64) {
        if self.log && self.high - self.low > 0.8 {
            return self.place_decades(wanted);
        }
        let value = |m: f64| if self.log { 10f64.powf(m) } else { m };
        let (low, high) = (value(self.low), value(self.high));
        let usual = nice_step((high - low) / wanted);
        let ticks = (high / usual + 1e-9).floor() - (low / usual - 1e-9).ceil() + 1.0;
        // A single tick shows no scale, and two are few where there is room for more.
        let step = if ticks < 2.0 || ticks < 3.0 && wanted > 2.0 { nice_step(0.5 * usual) } else { usual };
        let largest = low.abs().max(high.abs());
        let power = match largest.log10().floor() as i32 {
            p if (-2..5).contains(&p) => 0,
            p => p,
        };
        self.label_ticks(step, power);
    }

    /// Labels the ticks of a linear axis in units of a power of ten.
    fn label_ticks(&mut self, step: f64, power: i32) {
        let value = |m: f64| if self.log { 10f64.powf(m) } else { m };
        let (low, high) = (value(self.low), value(self.high));
        self.power = power;
        let unit = 10f64.powi(self.power);
        let decimals = (-(step / unit).log10() - 1e-9).ceil().clamp(0.0, 12.0) as usize;
        let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
        let count = (last - first).clamp(0.0, 50.0) as usize;
        self.ticks = (0..=count)
            .map(|i| (first + i as f64) * step)
            .map(|v| (v, minus(format!("{:.decimals$}", if v == 0.0 { 0.0 } else { v / unit }))))
            .collect();
    }

    fn place_decades(&mut self, wanted: f64) {
        let (first, last) = ((self.low - 1e-9).ceil() as i32, (self.high + 1e-9).floor() as i32);
        let every = (((self.high - self.low) / wanted).ceil() as i32).max(1);
        let plain = first >= -3 && last <= 4;
        let label = |digit: i32, k: i32| match (plain, digit) {
            (true, _) => format!("{:.*}", (-k).max(0) as usize, f64::from(digit) * 10f64.powi(k)),
            (false, 1) => format!("10{}", superscript(k)),
            (false, _) => format!("{digit}×10{}", superscript(k)),
        };
        // If the axis has less than two and a half decades, 2 and 5 are labelled too.
        let digits: &[i32] = if self.high - self.low < 2.5 { &[1, 2, 5] } else { &[1] };
        let inside = |v: f64| (self.low - 1e-9..=self.high + 1e-9).contains(&v.log10());
        for k in first - 1..=last {
            let decade = 10f64.powi(k);
            if k.rem_euclid(every) == 0 {
                let ticks = digits.iter().map(|&d| (f64::from(d) * decade, label(d, k)));
                self.ticks.extend(ticks.filter(|(v, _)| inside(*v)));
            }
            if self.high - self.low < 6.0 {
                self.minor.extend((2..10).map(|d| f64::from(d) * decade).filter(|v| inside(*v)));
            }
        }
    }
}

/// Adds a margin of 4 % on each side.
fn pad(low: f64, high: f64) -> (f64, f64) {
    let air = 0.04 * (high - low);
    (low - air, high + air)
}

/// Widens an interval if its length is less than 1e-9 times the size of its ends.
fn widen(low: f64, high: f64) -> (f64, f64) {
    let size = low.abs().max(high.abs());
    if high - low > 1e-9 * size && high > low {
        return (low, high);
    }
    let half = if size > 0.0 { 0.1 * size } else { 1.0 };
    let middle = 0.5 * low + 0.5 * high;
    (middle - half, middle + half)
}

/// Returns the smallest number of the form 1, 2 or 5 times a power of ten that is at least three
/// quarters of `rough`.
fn nice_step(rough: f64) -> f64 {
    let decade = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * decade).find(|s| *s >= 0.75 * rough).unwrap_or(10.0 * decade)
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let (a, b) = (f64::from(limit.0), f64::from(limit.1));
        // A position far outside the frame is clamped, so that the integer stays small.
        (a + self.fraction(*value).clamp(-50.0, 50.0) * (b - a)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        let labelled = self.ticks.iter().map(|(v, _)| *v);
        if hint.weight().allow_light_points() { self.minor.clone() } else { labelled.collect() }
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Scale {
    fn format_ext(&self, value: &f64) -> String {
        self.ticks.iter().find(|(v, _)| v == value).map(|(_, label)| label.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: Axis, low: f64, high: f64) -> Vec<String> {
        Scale::new(&axis, Extent { low, high }, 6.0).ticks.into_iter().map(|(_, l)| l).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        let linear = Axis::default();
        assert_eq!(labels(linear.clone(), 0.0, 1.0), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(linear.clone(), -3.1, 2.9), ["−3", "−2", "−1", "0", "1", "2", "3"]);
        assert_eq!(labels(linear.clone(), 0.0, 2.5e6), ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"]);
        assert_eq!(Scale::new(&linear, Extent { low: -4.7, high: 4.7 }, 2.0).ticks.len(), 3);
        let log = Axis { log: true, ..Axis::default() };
        assert_eq!(labels(log.clone(), 1e-5, 1e-1), ["10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²", "10⁻¹"]);
        assert_eq!(labels(log, 0.1, 11.0), ["0.1", "0.2", "0.5", "1", "2", "5", "10"]);
    }

    #[test]
    fn few_values_have_ticks_if_their_labels_have_room() {
        let axis = Axis { log: true, values: vec![2.0, 16.0, 64.0, 256.0], ..Axis::default() };
        assert_eq!(labels(axis.clone(), 2.0, 256.0), ["2", "16", "64", "256"]);
        // On a linear axis, the labels of 2 and 4 would touch, so it has its usual ticks.
        let linear = Axis { log: false, values: vec![2.0, 4.0, 256.0], ..axis };
        assert_eq!(labels(linear, 2.0, 256.0), labels(Axis::default(), 2.0, 256.0));
    }

    #[test]
    fn every_extent_has_a_scale_and_ticks() {
        for log in [false, true] {
            let axis = Axis { log, ..Axis::default() };
            for (low, high) in [(1.0, 1.0), (0.5, 0.5 + 1e-16), (1e-300, 1e300), (1e299, 1e300), (1e-300, 1e-299)] {
                let scale = Scale::new(&axis, Extent { low, high }, 5.0);
                assert!(scale.length() > 0.0 && scale.length().is_finite(), "{low} {high}");
                assert!((1..=30).contains(&scale.ticks.len()), "{low} {high} {scale:?}");
                assert!((0.0..=1.0).contains(&scale.fraction(low)));
            }
            assert!(!Scale::new(&axis, Extent::NONE, 5.0).ticks.is_empty());
        }
        let zeros = Scale::new(&Axis::default(), Extent { low: 0.0, high: 0.0 }, 5.0);
        assert_eq!(zeros.fraction(0.0), 0.5);
    }
}
