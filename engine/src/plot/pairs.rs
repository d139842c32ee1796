//! All pairs of coordinates of clouds.

use super::chart::{Chart, Cloud};
use super::coordinates::{check_names, name_of};
use super::extent::{Extent, LARGEST};
use super::picture::Picture;
use crate::{Error, Points, Result};

/// The largest number of coordinates; each gives a row of charts.
const MOST: usize = 6;

impl Picture {
    /// Returns a picture of all pairs of coordinates: the chart in row i and column j shows
    /// coordinate i over coordinate j, and the diagonal shows the histogram of each coordinate.
    /// `names` are the names of the coordinates; left out, they are x₁, x₂ and so on.
    ///
    /// ```
    /// use sdflow::plot::{Cloud, Picture};
    /// use sdflow::rng::Stream;
    /// let cloud = Cloud::new(Stream::new(1).normal(300, 3)).label("particles");
    /// let names = ["age", "income", "rate"].map(String::from);
    /// let picture = Picture::pairs("", &[cloud], &names)?;
    /// assert_eq!(picture.charts.len(), 9);
    /// # Ok::<(), sdflow::Error>(())
    /// ```
    ///
    /// # Errors
    /// There is no cloud, the clouds differ in dimension, they have fewer than two or more than six
    /// coordinates, or there is not one name per coordinate.
    pub fn pairs(title: impl Into<String>, clouds: &[Cloud], names: &[String]) -> Result<Picture> {
        let dim = clouds.first().map_or(0, |cloud| cloud.points.dim());
        if !(2..=MOST).contains(&dim) {
            let want = format!("a picture of pairs shows 2 to {MOST}: choose columns");
            return Err(Error::shape("the picture of pairs", format!("{dim} coordinates"), want));
        }
        for cloud in clouds {
            cloud.points.check_dim("a cloud of the picture of pairs", dim, "the first cloud")?;
        }
        check_names(names, dim)?;
        let name = |i: usize| name_of(names, i);
        let ranges: Vec<_> = (0..dim).map(|i| range(clouds, i)).collect();
        let mut picture = Picture { columns: Some(dim), same_axes: false, ..Picture::new(title) };
        for i in 0..dim {
            for j in 0..dim {
                let mut chart = Chart::new("").x(name(j));
                chart.x.range = ranges[j];
                if i != j {
                    chart = chart.y(name(i));
                    chart.y.range = ranges[i];
                }
                let columns = if i == j { vec![i] } else { vec![j, i] };
                for cloud in clouds {
                    let points = choose(&cloud.points, &columns)?;
                    chart = chart.with(Cloud { points: points.into(), ..cloud.clone() });
                }
                picture = picture.with(chart);
            }
        }
        Ok(picture)
    }
}

/// Returns these columns of the points.
fn choose(points: &Points, columns: &[usize]) -> Result<Points> {
    let data = points.iter().flat_map(|row| columns.iter().map(|&j| row[j])).collect();
    Points::new(data, columns.len(), "a cloud of the picture of pairs")
}

/// Returns the ends of an axis that shows this coordinate of all clouds, without far outliers.
fn range(clouds: &[Cloud], column: usize) -> Option<(f64, f64)> {
    let values = |cloud: &Cloud| cloud.points.iter().map(|row| row[column]).filter(|v| v.abs() <= LARGEST).collect();
    let extents = clouds.iter().map(|cloud| Extent::trim(values(cloud)));
    let extent = extents.fold(Extent::NONE, Extent::join);
    let air = 0.04 * extent.length();
    (extent.length() > 1e-9 * extent.low.abs().max(extent.high.abs())).then_some((extent.low - air, extent.high + air))
}
