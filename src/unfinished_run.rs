//! What is needed to store the record of a run that ends before its script ends.

use crate::record::Record;
use crate::run_folder::write_record;
use sdflow_dsl::{Diagnostic, Outcome};
use std::path::PathBuf;
use std::time::Instant;

/// A run in progress.
#[derive(Debug, Clone)]
pub struct UnfinishedRun {
    /// The record as it was when the run began.
    pub begun: Record,
    /// The run folder.
    pub folder: PathBuf,
    /// The start of the run.
    pub clock: Instant,
}

impl UnfinishedRun {
    /// Stores the record with this outcome, and returns it.
    ///
    /// # Errors
    /// The I/O error of the operating system.
    pub fn store(&self, outcome: &Outcome) -> Result<Record, Diagnostic> {
        let record = self.begun.clone().finish(outcome, self.clock.elapsed());
        write_record(&self.folder, &record).map(|()| record)
    }
}
