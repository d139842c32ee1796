//! Schedules: quantities that are positive or zero, as functions of the progress in `[0, 1]`.

mod data_form;

use crate::expression::Expression;
use crate::{Error, Requirement, Result, Rule};

/// A function of the progress `t` in `[0, 1]`. In JSON it is a number (constant), a list (table), a
/// formula in `t` or a tagged map.
///
/// ```
/// use sdflow::schedule::Schedule;
/// let s = Schedule::Geometric { from: 10.0, to: 0.1 };
/// assert!((s.at(0.5) - 1.0).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Schedule {
    /// The constant `value`.
    Constant {
        /// The value.
        value: f64,
    },
    /// `from + t (to - from)`.
    Linear {
        /// Value at 0.
        from: f64,
        /// Value at 1.
        to: f64,
    },
    /// `to + (from - to) (1 + cos(pi t)) / 2`.
    Cosine {
        /// Value at 0.
        from: f64,
        /// Value at 1.
        to: f64,
    },
    /// `from (to / from)^t`; both positive.
    Geometric {
        /// Value at 0.
        from: f64,
        /// Value at 1.
        to: f64,
    },
    /// `(from^(1/rho) + t (to^(1/rho) - from^(1/rho)))^rho` \[karras2022elucidating\].
    Karras {
        /// Value at 0.
        from: f64,
        /// Value at 1.
        to: f64,
        /// Curvature: 7 in the paper; 1 is linear.
        rho: f64,
    },
    /// `from + t^power (to - from)`.
    Polynomial {
        /// Value at 0.
        from: f64,
        /// Value at 1.
        to: f64,
        /// Exponent, positive.
        power: f64,
    },
    /// A logistic curve in `t`, scaled so that its ends are exact.
    Sigmoid {
        /// Value at 0.
        from: f64,
        /// Value at 1.
        to: f64,
        /// Steepness at the middle, positive; 10 gives a clear S shape.
        steepness: f64,
    },
    /// Linear interpolation between equally spaced values.
    Table {
        /// Values from `t` = 0 to `t` = 1, at least one.
        values: Vec<f64>,
    },
    /// A formula in `t`.
    Formula(Expression),
    /// Falls from `from` to `to`, and stays at a value as long as the flow still moves the
    /// particles at this value. The documentation of the flow gives the criterion. As a plain
    /// function of the progress, it is the geometric schedule. For the option `step`, the two
    /// values are the largest and the smallest step size.
    Adaptive {
        /// First value.
        from: f64,
        /// Last value.
        to: f64,
    },
}

impl Schedule {
    /// Returns the value at progress `t`, which is clamped to `[0, 1]`.
    pub fn at(&self, t: f64) -> f64 {
        let t = t.clamp(0.0, 1.0);
        let mix = |from: f64, to: f64, share: f64| if share >= 1.0 { to } else { from + share * (to - from) };
        match *self {
            Schedule::Constant { value } => value,
            Schedule::Linear { from, to } => mix(from, to, t),
            Schedule::Cosine { from, to } => mix(from, to, 0.5 * (1.0 - (std::f64::consts::PI * t).cos())),
            Schedule::Geometric { from, to } | Schedule::Adaptive { from, to } => {
                if t >= 1.0 {
                    to
                } else {
                    from * (to / from).powf(t)
                }
            }
            Schedule::Karras { from, to, rho } => {
                let root = |x: f64| x.powf(1.0 / rho);
                if t >= 1.0 { to } else { mix(root(from), root(to), t).powf(rho) }
            }
            Schedule::Polynomial { from, to, power } => mix(from, to, t.powf(power)),
            Schedule::Sigmoid { from, to, steepness } => {
                let logistic = |t: f64| 1.0 / (1.0 + (-steepness * (t - 0.5)).exp());
                mix(from, to, (logistic(t) - logistic(0.0)) / (logistic(1.0) - logistic(0.0)))
            }
            Schedule::Formula(ref formula) => formula.at(&[t]),
            Schedule::Table { ref values } => {
                let place = t * (values.len() - 1) as f64;
                let i = (place as usize).min(values.len().saturating_sub(2));
                let next = values[(i + 1).min(values.len() - 1)];
                mix(values[i], next, place - i as f64)
            }
        }
    }

