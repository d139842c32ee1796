//! Progress of long loops: bars on a terminal, otherwise a line about every ten seconds; nothing
//! with `--quiet`.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::HashMap;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Shorter loops are not reported.
const PATIENCE: Duration = Duration::from_secs(1);
/// Time between two lines about one loop.
const INTERVAL: Duration = Duration::from_secs(10);

/// The loops that are running.
#[derive(Debug)]
pub struct Progress {
    style: Style,
    loops: HashMap<String, Loop>,
}

#[derive(Debug)]
enum Style {
    Bars(MultiProgress),
    Lines,
    Quiet,
}

#[derive(Debug)]
struct Loop {
    begun: Instant,
    /// Units that were done then: many, where a run goes on from a checkpoint.
    first: usize,
    told: Option<Instant>,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Chooses bars or lines, depending on standard error.
    pub fn new(quiet: bool) -> Progress {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let style = match quiet {
            true => Style::Quiet,
            false if std::io::stderr().is_terminal() && !dumb => Style::Bars(MultiProgress::new()),
            false => Style::Lines,
        };
        Progress { style, loops: HashMap::new() }
    }

    /// Records that the loop `what` has done `done` of `total`. Returns a line to print if it is
    /// time for one.
    pub fn tick(&mut self, what: &str, done: usize, total: usize, detail: &str, now: Instant) -> Option<String> {
        if matches!(self.style, Style::Quiet) {
            return None;
        }
        let fresh = || Loop { begun: now, first: done, told: None, bar: None };
        let entry = self.loops.entry(what.into()).or_insert_with(fresh);
        let elapsed = now.duration_since(entry.begun);
        let ended = done >= total;
        let mut line = None;
        if elapsed >= PATIENCE {
            match &self.style {
                Style::Bars(bars) => {
                    let bar = entry.bar.get_or_insert_with(|| bars.add(bar(what, elapsed)));
                    bar.set_length(total as u64);
                    bar.set_position(done as u64);
                    bar.set_message(detail.to_string());
                }
                _ if ended || now.duration_since(entry.told.unwrap_or(entry.begun)) >= INTERVAL => {
                    entry.told = Some(now);
                    line = Some(sentence(what, (entry.first, done, total), detail, elapsed));
                }
                _ => {}
            }
        }
        if ended && let Some(Loop { bar: Some(bar), first, .. }) = self.loops.remove(what) {
            bar.finish_and_clear();
            line = Some(sentence(what, (first, done, total), detail, elapsed));
        }
        line
    }

    /// Calls `act`, which prints, while the bars are hidden.
    pub fn without_bars(&self, act: impl FnOnce()) {
        match &self.style {
            Style::Bars(bars) => bars.suspend(act),
            _ => act(),
        }
    }

    /// Removes all bars.
    pub fn clear(&mut self) {
        self.loops.drain().filter_map(|(_, entry)| entry.bar).for_each(|bar| bar.finish_and_clear());
    }
}

fn bar(what: &str, elapsed: Duration) -> ProgressBar {
    let template = "{prefix} {bar:24} {pos}/{len}, {eta} left  {wide_msg}";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::no_length().with_style(style).with_prefix(what.to_string()).with_elapsed(elapsed)
}

fn sentence(what: &str, (first, done, total): (usize, usize, usize), detail: &str, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    let time = if done >= total {
        format!("in {}", duration(seconds))
    } else {
        format!("about {} left", duration(seconds * (total - done) as f64 / (done - first).max(1) as f64))
    };
    let tail = if detail.is_empty() { String::new() } else { format!(", {detail}") };
    format!("{what}: {done} of {total}, {time}{tail}")
}

/// Returns `seconds` as text, in a suitable unit.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s if s < 60.0 => format!("{s:.1} s"),
        s if s < 3600.0 => format!("{} min {:02.0} s", (s / 60.0).floor(), (s % 60.0).floor()),
        s => format!("{} h {:02.0} min", (s / 3600.0).floor(), (s % 3600.0 / 60.0).floor()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_every_ten_seconds_and_at_the_end() {
        let mut progress = Progress { style: Style::Lines, loops: HashMap::new() };
        let begun = Instant::now();
        let lines: Vec<String> = (0..=100)
            .filter_map(|step| progress.tick("flow", step, 100, "", begun + Duration::from_millis(300 * step as u64)))
            .collect();
        assert_eq!(
            lines,
            ["flow: 34 of 100, about 19.8 s left", "flow: 68 of 100, about 9.6 s left", "flow: 100 of 100, in 30.0 s"]
        );
    }

    #[test]
    fn a_run_that_goes_on_counts_its_own_steps_only() {
        let mut progress = Progress { style: Style::Lines, loops: HashMap::new() };
        let begun = Instant::now();
        let told = (80..=91).find_map(|step| {
            progress.tick("flow", step, 100, "", begun + Duration::from_secs(step as u64 - 80)).map(|line| (step, line))
        });
        assert_eq!(told, Some((90, "flow: 90 of 100, about 10.0 s left".into())));
    }

    #[test]
    fn short_loops_are_silent() {
        let mut progress = Progress { style: Style::Lines, loops: HashMap::new() };
        let now = Instant::now();
        assert!((0..=10).all(|step| progress.tick("flow", step, 10, "", now).is_none()));
    }

    #[test]
    fn units_suit_the_time() {
        let told: Vec<String> = [0.0123, 59.94, 61.0, 7265.0].into_iter().map(duration).collect();
        assert_eq!(told, ["12 ms", "59.9 s", "1 min 01 s", "2 h 01 min"]);
    }
}
