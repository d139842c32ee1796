//! Cells computed some at a time, and taken in one after another.

use super::cell::{Outcome, name, outcome};
use super::store::{Finished, Store};
use crate::call::Call;
use crate::context::{Seat, Trace, detached};
use crate::language::Fail;
use crate::language::limits::STACK;
use crate::thread_layout::Layout;
use rhai::{Dynamic, FnPtr, Map, NativeCallContext};
use sdflow::rng::Stream;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, Scope, scope};

/// A cell that came to its end.
pub struct Made {
    outcome: Outcome,
    trace: Trace,
}

/// Who computes the cells that are not finished yet.
struct Crew<'a> {
    function: &'a FnPtr,
    cells: &'a [Map],
    /// Those to compute.
    waiting: Vec<usize>,
    next: AtomicUsize,
    store: &'a Store,
    root: Stream,
}

/// Computes the cells and gives what came of them to `taken`, in their order. What a cell says and
/// does comes into the run in its turn, so the run's bytes are the same for any number of threads.
///
/// # Errors
/// An interrupt; a run folder that cannot be written; threads that the system does not grant.
pub fn computed(
    call: &Call,
    function: &FnPtr,
    cells: &[Map],
    mut taken: impl FnMut(usize, Outcome),
) -> Result<(), Fail> {
    let (number, root) = call.context.numbered_stream("sweep");
    let (store, finished) = Store::open(call.context, number, |index| cells.get(index).map(name))?;
    let waiting: Vec<usize> = (0..cells.len()).filter(|index| !finished.contains_key(index)).collect();
    let layout = Layout::of(None, None, waiting.len(), rayon::current_num_threads());
    let made = |Finished { readings, trace }| Made { outcome: Ok(readings), trace };
    let mut ready: BTreeMap<usize, Made> = finished.into_iter().map(|(index, cell)| (index, made(cell))).collect();
    let mut turn = 0;
    let mut join = |ready: &mut BTreeMap<usize, Made>| {
        while let Some(Made { outcome, trace }) = ready.remove(&turn) {
            store.deliver(call.context, turn, &trace)?;
            call.context.join(trace, 1.0 / layout.jobs as f64);
            taken(turn, outcome);
            turn += 1;
        }
        Ok::<_, Fail>(())
    };
    join(&mut ready)?;
    let crew = Crew { function, cells, waiting, next: AtomicUsize::new(0), store: &store, root };
    scope(|scope| {
        let received = crew.begun(call, layout, scope)?;
        for (done, (index, made)) in received.into_iter().enumerate() {
            let name = name(&cells[index]);
            ready.insert(index, made.inspect_err(|_| crew.halt())?);
            call.context.listener.progress("sweep", done + 1, crew.waiting.len(), &name);
            join(&mut ready).inspect_err(|_| crew.halt())?;
        }
        call.context.interrupt.check().map_err(Fail::from)
    })
}

/// What workers send: a cell, or what ends the sweep.
type Sent = (usize, Result<Made, Fail>);

impl Crew<'_> {
    /// Begins no further cell.
    fn halt(&self) {
        self.next.store(self.waiting.len(), Ordering::Relaxed);
    }

    /// Sets the workers going.
    fn begun<'s>(&'s self, call: &'s Call, layout: Layout, scope: &'s Scope<'s, '_>) -> Result<Receiver<Sent>, Fail> {
        let refused = |e: &dyn std::fmt::Display| {
            self.halt();
            Fail::data(format!("the system refuses threads: {e}")).hint("give a smaller `--threads`")
        };
        let (sender, receiver) = channel();
        if self.waiting.is_empty() {
            return Ok(receiver);
        }
        call.context.listener.progress("sweep", 0, self.waiting.len(), "");
        for _ in 0..layout.jobs {
            let sender = sender.clone();
            let work = move || {
                let seat = Seat::default();
                let own = seat.clone();
                // This thread is one of the pool's: what a cell computes stays in its own pool.
                let pool = rayon::ThreadPoolBuilder::new().num_threads(layout.threads);
                let pool = pool.use_current_thread().start_handler(move |_| own.take()).build();
                seat.take();
                match pool {
                    Ok(_pool) => self.work(call, &seat, &sender),
                    // Where this fails too, the sweep has ended and does not listen.
                    Err(e) => drop(sender.send((self.waiting[0], Err(refused(&e))))),
                }
            };
            Builder::new().name("cell".into()).stack_size(STACK).spawn_scoped(scope, work).map_err(|e| refused(&e))?;
        }
        Ok(receiver)
    }

    fn work(&self, call: &Call, seat: &Seat, sender: &Sender<Sent>) {
        while !call.context.interrupt.raised()
            && let Some(&index) = self.waiting.get(self.next.fetch_add(1, Ordering::Relaxed))
        {
            let made = self.made(call, seat, index);
            if sender.send((index, made)).is_err() {
                return;
            }
        }
    }

    /// Computes a cell and records it.
    fn made(&self, call: &Call, seat: &Seat, index: usize) -> Result<Made, Fail> {
        let folder = self.store.emptied(index)?;
        let cell = &self.cells[index];
        let name = name(cell);
        let (context, heard) = call.context.cell(&name, self.root.at(index as u64), &folder);
        // The functions that this interpreter knows work for the cell.
        let engine = Arc::new((context.host.interpreter)(&context));
        context.callbacks.begin(&engine, &context.program.main);
        seat.hold(Some(Arc::clone(&context.callbacks)));
        let (global, source) = (call.native.global_runtime_state().clone(), call.native.fn_source());
        let native: NativeCallContext = (&*engine, "sweep", source, &global, call.native.call_position()).into();
        let value = detached(self.function).call_within_context::<Dynamic>(&native, (cell.clone(),));
        seat.hold(None);
        let (trace, diverged) = context.left(&heard);
        let outcome = outcome(&context, &native, value, diverged)?;
        let trace = match &outcome {
            Ok(readings) => self.store.keep(index, &name, Finished { readings: readings.clone(), trace })?,
            Err(_) => trace,
        };
        Ok(Made { outcome, trace })
    }
}
