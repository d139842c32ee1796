//! The picture of a sweep: a heat map over two numeric axes, curves over one.

use super::mean::{Mean, varying};
use super::plan::{Plan, told};
use sdflow::output::{Chart, Curve, Heat, Picture};

/// Most charts and most curves of a picture.
const MOST: usize = 12;

/// An axis with its values as numbers.
struct Numeric {
    name: String,
    texts: Vec<String>,
    values: Vec<f64>,
}

/// The picture of `metric`; none where no numeric axis varies, or the others take too many values.
pub fn picture(plan: &Plan, means: &[Mean], metric: &str) -> Option<Picture> {
    let axes = varying(means);
    // Of axes that advance together one stands for all.
    let first = |name: &str| {
        plan.groups.iter().find(|group| group.has(name)).is_none_or(|group| {
            group
                .0
                .iter()
                .find(|axis| axes.iter().any(|(known, _)| *known == axis.name))
                .is_none_or(|axis| axis.name == name)
        })
    };
    let leading = axes.iter().filter(|(name, _)| first(name));
    let (numeric, named): (Vec<_>, Vec<_>) = leading.map(numbers).partition(Result::is_ok);
    let mut numeric: Vec<Numeric> = numeric.into_iter().filter_map(Result::ok).collect();
    let named: Vec<String> = named.into_iter().filter_map(Result::err).collect();
    let several = match numeric.len() {
        0 => return None,
        1 => named,
        _ => numeric.split_off(2).into_iter().map(|axis| axis.name).chain(named).collect(),
    };
    let parts = parts(means, &several);
    if parts.len() > MOST {
        return None;
    }
    let title = format!("{metric}, mean over seeds");
    match numeric.as_slice() {
        [x] => Some(Picture::new("").with(curves(x, &parts, metric, &title))),
        [x, y] => {
            let single = parts.len() == 1;
            let charts =
                parts.iter().map(|(name, means)| heat(x, y, means, metric, if single { &title } else { name }));
            Some(charts.fold(Picture::new(if single { "" } else { &title }), Picture::with))
        }
        _ => None,
    }
}

/// The axis as numbers in rising order, or its name where a value is a word.
fn numbers((name, texts): &(String, Vec<String>)) -> Result<Numeric, String> {
    let parsed = texts.iter().map(|text| text.parse::<f64>().ok().filter(|value| value.is_finite()));
    let mut pairs: Vec<(f64, String)> =
        parsed.collect::<Option<Vec<_>>>().ok_or_else(|| name.clone())?.into_iter().zip(texts.clone()).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (values, texts) = pairs.into_iter().unzip();
    Ok(Numeric { name: name.clone(), texts, values })
}

/// The means apart by the values of the axes `names`, each part with its name.
fn parts<'a>(means: &'a [Mean], names: &[String]) -> Vec<(String, Vec<&'a Mean>)> {
    let mut parts: Vec<(String, Vec<&Mean>)> = Vec::new();
    for mean in means {
        let own: Vec<_> = mean.place.iter().filter(|(name, _)| names.contains(name)).cloned().collect();
        let name = told(&own);
        match parts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, part)) => part.push(mean),
            None => parts.push((name, vec![mean])),
        }
    }
    parts
}

fn value_of<'a>(mean: &'a Mean, name: &str) -> Option<&'a str> {
    mean.place.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn curves(x: &Numeric, parts: &[(String, Vec<&Mean>)], metric: &str, title: &str) -> Chart {
    let mut chart = Chart::new(title).x(x.name.as_str()).y(metric);
    for (name, means) in parts {
        let at = |text: &String| means.iter().find(|mean| value_of(mean, &x.name) == Some(text));
        let points: Vec<(f64, &&Mean)> =
            x.texts.iter().zip(&x.values).filter_map(|(t, v)| Some((*v, at(t)?))).collect();
        let column = |of: &dyn Fn(&Mean) -> f64| points.iter().map(|(_, mean)| of(mean)).collect::<Vec<f64>>();
        let curve = Curve::new(points.iter().map(|(v, _)| *v).collect(), column(&|mean| mean.value));
        let curve = curve.band(column(&|mean| mean.se.unwrap_or(0.0))).label(name.as_str()).marked();
        chart = chart.with(curve);
    }
    chart = if spans_decades(x.values.iter().copied()) { chart.log_x() } else { chart };
    let all = parts.iter().flat_map(|(_, means)| means.iter().map(|mean| mean.value));
    if spans_decades(all) { chart.log_y() } else { chart }
}

fn heat(x: &Numeric, y: &Numeric, means: &[&Mean], metric: &str, title: &str) -> Chart {
    let at = |row: &String, column: &String| {
        let here = |mean: &&&Mean| value_of(mean, &x.name) == Some(column) && value_of(mean, &y.name) == Some(row);
        means.iter().find(here).map_or(f64::NAN, |mean| mean.value)
    };
    let values: Vec<f64> = y.texts.iter().flat_map(|row| x.texts.iter().map(move |column| at(row, column))).collect();
    let log = spans_decades(values.iter().copied().filter(|v| v.is_finite()));
    let heat = Heat::new(x.texts.clone(), y.texts.clone(), values).label(metric);
    Chart::new(title).x(x.name.as_str()).y(y.name.as_str()).with(if log { heat.log() } else { heat })
}

/// Positive values that a linear scale would crowd at its foot.
fn spans_decades(values: impl Iterator<Item = f64>) -> bool {
    let (low, high) = values.fold((f64::INFINITY, 0.0f64), |(low, high), v| (low.min(v), high.max(v)));
    low > 0.0 && high / low >= 20.0
}
