//! Causes of an early end of a command: a signal such as Ctrl-C, and a panic of this program.

use crate::exit::Exit;
use crate::terminal;
use sdflow::Interrupt;
use sdflow_dsl::GRACE;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::time::{Duration, Instant};

/// Signals with less time between them count as one, because `timeout` and job managers send a
/// signal to the process and also to its group.
const ONE: Duration = Duration::from_millis(500);

/// After this call the first Ctrl-C, SIGTERM or SIGHUP requests an end through `interrupt`, and the
/// second signal ends the process at once.
pub fn raise_on_ctrl_c(interrupt: &Interrupt) {
    let interrupt = interrupt.clone();
    let mut asked: Option<Instant> = None;
    let handler = move || {
        if asked.is_some_and(|asked| asked.elapsed() < ONE) {
            return;
        }
        if asked.is_some() {
            std::process::exit(Exit::Interrupted.code().into());
        }
        asked = Some(Instant::now());
        interrupt.request_end(GRACE);
        terminal::print_message("stopping; press Ctrl-C again to exit at once");
    };
    if let Err(e) = ctrlc::set_handler(handler) {
        terminal::print_message(&format!(
            "warning: Ctrl-C will stop this command at once, without \
                                          storing results: {e}"
        ));
    }
}

/// Requests an end through `interrupt` after this time.
pub fn end_after(interrupt: &Interrupt, time: Duration) {
    let interrupt = interrupt.clone();
    let wait = move || {
        std::thread::sleep(time);
        interrupt.request_end(GRACE);
        terminal::print_message("stopping: the time of `--max-time` is over");
    };
    if let Err(e) = std::thread::Builder::new().name("max-time".into()).spawn(wait) {
        terminal::print_message(&format!("warning: `--max-time` will not stop this command: {e}"));
    }
}

/// After this call Ctrl-C, SIGTERM and SIGHUP have no effect.
#[cfg(feature = "mpi")]
pub fn ignore() {
    if let Err(e) = ctrlc::set_handler(|| {}) {
        terminal::print_message(&format!("warning: Ctrl-C will stop this rank at once: {e}"));
    }
}

/// Makes a write beyond the limit on the size of files (`ulimit -f`) fail with an error. Without
/// this the signal SIGXFSZ would end the process before anything is recorded.
pub fn survive_file_limit() {
    #[cfg(unix)]
    if let Err(e) = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default()) {
        terminal::print_message(&format!(
            "warning: a limit on the size of files will end this \
                                          command at once: {e}"
        ));
    }
}

/// Makes every panic print a request for a bug report.
pub fn explain_panics() {
    std::panic::set_hook(Box::new(|info| terminal::print_message(&panic_message(info))));
}

fn panic_message(info: &PanicHookInfo) -> String {
    let what = info.payload_as_str().unwrap_or("no message");
    let place = info.location().map(|l| format!(" at {}:{}", l.file(), l.line())).unwrap_or_default();
    format!(
        "internal error{place}: {what}\nThis is a bug in sdflow-engine, not in your script; please report it with these lines."
    )
}

/// Returns the value of `act`, or None if it panicked; the message has been printed.
pub fn catch<T>(act: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(act)).ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_defect_is_caught() {
        assert_eq!(super::catch(|| 1), Some(1));
        assert_eq!(super::catch(|| -> u8 { panic!("planted") }), None);
    }
}
