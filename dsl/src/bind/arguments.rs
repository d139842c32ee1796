//! How points, targets and scores are read from arguments, shared by many functions.

use crate::call::Call;
use crate::context::FloorSource;
use crate::language::{At, Fail, Type};
use crate::value::{Cloud, Recipe};
use sdflow::metric::Reference;
use sdflow::points::no_room;
use sdflow::table::Table;
use sdflow::target::{Samples, SamplesOptions, Target};
use sdflow::{Error, Points};
use std::path::PathBuf;
use std::sync::Arc;

/// The types that are accepted as a score.
pub const SCORE: Type = Type::OneOf(&[Type::Score, Type::Target, Type::Points]);
/// The types that are accepted as a distribution: a target, or points as a sample.
pub const SAMPLE: Type = Type::OneOf(&[Type::Target, Type::Points]);

/// Returns the path of the data file that the first argument names, and records that the run
/// depends on it.
pub fn data_file(call: &Call) -> Result<PathBuf, Fail> {
    let path = call.context.sandbox.readable(&call.text(0)?).map_err(|f| f.at(At::Argument(0)))?;
    call.context.record_data(&path);
    Ok(path)
}

/// Returns an error in a file as a failure. If the error has no place of its own, its place is the
/// first argument, which names the file.
pub fn in_file(call: &Call, error: Error) -> Fail {
    match call.place(error) {
        fail if fail.at == At::Call => fail.at(At::Argument(0)),
        fail => fail,
    }
}

/// Returns argument `i` as a score: points stand for their kernel estimate, and a target stands for
/// its exact score or for the estimate from its data.
pub fn score(call: &Call, i: usize) -> Result<Recipe, Fail> {
    let arg = call.arg(i)?.clone();
    if let Some(recipe) = arg.clone().try_cast::<Recipe>() {
        return Ok(recipe);
    }
    if let Some(cloud) = arg.clone().try_cast::<Cloud>() {
        return Ok(Recipe::of_points(cloud.points));
    }
    let Some(target) = arg.try_cast::<Arc<dyn Target>>() else {
        return Err(call.wrong(i, "a score, a target or a set of points"));
    };
    Recipe::of_target(target).map_err(|e| {
        let hint = "use a sample: kde(target.sample(2000))";
        call.place(e).hint(hint).at(At::Argument(i))
    })
}

/// Returns argument `i` as a distribution to sample from: a target, or points as their empirical
/// distribution.
pub fn distribution(call: &Call, i: usize) -> Result<Arc<dyn Target>, Fail> {
    let arg = call.arg(i)?.clone();
    if let Some(cloud) = arg.clone().try_cast::<Cloud>() {
        let samples = Samples::new(cloud.points, &SamplesOptions::default());
        return Ok(Arc::new(samples.map_err(|e| call.place(e))?));
    }
    match arg.try_cast::<Arc<dyn Target>>() {
        Some(target) if target.data().is_some_and(|data| data.standardiser.is_some()) => Err(own_units(call, i)),
        Some(target) => Ok(target),
        None => Err(call.wrong(i, "a target or a set of points")),
    }
}

/// Points, and their weights if they are not equal.
pub type Weighted = (Arc<Points>, Option<Vec<f64>>);

/// Returns argument `i` as points with their weights: points, or the data of a finite sample.
pub fn weighted_points(call: &Call, i: usize) -> Result<Weighted, Fail> {
    let arg = call.arg(i)?.clone();
    match (arg.clone().try_cast::<Cloud>(), arg.try_cast::<Arc<dyn Target>>()) {
        (Some(cloud), _) => Ok((cloud.points, None)),
        (_, Some(target)) => match target.data() {
            Some(data) if data.standardiser.is_some() => Err(own_units(call, i)),
            Some(data) => Ok((Arc::clone(data.points), data.weights.map(<[f64]>::to_vec))),
            None => {
                let fail = call.bad(i, format!("is {}", target.name()), "points are expected");
                let others = if i == 0 { "" } else { ".., " };
                let hint = format!("use a sample: {}({others}target.sample(2000))", call.signature.name);
                Err(fail.hint(hint).at(At::Argument(i)))
            }
        },
        _ => Err(call.wrong(i, "a set of points")),
    }
}

