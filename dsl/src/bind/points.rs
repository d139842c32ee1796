//! Point sets.

use crate::bind::matrix::Matrix;
use crate::call::{At, Call, Fail};
use crate::manual::{Entry, Kind};
use rhai::{Array, Dynamic, Engine};
use sdflow::Points;
use sdflow::io::{self, LoadOptions};
use sdflow::options::Options;
use sdflow::points::{Standardiser, no_room};
use sdflow::target::Target;
use std::sync::Arc;

/// Points as a script holds them: with the way back to their own units, when they were standardised.
#[derive(Debug, Clone)]
pub struct Cloud {
    /// The points.
    pub points: Arc<Points>,
    /// The map that standardised them.
    pub standardiser: Option<Arc<Standardiser>>,
    /// The target of which they are a sample.
    pub target: Option<Arc<dyn Target>>,
}

impl Cloud {
    /// Points as a script's value.
    pub fn value(points: Points) -> Dynamic {
        Dynamic::from(Cloud { points: Arc::new(points), standardiser: None, target: None })
    }

    /// A sample of `target`.
    pub fn sample(points: Points, target: Arc<dyn Target>) -> Dynamic {
        Dynamic::from(Cloud { points: Arc::new(points), standardiser: None, target: Some(target) })
    }

    /// Some of these points: still a sample of the same target.
    pub fn part(&self, points: Points) -> Dynamic {
        Dynamic::from(Cloud { points: Arc::new(points), standardiser: None, target: self.target.clone() })
    }
}

pub const ENTRIES: &[Entry] = &[
    Entry {
        name: "load",
        kind: Kind::Points,
        signature: "load(file[, options])",
        returns: "points",
        about: "Reads points from a `.npy` (any numeric type, C or Fortran order), `.npz` or `.csv` file, one row per point. \
                The path is relative to the script's folder, or to a folder given by `--allow-read`. Values that are not finite \
                are refused with their place.",
        options: LoadOptions::KEYS,
        names: &[],
        example: "let x = load(\"x.npy\");\nlet y = load(\"table.csv\", #{columns: [\"a\", \"b\"]});\nprint(`${x.n} points, ${y.n} rows`);",
        call: load,
    },
    Entry {
        name: "normal",
        kind: Kind::Points,
        signature: "normal(n, dim)",
        returns: "points",
        about: "`n` independent standard normal points in `dim` dimensions: the usual start of a flow. Every call draws anew.",
        options: &[],
        names: &[],
        example: "let y = normal(1000, 2);",
        call: |call| {
            let (n, dim) = (call.context.points(call.count(0, 1)?), call.count(1, 1)?);
            size(call, 0, n, dim)?;
            Ok(Cloud::value(call.context.stream("normal").normal(n, dim)))
        },
    },
    Entry {
        name: "uniform",
        kind: Kind::Points,
        signature: "uniform(n, dim, lo, hi)",
        returns: "points",
        about: "`n` independent points, every coordinate uniform on `[lo, hi)`.",
        options: &[],
        names: &[],
        example: "let y = uniform(1000, 2, -1.0, 1.0);",
        call: uniform,
    },
    Entry {
        name: "points",
        kind: Kind::Points,
        signature: "points(rows)",
        returns: "points",
        about: "Points written out: an array of rows, each an array of numbers of the same length.",
        options: &[],
        names: &[],
        example: "let x = points([[0, 0], [1.5, 2]]);",
        call: written,
    },
    Entry {
        name: "n",
        kind: Kind::Points,
        signature: "points.n",
        returns: "a whole number",
        about: "The number of points.",
        options: &[],
        names: &[],
        example: "print(normal(10, 2).n);",
        call: |call| Ok((own(call)?.n() as i64).into()),
    },
    Entry {
        name: "dim",
        kind: Kind::Points,
        signature: "points.dim",
        returns: "a whole number",
        about: "The number of coordinates of each point.",
        options: &[],
        names: &[],
        example: "print(normal(10, 2).dim);",
        call: |call| Ok((own(call)?.dim() as i64).into()),
    },
    Entry {
        name: "mean",
        kind: Kind::Points,
        signature: "points.mean()",
        returns: "an array of `dim` numbers",
        about: "The mean of every coordinate.",
        options: &[],
        names: &[],
        example: "let m = normal(100, 2).mean();\nprint(m[0]);",
        call: |call| Ok(numbers(&own(call)?.mean())),
    },
    Entry {
        name: "cov",
        kind: Kind::Points,
        signature: "points.cov()",
        returns: "a matrix, `dim` x `dim`",
        about: "The maximum-likelihood covariance: sums are divided by `n`.",
        options: &[],
        names: &[],
        example: "let c = normal(100, 2).cov();\nprint(c[0][1]);",
        call: |call| Ok(Matrix::value(own(call)?.covariance())),
    },
    Entry {
        name: "spacing",
        kind: Kind::Points,
        signature: "points.spacing()",
        returns: "a number",
        about: "The median distance from a point to the nearest other point: the finest detail that the points can show.",
        options: &[],
        names: &[],
        example: "print(normal(100, 2).spacing());",
        call: |call| Ok(sdflow::score::spacing(&*own(call)?).into()),
    },
    Entry {
        name: "diameter",
        kind: Kind::Points,
        signature: "points.diameter()",
        returns: "a number",
        about: "Twice the largest distance of a point from the mean: the size of the whole.",
        options: &[],
        names: &[],
        example: "print(normal(100, 2).diameter());",
        call: |call| Ok(sdflow::score::diameter(&*own(call)?).into()),
    },
];

