//! Point sets.

use crate::bind::matrix::Matrix;
use crate::call::{At, Call, Fail};
use crate::manual::{Entry, Kind};
use rhai::{Array, Dynamic, Engine};
use sdflow::Points;
use sdflow::io::{self, LoadOptions};
use sdflow::options::Options;
use sdflow::points::Standardiser;
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
    fn part(&self, points: Points) -> Dynamic {
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
            let held = call.context.held(n, dim);
            Ok(Cloud::value(call.context.stream("normal").normal(held, dim).standing_for(n)))
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
        call: |call| Ok((own(call)?.count() as i64).into()),
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
        call: |call| Ok(sdflow::target::spacing(&*own(call)?).into()),
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
        call: |call| Ok(sdflow::target::diameter(&*own(call)?).into()),
    },
    Entry {
        name: "rows",
        kind: Kind::Points,
        signature: "points.rows(i, j)",
        returns: "points",
        about: "Points `i` up to but not including `j`, counted from 0.",
        options: &[],
        names: &[],
        example: "let x = normal(100, 2);\nlet head = x.rows(0, 10);",
        call: rows,
    },
    Entry {
        name: "divide",
        kind: Kind::Points,
        signature: "points.divide(k)",
        returns: "an array of two sets of points",
        about: "Divides the points at random into two parts that share no point: `k` below 1 is the share of the first part, a \
                whole number is its size. Both parts keep the order of the points.",
        options: &[],
        names: &[],
        example: "let parts = normal(100, 2).divide(0.8);\nlet train = parts[0];\nlet held_out = parts[1];",
        call: divide,
    },
    Entry {
        name: "standardise",
        kind: Kind::Points,
        signature: "points.standardise()",
        returns: "points that remember the way back",
        about: "Every coordinate shifted and scaled to mean 0 and standard deviation 1. The result's `undo` maps other points \
                (what a flow made of them) back to the units of the original.",
        options: &[],
        names: &[],
        example: "let z = points([[0, 0], [2, 2000]]).standardise();\nlet y = z.undo(normal(10, 2));",
        call: |call| {
            let points = own(call)?;
            let standardiser = Standardiser::of(&points);
            let points = Arc::new(standardiser.apply(&points));
            Ok(Dynamic::from(Cloud { points, standardiser: Some(Arc::new(standardiser)), target: None }))
        },
    },
    Entry {
        name: "undo",
        kind: Kind::Points,
        signature: "points.undo(points)",
        returns: "points",
        about: "Maps points in the standard units of this set back into its original units; this set comes from `standardise`.",
        options: &[],
        names: &[],
        example: "let z = points([[0, 0], [2, 2000]]).standardise();\nlet x = z.undo(z);",
        call: undo,
    },
];

fn own(call: &Call) -> Result<Arc<Points>, Fail> {
    Ok(call.receiver::<Cloud>()?.points)
}

/// Refuses a number of values that a machine of today does not hold: `n`, argument `i`, is the number of points.
pub fn size(call: &Call, i: usize, n: usize, dim: usize) -> Result<(), Fail> {
    const MOST: usize = 1 << 30;
    match n.checked_mul(dim) {
        Some(values) if values <= MOST => Ok(()),
        _ => Err(call.bad(i, format!("is {n}"), &format!("{n} x {dim} values are more than {MOST}, the limit"))),
    }
}

fn load(call: &Call) -> Result<Dynamic, Fail> {
    let options: LoadOptions = call.options()?;
    let path = call.context.sandbox.readable(&call.text(0)?).map_err(|f| f.at(At::Argument(0)))?;
    let points = call.context.timed("files", || io::load(&path, &options));
    points.map(|points| Cloud::value(held(call, points))).map_err(|e| match call.place(e) {
        fail if fail.at == At::Call => fail.at(At::Argument(0)),
        fail => fail,
    })
}

