//! `bench`: selects the measurement and prints the result as a table or as JSON.

use crate::args::BenchArgs;
use crate::bench::{self, BenchCase, DriftReport, FlowReport, NetReport, PairwiseReport, SinkhornReport, Task};
use crate::diagnostics::{of_engine, usage};
use crate::exit::Exit;
use crate::{machine, signals, terminal};
use sdflow::Interrupt;
use sdflow::pairwise::{Centres, GRID_DIM, Isa, Precision};
use sdflow_dsl::Diagnostic;
use serde::Serialize;

/// Measures one case, or the whole table.
///
/// # Errors
/// A case cannot be measured, flags exclude each other, or writing fails.
pub fn bench(args: &BenchArgs) -> Result<Exit, Diagnostic> {
    let task = task(&args.task)?;
    check(args, task)?;
    let isa = args.isa.map_or_else(machine::requested_isa, Ok)?;
    machine::replacement_warning(isa)
        .iter()
        .for_each(|warning| terminal::print_message(&format!("warning: {warning}")));
    let interrupt = Interrupt::default();
    signals::raise_on_ctrl_c(&interrupt);
    match task {
        _ if args.matrix => matrix(args, isa, &interrupt)?,
        Task::Pairwise => {
            let report = bench::pairwise(&case(args, task, isa), &interrupt).map_err(|e| of_engine(&e))?;
            show(args, PAIRWISE, &pairwise_row(&report), &report);
        }
        Task::Flow => {
            let report = bench::flow(&case(args, task, isa), &interrupt).map_err(|e| of_engine(&e))?;
            show(args, FLOW, &flow_row(&report), &report);
        }
        Task::Sinkhorn => {
            let report = bench::sinkhorn(&case(args, task, isa), &interrupt).map_err(|e| of_engine(&e))?;
            show(args, SINKHORN, &sinkhorn_row(&report), &report);
        }
        Task::Drift => {
            let report = bench::drift(&case(args, task, isa), &interrupt).map_err(|e| of_engine(&e))?;
            show(args, DRIFT, &drift_row(&report), &report);
        }
        Task::Net => {
            let report = bench::net(&case(args, task, isa), &interrupt).map_err(|e| of_engine(&e))?;
            show(args, NET, &net_row(&report), &report);
        }
    }
    terminal::check_printed().map(|()| Exit::Done)
}

fn task(name: &str) -> Result<Task, Diagnostic> {
    match name {
        "pairwise" => Ok(Task::Pairwise),
        "flow" => Ok(Task::Flow),
        "sinkhorn" => Ok(Task::Sinkhorn),
        "net" => Ok(Task::Net),
        "drift" => Ok(Task::Drift),
        _ => {
            let known = "there are `bench pairwise`, `bench flow`, `bench sinkhorn`, `bench drift` and `bench net`";
            Err(usage(format!("there is no `bench {name}`"), known))
        }
    }
}

/// Returns the names of the given flags that concern the pairwise sums; with `sizes` also `--n` and
/// `--dim`.
fn pairwise_flags(args: &BenchArgs, sizes: bool) -> Option<String> {
    let flags = [
        ("--n", sizes && args.n.is_some()),
        ("--m", args.m.is_some()),
        ("--dim", sizes && args.dim.is_some()),
        ("--sigma", args.sigma.is_some()),
        ("--data", args.data.is_some()),
        ("--precision", args.precision.is_some()),
        ("--backend", args.backend.is_some()),
        ("--isa", !sizes && args.isa.is_some()),
        ("--skip", args.skip.is_some()),
        ("--tol", args.tol.is_some()),
    ];
    let given: Vec<String> = flags.iter().filter(|(_, given)| *given).map(|(flag, _)| format!("`{flag}`")).collect();
    (!given.is_empty()).then(|| given.join(", "))
}