    /// Checks that the schedule can be evaluated and that every value lies in `range`. Errors call
    /// the option `name`.
    ///
    /// # Errors
    /// A value is not finite or out of range, a table is empty, or a shape parameter is not
    /// positive.
    pub fn check(&self, name: &str, range: std::ops::RangeInclusive<f64>) -> Result<()> {
        let positive = |what: &str, v: f64| {
            if v > 0.0 && v.is_finite() {
                Ok(())
            } else {
                Err(Error::argument(&format!("{name}.{what}"), v, Rule::Positive))
            }
        };
        match self {
            Schedule::Table { values } if values.is_empty() => {
                return Err(Error::argument(name, "[]", "a list needs at least one value"));
            }
            Schedule::Geometric { from, to } | Schedule::Adaptive { from, to } => {
                positive("from", *from)?;
                positive("to", *to)?;
                if matches!(self, Schedule::Adaptive { .. }) && from < to {
                    let want = format!("an adaptive schedule falls, so it must be at most `from`, {from}");
                    return Err(Error::argument(&format!("{name}.to"), to, want));
                }
            }
            Schedule::Karras { rho, .. } => positive("rho", *rho)?,
            Schedule::Polynomial { power, .. } => positive("power", *power)?,
            Schedule::Sigmoid { steepness, .. } => positive("steepness", *steepness)?,
            _ => {}
        }
        let beyond = |v: f64| match v.is_finite() {
            true => (range.start() - v).max(v - range.end()),
            false => f64::INFINITY,
        };
        let values = self.extremes();
        let worst = (0..values.len()).rev().max_by(|&i, &j| beyond(values[i]).total_cmp(&beyond(values[j])));
        match worst.filter(|&i| beyond(values[i]) > 0.0) {
            Some(i) => Err(self.refuse(name, i, expected_range(&range))),
            None => Ok(()),
        }
    }

    /// Returns the error for the `i`-th of the [`Schedule::extremes`]. The error names the part of
    /// the schedule that has this value, because only that part must be corrected.
    fn refuse(&self, name: &str, i: usize, want: impl Into<Requirement>) -> Error {
        match self {
            Schedule::Constant { value } => Error::argument(name, value, want),
            Schedule::Formula(formula) => {
                let t = i as f64 / 1000.0;
                Error::argument(name, format!("{} at progress {t}", round(formula.at(&[t]))), want)
            }
            Schedule::Table { values } => Error::argument(&format!("{name}[{i}]"), values[i], want),
            Schedule::Linear { from, to }
            | Schedule::Cosine { from, to }
            | Schedule::Geometric { from, to }
            | Schedule::Karras { from, to, .. }
            | Schedule::Polynomial { from, to, .. }
            | Schedule::Sigmoid { from, to, .. }
            | Schedule::Adaptive { from, to } => {
                let (part, value) = if i == 0 { ("from", from) } else { ("to", to) };
                Error::argument(&format!("{name}.{part}"), value, want)
            }
        }
    }

    /// Returns the error for a smallest value that breaks the rule `want`.
    pub(crate) fn refuse_smallest(&self, name: &str, want: impl Into<Requirement>) -> Error {
        let values = self.extremes();
        let smallest = (0..values.len()).min_by(|&i, &j| values[i].total_cmp(&values[j]));
        self.refuse(name, smallest.unwrap_or(0), want)
    }

    /// Returns the smallest value over the whole run.
    pub fn smallest(&self) -> f64 {
        self.extremes().into_iter().fold(f64::INFINITY, f64::min)
    }

    /// Returns values that include the smallest and the largest value of the schedule. They are the
    /// two ends of a curve (every curve is monotone), all values of a table, or many values of a
    /// formula. A peak of a formula that is narrower than a 1000th of the run may be missed.
    pub fn extremes(&self) -> Vec<f64> {
        match self {
            Schedule::Table { values } => values.clone(),
            Schedule::Formula(_) => (0..=1000).map(|i| self.at(f64::from(i) / 1000.0)).collect(),
            other => vec![other.at(0.0), other.at(1.0)],
        }
    }
}

/// Returns a computed value rounded for messages.
fn round(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

fn expected_range(range: &std::ops::RangeInclusive<f64>) -> Requirement {
    match (*range.start(), *range.end()) {
        (0.0, f64::INFINITY) => Rule::NotNegative.into(),
        (low, f64::INFINITY) => format!("it must be at least {low:e}").into(),
        (low, high) => format!("it must lie between {low} and {high}").into(),
    }
}

impl From<f64> for Schedule {
    fn from(value: f64) -> Schedule {
        Schedule::Constant { value }
    }
}

#[cfg(test)]
mod tests;
