//! `report.html`: a run as one page that needs no network.
//!
//! [`page`] and [`sweep_page`] write the sections of a run and of a sweep into a [`document`],
//! [`content`] reads the run folder, [`script`] marks the words of the script, and [`references`]
//! finds the literature of the functions that it calls. The files in `assets` draw the curves and
//! play the films in the browser.

mod content;
pub mod document;
pub mod page;
mod references;
mod script;
mod sweep_page;

use crate::args::ReportArgs;
use crate::exit::Exit;
use crate::record::{Record, read};
use crate::run_folder::{self, REPORT, cannot_write};
use crate::terminal;
use content::Content;
pub use content::read_table;
use sdflow_dsl::Diagnostic;
use std::path::{Path, PathBuf};

/// Writes the reports of runs and sweeps again, for example with another version of this program.
///
/// # Errors
/// A folder is not that of a run, or its report cannot be written.
pub fn report(args: &ReportArgs) -> Result<Exit, Diagnostic> {
    for run in &args.runs {
        let path = match read::is_sweep(run) {
            true => write_of_sweep(run)?,
            false => write(&read::read_record(run, "")?, run)?,
        };
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

/// Writes the report of the sweep in `folder` and returns its path.
///
/// # Errors
/// The report cannot be written.
pub fn write_of_sweep(folder: &Path) -> Result<PathBuf, Diagnostic> {
    let path = folder.join(REPORT);
    run_folder::replace(&path, &sweep_page::page(folder)).map_err(|e| cannot_write(&path, &e))?;
    Ok(path)
}