/// Refuses flags that would have no effect.
fn check(args: &BenchArgs, task: Task) -> Result<(), Diagnostic> {
    if let Some(given) = pairwise_flags(args, false).filter(|_| task == Task::Net) {
        let hint = format!("omit {given}; `--n` sets the batch size and `--dim` the width of input and output");
        return Err(usage(format!("`bench net` computes no pairwise sums and cannot take {given}"), hint));
    }
    let words = [Some(Precision::F32), Some(Precision::F64), None];
    if task == Task::Sinkhorn && !words.contains(&args.precision) {
        return Err(usage("`bench sinkhorn` computes in f32 or f64", "add `--precision f32` or `--precision f64`"));
    }
    if task == Task::Drift && (args.sigma.is_some() || args.skip.is_some()) {
        let message = "`bench drift` has a temperature of its own and skips no pairs";
        return Err(usage(message, "omit `--sigma` and `--skip`"));
    }
    let f64_or_many = args.precision == Some(Precision::F64) || args.dim.is_none_or(|dim| dim > GRID_DIM);
    if args.tol.is_some() && (!matches!(task, Task::Pairwise | Task::Flow) || f64_or_many) && !args.matrix {
        let message =
            "`--tol` concerns sums on a grid: `bench pairwise` or `bench flow` with `--dim 3` or less, not in f64";
        return Err(usage(message, "omit `--tol`, or add `--dim 3`"));
    }
    if args.noise.is_some() && task != Task::Flow {
        return Err(usage("`--noise` can be used with `bench flow` only", "omit it, or measure `bench flow`"));
    }
    if args.iterations.is_some() && task != Task::Sinkhorn {
        let hint = "omit it, or measure `bench sinkhorn`";
        return Err(usage("`--iterations` can be used with `bench sinkhorn` only", hint));
    }
    if !args.matrix {
        return Ok(());
    }
    if task != Task::Pairwise {
        let message = format!("`--matrix` is a table of `bench pairwise`, not of `bench {}`", args.task);
        return Err(usage(message, "omit `--matrix`, or measure `bench pairwise --matrix`"));
    }
    let Some(given) = pairwise_flags(args, true) else { return Ok(()) };
    let hint = format!("omit {given}, or omit `--matrix` to measure that one case");
    Err(usage(format!("`--matrix` measures a fixed table and cannot take {given}"), hint))
}

fn case(args: &BenchArgs, task: Task, isa: Isa) -> BenchCase {
    let default = BenchCase::default();
    let (n, dim) = match task {
        Task::Pairwise => (default.n, default.dim),
        Task::Flow => (4096, default.dim),
        Task::Sinkhorn => (8192, default.dim),
        Task::Drift => (2048, default.dim),
        Task::Net => (512, 2),
    };
    let n = args.n.unwrap_or(n);
    BenchCase {
        task,
        n,
        m: args.m.unwrap_or(n),
        dim: args.dim.unwrap_or(dim),
        sigma: args.sigma,
        data: args.data.unwrap_or(default.data),
        precision: args.precision.unwrap_or(default.precision),
        backend: args.backend.unwrap_or(default.backend),
        isa,
        skip: args.skip.unwrap_or(default.skip),
        tol: args.tol.unwrap_or(default.tol),
        noise: args.noise.unwrap_or(default.noise),
        iterations: args.iterations.map_or(default.iterations, usize::from),
        threads: args.threads.threads.map(usize::from),
    }
}

/// The content of standard output under `--matrix --json`.
#[derive(Serialize)]
struct Matrix<'a> {
    schema: u32,
    task: &'a str,
    cases: Vec<PairwiseReport>,
}

/// Measures the table and prints each row as soon as it is measured.
fn matrix(args: &BenchArgs, isa: Isa, interrupt: &Interrupt) -> Result<(), Diagnostic> {
    let mut cases = Vec::new();
    for case in bench::case_table(isa, args.threads.threads.map(usize::from)) {
        let report = bench::pairwise(&case, interrupt).map_err(|e| of_engine(&e))?;
        if !args.json {
            if cases.is_empty() {
                terminal::print_result(PAIRWISE);
            }
            terminal::print_result(&pairwise_row(&report));
        }
        cases.push(report);
    }
    if args.json {
        terminal::print_json(&Matrix { schema: 1, task: &args.task, cases });
    }
    Ok(())
}

fn show(args: &BenchArgs, heading: &str, row: &str, report: &impl Serialize) {
    match args.json {
        true => terminal::print_json(report),
        false => terminal::print_result(&format!("{heading}\n{row}")),
    }
}

const PAIRWISE: &str = "      n       m   dim    sigma  data       prec    backend  isa      skip  centres      median s      MAD s    \
                        pairs/s   GFLOP/s   of peak     error  worst row";

