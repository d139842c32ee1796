//! Checkpoints of the long calls of a script: their place, their frequency, and their owner.
//!
//! An interrupted run is executed again from its first line. Up to the interrupted call this gives
//! the same values. The interrupted call then continues from its checkpoint.

use super::Context;
use super::checkpoint_pace::{CHECKPOINTS, CheckpointPace, EARLIER, GRACE};
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

/// With a pace of one second or more, calls that take less time than this have no checkpoint: they
/// are computed again.
const SHORT: Duration = Duration::from_secs(1);

/// The time between two checkpoints is at least this multiple of the time that writing one takes.
const COST: u32 = 50;

/// The owner of a checkpoint: a call with its arguments.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The name of the call with its number among the calls of the same name: "run-3".
    pub call: String,
    /// The position of the call, if the call is in a statement of the main script. Such a call
    /// depends only on the text up to the end of that statement.
    pub position: Option<Position>,
    /// The points among the arguments.
    pub inputs: Vec<Arc<Points>>,
}

/// Writes and reads the checkpoints of one call.
pub struct Keeper {
    pace: CheckpointPace,
    path: PathBuf,
    owner: Owner,
    /// The owner as written into checkpoints; computed when it is first needed.
    named: Option<Value>,
    begun: Instant,
    /// The time of the last checkpoint, and the time that writing it took.
    kept: (Instant, Duration),
    /// The time at which the last step ended.
    stepped: Instant,
}

impl Keeper {
    /// Creates a keeper for the checkpoints of `owner`; None if the run writes no checkpoints.
    pub fn new(context: &Context, owner: Owner) -> Option<Keeper> {
        let (pace, now) = (context.checkpoints?, Instant::now());
        let path = context.sandbox.folder().join(CHECKPOINTS).join(&owner.call);
        let (begun, kept) = (now, (now, Duration::ZERO));
        Some(Keeper { pace, path, owner, named: None, begun, kept, stepped: now })
    }

    /// Returns the last state and the number of steps before it. If the file is damaged, `tell`
    /// receives a message, and the previous checkpoint is used.
    ///
    /// # Errors
    /// The checkpoint belongs to other data, or to another instruction set.
    pub fn resume(&mut self, context: &Context, mut tell: impl FnMut(String)) -> Result<Option<(usize, Archive)>> {
        for path in [self.path.clone(), before(&self.path)] {
            if !path.exists() {
                continue;
            }
            match load_checkpoint(&path) {
                Ok(found) => return self.accept(context, &path, found).map(Some),
                Err(error) => tell(format!(
                    "{error}; the call goes on from an earlier checkpoint if there is one, and otherwise begins again"
                )),
            }
        }
        let earlier = self.path.with_file_name(EARLIER).join(&self.owner.call);
        // A checkpoint of an earlier version of the script may belong to another call, so errors in
        // reading it are ignored.
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
        let wrong =
            differs.or_else(|| step.is_none().then(|| ("its step is not a number".into(), "it should be".into())));
        match (wrong, step) {
            (Some((seen, want)), _) => {
                let want = format!("{want}; `--force` begins this run again");
                Err(Error::File { path: path.into(), place: String::new(), seen, want: want.into() })
            }
            (None, step) => Ok((step.unwrap_or_default(), found.state)),
        }
    }

    /// True if a checkpoint is due after `done` of `total` steps.
    pub fn is_due(&mut self, done: usize, total: usize) -> bool {
        let now = Instant::now();
        let step = now - std::mem::replace(&mut self.stepped, now);
        match self.pace {
            CheckpointPace::Steps(steps) => done.is_multiple_of(steps.max(1)) || done == total,
            CheckpointPace::Time(every) if done == total => now - self.begun >= every.min(SHORT),
            // A step longer than [`GRACE`](super::GRACE) would be cut off when an end is requested,
            // so a checkpoint is written after every such step.
            CheckpointPace::Time(every) => {
                let every = if step > GRACE { Duration::ZERO } else { every };
                now - self.kept.0 >= every.max(self.kept.1 * COST)
            }
        }
    }

    /// Writes a state. The checkpoint before it is kept until the next one is written.
    ///
    /// # Errors
    /// The disk is full, or the folder was removed.
    pub fn keep(&mut self, context: &Context, done: usize, state: &Archive) -> Result<()> {
        let begun = Instant::now();
        let mut owner = self.named(context).clone();
        owner["step"] = json!(done);
        let refused = |e: std::io::Error| Error::Io { act: "write", path: self.path.clone(), reason: e.to_string() };
        let folder = self.path.parent().unwrap_or(Path::new("."));
        // The folder of the run exists unless someone has removed it; the folder of a cell is
        // created here.
        let made = if context.is_cell() { fs::create_dir_all(folder) } else { fs::create_dir(folder) };
        made.or_else(|e| if e.kind() == ErrorKind::AlreadyExists { Ok(()) } else { Err(e) }).map_err(refused)?;
        if self.path.exists() {
            fs::rename(&self.path, before(&self.path)).map_err(refused)?;
        }
        save_checkpoint(&self.path, &owner, state)?;
        let now = Instant::now();
        (self.kept, self.stepped) = ((now, now - begun), now);
        Ok(())
    }

    /// Returns the owner as written into its checkpoints.
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

/// Returns the path of the checkpoint before the one at `path`.
fn before(path: &Path) -> PathBuf {
    path.with_extension("before")
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| text.escape_debug().to_string())
}
