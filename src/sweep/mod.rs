//! `sweep`: runs a script for many values of its parameters and writes one table. A cell is the
//! same run as `run` with the parameters of the cell.

mod axis;
mod picture;
mod plan;
mod run_cells;
mod seed_mean;
mod slurm;
mod summary;
mod sweep_folder;
mod table;

use crate::args::{Shard, SweepArgs};
use crate::diagnostics::of_engine;
use crate::exit::Exit;
use crate::record::read::SWEEP_PICTURE;
use crate::record::{Record, Status};
use crate::request::request;
use crate::{machine, report, run, run_folder, signals, terminal};
use plan::{Cell, SweepPlan};
use run_cells::{RunCells, layout_of};
use sdflow::Interrupt;
use sdflow::pairwise::Ranks;
use sdflow_dsl::Diagnostic;
use sdflow_dsl::cells::Layout;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use summary::{BestMetric, BestPlace, CellCounts, SweepReport};
use sweep_folder::SweepFolder;
use table::{CellRow, SweepTable};

/// After this time, rank 0 prints that it waits for the other ranks.
const PATIENCE: Duration = Duration::from_secs(1);

/// Computes the cells that are not finished yet and writes the table of all cells. The ranks share
/// the cells.
///
/// # Errors
/// The sweep cannot be planned, or a folder cannot be used or written.
pub fn sweep(args: &SweepArgs, ranks: Option<&Ranks>) -> Result<Exit, Diagnostic> {
    let (clock, interrupt) = (Instant::now(), Interrupt::default());
    let plan = SweepPlan::of(request(&args.script, &interrupt)?, &args.script.params, &args.zip)?;
    if let Some(tasks) = args.slurm {
        return array_job(args, &plan, tasks);
    }
    let script = &args.script.script;
    let path = folder_of(args, &plan);
    let folder = SweepFolder::open(&path, script, &plan)?;
    signals::raise_on_ctrl_c(&interrupt);
    args.time.max_time.iter().for_each(|time| signals::end_after(&interrupt, *time));
    if let Some(ranks) = ranks {
        ranks.begin(&plan.identity());
    }
    let own = ranks.map_or(args.shard, |ranks| Some(Shard { index: 1, of: ranks.size() }));
    let records = compute(args, (&plan, &folder), own, args.quiet, &interrupt);
    let failed = |record: &Record| record.status == Status::Failed;
    let wrong = ranks.map_or_else(Vec::new, |ranks| {
        if records.as_ref().map_or(true, |records| args.fail_fast && records.values().any(failed)) {
            ranks.stop();
        }
        wait(ranks, &interrupt, args.quiet)
    });
    let records = records?;
    let mine = |cell: &&Cell| args.shard.is_none_or(|shard| shard.holds(cell.number));
    let (rows, picture) = folder.locked(|| write_tables(&plan, &folder, args, &records))?;
    let page = (!args.no_report).then(|| report::write_of_sweep(&path));
    let page = page.and_then(|made| made.inspect_err(terminal::print_warning).ok());
    let (wanted, warning) = BestMetric::of(args.best.as_deref(), &rows);
    if let Some(warning) = warning {
        terminal::print_message(&format!("warning: {warning}"));
    }
    let sorted = wanted.as_ref().map_or_else(Vec::new, |wanted| wanted.rank(&rows));
    let counts = CellCounts::of(rows.iter().filter(|(cell, _)| mine(cell)));
    let is_stopped = interrupt.end_requested() || args.fail_fast && counts.failed > 0;
    let lost = ranks.is_some() && counts.pending > 0 && !is_stopped;
    if lost {
        let message = format!(
            "{} of {} cells are not in {}: all ranks need one common file system",
            counts.pending,
            counts.planned,
            path.display()
        );
        terminal::print_message(&message);
    }
    let exit = if wrong.is_empty() && !lost { counts.exit(interrupt.end_requested()) } else { Exit::Cells };
    let report = SweepReport {
        schema: 1,
        status: match exit {
            Exit::Interrupted => "stopped",
            Exit::Cells => "failed",
            _ => "done",
        },
        exit_code: exit.code(),
        script: script.clone(),
        table: path.join("table.csv"),
        jsonl: path.join("table.jsonl"),
        picture: picture.map(|name| path.join(name)),
        report: page,
        folder: path,
        cells: counts,
        metric: wanted.as_ref().map(|wanted| wanted.metric.clone()),
        best: BestPlace::of(&sorted),
        wall_s: clock.elapsed().as_secs_f64(),
    };
    match (args.json, args.quiet) {
        (true, _) => terminal::print_json(&report),
        (false, false) => {
            terminal::print_result(summary::summary(&report, &plan, &rows, (wanted.as_ref(), &sorted)).trim_end())
        }
        (false, true) if counts.checks_failed > 0 => {
            terminal::print_message(&format!("checks failed in {} of {} cells", counts.checks_failed, counts.planned));
        }
        (false, true) => {}
    }
    if exit == Exit::Interrupted {
        terminal::print_message("stopped; the same command again computes what is missing");
    }
    terminal::check_printed().map(|()| exit)
}

/// Waits for the cells of the other ranks. Prints what went wrong there, and returns it.
fn wait(ranks: &Ranks, interrupt: &Interrupt, quiet: bool) -> Vec<(usize, String)> {
    let (begun, mut is_told, mut is_stopped) = (Instant::now(), quiet, false);
    let wrong = ranks.wait_for_all(|| {
        if interrupt.end_requested() && !is_stopped {
            is_stopped = true;
            ranks.stop();
        }
        if !is_told && begun.elapsed() > PATIENCE {
            is_told = true;
            terminal::print_message("the cells of rank 0 are done; those of the other ranks are still being computed");
        }
    });
    for (rank, error) in &wrong {
        terminal::print_message(&format!("rank {rank}: {error}"));
    }
    wrong
}