fn pairwise_row(report: &PairwiseReport) -> String {
    let PairwiseReport { n, m, dim, sigma, seconds_median, seconds_mad, pairs_per_s, gflops, .. } = report;
    let (data, precision) = (word(&report.data), word(&report.precision));
    let (backend, isa) = (word(&report.backend), machine::isa_name(report.isa));
    let skip = if report.skip { "on" } else { "off" };
    let centres = if report.centres == Centres::One { "one" } else { "per panel" };
    format!(
        "{n:>7} {m:>7} {dim:>5} {sigma:>8.3}  {data:<9}  {precision:<6}  {backend:<7}  {isa:<7}  {skip:<4}  {centres:<9}  \
         {seconds_median:>10.3e} {seconds_mad:>10.1e} {pairs_per_s:>10.3e} {gflops:>9.1} {:>8.1} % {:>9.1e} {:>10.1e}",
        100.0 * report.fraction_of_peak,
        report.rel_error,
        report.rel_error_max_row,
    )
}

const FLOW: &str = "      n       m   dim    sigma  data       noise  prec    backend  isa      skip  steps    s / step      MAD s  \
                    engine s / step  overhead";

fn flow_row(report: &FlowReport) -> String {
    let FlowReport { n, m, dim, sigma, steps, seconds_per_step, seconds_per_step_mad, seconds_engine, .. } = report;
    let (data, noise, precision) = (word(&report.data), word(&report.noise), word(&report.precision));
    let (backend, isa) = (word(&report.backend), machine::isa_name(report.isa));
    let skip = if report.skip { "on" } else { "off" };
    format!(
        "{n:>7} {m:>7} {dim:>5} {sigma:>8.3}  {data:<9}  {noise:<5}  {precision:<6}  {backend:<7}  {isa:<7}  {skip:<4}  \
         {steps:>5} {seconds_per_step:>11.3e} {seconds_per_step_mad:>10.1e} {seconds_engine:>16.3e} {:>7.1} %",
        100.0 * report.overhead,
    )
}

const SINKHORN: &str = "      n       m   dim    epsilon  data       prec  isa      iterations      median s      MAD s    pairs/s   GFLOP/s   \
                        of peak     error  memory MB";

fn sinkhorn_row(report: &SinkhornReport) -> String {
    let SinkhornReport { n, m, dim, epsilon, iterations, seconds_median, seconds_mad, pairs_per_s, gflops, .. } =
        report;
    let (data, precision, isa) = (word(&report.data), word(&report.precision), machine::isa_name(report.isa));
    format!(
        "{n:>7} {m:>7} {dim:>5} {epsilon:>10.3e}  {data:<9}  {precision:<4}  {isa:<7}  {iterations:>10}  {seconds_median:>12.3e} \
         {seconds_mad:>10.1e} {pairs_per_s:>10.3e} {gflops:>9.1} {:>7.1} % {:>9.1e} {:>10.1}",
        100.0 * report.fraction_of_peak,
        report.rel_error,
        report.memory_mb,
    )
}

const DRIFT: &str = "      n       m   dim  temperature  data       prec  isa      threads  steps    s / step      MAD s   steps/s     error";

fn drift_row(report: &DriftReport) -> String {
    let DriftReport { n, m, dim, temperature, threads, steps, seconds_per_step, seconds_per_step_mad, .. } = report;
    let (data, precision, isa) = (word(&report.data), word(&report.precision), machine::isa_name(report.isa));
    format!(
        "{n:>7} {m:>7} {dim:>5} {temperature:>12.2}  {data:<9}  {precision:<4}  {isa:<7}  {threads:>7} {steps:>6} \
         {seconds_per_step:>11.3e} {seconds_per_step_mad:>10.1e} {:>9.1} {:>9.1e}",
        report.steps_per_s, report.rel_error,
    )
}

const NET: &str = "  batch   dim  hidden        threads  steps    s / step      MAD s   steps/s   GFLOP/s   of peak";

fn net_row(report: &NetReport) -> String {
    let NetReport { n, dim, threads, steps, seconds_per_step, seconds_per_step_mad, steps_per_s, gflops, .. } = report;
    let hidden = report.hidden.iter().map(ToString::to_string).collect::<Vec<_>>().join("-");
    format!(
        "{n:>7} {dim:>5}  {hidden:<12} {threads:>8} {steps:>6} {seconds_per_step:>11.3e} {seconds_per_step_mad:>10.1e} \
         {steps_per_s:>9.1} {gflops:>9.1} {:>7.1} %",
        100.0 * report.fraction_of_peak,
    )
}

/// Returns the name of a value as serde writes it.
pub fn word(name: &impl Serialize) -> String {
    serde_json::to_value(name).ok().and_then(|value| value.as_str().map(String::from)).unwrap_or_default()
}
