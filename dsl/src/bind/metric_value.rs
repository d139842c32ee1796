//! Readings: the value of a metric, a number with its standard error and noise floor.

use crate::call::{Call, Entry, function};
use crate::language::{Fail, Kind, Type, arg};
use crate::value::Reading;
use rhai::{Dynamic, Map};
use sdflow::cost;
use sdflow::cost::Gauge;
use sdflow::metric::memorisation;

pub const ENTRIES: &[Entry] = &[
    MEMORISATION,
    function("value", Kind::Metric, &[], Type::Number, |call| Ok(receiver(call)?.value.into()))
        .of(Type::Reading)
        .property()
        .about(
            "The value of a metric. In comparisons, in arithmetic and in `min`, `max`, `abs`, `sqrt`, \
             `exp` and `ln` a reading stands for its value.",
        )
        .example(
            "let x = normal(100, 2);\n\
             let e = energy(x, normal(100, 2));\n\
             print(e.value);",
        ),
    function("se", Kind::Metric, &[], Type::OneOf(&[Type::Number, Type::Nothing]), |call| {
        Ok(receiver(call)?.se.map_or(Dynamic::UNIT, Dynamic::from))
    })
    .of(Type::Reading)
    .property()
    .returned("a number, or `()` if it is not known")
    .about("The standard error of a metric.")
    .example(
        "let e = energy(normal(100, 2), normal(100, 2));\n\
         print(e.se);",
    ),
    function("floor", Kind::Metric, &[], Type::OneOf(&[Type::Number, Type::Nothing]), |call| {
        Ok(receiver(call)?.floor.map_or(Dynamic::UNIT, Dynamic::from))
    })
    .of(Type::Reading)
    .property()
    .returned("a number, or `()` if it is not known")
    .about(
        "The noise floor of a metric: the 95 % quantile (5 % if larger is better) of its value \
         between two fresh samples of the distribution of the reference, one as large as the set \
         of points and one as large as the reference. If a value is no worse than the floor, it \
         does not distinguish the points from a fresh sample. The floor is itself an estimate: \
         `.parts.floor_se` is its standard error, unless the floor has a closed form. An estimated \
         floor depends on the seed.",
    )
    .example(
        "let e = energy(normal(100, 2), normal(100, 2));\n\
         print(e.floor);",
    ),
    function("parts", Kind::Metric, &[], Type::Map, |call| {
        Ok(receiver(call)?.parts.into_iter().map(|(k, v)| (k.into(), v.into())).collect::<Map>().into())
    })
    .of(Type::Reading)
    .property()
    .returned("a map of numbers")
    .about(
        "Further results of the metric, such as `modes_hit`, `within` and `variance` of \
         `coverage`, or the shares of `mode_weights`.",
    )
    .example(
        "let p = dataset(\"8gaussians\");\n\
         print(coverage(p.sample(200), p).parts.modes_hit);",
    ),
];

/// Memorisation, a reading that compares three sets instead of two.
const MEMORISATION: Entry = function(
    "memorisation",
    Kind::Metric,
    &[arg("points", Type::Points), arg("train", Type::Points), arg("held_out", Type::Points)],
    Type::Reading,
    |call| {
        let (points, train, held_out) = (call.points(0)?, call.points(1)?, call.points(2)?);
        let interrupt = call.context.pairwise.interrupt();
        let act = || memorisation(&points, &train, &held_out, interrupt);
        let measure = |gauge: &Gauge| cost::memorisation(&points, &train, &held_out, gauge);
        let (value, se) = call.context.time("metrics", || call.work("memorisation", act, measure))?;
        Ok(Dynamic::from(Reading::of(value, se)))
    },
)
.about(
    "The degree to which generated points repeat their training data: `(s - c) / (1 - c)`. Here \
     `s` is the share of points whose nearest neighbour in both data sets together is a training \
     point, and `c` is the value of `s` that is expected for fresh points. The result is 0 on \
     average for fresh points and 1 for copies of training points.",
)
.example(
    "let data = normal(200, 2).divide(0.8);\n\
     print(memorisation(data[0], data[0], data[1]));",
);

fn receiver(call: &Call) -> Result<Reading, Fail> {
    call.receiver()
}
