//! The picture of a quantity as a function of some parameters.

use super::chart::{Chart, Curve, Level};
use super::colour::Colour;
use super::extent::{Extent, LARGEST};
use super::heat::Heat;
use super::picture::Picture;
use crate::number::{number, significant};

/// The largest number of charts of a picture, and of curves of a chart.
const MOST: usize = 12;

/// The name of a noise floor in the legend.
const NOISE_FLOOR: &str = "noise floor";

/// A quantity at one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Names and values of the parameters, the same names in the same order at every place.
    pub axes: Vec<(String, String)>,
    /// The quantity; `NaN` if it is unknown.
    pub value: f64,
    /// The standard error of the quantity; `NaN` if it is unknown.
    pub se: f64,
    /// The noise floor of the quantity; `NaN` if it is unknown.
    pub floor: f64,
}

/// An axis that varies, with its values in ascending order.
struct Numeric {
    name: String,
    texts: Vec<String>,
    values: Vec<f64>,
}

/// Returns the picture of `quantity`. With one numeric axis it has curves with standard errors, one
/// per combination of the values of the other axes. With more numeric axes it has heat maps over
/// the first two of them, one per combination of the values of the other axes. The noise floor is a
/// dashed line among the curves, or a part of the title of a heat map. Axes with one value
/// do not count. Scales are logarithmic if the values are positive and span at least a factor of
/// 20. The result is None if no numeric axis varies or there are more than 12 combinations.
///
/// ```
/// use sdflow::plot::{Place, survey};
/// let axes = |n: u32| vec![("n".into(), n.to_string())];
/// let place = |n: u32| Place { axes: axes(n), value: 1.0 / f64::from(n), se: 0.01, floor: 0.05 };
/// let picture = survey(&[place(2), place(8), place(32)], "energy", "energy over n").unwrap();
/// assert_eq!(picture.charts.len(), 1);
/// ```
pub fn survey(places: &[Place], quantity: &str, title: &str) -> Option<Picture> {
    let (numeric, named): (Vec<_>, Vec<_>) = varying(places).into_iter().map(numbers).partition(Result::is_ok);
    let mut numeric: Vec<Numeric> = numeric.into_iter().filter_map(Result::ok).collect();
    let further = numeric.split_off(numeric.len().min(2)).into_iter().map(|axis| axis.name);
    let others: Vec<String> = further.chain(named.into_iter().filter_map(Result::err)).collect();
    let parts = parts(places, &others);
    match numeric.as_slice() {
        _ if parts.len() > MOST => None,
        [x] => Some(Picture::new("").with(curves(x, &parts, quantity, title))),
        [x, y] => {
            // All heat maps have the same colours.
            let finite = || places.iter().map(|place| place.value).filter(|value| value.abs() <= LARGEST);
            let colours = (Extent::of(finite()), is_wide(finite()));
            let of = |name: &str, places: &[&Place]| heat(x, y, places, quantity, name, colours);
            if let [(_, all)] = parts.as_slice() {
                return Some(Picture::new("").with(of(title, all)));
            }
            Some(parts.iter().map(|(name, places)| of(name, places)).fold(Picture::new(title), Picture::with))
        }
        _ => None,
    }
}

/// Returns the axes that have more than one value, with their values in the given order.
fn varying(places: &[Place]) -> Vec<(String, Vec<String>)> {
    let mut axes: Vec<(String, Vec<String>)> = Vec::new();
    for (name, value) in places.iter().flat_map(|place| &place.axes) {
        match axes.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) if values.contains(value) => {}
            Some((_, values)) => values.push(value.clone()),
            None => axes.push((name.clone(), vec![value.clone()])),
        }
    }
    axes.retain(|(_, values)| values.len() > 1);
    axes
}

/// Returns the axis with its values as numbers in ascending order, or its name if a value is not a
/// number.
fn numbers((name, texts): (String, Vec<String>)) -> Result<Numeric, String> {
    let parsed = texts.iter().map(|text| text.parse::<f64>().ok().filter(|value| value.is_finite()));
    let Some(values) = parsed.collect::<Option<Vec<f64>>>() else { return Err(name) };
    let mut pairs: Vec<(f64, String)> = values.into_iter().zip(texts).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (values, texts) = pairs.into_iter().unzip();
    Ok(Numeric { name, texts, values })
}

