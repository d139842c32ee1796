//! Parts of point sets, and their standard units.

use crate::call::{Call, Entry, function};
use crate::language::{Fail, Kind, Type, arg, optional};
use crate::value::{Cloud, number};
use rhai::{Array, Dynamic};
use sdflow::Subject;
use sdflow::number::counted;
use sdflow::points::{Standardiser, neighbour, no_room};
use std::sync::Arc;

pub const ENTRIES: &[Entry] = &[
    function("rows", Kind::Points, &[arg("i", Type::Whole), arg("j", Type::Whole)], Type::Points, rows)
        .of(Type::Points)
        .about("The points from index `i` up to but not including index `j`; indices count from 0.")
        .example(
            "let x = normal(100, 2);\n\
             let head = x.rows(0, 10);",
        ),
    function("divide", Kind::Points, &[arg("k", Type::Number)], Type::List(&Type::Points), divide)
        .of(Type::Points)
        .returned("an array of two sets of points")
        .about(
            "Divides the points at random into two parts that share no point: `k` is the share of \
             the first part if it is below 1, and the size of the first part if it is a whole \
             number. Both parts keep the order of the points.",
        )
        .example(
            "let parts = normal(100, 2).divide(0.8);\n\
             let train = parts[0];\n\
             let held_out = parts[1];",
        ),
    function(
        "split_by_label",
        Kind::Points,
        &[arg("labels", Type::OneOf(&[Type::List(&Type::Number), Type::Points]))],
        Type::List(&Type::Points),
        split_by_label,
    )
    .of(Type::Points)
    .returned("an array with one set of points per label, in ascending order of the labels")
    .about(
        "Splits the points by their labels: an array with a number per point, or points with one \
         column. Each part keeps the order of the points. A label that does not occur has no part: \
         with labels 0 and 2, `parts[1]` has label 2.",
    )
    .example(
        "let x = points([[0, 1], [2, 3], [4, 5]]);\n\
         let parts = x.split_by_label([1, 0, 1]);\n\
         print(parts[1].n);",
    ),
    function(
        "with_label",
        Kind::Points,
        &[arg("label", Type::Whole), arg("labels", Type::Whole)],
        Type::Points,
        with_label,
    )
    .of(Type::Points)
    .about(
        "The points with one further column for each of `labels` labels: 1 in the column of \
         `label`, counted from 0, and 0 in the others. The result is an input for a generator that \
         was trained with `labelled`.",
    )
    .example(
        "let g = mlp(#{dim: 2, dim_in: 5, hidden: 16});\n\
         let y = g.apply(normal(100, 2).with_label(0, 3));",
    ),
    function("join", Kind::Points, &[arg("points", Type::Points)], Type::Points, join)
        .of(Type::Points)
        .about("The points of both sets, one after the other.")
        .example("let contaminated = normal(95, 2).join(uniform(5, 2, -20, 20));"),
    function(
        "trim",
        Kind::Points,
        &[arg("share", Type::Number), optional("neighbours", Type::Whole)],
        Type::Points,
        trim,
    )
    .of(Type::Points)
    .returned("points, in the same order")
    .about(
        "The points without the `share` (from 0 up to but not including 1) that lie farthest from \
         their neighbours, by the distance to the neighbour of rank `neighbours` (default 5). The \
         removed points are outliers and points where the density is low [ramaswamy2000efficient]. \
         Points at equal distances are all removed or all kept, so fewer points than the share may \
         be removed. The cost is of order `n^2 dim`.",
    )
    .example(
        "let data = normal(95, 2).join(uniform(5, 2, -20, 20)).trim(0.1);\n\
         let flow = sd_flow(data);",
    ),
    function("standardise", Kind::Points, &[optional("points", Type::Points)], Type::Points, standardise)
        .of(Type::Points)
        .returned("points that keep the shift and the scale for `undo`")
        .about(
            "Shifts and scales every coordinate to mean 0 and standard deviation 1. The method \
             `undo` of the result maps points in these units, such as the result of a flow, back \
             to the original units. `standardise` of the result maps another set of points to the \
             same standard units.",
        )
        .example(
            "let z = points([[0, 0], [2, 2000]]).standardise();\n\
             let held_out = z.standardise(points([[1, 500]]));\n\
             let y = z.undo(normal(10, 2));",
        ),
    function("undo", Kind::Points, &[arg("points", Type::Points)], Type::Points, undo)
        .of(Type::Points)
        .about(
            "Maps points from the standard units of this set, which must come from `standardise`, \
             back to its original units.",
        )
        .example(
            "let z = points([[0, 0], [2, 2000]]).standardise();\n\
             let x = z.undo(z);",
        ),
];

fn rows(call: &Call) -> Result<Dynamic, Fail> {
    let cloud: Cloud = call.receiver()?;
    let points = &cloud.points;
    let (mut i, mut j) = (call.count(1, 0)?, call.count(2, 1)?);
    if call.context.quick && j > points.n() && i < j {
        // With --quick there are fewer points. A range that was written for the full run, and ends
        // after the last point, is scaled to end there.
        (i, j) = (i * points.n() / j, points.n());
    }
    if j > points.n() {
        return Err(call.bad(2, format!("is {j}"), &format!("there are {}", counted(points.n(), "point"))));
    }
    if i >= j {
        return Err(call.bad(1, format!("is {i}"), &format!("it must be below `j`, {j}")));
    }
    Ok(cloud.part(points.rows(i..j)))
}

