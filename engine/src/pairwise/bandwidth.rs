//! The choice of kernels: one, several, or one whose bandwidth comes from the data.

use super::Kernel;
use crate::options::{OptionType, OptionValue};
use crate::points::squared_distance;
use crate::{Error, Points, Result, rng::Stream};
use serde::{Deserialize, Serialize};

/// A choice of kernels. It is written as `"median"`, a kernel, or a list of kernels. A plain number
/// is the bandwidth of a Gaussian kernel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum Kernels {
    /// A Gaussian kernel whose bandwidth is the median distance between points.
    Median,
    /// The given kernels.
    Given(Vec<Kernel>),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Name(String),
    One(Item),
    Many(Vec<Item>),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Item {
    Bandwidth(f64),
    Kernel(Kernel),
}

impl From<Item> for Kernel {
    fn from(item: Item) -> Kernel {
        match item {
            Item::Bandwidth(h) => Kernel::Gaussian { h },
            Item::Kernel(kernel) => kernel,
        }
    }
}

impl OptionValue for Kernels {
    const TYPE: OptionType = OptionType::Either(&[
        OptionType::Kernel,
        OptionType::Number,
        OptionType::Name(|| vec!["median"]),
        OptionType::List(&OptionType::Either(&[OptionType::Kernel, OptionType::Number])),
    ]);
}

impl TryFrom<Written> for Kernels {
    type Error = String;

    fn try_from(written: Written) -> std::result::Result<Kernels, String> {
        match written {
            Written::Name(name) if name == "median" => Ok(Kernels::Median),
            Written::Name(name) => Err(format!("\"{name}\" is not a kernel: write \"median\" or a kernel")),
            Written::One(item) => Ok(Kernels::Given(vec![item.into()])),
            Written::Many(items) => Ok(Kernels::Given(items.into_iter().map(Kernel::from).collect())),
        }
    }
}

impl From<Kernels> for Written {
    fn from(kernels: Kernels) -> Written {
        match kernels {
            Kernels::Median => Written::Name("median".into()),
            Kernels::Given(kernels) => Written::Many(kernels.into_iter().map(Item::Kernel).collect()),
        }
    }
}

/// The number of points from which the median distance is computed: evenly spaced rows, so that no
/// randomness is needed.
const MEDIAN_POINTS: usize = 512;

impl Kernels {
    /// Returns the kernels, with the bandwidth of "median" taken from `points`.
    ///
    /// # Errors
    /// The list is empty, or a bandwidth is not positive.
    pub fn resolve(&self, points: &Points) -> Result<Vec<Kernel>> {
        match self {
            Kernels::Median => match median_distance(points, &mut Vec::new()) {
                Some(h) => Ok(vec![Kernel::Gaussian { h }]),
                None => {
                    let reason =
                        "all points coincide, so there is no median distance; give a kernel with its bandwidth";
                    Err(Error::Numeric { what: "the bandwidth \"median\"".into(), reason: reason.into() })
                }
            },
            Kernels::Given(kernels) if kernels.is_empty() => {
                Err(Error::argument("kernel", "[]", "a list of kernels needs at least one"))
            }
            Kernels::Given(kernels) => {
                kernels.iter().try_for_each(Kernel::check)?;
                Ok(kernels.clone())
            }
        }
    }
}

/// Returns up to 512 evenly spaced rows, or 512 random rows if the evenly spaced rows coincide.
fn some_rows(points: &Points) -> Vec<&[f64]> {
    let stride = points.n().div_ceil(MEDIAN_POINTS).max(1);
    let rows: Vec<&[f64]> = points.iter().step_by(stride).collect();
    if stride == 1 || rows.iter().any(|row| *row != rows[0]) {
        return rows;
    }
    let random = Stream::new(0).label("bandwidth").rng().choose(points.n(), MEDIAN_POINTS);
    random.into_iter().map(|i| points.row(i)).collect()
}

/// Returns the mean distance between two of up to 512 rows; None if all of these coincide.
pub fn mean_distance(points: &Points) -> Option<f64> {
    let rows = some_rows(points);
    let pairs = (0..rows.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    let sum: f64 = pairs.map(|(i, j)| squared_distance(rows[i], rows[j]).sqrt()).sum();
    (sum > 0.0).then(|| sum / (0.5 * (rows.len() * (rows.len() - 1)) as f64))
}

/// Returns the median distance between distinct points among up to 512 rows; None if all of these
/// coincide. `squares` is a buffer.
pub fn median_distance(points: &Points, squares: &mut Vec<f64>) -> Option<f64> {
    let rows = some_rows(points);
    squares.clear();
    let pairs = (0..rows.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    squares.extend(pairs.map(|(i, j)| squared_distance(rows[i], rows[j])).filter(|d2| *d2 > 0.0));
    if squares.is_empty() {
        return None;
    }
    let middle = squares.len() / 2;
    Some(squares.select_nth_unstable_by(middle, f64::total_cmp).1.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_forms() {
        let read = |text| serde_json::from_str::<Kernels>(text);
        assert_eq!(read("\"median\"").unwrap(), Kernels::Median);
        let gaussian = Kernel::Gaussian { h: 2.0 };
        assert_eq!(read(r#"{"kernel": "gaussian", "h": 2}"#).unwrap(), Kernels::Given(vec![gaussian]));
        assert_eq!(read("[2]").unwrap(), Kernels::Given(vec![gaussian]));
        assert!(read("\"mean\"").is_err());
    }

    #[test]
    fn median_of_a_line() {
        let p = Points::from_rows(&[[0.0], [1.0], [3.0]]).unwrap();
        assert_eq!(median_distance(&p, &mut Vec::new()), Some(2.0));
        assert_eq!(median_distance(&Points::zeros(5, 2), &mut Vec::new()), None);
        assert_eq!((mean_distance(&p), mean_distance(&Points::zeros(5, 2))), (Some(2.0), None));
        assert!(Kernels::Median.resolve(&Points::zeros(5, 2)).is_err());
        // Every second point lies at another place, so that evenly spaced rows coincide.
        let rows: Vec<[f64; 1]> = (0..1024).map(|i| [f64::from(i % 2)]).collect();
        let two = Points::from_rows(&rows).unwrap();
        assert_eq!(median_distance(&two, &mut Vec::new()), Some(1.0));
        assert!((mean_distance(&two).unwrap() - 0.5).abs() < 0.01);
    }
}