/// What a dry run holds of points that were read.
fn held(call: &Call, points: Points) -> Points {
    let (n, held) = (points.n(), call.context.held(points.n(), points.dim()));
    match held < n {
        true => points.select(&(0..held).map(|i| i * n / held).collect::<Vec<_>>()).standing_for(n),
        false => points,
    }
}

fn uniform(call: &Call) -> Result<Dynamic, Fail> {
    let (n, dim) = (call.context.points(call.count(0, 1)?), call.count(1, 1)?);
    size(call, 0, n, dim)?;
    let (lo, hi) = (call.number(2)?, call.number(3)?);
    if lo >= hi {
        return Err(call.bad(3, format!("is {hi}"), &format!("it must be greater than `lo`, {lo}")));
    }
    let mut rng = call.context.stream("uniform").rng();
    let data = (0..call.context.held(n, dim) * dim).map(|_| lo + (hi - lo) * rng.uniform()).collect();
    Points::new(data, dim, "the uniform points").map(|x| Cloud::value(x.standing_for(n))).map_err(|e| call.place(e))
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

fn rows(call: &Call) -> Result<Dynamic, Fail> {
    let cloud: Cloud = call.receiver()?;
    let points = &cloud.points;
    let (mut i, mut j) = (call.count(1, 0)?, call.count(2, 1)?);
    if call.context.quick && j > points.count() && i < j {
        // Ranges written for the full run keep their share of what --quick left.
        (i, j) = (i * points.count() / j, points.count());
    }
    if j > points.count() {
        return Err(call.bad(2, format!("is {j}"), &format!("there are {} points", points.count())));
    }
    if i >= j {
        return Err(call.bad(1, format!("is {i}"), &format!("it must be below `j`, {j}")));
    }
    if points.count() > points.n() {
        return Ok(cloud.part(points.rows(0..points.n().min(j - i)).standing_for(j - i)));
    }
    Ok(cloud.part(points.rows(i..j)))
}

fn divide(call: &Call) -> Result<Dynamic, Fail> {
    let cloud: Cloud = call.receiver()?;
    let points = &cloud.points;
    let n = points.count();
    let first = match call.arg(1)?.as_float() {
        Ok(share) if share > 0.0 && share < 1.0 => (share * n as f64).round() as usize,
        Ok(share) => return Err(call.bad(1, format!("is {share}"), "a share lies between 0 and 1")),
        Err(_) => call.count(1, 1)?,
    };
    let first = if call.context.quick { first.min(n / 2) } else { first };
    if first == 0 || first >= n {
        return Err(call.bad(
            1,
            format!("makes a part of {first}"),
            &format!("both parts of {n} points need at least one"),
        ));
    }
    if points.count() > points.n() {
        let here = (first * points.n() / n).clamp(1, points.n() - 1);
        let parts = [(0..here, first), (here..points.n(), n - first)];
        return Ok(parts.map(|(rows, count)| cloud.part(points.rows(rows).standing_for(count))).to_vec().into());
    }
    let mut chosen = vec![false; n];
    call.context.stream("divide").rng().choose(n, first).into_iter().for_each(|i| chosen[i] = true);
    let part = |of: bool| cloud.part(points.select(&(0..n).filter(|&i| chosen[i] == of).collect::<Vec<_>>()));
    Ok(vec![part(true), part(false)].into())
}

fn undo(call: &Call) -> Result<Dynamic, Fail> {
    let own: Cloud = call.receiver()?;
    let Some(standardiser) = own.standardiser else {
        return Err(Fail::script("these points were not standardised").hint("let z = x.standardise(); z.undo(y)"));
    };
    let points = call.points(1)?;
    points.check_dim("the points", own.points.dim(), "the standardised set").map_err(|e| call.place(e))?;
    Ok(Cloud::value(standardiser.undo(&points)))
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
    let text = |cloud: &mut Cloud| format!("{} points in {} dimensions", cloud.points.count(), cloud.points.dim());
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
