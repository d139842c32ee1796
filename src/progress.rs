//! Progress of long work: bars on a terminal, otherwise a line about every ten seconds; nothing
//! with `--quiet`. Work that reports no progress is also shown.

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
    begun: Instant,
    /// The time of the last line about any loop.
    told: Instant,
    /// The loop that reported last, if it is still running.
    last: Option<String>,
    /// The bar for work that no loop reports.
    waiting: Option<ProgressBar>,
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
    /// Number of units that were done when the loop began: many if a run continues from a
    /// checkpoint.
    first: usize,
    told: Option<Instant>,
    bar: Option<ProgressBar>,
    /// The progress: units done, units in total, and a short text such as the current loss.
    state: (usize, usize, String),
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
        Progress::of(style, Instant::now())
    }

    fn of(style: Style, begun: Instant) -> Progress {
        Progress { style, loops: HashMap::new(), begun, told: begun, last: None, waiting: None }
    }

    /// Records that the loop `what` has completed `done` of `total` units. Returns a line to print
    /// if it is time for one.
    pub fn tick(&mut self, what: &str, done: usize, total: usize, detail: &str, now: Instant) -> Option<String> {
        if matches!(self.style, Style::Quiet) {
            return None;
        }
        self.end_waiting();
        let fresh = || Loop { begun: now, first: done, told: None, bar: None, state: Default::default() };
        let entry = self.loops.entry(what.into()).or_insert_with(fresh);
        entry.state = (done, total, detail.into());
        let elapsed = now.duration_since(entry.begun);
        let ended = done >= total;
        self.last = (!ended).then(|| what.into());
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
        if line.is_some() {
            self.told = now;
        }
        line
    }

    /// Notes that time has passed, with or without a report of a loop. Returns a line to print if
    /// it is time for one.
    pub fn wait(&mut self, now: Instant) -> Option<String> {
        let last = self.last.as_ref().and_then(|what| Some((what, self.loops.get(what)?)));
        match &self.style {
            Style::Quiet => None,
            Style::Lines if now.duration_since(self.told) < INTERVAL => None,
            Style::Lines => {
                self.told = now;
                Some(match last {
                    Some((what, known)) => waiting(what, known, now.duration_since(known.begun)),
                    None => format!("computing, {} so far", duration(now.duration_since(self.begun).as_secs_f64())),
                })
            }
            Style::Bars(bars) => {
                match (last, &self.waiting) {
                    (Some((_, Loop { bar: Some(bar), .. })), _) | (_, Some(bar)) => bar.tick(),
                    (Some((_, known)), None) if now.duration_since(known.begun) < PATIENCE => {}
                    (last, None) => {
                        let name = last.map_or("computing", |(what, _)| what);
                        let begun = last.map_or(self.told, |(_, known)| known.begun);
                        self.waiting = Some(bars.add(spinner(name, now.duration_since(begun))));
                    }
                }
                None
            }
        }
    }

    fn end_waiting(&mut self) {
        if let Some(bar) = self.waiting.take() {
            bar.finish_and_clear();
        }
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
        self.end_waiting();
        self.last = None;
        self.loops.drain().filter_map(|(_, entry)| entry.bar).for_each(|bar| bar.finish_and_clear());
    }
}

fn bar(what: &str, elapsed: Duration) -> ProgressBar {
    let template = "{prefix} {bar:24} {pos}/{len}, {eta} left  {wide_msg}";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::no_length().with_style(style).with_prefix(what.to_string()).with_elapsed(elapsed)
}

fn spinner(what: &str, elapsed: Duration) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {spinner} {elapsed}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::no_length().with_style(style).with_prefix(what.to_string()).with_elapsed(elapsed)
}

/// Returns a line such as "energy: 3 of 40, 12.3 s so far".
fn waiting(what: &str, known: &Loop, elapsed: Duration) -> String {
    let (done, total, detail) = &known.state;
    let tail = if detail.is_empty() { String::new() } else { format!(", {detail}") };
    format!("{what}: {done} of {total}, {} so far{tail}", duration(elapsed.as_secs_f64()))
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
        let begun = Instant::now();
        let mut progress = Progress::of(Style::Lines, begun);
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
        let mut progress = Progress::of(Style::Lines, Instant::now());
        let begun = Instant::now();
        let told = (80..=91).find_map(|step| {
            progress.tick("flow", step, 100, "", begun + Duration::from_secs(step as u64 - 80)).map(|line| (step, line))
        });
        assert_eq!(told, Some((90, "flow: 90 of 100, about 10.0 s left".into())));
    }

    #[test]
    fn short_loops_are_silent() {
        let now = Instant::now();
        let mut progress = Progress::of(Style::Lines, now);
        assert!((0..=10).all(|step| progress.tick("flow", step, 10, "", now).is_none()));
    }

    #[test]
    fn work_that_is_silent_is_told_every_ten_seconds() {
        let begun = Instant::now();
        let mut progress = Progress::of(Style::Lines, begun);
        let at = |second: u64| begun + Duration::from_secs(second);
        let mut lines: Vec<String> = (1..=25).filter_map(|second| progress.wait(at(second))).collect();
        lines.extend(progress.tick("noise floor of w2", 0, 40, "", at(26)));
        lines.extend((27..=35).filter_map(|second| progress.wait(at(second))));
        lines.extend(progress.tick("noise floor of w2", 10, 40, "", at(36)));
        lines.extend((37..=50).filter_map(|second| progress.wait(at(second))));
        lines.extend(progress.tick("noise floor of w2", 40, 40, "", at(51)));
        lines.extend(progress.wait(at(61)));
        assert_eq!(
            lines,
            [
                "computing, 10.0 s so far",
                "computing, 20.0 s so far",
                "noise floor of w2: 0 of 40, 4.0 s so far",
                "noise floor of w2: 10 of 40, about 30.0 s left",
                "noise floor of w2: 10 of 40, 20.0 s so far",
                "noise floor of w2: 40 of 40, in 25.0 s",
                "computing, 1 min 01 s so far",
            ]
        );
        let mut quiet = Progress::of(Style::Quiet, begun);
        assert_eq!(quiet.wait(at(100)), None);
    }

    #[test]
    fn units_suit_the_time() {
        let told: Vec<String> = [0.0123, 59.94, 61.0, 7265.0].into_iter().map(duration).collect();
        assert_eq!(told, ["12 ms", "59.9 s", "1 min 01 s", "2 h 01 min"]);
    }
}
