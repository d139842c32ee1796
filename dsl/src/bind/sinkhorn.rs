//! Entropic transport between two sets of points.

use crate::bind::arguments::{SAMPLE, Weighted, all_weighted_points, distribution, weighted_points};
use crate::call::{Call, Entry, function};
use crate::language::{Fail, Kind, OPTIONS, Type, arg, optional};
use crate::value::{BridgeHandle, Cloud, numbers};
use rhai::{Array, Dynamic, Map};
use sdflow::bridge::SinkhornBridge;
use sdflow::cost::{self, Cost, Gauge};
use sdflow::number::number;
use sdflow::options::Options;
use sdflow::sinkhorn::{Coupling, SinkhornOptions};
use std::sync::Arc;

/// The number of iterations whose cost a dry run reports.
const USUAL: usize = 100;

pub const ENTRIES: &[Entry] = &[
    function("sinkhorn", Kind::Transport, &[arg("x", SAMPLE), arg("y", SAMPLE), OPTIONS], Type::Coupling, sinkhorn)
        .about(
            "The entropic transport plan between two sets of points [cuturi2013sinkhorn]: the plan \
             `P` that minimises `sum P_ij |x_i - y_j|^2 / 2 + epsilon KL(P | a b)` among all plans \
             whose marginals are the masses `a` and `b` of the points. It is computed by \
             Sinkhorn's algorithm in the log domain, with epsilon decreasing to the given value. \
             The full plan is never stored, so memory grows linearly with the number of points. \
             For weighted points on a side, pass `samples(points, #{weights: ..})`. If the \
             iterations do not reach `tolerance`, a warning says so. The libraries POT and OTT use \
             the cost `|x - y|^2`: with half of the `epsilon` that you would give them, this \
             function gives the same plan and half of the cost. `blur` has the same meaning as in \
             the library GeomLoss.",
        )
        .options(SinkhornOptions::KEYS)
        .example(
            "let x = normal(200, 2);\n\
         let y = dataset(\"moons\").sample(300);\n\
         let p = sinkhorn(x, y, #{epsilon: 0.05, debias: true});\n\
         print(p.cost);\n\
         let moved = p.transport();",
        ),
    function(
        "sinkhorn_bridge",
        Kind::Bridge,
        &[arg("source", SAMPLE), arg("target", SAMPLE), OPTIONS],
        Type::Bridge,
        sinkhorn_bridge,
    )
    .about(
        "The Schroedinger bridge between two sets of points relative to a Brownian motion, without \
         training [pooladian2024plugin]: its drift and its plan follow from the potentials that \
         `sinkhorn` finds between the two sets. The bridge ends in the points of the target, so \
         its drift is infinite at the end, and the method \"ode\" of `bridge.sample` cannot be \
         used. One evaluation of the drift at a point takes one pass over the points of the \
         target.",
    )
    .options(SinkhornOptions::KEYS)
    .example(
        "let b = sinkhorn_bridge(normal(200, 2), dataset(\"moons\").sample(300), #{epsilon: 0.1});\n\
         let y = b.sample(normal(50, 2), #{steps: 20});",
    ),
    function("cost", Kind::Transport, &[], Type::Number, |call| Ok(receiver(call)?.cost().into()))
        .of(Type::Coupling)
        .property()
        .about("The regularised cost, `sum P_ij |x_i - y_j|^2 / 2 + epsilon KL(P | a b)`.")
        .example("print(sinkhorn(normal(50, 2), normal(60, 2)).cost);"),
    function("transport_cost", Kind::Transport, &[], Type::Number, |call| Ok(receiver(call)?.transport_cost().into()))
        .of(Type::Coupling)
        .property()
        .about("The cost of the plan without the term of the entropy, `sum P_ij |x_i - y_j|^2 / 2`.")
        .example("print(sinkhorn(normal(50, 2), normal(60, 2)).transport_cost);"),
    function("divergence", Kind::Transport, &[], Type::Number, divergence)
        .of(Type::Coupling)
        .property()
        .about(
            "The Sinkhorn divergence: the regularised cost between the two sides, minus half of \
             the regularised cost of each side with itself [feydy2019interpolating]. It is 0 only \
             for equal distributions. It needs the option `debias`.",
        )
        .example("print(sinkhorn(normal(50, 2), normal(60, 2), #{debias: true}).divergence);"),
    function("converged", Kind::Transport, &[], Type::Truth, |call| Ok(receiver(call)?.converged().into()))
        .of(Type::Coupling)
        .property()
        .about("Whether the L1 error of the marginals has fallen to the option `tolerance` or below.")
        .example("print(sinkhorn(normal(50, 2), normal(60, 2)).converged);"),
    function("marginal_error", Kind::Transport, &[], Type::Number, |call| Ok(receiver(call)?.marginal_error().into()))
        .of(Type::Coupling)
        .property()
        .about("The L1 error of the marginals of the plan; the largest error if there are several plans.")
        .example("print(sinkhorn(normal(50, 2), normal(60, 2)).marginal_error);"),
    function("iterations", Kind::Transport, &[], Type::Whole, |call| {
        Ok((receiver(call)?.potentials().iterations as i64).into())
    })
    .of(Type::Coupling)
    .property()
    .about("The number of iterations. Each iteration updates the potentials of both sides.")
    .example("print(sinkhorn(normal(50, 2), normal(60, 2)).iterations);"),
    function("epsilon", Kind::Transport, &[], Type::Number, |call| Ok(receiver(call)?.potentials().epsilon.into()))
        .of(Type::Coupling)
        .property()
        .about("The `epsilon` that was given or chosen.")
        .example("print(sinkhorn(normal(50, 2), normal(60, 2)).epsilon);"),
    function("potentials", Kind::Transport, &[], Type::List(&Type::List(&Type::Number)), |call| {
        let receiver = receiver(call)?;
        let found = receiver.potentials();
        Ok(vec![numbers(&found.f), numbers(&found.g)].into())
    })
    .of(Type::Coupling)
    .returned("two arrays of numbers, with a number per point of each side")
    .about(
        "The potentials of both sides, in the units of the cost: `P_ij = a_i b_j exp((f_i + g_j - |x_i \
         - y_j|^2 / 2) / epsilon)`.",
    )
    .example(
        "let f = sinkhorn(normal(50, 2), normal(60, 2)).potentials()[0];\n\
         print(f.len());",
    ),
    function("plan", Kind::Transport, &[arg("i", Type::Whole), arg("j", Type::Whole)], Type::Number, |call| {
        let mass = receiver(call)?.plan(call.count(1, 0)?, call.count(2, 0)?);
        Ok(mass.map_err(|e| call.place(e))?.into())
    })
    .of(Type::Coupling)
    .about("The mass that the plan moves from point `i` of the first side to point `j` of the second side.")
    .example("print(sinkhorn(normal(50, 2), normal(60, 2)).plan(0, 7));"),
    function("heaviest", Kind::Transport, &[arg("i", Type::Whole), arg("k", Type::Whole)], Type::Array, heaviest)
        .of(Type::Coupling)
        .returned("an array of maps with `column` and `mass`; the largest mass comes first")
        .about("The `k` points of the second side that receive the most mass from point `i` of the first side.")
        .example(
            "let most = sinkhorn(normal(50, 2), normal(60, 2)).heaviest(0, 3);\n\
             print(most[0].column);",
        ),
    function("transport", Kind::Transport, &[optional("points", Type::Points)], Type::Points, transport)
        .of(Type::Coupling)
        .about(
            "The mean destination of every point: the barycentric map of the plan, which is \
             computed without storing the plan. Without an argument, the points are those of the \
             first side. At other points, the potentials define the map.",
        )
        .example(
            "let p = sinkhorn(normal(50, 2), normal(60, 2));\n\
             let moved = p.transport();\n\
             let others = p.transport(normal(10, 2));",
        ),
];

