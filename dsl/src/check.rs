//! The check of a script: by its text, and by a dry run.

use crate::call::{Entry, options};
use crate::context::{Given, Listener, Param, Request, param};
use crate::dry::{Dry, Found, Work};
use crate::language::{At, Diagnostic, Fail, Program, Site, limits, of_fail};
use crate::script::{compile, prepare, quotients, rehearse};
use crate::{explain, manual};
use rhai::Array;
use sdflow::metric::METRICS;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The findings of [`check`].
#[derive(Debug, Clone, Default)]
pub struct CheckReport {
    /// Errors that a run would meet on reaching them, in the order of the text.
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
    /// Places whose outcome the dry run could not know.
    pub notes: Vec<Diagnostic>,
    /// The work of a run, by place.
    pub works: Vec<Work>,
    /// Peak memory in bytes, without the program itself; None without a memory meter.
    pub bytes: Option<u64>,
    /// The number of checks (`expect` and `threshold`) that a run would make.
    pub claims: usize,
}

/// Parses a script and its imports and checks what can be checked without running: names and
/// numbers of arguments of function calls, keys of literal option maps, names of data sets and
/// metrics, types of `-p` values. If no error was found, the script is then executed dry
/// ([`crate::dry`]): nothing is written, and `listener` receives its prints. With a `meter` the
/// report states the memory that a run would need.
pub fn check(
    request: &Request,
    listener: &Arc<dyn Listener>,
    meter: Option<&'static dyn sdflow::cost::Meter>,
) -> CheckReport {
    let mut report = CheckReport::default();
    if let Err(first) = fill(&mut report, request).and_then(|()| dry_run(&mut report, request, listener, meter)) {
        report.errors.push(first);
    }
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
    let native = native_functions();
    for site in &program.syntax.calls {
        if site.operator {
            continue;
        }
        if let Some(fail) = call_fault(site, &program, &native) {
            report.errors.push(of_fail(&fail, site.position, &program));
        }
        let texts = site.args.iter().filter_map(|a| a.literal.clone()?.into_string().ok());
        match site.name.as_str() {
            "save" | "plot" | "animate" => report.writes.extend(texts),
            "load" | "load_model" => report.reads.extend(texts),
            _ => {}
        }
    }
    Ok(())
}

