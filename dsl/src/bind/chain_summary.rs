//! Convergence of chains.

use crate::call::{Call, Entry, function};
use crate::language::{Fail, Kind, Type, arg};
use crate::value::{Cloud, describe};
use rhai::Dynamic;
use sdflow::cost::{self, Cost, Gauge};
use sdflow::metric::chain_summary;
use sdflow::table::{Cell, Table};
use sdflow::{Points, Result};
use std::sync::Arc;

pub const ENTRIES: &[Entry] =
    &[function("chain_summary", Kind::Metric, &[arg("draws", Type::List(&Type::Points))], Type::Table, summary)
        .returned("a table with the columns `coordinate` (from 0), `mean`, `std`, `rhat` and `ess`")
        .about(
            "Measures the convergence of chains, such as those of `langevin`, from their positions \
             at several moments. `rhat` compares the halves of all chains: it is 1 for chains that \
             have mixed, and values above 1.01 are a warning. `ess` is the effective number of \
             independent draws: the standard error of `mean` is `std / sqrt(ess)`. Both follow \
             [vehtari2021rank], but without ranks. Leave out the positions of the warm-up.",
        )
        .example(
            "let p = density(2, \"-(x[0]^2 + 4*x[1]^2)/2\");\n\
             let r = run(langevin(p, #{sampler: \"mala\"}), normal(100, 2), #{steps: 60, snapshots: 30});\n\
             print(chain_summary(r.snapshots.extract(15..30)).column(\"rhat\"));",
        )];

fn summary(call: &Call) -> std::result::Result<Dynamic, Fail> {
    let mut draws = Vec::new();
    for (i, value) in call.array(0)?.into_iter().enumerate() {
        match value.clone().try_cast::<Cloud>() {
            Some(cloud) => draws.push(cloud.points),
            None => {
                let seen = format!("has {} at index {i}", describe(&value));
                return Err(call.bad(0, seen, "an array of points is expected, such as `r.snapshots`"));
            }
        }
    }
    let of_rows = |rows: usize| -> Result<_> {
        let parts: Vec<Points> = draws.iter().map(|points| points.rows(0..rows.min(points.n()))).collect();
        chain_summary(&parts.iter().collect::<Vec<_>>())
    };
    let whole = || chain_summary(&draws.iter().map(|points| &**points).collect::<Vec<_>>());
    let chains = draws.iter().map(|points| points.n()).max().unwrap_or(0);
    // If there are no chains, the engine reports the error.
    let measure = |gauge: &Gauge| match chains {
        0 => whole().map(|found| (found, Cost::default())),
        _ => cost::along(chains, gauge, of_rows),
    };
    let found = call.work("chain_summary", whole, measure)?;
    let mut table = Table::default();
    for (j, one) in found.iter().enumerate() {
        let columns = [("mean", one.mean), ("std", one.std), ("rhat", one.rhat), ("ess", one.ess)];
        let cells = columns.map(|(name, value)| (name, Cell::Number(value)));
        table.push(std::iter::once(("coordinate", Cell::Number(j as f64))).chain(cells));
    }
    Ok(Dynamic::from(Arc::new(table)))
}
