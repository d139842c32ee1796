//! Point sets.

use crate::bind::arguments::{check_size, data_file, in_file};
use crate::call::{Call, Entry, function};
use crate::language::{At, Fail, Kind, OPTIONS, Type, arg};
use crate::value::{Cloud, Matrix, number, numbers};
use rhai::{Array, Dynamic};
use sdflow::Points;
use sdflow::io::{self, LoadOptions, NpyRows};
use sdflow::options::Options;
use sdflow::pairwise::mean_distance;
use sdflow::points::{RowSource, check_matrix, no_room};
use sdflow::score::{diameter, spacing};
use std::path::Path;
use std::sync::Arc;

pub const ENTRIES: &[Entry] = &[
    function("load", Kind::Points, &[arg("file", Type::Text), OPTIONS], Type::Points, load)
        .about(
            "Reads points from a `.npy` (any numeric type, C or Fortran order), `.npz` or `.csv` \
             file (also `.tsv` or `.txt`), one row per point. A `.png` gives one row per pixel, \
             with its grey level or its red, green and blue from 0 to 1; with `flatten` the picture \
             is one row. A folder of `.png` files of one size gives one row per picture. The path \
             is relative to the script's folder, or to a folder given by `--allow-read`. A value \
             that is not finite is an error; its message names the place of the value. The header, the row names, the \
             separator and the decimal mark of a `.csv` are inferred from all lines of the file. \
             If another interpretation was possible but less likely, a note says how the file was \
             read. If two interpretations are equally likely, an error names the option to give. \
             Lines that begin with `#` are comments only above the first row. pandas and R write \
             an unnamed first column that counts or names the rows. This column is left out unless \
             `columns` selects it.",
        )
        .options(LoadOptions::KEYS)
        .example(
            "let x = load(\"x.npy\");\n\
             let y = load(\"table.csv\", #{columns: [\"a\", \"b\"]});\n\
             print(`${x.n} points, ${y.n} rows`);",
        ),
    function("normal", Kind::Points, &[arg("n", Type::Whole), arg("dim", Type::Whole)], Type::Points, |call| {
        let (n, dim) = (call.context.points(call.count(0, 1)?), call.count(1, 1)?);
        check_size(call, 0, n, dim)?;
        Ok(Cloud::value(call.context.stream("normal").normal(n, dim)))
    })
    .about(
        "`n` independent standard normal points in `dim` dimensions: the usual start of a flow. \
         Every call draws new points.",
    )
    .example("let y = normal(1000, 2);"),
    function(
        "uniform",
        Kind::Points,
        &[arg("n", Type::Whole), arg("dim", Type::Whole), arg("lo", Type::Number), arg("hi", Type::Number)],
        Type::Points,
        uniform,
    )
    .about("`n` independent points whose coordinates are uniform on `[lo, hi)`.")
    .example("let y = uniform(1000, 2, -1.0, 1.0);"),
    function(
        "points",
        Kind::Points,
        &[arg("rows", Type::List(&Type::List(&Type::Number)))],
        Type::Points,
        points_from_rows,
    )
    .about("Points from an array of rows. Each row is an array of numbers, and all rows have the same length.")
    .example("let x = points([[0, 0], [1.5, 2]]);"),
    function("n", Kind::Points, &[], Type::Whole, |call| Ok((receiver(call)?.n() as i64).into()))
        .of(Type::Points)
        .property()
        .about("The number of points.")
        .example("print(normal(10, 2).n);"),
    function("dim", Kind::Points, &[], Type::Whole, |call| Ok((receiver(call)?.dim() as i64).into()))
        .of(Type::Points)
        .property()
        .about("The number of coordinates of each point.")
        .example("print(normal(10, 2).dim);"),
    function("columns", Kind::Points, &[], Type::List(&Type::Text), |call| {
        let names = call.receiver::<Cloud>()?.columns;
        Ok(names.iter().map(|name| Dynamic::from(name.clone())).collect::<Array>().into())
    })
    .of(Type::Points)
    .property()
    .returned("an array with a string for each coordinate, or an empty array")
    .about(
        "The names of the coordinates, from the header of the file that the points come from. They label the axes of \
         `plot` and head the `.csv` that `save` writes.",
    )
    .example("let x = load(\"table.csv\", #{columns: [\"a\", \"b\"]});\nprint(x.columns);"),
    function("mean", Kind::Points, &[], Type::List(&Type::Number), |call| Ok(numbers(&receiver(call)?.mean())))
        .of(Type::Points)
        .returned("an array of `dim` numbers")
        .about("The mean of every coordinate.")
        .example(
            "let m = normal(100, 2).mean();\n\
             print(m[0]);",
        ),
    function("cov", Kind::Points, &[], Type::Matrix, |call| {
        let points = receiver(call)?;
        check_matrix(points.dim()).map_err(|e| call.place(e))?;
        Ok(Matrix::value(points.covariance()))
    })
    .of(Type::Points)
    .returned("a matrix, `dim` x `dim`")
    .about("The maximum-likelihood covariance: sums are divided by `n`.")
    .example(
        "let c = normal(100, 2).cov();\n\
             print(c[0][1]);",
    ),
    function("spacing", Kind::Points, &[], Type::Number, |call| Ok(spacing(&*measurable(call)?).into()))
        .of(Type::Points)
        .about(
            "The median distance from a point to the nearest point at another place: the finest \
             detail that the points can show. It is 0 if all points coincide.",
        )
        .example("print(normal(100, 2).spacing());"),
    function("diameter", Kind::Points, &[], Type::Number, |call| Ok(diameter(&*measurable(call)?).into()))
        .of(Type::Points)
        .about("Twice the largest distance of a point from the mean: the size of the set.")
        .example("print(normal(100, 2).diameter());"),
    function("mean_distance", Kind::Points, &[], Type::Number, |call| {
        Ok(mean_distance(&*measurable(call)?).unwrap_or(0.0).into())
    })
    .of(Type::Points)
    .about(
        "The mean distance between two points, estimated from up to 512 of the points: the unit of \
         the temperatures of `drift_flow`. It is 0 if these points coincide.",
    )
    .example(
        "let x = normal(200, 2);\n\
         let kernel = laplace(0.1 * x.mean_distance());",
    ),
];

