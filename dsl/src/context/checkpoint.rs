//! Checkpoints of the long calls of a script: where they are kept, when, and what they belong to.
//!
//! A run that was cut off is executed again from its first line, which gives the same values up to
//! the call that was cut off. A call that has a checkpoint goes on from it.

use super::Context;
use crate::run_hash::Hasher;
use rhai::Position;
use sdflow::archive::Archive;
use sdflow::io::{Checkpoint, load_checkpoint, save_checkpoint};
use sdflow::{Error, Points, Result};
use serde_json::{Value, json};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where a run keeps the checkpoints of its long calls, below its folder. What [`crate::execute`]
/// finds there of the same run is gone on from; once a run is done, it is removed.
pub const CHECKPOINTS: &str = "checkpoint";

/// Below it, the checkpoints of an earlier version of the script. A call is gone on from one of them
/// if nothing has changed up to it.
pub const EARLIER: &str = "earlier";

/// How often checkpoints are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CheckpointPace {
    /// After this time, but at most 2 % of the time is spent on it.
    Time(Duration),
    /// After this many steps.
    Steps(usize),
}

impl Default for CheckpointPace {
    fn default() -> CheckpointPace {
        CheckpointPace::Time(Duration::from_secs(60))
    }
}

/// How long a process that is asked to end may take for its step: after that it is interrupted
/// within the step, and its last checkpoint is all that remains of it.
pub const GRACE: Duration = Duration::from_secs(2);

/// Calls that took less are computed again rather than kept.
const SHORT: Duration = Duration::from_secs(1);

/// A checkpoint is kept at most once in so many times of what it takes to keep one.
const COST: u32 = 50;

/// What a checkpoint belongs to: a call, and what it was given.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The call as the `k`-th of its kind: "run-3".
    pub call: String,
    /// Its place, where that is in a statement of the script itself. Such a call depends on the
    /// text before it only.
    pub position: Option<Position>,
    /// The points that it was given.
    pub inputs: Vec<Arc<Points>>,
}

/// Keeps the checkpoints of one call.
pub struct Keeper {
    pace: CheckpointPace,
    path: PathBuf,
    owner: Owner,
    /// The owner as a checkpoint names it, made when it is first needed.
    named: Option<Value>,
    begun: Instant,
    /// The last checkpoint, and what it took to keep.
    kept: (Instant, Duration),
    /// The last step boundary.
    stepped: Instant,
}

impl Keeper {
    /// For the checkpoints of `owner`; None where no checkpoints are kept.
    pub fn new(context: &Context, owner: Owner) -> Option<Keeper> {
        let (pace, now) = (context.checkpoints?, Instant::now());
        let path = context.sandbox.folder().join(CHECKPOINTS).join(&owner.call);
        let (begun, kept) = (now, (now, Duration::ZERO));
        Some(Keeper { pace, path, owner, named: None, begun, kept, stepped: now })
    }

    /// Returns the state that was kept last, with the steps taken before it. A damaged file is told
    /// by `tell`, and the one before it taken.
    ///
    /// # Errors
    /// A checkpoint of other data, or of other arithmetic.
    pub fn resume(&mut self, context: &Context, mut tell: impl FnMut(String)) -> Result<Option<(usize, Archive)>> {
        for path in [self.path.clone(), before(&self.path)] {
            if !path.exists() {
                continue;
            }
            match load_checkpoint(&path) {
                Ok(found) => return self.accept(context, &path, found).map(Some),
                Err(error) => tell(format!("{error}; what was kept before it is taken, or the call begins again")),
            }
        }
        let earlier = self.path.with_file_name(EARLIER).join(&self.owner.call);
        // Of another version of the script, it may well belong to something else.
        let found = earlier.exists().then(|| load_checkpoint(&earlier).ok()).flatten();
        Ok(found.and_then(|found| self.accept(context, &earlier, found).ok()))
    }