/// Executes the script dry; if conditions depend on results, a second time with the opposite
/// answers.
fn dry_run(
    report: &mut CheckReport,
    request: &Request,
    listener: &Arc<dyn Listener>,
    meter: Option<&'static dyn sdflow::cost::Meter>,
) -> Result<(), Diagnostic> {
    if !report.errors.is_empty() {
        return Ok(());
    }
    let prepared = prepare(request)?;
    let program = &prepared.program;
    let pass = |assumed: bool, listener: Arc<dyn Listener>| {
        let (failure, found, outcome) =
            rehearse(&prepared, listener, Dry::new(assumed, program.syntax.claimed.clone(), meter));
        failure.map_or(Ok((found, outcome)), Err)
    };
    let (mut found, outcome) = pass(true, listener.clone())?;
    report.claims = outcome.checks.len();
    if !found.assumptions.is_empty() {
        let (other, _) = pass(false, Arc::new(Silence))?;
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
    report.notes.extend(found.stopped.map(|at| note(ended, at)));
    report.bytes = meter.map(|_| found.bytes);
    let works = found.works.into_iter();
    report.works = works.map(|((at, what), cost)| Work { what, place: program.sources.place(at), cost }).collect();
    Ok(())
}

/// A listener that ignores everything.
struct Silence;

impl Listener for Silence {
    fn print(&self, _: &str) {}
    fn warn(&self, _: &str) {}
    fn progress(&self, _: &str, _: usize, _: usize, _: &str) {}
    fn row(&self, _: &BTreeMap<String, f64>) {}
}

/// Returns the mistake in a call, as far as the text shows one.
fn call_fault(site: &Site, program: &Program, native: &BTreeSet<(String, usize)>) -> Option<Fail> {
    let given = site.args.len() + usize::from(site.method);
    let script = &program.syntax.functions;
    if site.qualified || script.get(&site.name).is_some_and(|arities| arities.contains(&given)) {
        return None;
    }
    let entries = manual::entries_of(&site.name);
    let fits = |e: &&&Entry| {
        let own = given.checked_sub(usize::from(e.receiver.is_some()));
        !e.is_property && own.is_some_and(|n| e.arity().contains(&n))
    };
    let fitting: Vec<&&Entry> = entries.iter().filter(fits).collect();
    if let [entry] = fitting.as_slice() {
        return keys_fault(site, entry).or_else(|| name_fault(site, entry)).or_else(|| metric_fault(site, entry));
    }
    // A closure in a variable is called by the name of the variable, a function in a map by its
    // key.
    let known = !fitting.is_empty()
        || native.contains(&(site.name.clone(), given))
        || program.syntax.variables.contains(&site.name)
        || (site.method
            && entries.is_empty()
            && !script.contains_key(&site.name)
            && native.iter().any(|n| n.0 == site.name));
    if known {
        return None;
    }
    explain::call_mismatch(&site.name, given, site.method, None, &program.syntax)
        .or_else(|| Some(explain::no_function(&site.name, given, &program.syntax)))
}

/// The error for an unknown key in the literal options of a known function.
fn keys_fault(site: &Site, entry: &Entry) -> Option<Fail> {
    let takes_options = entry.args.iter().any(|arg| arg.name == "options");
    let last = site.args.last()?;
    let keys = last.keys.as_ref().filter(|_| takes_options)?;
    let at = site.args.len() - 1 + usize::from(site.method);
    let wrong = keys.iter().find(|pair| !options::knows(entry, &pair.name))?;
    let fail = options::unknown(entry.name, &wrong.name, entry.options);
    Some(Fail { see: Some(entry.name), ..fail.at(At::Key(at, wrong.name.clone())) })
}

/// The error for a literal first argument that is not a valid name.
fn name_fault(site: &Site, entry: &Entry) -> Option<Fail> {
    let known = || entry.names.iter().map(|(name, _)| *name);
    let name = site.args.first()?.literal.clone()?.into_string().ok()?;
    if entry.names.is_empty() || known().any(|k| k == name) {
        return None;
    }
    let fail = Fail::from(sdflow::Error::unknown("data set", &name, known())).at(At::Argument(0));
    Some(Fail { see: Some(entry.name), ..fail })
}

/// The error for a literal name of a metric that does not exist.
fn metric_fault(site: &Site, entry: &Entry) -> Option<Fail> {
    let last = site.args.len().checked_sub(1)?;
    let pair = site.args[last].keys.as_ref()?.iter().find(|p| p.name == "metrics")?;
    let listed = pair.value.literal.clone()?.try_cast::<Array>()?;
    let known = || METRICS.iter().map(|m| m.name);
    let wrong = listed.into_iter().filter_map(|v| v.into_string().ok()).find(|name| known().all(|k| k != name))?;
    let fail = Fail::from(sdflow::Error::unknown("metric", &wrong, known())).at(At::Key(last, pair.name.clone()));
    Some(Fail { see: Some(entry.name), ..fail })
}

/// The names of Rhai's own functions, with their numbers of arguments.
fn native_functions() -> BTreeSet<(String, usize)> {
    let signatures = limits::engine().gen_fn_signatures(true);
    let mut all = BTreeSet::new();
    for signature in signatures {
        let Some((name, rest)) = signature.split_once('(') else { continue };
        let inside = rest.split(')').next().unwrap_or_default();
        let count = if inside.trim().is_empty() { 0 } else { arguments(inside) };
        all.insert((name.trim().to_string(), count));
    }
    // The interpreter handles these itself; they are not functions.
    let keywords = ["print", "debug", "type_of", "Fn", "is_def_var", "is_shared", "call", "curry", "exit", "throw"];
    all.extend(keywords.iter().flat_map(|k| (0..=8).map(|n| ((*k).to_string(), n))));
    all.extend([("is_def_fn".to_string(), 2)]);
    all
}

/// The number of arguments in a list: the commas outside angle brackets, plus one.
fn arguments(list: &str) -> usize {
    let mut depth = 0;
    let mut count = 1;
    for c in list.chars() {
        match c {
            '<' | '[' | '(' => depth += 1,
            '>' | ']' => depth -= 1,
            ',' if depth == 0 => count += 1,
            _ => {}
        }
    }
    count
}