/// Groups the places by the values of the axes `names`; each group has a name.
fn parts<'a>(places: &'a [Place], names: &[String]) -> Vec<(String, Vec<&'a Place>)> {
    let mut parts: Vec<(String, Vec<&Place>)> = Vec::new();
    for place in places {
        let own = place.axes.iter().filter(|(name, _)| names.contains(name));
        let name = own.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ");
        match parts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, part)) => part.push(place),
            None => parts.push((name, vec![place])),
        }
    }
    parts
}

impl Place {
    fn is_at(&self, axis: &str, text: &str) -> bool {
        self.axes.iter().any(|(name, value)| name == axis && value == text)
    }
}

fn curves(x: &Numeric, parts: &[(String, Vec<&Place>)], quantity: &str, title: &str) -> Chart {
    let mut chart = Chart::new(title).x(x.name.as_str()).y(quantity);
    for (name, places) in parts {
        let found: Vec<(f64, &Place)> = x
            .texts
            .iter()
            .zip(&x.values)
            .filter_map(|(text, value)| {
                places.iter().find(|place| place.is_at(&x.name, text)).map(|place| (*value, *place))
            })
            .collect();
        let column = |of: fn(&Place) -> f64| found.iter().map(|(_, place)| of(place)).collect::<Vec<f64>>();
        let curve = Curve::new(found.iter().map(|(value, _)| *value).collect(), column(|place| place.value));
        chart = chart.with(curve.band(column(|place| place.se)).label(name.as_str()).marked());
    }
    let all = || parts.iter().flat_map(|(_, places)| places);
    match floors(all()) {
        Some((low, high)) if high <= 1.1 * low => chart = chart.with(Level::new(0.5 * (low + high), NOISE_FLOOR)),
        Some(_) => {
            let here = |text: &String| floor(all().filter(|place| place.is_at(&x.name, text)));
            let floors = x.texts.iter().map(|text| here(text).unwrap_or(f64::NAN)).collect();
            let curve = Curve::new(x.values.clone(), floors).label(NOISE_FLOOR).colour(Colour::GREY).dashed();
            chart = chart.with(curve);
        }
        None => {}
    }
    let all = parts.iter().flat_map(|(_, places)| places.iter().map(|place| place.value));
    let chart = if is_wide(all) { chart.log_y() } else { chart };
    if is_wide(x.values.iter().copied()) { chart.log_x() } else { chart }
}

/// Returns the heat map of these places. The last argument is the range of the colours, and
/// whether they are logarithmic.
fn heat(
    x: &Numeric,
    y: &Numeric,
    places: &[&Place],
    quantity: &str,
    title: &str,
    (range, log): (Extent, bool),
) -> Chart {
    let at = |row: &str, column: &str| {
        let here = places.iter().find(|place| place.is_at(&x.name, column) && place.is_at(&y.name, row));
        here.map_or(f64::NAN, |place| place.value)
    };
    let values: Vec<f64> = y.texts.iter().flat_map(|row| x.texts.iter().map(move |column| at(row, column))).collect();
    let names = |axis: &Numeric| axis.values.iter().map(|value| number(*value)).collect();
    let heat = Heat::new(names(x), names(y), values).label(quantity);
    let heat = if range.is_empty() { heat } else { heat.range(range.low, range.high) };
    let two = |floor: f64| significant(floor, 2);
    let floor = floors(places.iter()).map_or(String::new(), |(low, high)| match two(low) == two(high) {
        true => format!(" (noise floor {})", two(low)),
        false => format!(" (noise floor {} to {})", two(low), two(high)),
    });
    Chart::new(format!("{title}{floor}")).x(x.name.as_str()).y(y.name.as_str()).with(if log {
        heat.log()
    } else {
        heat
    })
}

/// Returns the smallest and the largest noise floor of the places that have one.
fn floors<'a>(places: impl Iterator<Item = &'a &'a Place>) -> Option<(f64, f64)> {
    let known = Extent::of(places.map(|place| place.floor));
    (!known.is_empty()).then_some((known.low, known.high))
}

