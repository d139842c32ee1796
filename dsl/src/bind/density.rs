//! A target defined in a script: a formula, or functions of all points at once.

use crate::call::{Call, Entry, function};
use crate::context::{Callbacks, detach, misfit};
use crate::language::{At, Fail, Kind, Type, arg, optional};
use crate::value::{Cloud, describe, number, numbers};
use rhai::{Array, Dynamic, FnPtr, Map};
use sdflow::expression::Parameter;
use sdflow::number::counted;
use sdflow::target::{CustomDensity, Target};
use sdflow::{MissingPart, Points, Result};
use std::sync::Arc;

const LOG: &str = "the function of the log density";
const SCORE: &str = "the function of the score";

pub const ENTRIES: &[Entry] = &[
    function(
        "density",
        Kind::Target,
        &[
            arg("dim", Type::Whole),
            arg("log_density", Type::OneOf(&[Type::Text, Type::Function])),
            optional("more", Type::OneOf(&[Type::Map, Type::Function])),
        ],
        Type::Target,
        density,
    )
    .about(
        "A target defined by its log density, up to a constant. `log_density` is a formula or a \
         function. A formula is a string; it is computed natively on all cores, and its score is \
         the exact gradient. It uses the coordinates `x[0]`, `x[1]`, .. (also `x0`, `x1`, ..), \
         `dim` and `pi`, and the names in `more`, a map of parameters: numbers, lists or single \
         columns of points. Its operators are `+ - * / ^`, and its functions are `exp expm1 log \
         log1p sqrt sin cos tanh atan abs sigmoid softplus pow min max logsumexp`. It can contain \
         the loops `sum(i, 0, dim, x[i]^2)`, with `i` from 0 to `dim - 1`, and `logsumexp(i, ..)`. \
         Loops are unrolled when the formula is read. A function `|x| ..` is called with all \
         points at once and returns an array of their log densities. In this case `more` is a \
         second function, which returns the scores of these points, as points. Without a second \
         function, the score is computed by central differences, with `2 dim` calls of the first \
         function. Variables that a function uses keep their values from the call of `density`. A flow \
         smooths a density by Monte Carlo, see `smoothed`. A density has no samples and no \
         moments, so `sd_flow` cannot choose sigma from it: give the option `sigma`.",
    )
    .example(
        "let p = density(2, \"-(x[0]^2 + (x[1] - x[0]^2)^2 / a) / 2\", #{a: 0.1});\n\
         let r = run(sd_flow(p, #{sigma: \"0.2 + 2*(1 - t)\"}), normal(100, 2), #{steps: 5});\n\
         let q = ar1(0.5, #{dim: 2});\n\
         let same = density(2, |x| q.log_density(x), |x| q.score(x));",
    ),
    function("score", Kind::Target, &[arg("points", Type::Points)], Type::Points, |call| {
        let target: Arc<dyn Target> = call.receiver()?;
        let mut out = Points::default();
        let (points, density) = (call.points(1)?, target.expect_density(MissingPart::Score));
        density.and_then(|p| p.score(&points, 0.0, &mut out)).map_err(|e| call.place(e))?;
        Ok(Cloud::value(out))
    })
    .of(Type::Target)
    .about("The gradient of the log density at every point, without smoothing, if the density is known.")
    .example(
        "let s = ar1(0.5, #{dim: 2}).score(points([[0, 0], [1, 1]]));\n\
         print(s.mean());",
    ),
    function("column", Kind::Points, &[arg("j", COLUMN)], Type::List(&Type::Number), |call| {
        let (points, j) = (call.points(0)?, column(call)?);
        Ok(numbers(&points.iter().map(|row| row[j]).collect::<Vec<f64>>()))
    })
    .of(Type::Points)
    .returned("an array with a number per point")
    .about(
        "One coordinate of every point. `j` is its number, counted from 0, or its name if the \
         coordinates have names.",
    )
    .example(
        "let first = normal(100, 2).column(0);\n\
         let across = first.map(|u| u * u);\n\
         print(across.len());",
    ),
];

/// The number or the name of a coordinate.
const COLUMN: Type = Type::OneOf(&[Type::Whole, Type::Text]);

