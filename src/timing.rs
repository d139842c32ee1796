//! `bench`: what was measured, as a table or as JSON.

use crate::args::BenchArgs;
use crate::bench::{self, BenchCase, BenchReport};
use crate::exit::Exit;
use crate::message::{of_engine, usage};
use crate::{guard, terminal};
use sdflow::Interrupt;
use sdflow_dsl::Diagnostic;
use serde::Serialize;

/// Measures one case, or the whole table.
///
/// # Errors
/// A case that cannot be measured, or a closed standard output.
pub fn bench(args: &BenchArgs) -> Result<Exit, Diagnostic> {
    let interrupt = Interrupt::default();
    guard::on_ctrl_c(&interrupt);
    let threads = args.threads.threads.map(usize::from);
    let mut rows = 0;
    let mut show = |report: &BenchReport| {
        if !args.json {
            if rows == 0 {
                terminal::say(HEADING);
            }
            rows += 1;
            terminal::say(&row(report));
        }
    };
    if args.matrix {
        let cases = bench::matrix(threads, &interrupt, show).map_err(|e| of_engine(&e))?;
        if args.json {
            terminal::say_json(&Matrix { schema: 1, task: &args.task, cases });
        }
    } else {
        let report = bench::run(&case(args, threads)?, &interrupt).map_err(|e| of_engine(&e))?;
        show(&report);
        if args.json {
            terminal::say_json(&report);
        }
    }
    terminal::flushed().map(|()| Exit::Done)
}

fn case(args: &BenchArgs, threads: Option<usize>) -> Result<BenchCase, Diagnostic> {
    if args.sigma.is_some_and(|sigma| !(sigma > 0.0 && sigma.is_finite())) {
        return Err(usage("`--sigma` must be positive and finite", "leave it out for .3 sqrt(dim)"));
    }
    let default = BenchCase::default();
    Ok(BenchCase {
        task: args.task.clone(),
        n: args.n.unwrap_or(default.n),
        m: args.m.or(args.n).unwrap_or(default.m),
        dim: args.dim.unwrap_or(default.dim),
        sigma: args.sigma,
        data: args.data,
        precision: args.precision,
        backend: args.backend,
        isa: args.isa,
        skip: args.skip,
        threads,
    })
}

/// All of standard output under `--matrix --json`.
#[derive(Serialize)]
struct Matrix<'a> {
    schema: u32,
    task: &'a str,
    cases: Vec<BenchReport>,
}

const HEADING: &str = "      n       m   dim    sigma  data       prec  backend  isa      skip    median s      MAD s    pairs/s   \
                       GFLOP/s   of peak     error  worst row";

fn row(report: &BenchReport) -> String {
    let BenchReport { n, m, dim, sigma, seconds_median, seconds_mad, pairs_per_s, gflops, .. } = report;
    let (data, precision) = (word(&report.data), word(&report.precision));
    let (backend, isa) = (word(&report.backend), word(&report.isa));
    let skip = if report.skip { "on" } else { "off" };
    format!(
        "{n:>7} {m:>7} {dim:>5} {sigma:>8.3}  {data:<9}  {precision:<4}  {backend:<7}  {isa:<7}  {skip:<4}  \
         {seconds_median:>10.3e} {seconds_mad:>10.1e} {pairs_per_s:>10.3e} {gflops:>9.1} {:>8.1} % {:>9.1e} {:>10.1e}",
        100.0 * report.fraction_of_peak,
        report.rel_error,
        report.rel_error_max_row,
    )
}

/// A name as serde writes it.
fn word(name: &impl Serialize) -> String {
    serde_json::to_value(name).ok().and_then(|value| value.as_str().map(String::from)).unwrap_or_default()
}