fn own(call: &Call) -> Result<Arc<Points>, Fail> {
    Ok(call.receiver::<Cloud>()?.points)
}

/// Refuses a number of values that a machine of today does not hold: `n`, argument `i`, is the number of points.
pub fn size(call: &Call, i: usize, n: usize, dim: usize) -> Result<(), Fail> {
    no_room(n, dim).map_or(Ok(()), |why| Err(call.bad(i, format!("is {n}"), &why)))
}

fn load(call: &Call) -> Result<Dynamic, Fail> {
    let options: LoadOptions = call.options()?;
    let path = call.context.sandbox.readable(&call.text(0)?).map_err(|f| f.at(At::Argument(0)))?;
    let points = call.context.timed("files", || io::load(&path, &options));
    points.map(Cloud::value).map_err(|e| match call.place(e) {
        fail if fail.at == At::Call => fail.at(At::Argument(0)),
        fail => fail,
    })
}

fn uniform(call: &Call) -> Result<Dynamic, Fail> {
    let (n, dim) = (call.context.points(call.count(0, 1)?), call.count(1, 1)?);
    size(call, 0, n, dim)?;
    let (lo, hi) = (call.number(2)?, call.number(3)?);
    if lo >= hi {
        return Err(call.bad(3, format!("is {hi}"), &format!("it must be greater than `lo`, {lo}")));
    }
    let mut rng = call.context.stream("uniform").rng();
    let data = (0..n * dim).map(|_| lo + (hi - lo) * rng.uniform()).collect();
    Points::new(data, dim, "the uniform points").map(Cloud::value).map_err(|e| call.place(e))
}

fn written(call: &Call) -> Result<Dynamic, Fail> {
    let mut rows = Vec::new();
    for (i, row) in call.array(0)?.into_iter().enumerate() {
        let row = row.try_cast::<Array>().and_then(|row| row.iter().map(number).collect::<Option<Vec<f64>>>());
        rows.push(row.ok_or_else(|| {
            call.bad(0, format!("has a row {i} that is no array of numbers"), "points([[0, 1], [2, 3]]) is wanted")
        })?);
    }
    Points::from_rows(&rows).map(Cloud::value).map_err(|e| call.place(e).at(At::Argument(0)))
}

/// A number, whole or not.
pub fn number(value: &Dynamic) -> Option<f64> {
    value.as_float().ok().or_else(|| value.as_int().ok().map(|i| i as f64))
}

/// An array of numbers.
pub fn numbers(values: &[f64]) -> Dynamic {
    values.iter().map(|x| Dynamic::from(*x)).collect::<Array>().into()
}

/// How points print.
pub fn register(engine: &mut Engine) {
    let text = |cloud: &mut Cloud| format!("{} points in {} dimensions", cloud.points.n(), cloud.points.dim());
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
