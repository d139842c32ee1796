//! Reports of a long computation, passed on to the listener of the run.

use super::Context;
use super::checkpoint::{Keeper, Owner};
use super::film::{Film, Taken};
use sdflow::archive::Archive;
use sdflow::process::{Observer, Row};
use sdflow::{Points, Result};

/// Passes the reports of a process to the listener, and writes its checkpoints.
pub struct ContextObserver<'a> {
    context: &'a Context,
    keeper: Option<Keeper>,
    /// The name of the process for the user: "run sd_flow".
    what: String,
    film: Option<Film>,
}

impl<'a> ContextObserver<'a> {
    /// Creates an observer for the call `owner` of this context; `what` is its name for the user.
    pub fn new(context: &'a Context, owner: Owner, what: impl Into<String>) -> Self {
        ContextObserver { context, keeper: Keeper::new(context, owner), what: what.into(), film: None }
    }

    /// Begins the film of run number `run`, which starts at `start`, if the listener wants a film.
    /// The points of `reference` are shown behind the particles.
    pub fn filming(mut self, run: usize, start: &Points, reference: Option<&Points>) -> Self {
        self.film = self.context.listener.wants_film().then(|| Film::new((run, &self.what), start, reference));
        self
    }

    /// Passes on the film of the run, which ended after `done` steps with the points `cloud`.
    pub fn finish(&mut self, done: usize, cloud: &Points) {
        if let Some(film) = &mut self.film {
            film.end(done, cloud);
            self.context.listener.film(film);
        }
    }
}

impl Observer for ContextObserver<'_> {
    fn note(&mut self, note: &str) {
        self.context.note(note);
    }

    fn progress(&mut self, what: &str, done: usize, total: usize, detail: &dyn Fn() -> String) {
        self.context.listener.progress(what, done, total, &detail());
    }

    fn cloud(&mut self, done: usize, total: usize, cloud: &Points) {
        self.film.iter_mut().for_each(|film| film.take(done, total, cloud));
    }

    fn row(&mut self, row: &Row) {
        self.context.listener.row(row);
    }

    fn resume(&mut self) -> Result<Option<(usize, Archive)>> {
        let Some(keeper) = &mut self.keeper else { return Ok(None) };
        let mut found = keeper.resume(self.context, |trouble| self.context.warn(&trouble))?;
        if let Some((step, state)) = &mut found {
            let mut taken: Option<Taken> = None;
            state.part("film", &mut taken)?;
            if let (Some(film), Some(taken)) = (&mut self.film, taken) {
                film.resume(taken);
            }
            self.context.record_resumption();
            self.context.listener.resumed(&self.what, *step);
        }
        Ok(found)
    }

    fn checkpoint_due(&mut self, done: usize, total: usize) -> bool {
        self.keeper.as_mut().is_some_and(|keeper| keeper.is_due(done, total))
    }

    fn keep_checkpoint(&mut self, done: usize, _total: usize, state: Archive) -> Result<()> {
        let Some(keeper) = &mut self.keeper else { return Ok(()) };
        let mut all = Archive::writer();
        all.part("film", &mut self.film.as_ref().map(|film| film.taken().clone()))?;
        all.append(&state);
        keeper.keep(self.context, done, &all)
    }
}