fn receiver(call: &Call) -> Result<Arc<Points>, Fail> {
    Ok(call.receiver::<Cloud>()?.points)
}

/// Returns the receiver, if squares of distances between its points neither overflow nor vanish.
fn measurable(call: &Call) -> Result<Arc<Points>, Fail> {
    let points = receiver(call)?;
    points.check_scale("the set of points").map_err(|e| call.place(e))?;
    Ok(points)
}

fn load(call: &Call) -> Result<Dynamic, Fail> {
    let options: LoadOptions = call.options()?;
    let (name, path) = (call.text(0)?, data_file(call)?);
    let loaded = call.context.time("files", || io::load_with_note(&path, &options));
    let loaded = loaded.map_err(|e| match (in_file(call, e), NpyRows::open(&path)) {
        (fail, Ok(rows)) if no_room(rows.n(), rows.dim()).is_some() => {
            fail.hint(format!("leave it in the file: mapped({name:?})"))
        }
        (fail, _) => fail,
    })?;
    if let Some(note) = loaded.note {
        call.context.note_once(&format!("load: {note} ({})", file_name(&path)));
    }
    Ok(Dynamic::from(Cloud::new(loaded.points).named(&loaded.columns.into())))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().escape_debug().to_string()
}

fn uniform(call: &Call) -> Result<Dynamic, Fail> {
    let (n, dim) = (call.context.points(call.count(0, 1)?), call.count(1, 1)?);
    check_size(call, 0, n, dim)?;
    let (lo, hi) = (call.number(2)?, call.number(3)?);
    if lo >= hi {
        return Err(call.bad(3, format!("is {hi}"), &format!("it must be greater than `lo`, {lo}")));
    }
    let mut rng = call.context.stream("uniform").rng();
    let data = (0..n * dim).map(|_| lo + (hi - lo) * rng.uniform()).collect();
    Points::new(data, dim, "the uniform points").map(Cloud::value).map_err(|e| call.place(e))
}

fn points_from_rows(call: &Call) -> Result<Dynamic, Fail> {
    let mut rows = Vec::new();
    for (i, row) in call.array(0)?.into_iter().enumerate() {
        let row = row.try_cast::<Array>().and_then(|row| row.iter().map(number).collect::<Option<Vec<f64>>>());
        rows.push(row.ok_or_else(|| {
            call.bad(
                0,
                format!("has a row {i} that is not an array of numbers"),
                "every row must be an array of numbers: points([[0, 1], [2, 3]])",
            )
        })?);
    }
    Points::from_rows(&rows).map(Cloud::value).map_err(|e| call.place(e).at(At::Argument(0)))
}