    fn accept(&mut self, context: &Context, path: &Path, found: Checkpoint) -> Result<(usize, Archive)> {
        let mut owner = self.named(context).clone();
        let step = found.owner["step"].as_u64().and_then(|step| usize::try_from(step).ok());
        owner["step"] = found.owner["step"].clone();
        let differs = |(name, now): (&String, &Value)| {
            let kept = &found.owner[name];
            (kept != now).then(|| (format!("its {name} is {}", plain(kept)), format!("now it is {}", plain(now))))
        };
        let differs = owner.as_object().into_iter().flatten().find_map(differs);
        let wrong = differs.or_else(|| step.is_none().then(|| ("its step is no number".into(), "it should be".into())));
        match (wrong, step) {
            (Some((seen, want)), _) => {
                let want = format!("{want}; `--force` begins this run again");
                Err(Error::File { path: path.into(), place: String::new(), seen, want: want.into() })
            }
            (None, step) => Ok((step.unwrap_or_default(), found.state)),
        }
    }

    /// Is a checkpoint to be kept after `done` of `total` steps?
    pub fn is_due(&mut self, done: usize, total: usize) -> bool {
        let now = Instant::now();
        let step = now - std::mem::replace(&mut self.stepped, now);
        match self.pace {
            CheckpointPace::Steps(steps) => done.is_multiple_of(steps.max(1)) || done == total,
            CheckpointPace::Time(every) if done == total => now - self.begun >= every.min(SHORT),
            // A step that outlasts the grace could not be waited for: each is kept.
            CheckpointPace::Time(every) => {
                let every = if step > GRACE { Duration::ZERO } else { every };
                now - self.kept.0 >= every.max(self.kept.1 * COST)
            }
        }
    }

    /// Keeps a state, and the one before it until the next.
    ///
    /// # Errors
    /// A disk that is full, a folder that is gone.
    pub fn keep(&mut self, context: &Context, done: usize, state: &Archive) -> Result<()> {
        let begun = Instant::now();
        let mut owner = self.named(context).clone();
        owner["step"] = json!(done);
        let refused = |e: std::io::Error| Error::Io { act: "write", path: self.path.clone(), reason: e.to_string() };
        let folder = self.path.parent().unwrap_or(Path::new("."));
        // The folder of a run exists as long as nobody has removed it; that of a cell is made here.
        let made = if context.is_cell { fs::create_dir_all(folder) } else { fs::create_dir(folder) };
        made.or_else(|e| if e.kind() == ErrorKind::AlreadyExists { Ok(()) } else { Err(e) }).map_err(refused)?;
        if self.path.exists() {
            fs::rename(&self.path, before(&self.path)).map_err(refused)?;
        }
        save_checkpoint(&self.path, &owner, state)?;
        let now = Instant::now();
        (self.kept, self.stepped) = ((now, now - begun), now);
        Ok(())
    }

    /// The owner as its checkpoints name it.
    fn named(&mut self, context: &Context) -> &Value {
        let Keeper { owner, named, .. } = self;
        named.get_or_insert_with(|| {
            let mut points = Hasher::new();
            for input in &owner.inputs {
                points.field("columns", &input.dim().to_le_bytes());
                let bytes: Vec<u8> = input.data().iter().flat_map(|value| value.to_le_bytes()).collect();
                points.field("points", &bytes);
            }
            let text = owner.position.map(|position| context.program.text_up_to(position));
            let script = match text {
                Some(text) => {
                    Hasher::new().field("setting", context.setting.as_bytes()).field("text", text.as_bytes()).hex()
                }
                None => context.identity.clone(),
            };
            json!({
                "call": owner.call,
                "script": script,
                "instruction set": context.pairwise.options().isa.resolved().name(),
                "data": context.data_digest(),
                "points": points.hex(),
            })
        })
    }
}

/// The file that holds the checkpoint before the one at `path`.
fn before(path: &Path) -> PathBuf {
    path.with_extension("before")
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| text.escape_debug().to_string())
}
