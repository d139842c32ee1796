//! The check of a script: by its text, and by a dry run.

use crate::context::{Given, Listener, Outcome, Param, Request, param};
use crate::dry::{Dry, Found, Work};
use crate::language::{Diagnostic, Fail, of_fail};
use crate::mistakes::mistakes;
use crate::prepare::{Prepared, compile, prepare};
use crate::script::{perform_dry_run, quotients};
use sdflow::cost::Asked;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The findings of [`check`].
#[derive(Debug, Clone, Default)]
pub struct CheckReport {
    /// Errors that a run would report when it reaches their places, in the order of the calls.
    pub errors: Vec<Diagnostic>,
    /// Valid code that is probably a mistake.
    pub warnings: Vec<Diagnostic>,
    /// Parameters whose default is known without running, with the values that a run would use.
    pub params: BTreeMap<String, Param>,
    /// Parameters with a computed default.
    pub computed: Vec<String>,
    /// Files below the run folder that the script names.
    pub writes: Vec<String>,
    /// Files that the script reads.
    pub reads: Vec<String>,
    /// Places that depend on a result, which the dry run could not know.
    pub notes: Vec<Diagnostic>,
    /// The line at which the check ended, because this line depends on a result.
    pub stopped: Option<usize>,
    /// The work of a run, by place.
    pub works: Vec<Work>,
    /// Peak memory in bytes, without the program itself; None without a memory meter.
    pub bytes: Option<u64>,
    /// The number of checks (`expect` and `threshold`) that a run would make.
    pub claims: usize,
}

/// Parses a script and its imports and checks what can be checked without running: names of
/// functions, numbers of their arguments, keys of literal option maps, names of data sets and
/// metrics, and types of `-p` values. If no error is found, the script is executed as a dry run
/// ([`crate::dry`]): nothing is written, and `listener` receives what the script prints. With a
/// `meter` the report states the memory that a run would need.
pub fn check(
    request: &Request,
    listener: &Arc<dyn Listener>,
    meter: Option<&'static dyn sdflow::cost::Meter>,
) -> CheckReport {
    let mut report = CheckReport::default();
    let made = fill(&mut report, request).and_then(|()| match report.errors.is_empty() {
        true => match dry_run(&mut report, &prepare(request)?, listener, |dry| dry.measuring(meter)) {
            Err(mistake) if mistake.is_doubtful => {
                report.warnings.push(mistake.error);
                Ok(())
            }
            found => found.map_err(|mistake| mistake.error),
        },
        false => Ok(()),
    });
    if let Err(first) = made {
        report.errors.push(first);
    }
    report.bytes = report.bytes.filter(|_| meter.is_some());
    report
}

fn fill(report: &mut CheckReport, request: &Request) -> Result<(), Diagnostic> {
    let mut request = request.clone();
    let given = Given::take(&mut request)?;
    let program = compile(&request)?;
    for declared in param::declared(&program.syntax, &program.sources)? {
        match &declared.default {
            Some(default) => {
                let param = given.value(&declared.name, default)?;
                report.params.insert(declared.name, param);
            }
            None => report.computed.push(declared.name),
        }
    }
    report.warnings = quotients(&program);
    report.errors = mistakes(&program);
    for site in program.syntax.calls.iter().filter(|site| !site.operator) {
        let texts = site.args.iter().filter_map(|a| a.literal.clone()?.into_string().ok());
        match site.name.as_str() {
            "save" | "plot" | "animate" => report.writes.extend(texts),
            "load" | "load_model" => report.reads.extend(texts),
            _ => {}
        }
    }
    Ok(())
}

/// A mistake that a dry run has found.
#[derive(Debug, Clone)]
pub struct Mistake {
    /// The error that a run would report.
    pub error: Diagnostic,
    /// True if the script ended by its own `throw`.
    pub is_thrown: bool,
    /// True if a run may avoid the error, because it follows a condition whose outcome was assumed.
    pub is_doubtful: bool,
}

/// Executes the script as a dry run. If conditions depend on results, the script is executed a
/// second time with the opposite outcomes of these conditions.
fn dry_run(
    report: &mut CheckReport,
    prepared: &Prepared,
    listener: &Arc<dyn Listener>,
    measured: impl Fn(Dry) -> Dry,
) -> Result<(), Mistake> {
    let program = &prepared.program;
    let pass = |assumed: bool, listener: Arc<dyn Listener>| {
        let (failure, found, outcome) =
            perform_dry_run(prepared, listener, measured(Dry::new(assumed, program.syntax.claimed.clone())));
        match failure {
            None => Ok((found, outcome)),
            Some(error) => Err(Mistake { error, is_thrown: found.threw, is_doubtful: found.is_doubtful }),
        }
    };
    let (mut found, outcome) = pass(true, listener.clone())?;
    report.claims = outcome.checks.len();
    if !found.assumptions.is_empty() {
        let (other, outcome) = pass(false, Arc::new(Silence(Arc::clone(listener))))?;
        report.claims = report.claims.max(outcome.checks.len());
        let pairs = |found: &Found| found.works.values().map(|cost| cost.pairs).sum::<u64>();
        let larger = if pairs(&other) > pairs(&found) { other.works.clone() } else { found.works.clone() };
        found.assumptions.extend(other.assumptions);
        found.stopped = found.stopped.or(other.stopped);
        found.bytes = found.bytes.max(other.bytes);
        found.works = larger;
    }
    let note = |message: &str, position| of_fail(&Fail::script(message), position, program);
    let assumed = found.assumptions.keys();
    report.notes = assumed.map(|at| note("this depends on a result: both answers were checked", *at)).collect();
    let ended = "this depends on a result: from here on nothing was checked";
    report.stopped = found.stopped.and_then(|at| Some(program.sources.place(at)?.line));
    report.notes.extend(found.stopped.map(|at| note(ended, at)));
    report.bytes = Some(found.bytes);
    let works = found.works.into_iter();
    report.works = works.map(|((at, what), cost)| Work { what, place: program.sources.place(at), cost }).collect();
    Ok(())
}

/// Finds the first mistake by a brief dry run. With a `meter`, which takes more time, it also
/// estimates the peak memory of a run in bytes. The interrupt of `prepared` ends the dry run.
/// `listener` receives what the script prints.
///
/// # Errors
/// The mistake that the dry run has found, or an interrupt. The script's own `throw` is no mistake.
pub fn rehearse(
    prepared: &Prepared,
    listener: &Arc<dyn Listener>,
    meter: Option<&'static dyn sdflow::cost::Meter>,
) -> Result<u64, Mistake> {
    let mut report = CheckReport::default();
    let asked = if meter.is_some() { Asked::Memory } else { Asked::Errors };
    match dry_run(&mut report, prepared, listener, |dry| dry.measuring(meter).asked_for(asked)) {
        Err(mistake) if !mistake.is_thrown => Err(mistake),
        _ => Ok(report.bytes.unwrap_or(0)),
    }
}

/// A listener that passes on only [`Listener::abandon`].
struct Silence(Arc<dyn Listener>);

impl Listener for Silence {
    fn print(&self, _: &str) {}
    fn warn(&self, _: &str) {}
    fn progress(&self, _: &str, _: usize, _: usize, _: &str) {}
    fn row(&self, _: &BTreeMap<String, f64>) {}
    fn abandon(&self, outcome: Outcome) {
        self.0.abandon(outcome);
    }
}