/// Returns the mean noise floor of the places that have one.
fn floor<'a>(places: impl Iterator<Item = &'a &'a Place>) -> Option<f64> {
    let floors: Vec<f64> = places.map(|place| place.floor).filter(|floor| floor.is_finite()).collect();
    (!floors.is_empty()).then(|| floors.iter().sum::<f64>() / floors.len() as f64)
}

/// True if the values are positive and a linear scale would crowd them at its lower end.
fn is_wide(values: impl Iterator<Item = f64>) -> bool {
    let finite = values.filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, 0.0f64), |(low, high), v| (low.min(v), high.max(v)));
    low > 0.0 && high / low >= 20.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::Layer;

    fn place(axes: &[(&str, &str)], value: f64) -> Place {
        let axes = axes.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
        Place { axes, value, se: f64::NAN, floor: 0.015 }
    }

    #[test]
    fn one_numeric_axis_makes_curves_in_rising_order() {
        let at = |n: &str, kind: &str, value: f64| place(&[("n", n), ("kind", kind), ("same", "1")], value);
        let places = [at("32", "a", 1.0), at("2", "a", 40.0), at("2", "b", 5.0), at("32", "b", 6.0)];
        let picture = survey(&places, "energy", "t").unwrap();
        let chart = &picture.charts[0];
        assert!(chart.y.log && !chart.x.log && chart.layers.len() == 3);
        assert!(matches!(&chart.layers[2], Layer::Level(level) if (level.y - 0.015).abs() < 1e-12));
        let Layer::Curve(curve) = &chart.layers[0] else { panic!("{chart:?}") };
        assert_eq!((&curve.x, &curve.y, curve.label.as_str()), (&vec![2.0, 32.0], &vec![40.0, 1.0], "kind=a"));
        assert!(picture.svg().is_ok());
    }

    #[test]
    fn floors_that_differ_are_a_curve() {
        let at = |n: &str, floor: f64| Place { floor, ..place(&[("n", n)], 1.0) };
        let places = [at("300", 0.056), at("1000", 0.018)];
        let chart = &survey(&places, "energy", "t").unwrap().charts[0];
        let Layer::Curve(floors) = &chart.layers[1] else { panic!("{chart:?}") };
        assert_eq!((&floors.x, &floors.y, floors.dashed), (&vec![300.0, 1000.0], &vec![0.056, 0.018], true));
        let square = |n: &str, m: &str, floor: f64| Place { floor, ..place(&[("n", n), ("m", m)], 1.0) };
        let places = [square("1", "3", 0.056), square("2", "4", 0.018), square("1", "4", f64::NAN)];
        let title = survey(&places, "energy", "t").unwrap().charts[0].title.clone();
        assert_eq!(title, "t (noise floor 0.018 to 0.056)");
    }

    #[test]
    fn two_make_a_heat_map_and_a_third_makes_several() {
        let at = |a: &str, b: &str, c: &str, value: f64| place(&[("a", a), ("b", b), ("c", c)], value);
        let places = [at("1", "3", "0", 0.1), at("2", "3", "0", 0.2), at("1", "4", "0", 0.3)];
        let picture = survey(&places, "energy", "t").unwrap();
        let Layer::Heat(heat) = &picture.charts[0].layers[0] else { panic!("{picture:?}") };
        assert_eq!(
            (&heat.columns, &heat.rows),
            (&vec!["1".to_string(), "2".into()], &vec!["3".to_string(), "4".into()])
        );
        assert_eq!(picture.charts[0].title, "t (noise floor 0.015)");
        assert!(heat.values[..3] == [0.1, 0.2, 0.3] && heat.values[3].is_nan() && !heat.log);
        let more = [places.to_vec(), vec![at("1", "3", "x", 0.1)]].concat();
        let charts = survey(&more, "energy", "t").unwrap().charts;
        let ranges = charts.iter().map(|chart| match &chart.layers[0] {
            Layer::Heat(heat) => heat.range,
            other => panic!("{other:?}"),
        });
        assert_eq!(ranges.collect::<Vec<_>>(), [Some((0.1, 0.3)); 2]);
    }

    #[test]
    fn nothing_numeric_makes_no_picture() {
        assert!(survey(&[place(&[("a", "x")], 1.0), place(&[("a", "y")], 2.0)], "energy", "t").is_none());
        assert!(survey(&[], "energy", "t").is_none());
    }
}