/// Returns the number of the coordinate that the first argument tells.
fn column(call: &Call) -> std::result::Result<usize, Fail> {
    let cloud = call.receiver::<Cloud>()?;
    if !call.arg(1)?.is_string() {
        let (j, dim) = (call.count(1, 0)?, cloud.points.dim());
        let want = || format!("the points have {}, counted from 0", counted(dim, "column"));
        return if j < dim { Ok(j) } else { Err(call.bad(1, format!("is {j}"), &want())) };
    }
    let name = call.text(1)?;
    cloud.columns.iter().position(|known| *known == name).ok_or_else(|| {
        let seen = format!("is {name:?}");
        match cloud.columns.is_empty() {
            true => call.bad(1, seen, "the coordinates of the points have no names").hint("count them from 0"),
            false => call.bad(1, seen, &format!("the names are {}", cloud.columns.join(", "))),
        }
    })
}

fn density(call: &Call) -> std::result::Result<Dynamic, Fail> {
    let dim = call.count(0, 1)?;
    let made = match call.arg(1)?.clone().try_cast::<FnPtr>() {
        Some(log_density) => functions(call, dim, &log_density)?,
        None if call.arg(1)?.is_string() => CustomDensity::formula(dim, &call.text(1)?, &parameters(call)?),
        None => return Err(call.wrong(1, "a formula in a string, or a function |x| of all points,")),
    };
    Ok(Dynamic::from(Arc::new(made.map_err(|e| call.place(e))?) as Arc<dyn Target>))
}

fn functions(call: &Call, dim: usize, log_density: &FnPtr) -> std::result::Result<Result<CustomDensity>, Fail> {
    let score = match call.len() > 2 {
        true => Some(call.get::<FnPtr>(2, "a function |x| that returns the points of the scores")?),
        false => None,
    };
    let callbacks = &call.context.callbacks;
    let log_density = of_values(Arc::clone(callbacks), detach(log_density)?);
    let score = score.map(|score| detach(&score)).transpose()?;
    Ok(CustomDensity::function(dim, log_density).map(|density| match score {
        Some(score) => density.with_score(of_points(Arc::clone(callbacks), score)),
        None => density,
    }))
}

fn of_values(callbacks: Arc<Callbacks>, function: FnPtr) -> impl Fn(&Points) -> sdflow::Result<Vec<f64>> {
    move |points| {
        let value = callbacks.call(&function, LOG, points)?;
        let want = "an array with a number per point is expected";
        let array = value.clone().try_cast::<Array>().ok_or_else(|| misfit(LOG, &value, want))?;
        let one = |v: &Dynamic| number(v).ok_or_else(|| misfit(LOG, v, "every element must be a number"));
        array.iter().map(one).collect()
    }
}

fn of_points(callbacks: Arc<Callbacks>, function: FnPtr) -> impl Fn(&Points) -> sdflow::Result<Points> {
    move |points| {
        let value = callbacks.call(&function, SCORE, points)?;
        let cloud = value.clone().try_cast::<Cloud>();
        let cloud = cloud.ok_or_else(|| misfit(SCORE, &value, "points are expected: points(rows)"))?;
        // The value is dropped first, so that points that no variable of the script holds are not
        // copied.
        drop(value);
        Ok(Arc::unwrap_or_clone(cloud.points))
    }
}

/// Returns the parameters of a formula.
fn parameters(call: &Call) -> std::result::Result<Vec<Parameter>, Fail> {
    if call.len() < 3 {
        return Ok(Vec::new());
    }
    let map: Map = call.get(2, "a map of parameters such as #{a: 0.1}")?;
    map.iter().map(|(name, value)| parameter(name, value)).collect()
}

fn parameter(name: &str, value: &Dynamic) -> std::result::Result<Parameter, Fail> {
    let at = At::Key(2, name.into());
    if let Some(value) = number(value) {
        return Ok((name.into(), vec![value], true));
    }
    if let Some(cloud) = value.clone().try_cast::<Cloud>() {
        return match cloud.points.dim() {
            1 => Ok((name.into(), cloud.points.data().to_vec(), false)),
            dim => Err(Fail::script(format!(
                "the parameter `{name}` is points in {dim} dimensions, but one column is expected"
            ))
            .hint("take one: load(\"x.csv\", #{columns: [0]})")
            .at(at)),
        };
    }
    let list =
        value.clone().try_cast::<Array>().and_then(|array| array.iter().map(number).collect::<Option<Vec<f64>>>());
    match list {
        Some(list) if !list.is_empty() => Ok((name.into(), list, false)),
        _ => {
            let seen = describe(value);
            let message = format!("the parameter `{name}` is {seen}, but a number or a list of numbers is expected");
            Err(Fail::script(message).at(at))
        }
    }
}
