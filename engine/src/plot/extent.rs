//! The interval of the values of a chart.

/// Larger values are not drawn, because their sums and differences overflow.
pub(super) const LARGEST: f64 = 1e300;

/// The smallest interval that contains the values so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Extent {
    pub low: f64,
    pub high: f64,
}

impl Extent {
    /// The empty extent.
    pub const NONE: Extent = Extent { low: f64::INFINITY, high: f64::NEG_INFINITY };

    /// Returns the extent of `values`.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Extent {
        values.into_iter().fold(Extent::NONE, |e, v| e.join(Extent { low: v, high: v }))
    }

    /// Returns the smallest extent that contains both extents.
    pub fn join(self, other: Extent) -> Extent {
        Extent { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// Returns the extent of `values` without far outliers. If there are at least 50 values, and
    /// all of them span more than twice the length of the middle 99 %, only a quarter of that
    /// length is kept on each side of the middle.
    pub fn trim(mut values: Vec<f64>) -> Extent {
        values.sort_by(f64::total_cmp);
        let (Some(&low), Some(&high)) = (values.first(), values.last()) else { return Extent::NONE };
        let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
        let (a, b) = (at(0.005), at(0.995));
        if values.len() < 50 || b <= a || high - low <= 2.0 * (b - a) {
            return Extent { low, high };
        }
        let air = 0.25 * (b - a);
        Extent { low: low.max(a - air), high: high.min(b + air) }
    }

    /// Returns the extent of the middle 99 % of the values, or of all values if there are fewer
    /// than 200.
    pub fn middle(mut values: Vec<f64>) -> Extent {
        values.sort_by(f64::total_cmp);
        let (few, last) = (values.len() < 200, values.len().saturating_sub(1) as f64);
        let at = |share: f64| values.get((last * share).round() as usize).copied();
        match (at(if few { 0.0 } else { 0.005 }), at(if few { 1.0 } else { 0.995 })) {
            (Some(low), Some(high)) if low < high => Extent { low, high },
            // Almost all values are equal.
            _ => Extent::of(values),
        }
    }

    /// Returns the length, which is negative if the extent is empty.
    pub fn length(self) -> f64 {
        self.high - self.low
    }

    /// True if the extents of several coordinates can be shown in one unit: the longest is at most
    /// six times as long as the shortest. Constant coordinates do not count.
    pub fn are_comparable(extents: &[Extent]) -> bool {
        let varies = |e: &&Extent| e.length() > 1e-9 * e.low.abs().max(e.high.abs());
        let lengths = || extents.iter().filter(varies).map(|e| e.length());
        lengths().fold(0.0, f64::max) <= 6.0 * lengths().fold(f64::INFINITY, f64::min)
    }

    /// True if the extent contains no value.
    pub fn is_empty(self) -> bool {
        self.low > self.high
    }
}