fn divide(call: &Call) -> Result<Dynamic, Fail> {
    let cloud: Cloud = call.receiver()?;
    let points = &cloud.points;
    let n = points.n();
    let first = match call.arg(1)?.as_float() {
        Ok(share) if share > 0.0 && share < 1.0 => (share * n as f64).round() as usize,
        Ok(share) => return Err(call.bad(1, format!("is {share}"), "a share must be above 0 and below 1")),
        Err(_) => call.count(1, 0)?,
    };
    let first = if call.context.quick { first.min(n / 2) } else { first };
    if first == 0 || first >= n {
        return Err(call.bad(
            1,
            format!("makes a part of {first}"),
            &format!("both parts of {} need at least one", counted(n, "point")),
        ));
    }
    let mut chosen = vec![false; n];
    call.context.stream("divide").rng().choose(n, first).into_iter().for_each(|i| chosen[i] = true);
    let part = |of: bool| cloud.part(points.select(&(0..n).filter(|&i| chosen[i] == of).collect::<Vec<_>>()));
    Ok(vec![part(true), part(false)].into())
}

fn split_by_label(call: &Call) -> Result<Dynamic, Fail> {
    let cloud: Cloud = call.receiver()?;
    let labels = match call.arg(1)?.clone().try_cast::<Cloud>() {
        Some(labels) if labels.points.dim() == 1 => labels.points.data().to_vec(),
        Some(labels) => {
            let seen = format!("has {}", counted(labels.points.dim(), "column"));
            return Err(call.bad(1, seen, "labels have one column"));
        }
        None => {
            let array = call.array(1)?;
            if let Some(i) = array.iter().position(|label| number(label).is_none()) {
                let seen = format!("has {} at index {i}", array[i].type_name());
                return Err(call.bad(1, seen, "labels must be numbers: give each class a number"));
            }
            array.iter().filter_map(number).collect()
        }
    };
    let parts = cloud.points.split_by_label(&labels).map_err(|e| call.place(e))?;
    Ok(parts.into_iter().map(|part| cloud.part(part)).collect::<Array>().into())
}

fn with_label(call: &Call) -> Result<Dynamic, Fail> {
    let (cloud, label, labels) = (call.receiver::<Cloud>()?, call.count(1, 0)?, call.count(2, 1)?);
    if let Some(why) = no_room(cloud.points.n(), cloud.points.dim().saturating_add(labels)) {
        return Err(call.bad(2, format!("is {labels}"), &why));
    }
    cloud.points.with_label(label, labels).map(Cloud::value).map_err(|e| call.place(e))
}

fn join(call: &Call) -> Result<Dynamic, Fail> {
    let (cloud, other) = (call.receiver::<Cloud>()?, call.points(1)?);
    if let Some(why) = no_room(cloud.points.n() + other.n(), other.dim()) {
        return Err(call.bad(1, format!("has {} points", other.n()), &why));
    }
    let all = cloud.points.concat(&other).map_err(|e| call.place(e))?;
    Ok(cloud.alike(all))
}

fn trim(call: &Call) -> Result<Dynamic, Fail> {
    let cloud: Cloud = call.receiver()?;
    let (n, share) = (cloud.points.n(), call.number(1)?);
    if !(0.0..1.0).contains(&share) {
        return Err(call.bad(1, format!("is {share}"), "a share must be at least 0 and below 1"));
    }
    let neighbours = if call.len() > 2 { call.count(2, 1)? } else { 5 };
    if neighbours >= n {
        return Err(call.bad(2, format!("is {neighbours}"), &format!("there are {n} points, so at most {}", n - 1)));
    }
    // The search for outliers takes long, so a dry run omits it.
    let points = call.context.mode.find(
        || neighbour::trim(&cloud.points, share, neighbours, call.context.pairwise.interrupt()),
        || Ok(cloud.points.rows(0..n - (share * n as f64) as usize)),
    );
    Ok(cloud.alike(points.map_err(|e| call.place(e))?))
}

fn standardise(call: &Call) -> Result<Dynamic, Fail> {
    let own: Cloud = call.receiver()?;
    own.points.check_scale("the set of points").map_err(|e| call.place(e))?;
    let (points, standardiser) = match call.len() {
        1 => (Arc::clone(&own.points), Arc::new(Standardiser::of(&own.points))),
        _ => {
            let Some(standardiser) = own.standardiser else {
                let fail = Fail::script("these points were not standardised, so they define no standard units");
                return Err(fail.hint("let z = x.standardise(); z.standardise(y)"));
            };
            (call.points(1)?, standardiser)
        }
    };
    points
        .check_dim(Subject::points(), standardiser.mean().len(), "the standardised set")
        .map_err(|e| call.place(e))?;
    let made = Cloud::new(standardiser.apply(&points)).named(&own.columns);
    Ok(Dynamic::from(Cloud { standardiser: Some(standardiser), ..made }))
}

fn undo(call: &Call) -> Result<Dynamic, Fail> {
    let own: Cloud = call.receiver()?;
    let Some(standardiser) = &own.standardiser else {
        return Err(Fail::script("these points were not standardised").hint("let z = x.standardise(); z.undo(y)"));
    };
    let points = call.points(1)?;
    points.check_dim(Subject::points(), own.points.dim(), "the standardised set").map_err(|e| call.place(e))?;
    Ok(own.alike(standardiser.undo(&points)))
}
