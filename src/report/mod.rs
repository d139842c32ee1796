//! `report.html`: a run as one page that needs no network.
//!
//! [`page`] writes the sections, [`content`] reads the run folder, [`script`] marks the words of the
//! script, and [`references`] finds the literature of the functions that it calls. The files in
//! `assets` draw the curves and play the films in the browser.

mod content;
mod page;
mod references;
mod script;

use crate::args::ReportArgs;
use crate::exit::Exit;
use crate::record::{Record, read};
use crate::run_folder::{self, cannot_write};
use crate::terminal;
use content::Content;
use sdflow_dsl::Diagnostic;
use std::path::{Path, PathBuf};

/// The name of the page in the folder of a run.
pub const REPORT: &str = "report.html";

/// Writes the reports of runs again, for example with another version of this program.
///
/// # Errors
/// A folder is not that of a run, or its report cannot be written.
pub fn report(args: &ReportArgs) -> Result<Exit, Diagnostic> {
    for run in &args.runs {
        let record = read::read_record(run, "give the folder of one of its cells")?;
        let path = write(&record, run)?;
        terminal::print_result(&path.display().to_string());
    }
    terminal::check_printed().map(|()| Exit::Done)
}

/// Writes the report of the run in `folder` and returns its path.
///
/// # Errors
/// The report cannot be written.
pub fn write(record: &Record, folder: &Path) -> Result<PathBuf, Diagnostic> {
    let path = folder.join(REPORT);
    let text = page::page(record, &Content::read(record, folder));
    run_folder::replace(&path, &text).map_err(|e| cannot_write(&path, &e))?;
    Ok(path)
}