fn receiver(call: &Call) -> Result<Arc<Coupling>, Fail> {
    call.receiver()
}

fn sinkhorn(call: &Call) -> Result<Dynamic, Fail> {
    Ok(Dynamic::from(Arc::new(solve(call, all_weighted_points)?)))
}

fn sinkhorn_bridge(call: &Call) -> Result<Dynamic, Fail> {
    let bridge =
        SinkhornBridge::new(&solve(call, weighted_points)?, &call.context.pairwise).map_err(|e| call.place(e))?;
    let handle = BridgeHandle { bridge: Arc::new(bridge), saved: None, source: None, target: None };
    Ok(Dynamic::from(handle.between(distribution(call, 0)?, distribution(call, 1)?)))
}

/// Solves the problem between the first two arguments, which `side` reads.
fn solve(call: &Call, side: fn(&Call, usize) -> Result<Weighted, Fail>) -> Result<Coupling, Fail> {
    let options: SinkhornOptions = call.options()?;
    let (x, y) = (side(call, 0)?, side(call, 1)?);
    let side = |side: &Weighted| Arc::clone(&side.0);
    let unsolved = Coupling::unsolved((side(&x), x.1.as_deref()), (side(&y), y.1.as_deref()), &options);
    let unsolved = unsolved.map_err(|e| call.place(e))?;
    let mut tell = |done: usize, total: usize, error: f64| {
        let detail = format!("marginal error {}", number(error));
        call.context.listener.progress("sinkhorn", done, total, &detail);
    };
    let act = || {
        let (x, y) = ((side(&x), x.1.as_deref()), (side(&y), y.1.as_deref()));
        Coupling::solve(x, y, &options, &call.context.pairwise, &mut tell)
    };
    let found = call.work("sinkhorn", act, |gauge| {
        let cost = usual_cost((&x, &y), &options, gauge)?;
        Ok((unsolved, cost))
    })?;
    if let Some(advice) = found.advice() {
        call.caution(Fail::script(advice));
    }
    Ok(found)
}