/// Does the same as [`weighted_points`], but keeps points of weight 0, so that point `i` is row `i`
/// of the data.
pub fn all_weighted_points(call: &Call, i: usize) -> Result<Weighted, Fail> {
    let few = weighted_points(call, i)?;
    let target = call.arg(i)?.clone().try_cast::<Arc<dyn Target>>();
    let given = target.as_ref().and_then(|target| target.data()?.given);
    Ok(given.map_or(few, |(points, weights)| (Arc::clone(points), Some(weights.to_vec()))))
}

/// Returns argument `i` as the score of a distribution that does not move.
pub fn fixed_score(call: &Call, i: usize) -> Result<Recipe, Fail> {
    let recipe = score(call, i)?;
    if matches!(recipe, Recipe::Ratio(..)) {
        let fail = call.bad(i, "is the difference of two scores", "the score of one distribution is expected");
        return Err(fail.hint("sd_flow(ratio(target))"));
    }
    if recipe.moves() {
        let fail = call.bad(i, "describes the moving cloud", "the score of a fixed distribution is expected");
        return Err(fail.hint(call.signature.usage()));
    }
    if recipe.units().is_some() {
        return Err(own_units(call, i));
    }
    Ok(recipe)
}

/// The error for standardised samples, whose units only `sd_flow` takes into account.
pub fn own_units(call: &Call, i: usize) -> Fail {
    let here = call.signature.name;
    let fail = call.bad(i, "works in standard units", &format!("`{here}` works in the units of the points"));
    fail.hint("standardise the points instead: let z = x.standardise(); .. z.undo(r.points)")
}

/// Returns argument `i` as a reference for `n` points. The argument is a set of points, with its
/// target if it is a sample of a target; or it is a target, from which a fresh sample is drawn.
pub fn reference(call: &Call, i: usize, n: usize) -> Result<Reference, Fail> {
    let (made, source) = if let Some(cloud) = call.arg(i)?.clone().try_cast::<Cloud>() {
        let target = cloud.target.as_ref();
        // The floor of a distribution comes from fresh points. The floor of a sample comes from
        // splits of the sample.
        let is_drawn = target.is_some_and(|target| target.finite_sample().is_none());
        let source = Some(FloorSource::new((!is_drawn).then_some(&cloud.points), target));
        let made = match target {
            Some(target) => Reference::with_target(Arc::clone(&cloud.points), target.clone()),
            None => Reference::new(Arc::clone(&cloud.points)),
        };
        (made, source)
    } else if let Some(target) = call.arg(i)?.clone().try_cast::<Arc<dyn Target>>() {
        // If the target reads rows of a file, its floor comes from the rows that this call reads.
        let source = target.rows().is_none().then(|| FloorSource::new(None, Some(&target)));
        (Reference::of(target, n, call.context.stream("reference")), source)
    } else {
        return Err(call.wrong(i, "a set of points or a target"));
    };
    let made = made.map_err(|e| call.place(e).at(At::Argument(i)))?;
    Ok(call.context.with_floors(made, source))
}

/// Refuses `n` points, where `n` is argument `i`, if they do not fit into the memory of today's
/// machines.
pub fn check_size(call: &Call, i: usize, n: usize, dim: usize) -> Result<(), Fail> {
    no_room(n, dim).map_or(Ok(()), |why| Err(call.bad(i, format!("is {n}"), &why)))
}

/// Returns `name` if the table has a column of that name.
pub fn column_name(table: &Table, name: String) -> Result<String, Fail> {
    if table.columns().contains(&name) {
        return Ok(name);
    }
    let fail = Fail::script(format!("the table has no column `{name}`"));
    Err(match sdflow::nearest(&name, table.columns().iter().map(String::as_str)) {
        Some(near) => fail.hint(format!("did you mean \"{near}\"?")),
        None => fail.hint(format!("its columns are {}", table.columns().join(", "))),
    })
}
