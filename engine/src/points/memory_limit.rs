//! The largest number of values of a set of points.

use crate::{Error, Result};
use std::path::Path;
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The largest number of values of a set of points on any machine.
const MOST: usize = 1 << 30;

/// The number of bytes of memory that this process may use: the memory of the machine, or less if
/// its control group has a limit. None if the system does not report the memory.
static MEMORY: LazyLock<Option<u64>> = LazyLock::new(|| machine().into_iter().chain(control_groups()).min());

/// The number of bytes that the user allows this process.
static BUDGET: OnceLock<u64> = OnceLock::new();

/// Limits the memory of this process to this number of bytes. Larger sets of points are refused,
/// and [`is_memory_short`] is true when the limit is exceeded. Only the first call has an effect.
pub fn set_memory_budget(bytes: u64) {
    let _ = BUDGET.set(bytes);
}

/// Returns the number of bytes that this process may use; None if the system does not report its
/// memory.
pub fn memory_bytes() -> Option<u64> {
    let most = MEMORY.map(|memory| memory / 10 * 9);
    most.into_iter().chain(BUDGET.get().copied()).min()
}

/// Returns the limit of memory in words, such as "90 % of this machine's memory".
pub fn memory_limit() -> String {
    match BUDGET.get() {
        Some(bytes) => format!("the memory budget of {}", in_words(*bytes)),
        None => "90 % of this machine's memory".into(),
    }
}

/// Returns a size in binary units, such as "1.5 GiB".
fn in_words(bytes: u64) -> String {
    let (unit, name) = if bytes >= 1 << 30 { (1 << 30, "GiB") } else { (1 << 20, "MiB") };
    format!("{} {name}", (bytes as f64 / f64::from(unit) * 100.0).round() / 100.0)
}

fn machine() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(1024 * line.split_whitespace().next()?.parse::<u64>().ok()?)
}

/// Returns the limits of the control group of this process and of the groups that contain it, in
/// both versions of the file format.
fn control_groups() -> Vec<u64> {
    let text = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let groups = text.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        match controllers {
            "" => Some(("/sys/fs/cgroup", "memory.max", path)),
            _ if controllers.split(',').any(|name| name == "memory") => {
                Some(("/sys/fs/cgroup/memory", "memory.limit_in_bytes", path))
            }
            _ => None,
        }
    });
    // The word `max`, or a number beyond any memory, means that there is no limit.
    let limits = groups.flat_map(|(root, file, path)| {
        Path::new(path).ancestors().map(move |group| {
            let folder = Path::new(root).join(group.strip_prefix("/").unwrap_or(group));
            std::fs::read_to_string(folder.join(file)).ok()?.trim().parse().ok()
        })
    });
    limits.flatten().collect()
}

/// Returns the reason why `n` points in `dim` dimensions do not fit into memory, such as "2048 x
/// 1048576 values are more than 1073741824, the limit". None if they fit. A set may use at most
/// half of the memory, because computations with it need the same amount again.
pub fn no_room(n: usize, dim: usize) -> Option<String> {
    let memory = MEMORY.into_iter().chain(BUDGET.get().copied()).min();
    beyond(n, dim, memory).or_else(|| too_much(n, dim, memory_bytes()?, resident()?))
}

fn beyond(n: usize, dim: usize, memory: Option<u64>) -> Option<String> {
    let half = memory.map_or(usize::MAX, |bytes| usize::try_from(bytes / 16).unwrap_or(usize::MAX));
    let limit = MOST.min(half);
    if n.checked_mul(dim).is_some_and(|values| values <= limit) {
        return None;
    }
    let whose = match (half < MOST, BUDGET.get()) {
        (false, _) => "the limit",
        (true, None) => "half of this machine's memory",
        (true, Some(_)) => "half of the memory budget",
    };
    Some(format!("{n} x {dim} values are more than {limit}, {whose}"))
}

/// Returns the reason why `n` points in `dim` dimensions do not fit into the memory that is left.
fn too_much(n: usize, dim: usize, limit: u64, used: u64) -> Option<String> {
    let values = (n as u64).saturating_mul(dim as u64);
    let fits = values.saturating_mul(8).saturating_add(used) <= limit;
    (!fits).then(|| {
        let free = limit.saturating_sub(used) / 8;
        format!("{n} x {dim} values are more than {free}, for which {} has room beside what is in use", memory_limit())
    })
}

/// Returns the memory in bytes that this process uses now.
fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(1024 * line.split_whitespace().next()?.parse::<u64>().ok()?)
}

/// The number of `dim` x `dim` matrices that a computation with a covariance holds at once.
const MATRICES: usize = 4;

/// Checks that covariances of this many coordinates fit into memory.
///
/// # Errors
/// The check fails.
pub fn check_matrix(dim: usize) -> Result<()> {
    let Some(why) = no_room(MATRICES.saturating_mul(dim), dim) else { return Ok(()) };
    let reason = format!("{MATRICES} matrices are held at once, and {why}");
    Err(Error::Numeric { what: format!("the covariance of {dim} columns"), reason })
}

/// True if this process uses nearly all of the machine's memory, or all of its budget; false if the
/// system does not report it. The memory is read at most once in 5 milliseconds, which takes a few
/// microseconds. Calls in between return the last answer at once.
pub fn is_memory_short() -> bool {
    static LAST: Mutex<Option<(Instant, bool)>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    match *last {
        Some((at, short)) if at.elapsed() < FRESH => short,
        _ => {
            let short = memory_bytes().zip(resident()).is_some_and(|(limit, used)| used > limit);
            *last = Some((Instant::now(), short));
            short
        }
    }
}

/// The time for which the last answer is reused. A process can fill only little memory in this
/// time.
const FRESH: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_limit_counts_and_is_named() {
        assert_eq!(beyond(1 << 20, 1 << 10, None), None);
        assert!(beyond((1 << 20) + 1, 1 << 10, None).is_some_and(|why| why.ends_with("1073741824, the limit")));
        let small = Some(16 << 20);
        assert_eq!(beyond(1 << 10, 1 << 10, small), None);
        assert!(
            beyond((1 << 10) + 1, 1 << 10, small)
                .is_some_and(|why| why == "1025 x 1024 values are more than 1048576, half of this machine's memory")
        );
        assert!(beyond(usize::MAX, usize::MAX, None).is_some());
        assert_eq!(too_much(10, 10, 1000, 200), None);
        let why = too_much(10, 11, 1000, 200).unwrap();
        assert!(why.starts_with("10 x 11 values are more than 100, for which"), "{why}");
        assert!(!is_memory_short());
        assert_eq!([3 << 29, 64 << 20].map(in_words), ["1.5 GiB", "64 MiB"]);
    }
}
