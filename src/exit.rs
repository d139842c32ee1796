//! The table of the exit codes.

use sdflow_dsl::{Diagnostic, Fault, Outcome};
use std::process::ExitCode;

/// How a command ended, as a number for the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything went well.
    Done = 0,
    /// A bug in this program.
    Internal = 1,
    /// A bad flag or value.
    Usage = 2,
    /// An error in the script.
    Script = 3,
    /// An `expect` or `threshold` did not hold.
    CheckFailed = 4,
    /// NaN or infinity among the particles; takes precedence over a failed check.
    Diverged = 5,
    /// A missing or malformed file, dimensions that do not match, a file that cannot be written.
    Data = 6,
    /// A sweep with cells that failed; takes precedence over a failed check.
    Cells = 7,
    /// Stopped by the user.
    Interrupted = 130,
}

impl Exit {
    /// Returns the number.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// Returns the exit with the recorded number; [`Exit::Done`] if none was recorded.
    pub fn of_code(code: Option<u8>) -> Exit {
        let all = [
            Exit::Internal,
            Exit::Usage,
            Exit::Script,
            Exit::CheckFailed,
            Exit::Diverged,
            Exit::Data,
            Exit::Cells,
            Exit::Interrupted,
        ];
        all.into_iter().find(|exit| Some(exit.code()) == code).unwrap_or(Exit::Done)
    }

    /// Returns the exit for the outcome of a script.
    pub fn of_outcome(outcome: &Outcome) -> Exit {
        let reason = outcome.stop.as_ref().map_or("", |ending| ending.reason.as_str());
        match &outcome.failure {
            Some(failure) => Exit::of_diagnostic(failure),
            None if reason == "interrupted" => Exit::Interrupted,
            None if outcome.checks.iter().any(|check| !check.pass) => Exit::CheckFailed,
            None => Exit::Done,
        }
    }

    /// Returns the exit for an error.
    pub fn of_diagnostic(diagnostic: &Diagnostic) -> Exit {
        match diagnostic.kind {
            Fault::Usage => Exit::Usage,
            Fault::Script => Exit::Script,
            Fault::Diverged => Exit::Diverged,
            Fault::Data => Exit::Data,
            Fault::Interrupted => Exit::Interrupted,
            Fault::Internal => Exit::Internal,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sdflow_dsl::{Check, Ending};

    #[test]
    fn divergence_beats_a_failed_check() {
        let failed = Check { name: "c".into(), pass: false, value: None };
        let mut outcome = Outcome { checks: vec![failed], ..Outcome::default() };
        assert_eq!(Exit::of_outcome(&outcome), Exit::CheckFailed);
        // If a script handles a divergence, only its checks decide the exit code; otherwise the run
        // fails.
        outcome.stop = Some(Ending { reason: "diverged".into(), advice: String::new() });
        assert_eq!(Exit::of_outcome(&outcome), Exit::CheckFailed);
        let (kind, message) = (Fault::Diverged, "the flow diverged".to_string());
        outcome.failure = Some(Diagnostic { kind, message, place: None, hint: None, see: None });
        assert_eq!(Exit::of_outcome(&outcome), Exit::Diverged);
    }

    #[test]
    fn nothing_wrong_is_zero() {
        assert_eq!(Exit::of_outcome(&Outcome::default()).code(), 0);
    }
}