/// Computes the cells of this shard on a rank other than rank 0. Rank 0 has planned the sweep,
/// whose identity is `task`, and writes the tables.
///
/// # Errors
/// A sentence for rank 0 to print.
#[cfg(feature = "mpi")]
pub fn sweep_part(args: &SweepArgs, task: &str, shard: Shard, interrupt: &Interrupt) -> Result<(), String> {
    let told = |error: Diagnostic| error.message;
    let request = request(&args.script, interrupt).map_err(told)?;
    let plan = SweepPlan::of(request, &args.script.params, &args.zip).map_err(told)?;
    if plan.identity() != task {
        return Err("it planned another sweep: the ranks need the same script, and SDFLOW_P_ variables need \
                    `mpirun -x`"
            .into());
    }
    let path = folder_of(args, &plan);
    if !path.join("sweep.json").exists() {
        return Err(format!("it cannot see {}: all ranks need one common file system", path.display()));
    }
    let folder = SweepFolder::open(&path, &args.script.script, &plan).map_err(told)?;
    compute(args, (&plan, &folder), Some(shard), true, interrupt).map(drop).map_err(told)
}

fn folder_of(args: &SweepArgs, plan: &SweepPlan) -> PathBuf {
    let name = format!("sweep-{}", plan.identity());
    args.out.clone().unwrap_or_else(|| run::default_folder(&args.script.script, &name))
}

/// Computes the cells of a shard, or all cells.
fn compute(
    args: &SweepArgs,
    (plan, folder): (&SweepPlan, &SweepFolder),
    shard: Option<Shard>,
    quiet: bool,
    interrupt: &Interrupt,
) -> Result<BTreeMap<usize, Record>, Diagnostic> {
    let own = |cell: &&Cell| shard.is_none_or(|shard| shard.holds(cell.number));
    let cells = RunCells::new(plan.cells.iter().filter(own), folder, args, quiet, interrupt);
    cells.run(|waiting| layout(args, waiting, quiet))
}

/// Writes the tables and the picture. Returns the rows, and the picture's name if there is one.
fn write_tables<'a>(
    plan: &'a SweepPlan,
    folder: &SweepFolder,
    args: &SweepArgs,
    records: &BTreeMap<usize, Record>,
) -> Result<(Vec<CellRow<'a>>, Option<&'static str>), Diagnostic> {
    let rows = rows(plan, folder, args, records);
    let table = SweepTable::of(plan, &rows);
    folder.write("table.csv", table.csv()?)?;
    folder.write("table.jsonl", table.jsonl())?;
    let picture = draw(plan, folder, args, &rows)?;
    Ok((rows, picture))
}

/// Returns the requested layout, reduced to the cores of this process. If it is reduced, a note
/// tells the user, unless `quiet` is true.
fn layout(args: &SweepArgs, cells: usize, quiet: bool) -> Layout {
    let (jobs, threads) = (args.jobs.map(usize::from), args.threads.map(usize::from));
    let (cores, layout) = (machine::cores(), layout_of(args, cells));
    let fewer = jobs.is_some_and(|jobs| layout.jobs < jobs.min(cells)) || threads.is_some_and(|t| layout.threads < t);
    if fewer && cells > 0 && !quiet {
        let Layout { jobs, threads } = layout;
        terminal::print_message(&format!(
            "note: this process may use {cores} cores; {jobs} cells run at a time, with {threads} threads each"
        ));
    }
    layout
}

/// Returns the rows of the table in the order of the plan: the rows of the whole sweep, or the rows
/// of a shard and of the cells that other shards have computed.
fn rows<'a>(
    plan: &'a SweepPlan,
    folder: &SweepFolder,
    args: &SweepArgs,
    records: &BTreeMap<usize, Record>,
) -> Vec<CellRow<'a>> {
    let row = |cell: &'a Cell| {
        let found = records.get(&cell.number).cloned().or_else(|| {
            let there = run_folder::read_record(&folder.cell(cell)).ok().flatten();
            there.filter(|record| record.identity == cell.prepared.identity())
        });
        (cell, found)
    };
    let shown = |(cell, record): &CellRow| record.is_some() || args.shard.is_none_or(|shard| shard.holds(cell.number));
    plan.cells.iter().map(row).filter(shown).collect()
}

/// Draws the picture and returns its name; None if there is nothing to draw.
fn draw(
    plan: &SweepPlan,
    folder: &SweepFolder,
    args: &SweepArgs,
    rows: &[CellRow],
) -> Result<Option<&'static str>, Diagnostic> {
    let (wanted, _) = BestMetric::of(args.best.as_deref(), rows);
    let Some(wanted) = wanted else { return Ok(None) };
    let means = seed_mean::means(rows, &wanted.metric);
    let Some(picture) = picture::picture(plan, &means, &wanted.metric) else { return Ok(None) };
    folder.write(SWEEP_PICTURE, picture.svg().map_err(|e| of_engine(&e))?).map(|()| Some(SWEEP_PICTURE))
}

/// Prints the sweep as an array job.
fn array_job(args: &SweepArgs, plan: &SweepPlan, tasks: u16) -> Result<Exit, Diagnostic> {
    let mut words: Vec<_> = std::env::args_os().collect();
    if let (Some(first), Ok(program)) = (words.first_mut(), std::env::current_exe()) {
        *first = program.into();
    }
    let name = args.script.script.file_stem().unwrap_or_default().to_string_lossy();
    terminal::print_result(&slurm::script(&words, &name, plan.cells.len(), tasks, args.threads));
    terminal::check_printed().map(|()| Exit::Done)
}