/// Returns the cost of a usual number of iterations, from parts of the points.
fn usual_cost((x, y): (&Weighted, &Weighted), options: &SinkhornOptions, gauge: &Gauge) -> sdflow::Result<Cost> {
    let max_iterations = options.max_iterations.min(USUAL);
    let options = SinkhornOptions { tolerance: 0.0, scaling: 0.0, newton: false, max_iterations, ..options.clone() };
    let most = x.0.n().max(y.0.n());
    let part = |side: &Weighted, size: usize| {
        let rows = (side.0.n() as f64 * size as f64 / most as f64).ceil() as usize;
        Arc::new(side.0.rows(0..rows.clamp(1, side.0.n())))
    };
    let ((), cost) = cost::along(most, gauge, |size| {
        let (x, y) = (part(x, size), part(y, size));
        Coupling::solve((x, None), (y, None), &options, gauge.pairwise(), &mut |_, _, _| {}).map(drop)
    })?;
    Ok(Cost { varies: true, ..cost })
}

fn divergence(call: &Call) -> Result<Dynamic, Fail> {
    receiver(call)?.divergence().map(Dynamic::from).ok_or_else(|| {
        Fail::script("the coupling was computed without its divergence").hint("sinkhorn(x, y, #{debias: true})")
    })
}

fn heaviest(call: &Call) -> Result<Dynamic, Fail> {
    let found = receiver(call)?.heaviest(call.count(1, 0)?, call.count(2, 1)?).map_err(|e| call.place(e))?;
    let entry = |entry: sdflow::sinkhorn::Entry| {
        let pairs = [("column", Dynamic::from(entry.column as i64)), ("mass", entry.mass.into())];
        Dynamic::from(pairs.into_iter().map(|(name, value)| (name.into(), value)).collect::<Map>())
    };
    Ok(found.into_iter().map(entry).collect::<Array>().into())
}

fn transport(call: &Call) -> Result<Dynamic, Fail> {
    let coupling = receiver(call)?;
    let points = if call.len() > 1 { call.points(1)? } else { Arc::clone(coupling.x()) };
    let act = || coupling.map(&points, &call.context.pairwise);
    let found = call.work("transport", act, |gauge| {
        let (made, cost) =
            cost::along(points.n(), gauge, |rows| coupling.map(&points.rows(0..rows), gauge.pairwise()))?;
        let rows: Vec<usize> = (0..points.n()).map(|i| i % made.n()).collect();
        Ok((made.select(&rows), cost))
    })?;
    Ok(Cloud::value(found))
}
