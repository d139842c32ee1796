//! The sums on the ranks other than rank 0.

use super::deal::Deal;
use super::leader::SLOTS;
use super::message::{Given, Hello, Message, Neighbours, Reply, Request, Sum, Wanted, encoded};
use crate::comm::Comm;
use crate::pairwise::backend::loops;
use crate::pairwise::call::{KernelCall, KernelSum, Softmax, SoftmaxCall, Values};
use crate::pairwise::engine::Pairwise;
use crate::pairwise::grid::placements::Placements;
use crate::pairwise::loops::output_row::RowOut;
use crate::pairwise::measure::Measure;
use crate::pairwise::plan::Shape;
use crate::pairwise::scratch::Memory;
use crate::points::kd_order::Orders;
use crate::{Error, Interrupt, Points, Result};
use pulp::bytemuck;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// The time between two checks for a message while this rank works.
const LOOK: Duration = Duration::from_millis(1);

/// The time that a part of a plan has to end after it is stopped.
const GRACE: Duration = Duration::from_secs(2);

/// Joins the ranks that rank 0 leads in [`super::leader::Ranks::lead`]. Returns how many ranks are
/// in the same place as this rank; None if rank 0 does not accept it.
pub fn join(comm: &dyn Comm, own: &Hello) -> Option<Neighbours> {
    comm.send(0, &encoded(own));
    match serde_json::from_slice(&comm.receive(0)) {
        Ok(Message::Welcome(neighbours)) => Some(neighbours),
        _ => None,
    }
}

/// Computes this rank's part of the sums that rank 0 shares, until rank 0 ends.
///
/// # Errors
/// A message of rank 0 cannot be understood.
pub fn serve(comm: &dyn Comm) -> Result<()> {
    let (mut slots, memory): ([Points; SLOTS], _) = (Default::default(), Arc::<Memory>::default());
    loop {
        match serde_json::from_slice(&comm.receive(0)) {
            Ok(Message::Compute(request)) => {
                let given = Sent::receive(comm, &request, &mut slots);
                if !answer(comm, &request, &slots, &given, &memory) {
                    return Ok(());
                }
            }
            // This message came after the call had finished.
            Ok(Message::Stop) => {}
            Ok(Message::End) => return Ok(()),
            Ok(other) => return Err(misunderstood(&format!("{other:?}"))),
            Err(error) => return Err(misunderstood(&error.to_string())),
        }
    }
}

fn misunderstood(seen: &str) -> Error {
    Error::Numeric { what: "a message of rank 0".into(), reason: format!("it cannot be understood: {seen}") }
}

/// Does this rank's part of the plan that rank 0 begins by [`super::leader::Ranks::begin`], and
/// then waits until rank 0 ends. `work` receives the plan, and an interrupt that requests the end
/// of `work` when rank 0 stops the plan or ends. An error of `work` is sent to rank 0.
pub fn work_apart(comm: &dyn Comm, work: impl FnOnce(&str, &Interrupt) -> std::result::Result<(), String> + Send) {
    let Ok(Message::Begin(plan)) = serde_json::from_slice(&comm.receive(0)) else { return };
    let (interrupt, mut has_left) = (Interrupt::default(), false);
    let found = while_listening(
        comm,
        || work(&plan, &interrupt),
        |message| {
            has_left |= !matches!(message, Some(Message::Stop));
            interrupt.request_end(GRACE);
        },
    );
    comm.send(0, found.err().unwrap_or_default().as_bytes());
    while !has_left {
        has_left = !matches!(serde_json::from_slice(&comm.receive(0)), Ok(Message::Stop));
    }
}

/// Does `work` in another thread and returns its result. Meanwhile this thread passes every message
/// of rank 0 to `hear`, or None if the message cannot be read. A panic of `work` continues in this
/// thread.
fn while_listening<R: Send>(
    comm: &dyn Comm,
    work: impl FnOnce() -> R + Send,
    mut hear: impl FnMut(Option<Message>),
) -> R {
    let (working, ended) = channel::<()>();
    std::thread::scope(|scope| {
        let thread = scope.spawn(move || {
            // The end of the thread, even by a panic, closes the channel.
            let _working = working;
            work()
        });
        while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
            if comm.has_message(0) {
                hear(serde_json::from_slice(&comm.receive(0)).ok());
            }
        }
        thread.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// What follows a request besides points.
struct Sent {
    weights: Option<Vec<f64>>,
    rows: Option<Vec<u64>>,
    expected: Option<Vec<f64>>,
}

impl Sent {
    fn receive(comm: &dyn Comm, request: &Request, slots: &mut [Points; SLOTS]) -> Sent {
        for placed in request.sets.iter().filter(|placed| placed.follows) {
            let set = &mut slots[placed.slot];
            set.reshape(placed.n, placed.dim);
            comm.receive_broadcast(bytemuck::cast_slice_mut(set.data_mut()));
        }
        let n = |place: usize| request.sets[place].n;
        let weights = request.weights.then(|| received(comm, n(request.sources)));
        let rows = request.rows.map(|count| received(comm, count));
        let expected = matches!(request.sum, Sum::Fixed { is_guided: true, .. });
        let expected = expected.then(|| received(comm, n(request.queries)));
        Sent { weights, rows, expected }
    }
}

/// Receives a broadcast of this many numbers.
fn received<N: bytemuck::Pod>(comm: &dyn Comm, count: usize) -> Vec<N> {
    let mut numbers = vec![N::zeroed(); count];
    comm.receive_broadcast(bytemuck::cast_slice_mut(&mut numbers));
    numbers
}

/// Computes the request while listening for messages, and replies. Returns false if rank 0 has
/// ended.
fn answer(comm: &dyn Comm, request: &Request, slots: &[Points; SLOTS], sent: &Sent, memory: &Arc<Memory>) -> bool {
    let engine =
        Pairwise { memory: Arc::clone(memory), ..Pairwise::new(request.options.clone(), Interrupt::default()) };
    let (mut goes_on, ranks) = (true, (comm.rank(), comm.size()));
    let own = OwnRows { engine: &engine, request, slots, sent, ranks };
    let computed = while_listening(
        comm,
        || own.compute(),
        |message| {
            goes_on &= matches!(message, Some(Message::Stop));
            engine.interrupt.raise();
        },
    );
    let Ok(Computed { results, undone }) = computed else {
        comm.send(0, &encoded(&Reply { is_stopped: true, ..Reply::default() }));
        return goes_on;
    };
    let (pairs, flops) = (engine.work.pairs(), engine.work.flops());
    comm.send(0, &encoded(&Reply { is_stopped: false, pairs, flops, undone }));
    comm.send(0, bytemuck::cast_slice(&results));
    goes_on
}

/// The results of the rows of this rank, in their order, and the places of rows that lost
/// precision.
struct Computed {
    results: Vec<f64>,
    undone: Vec<usize>,
}

/// This rank's rows of a call.
struct OwnRows<'a> {
    engine: &'a Pairwise,
    request: &'a Request,
    slots: &'a [Points; SLOTS],
    sent: &'a Sent,
    ranks: (usize, usize),
}

/// Lets rows write into `results`, which holds the results of one row after the other.
fn attach<'b>(rows: &mut [RowOut<'b>], wanted: Wanted, results: &'b mut [f64]) {
    for (row, results) in rows.iter_mut().zip(results.chunks_exact_mut(wanted.width())) {
        let (values, rest) = results.split_at_mut(wanted.values);
        let mut rest = rest.iter_mut();
        row.values = values;
        row.mass = wanted.mass.then(|| rest.next()).flatten();
        row.ess = wanted.ess.then(|| rest.next()).flatten();
    }
}

impl<'a> OwnRows<'a> {
    fn set(&self, place: usize) -> &'a Points {
        &self.slots[self.request.sets[place].slot]
    }

    fn compute(&self) -> Result<Computed> {
        let Request { arithmetic, sum, queries, sources, leave_out_self, wanted, .. } = *self.request;
        let (queries, sources, weights) = (self.set(queries), self.set(sources), self.sent.weights.as_deref());
        let values = self.request.values.map(|given| match given {
            Given::Own => Values::Own,
            Given::Of(place) => Values::Of(self.set(place)),
        });
        let (orders, placements) = (&Orders::default(), &Placements::default());
        let (sigma, kernel) = match sum {
            Sum::Softmax { sigma } => (sigma, None),
            Sum::Fixed { sigma, .. } => {
                let given = (weights.unwrap_or_default(), self.sent.expected.as_deref());
                let results = self.engine.log_sums_part(arithmetic, (queries, sources), sigma, given, self.ranks)?;
                return Ok(Computed { results, undone: Vec::new() });
            }
            Sum::Own { sigma } => {
                let results = self.engine.own_part((arithmetic, queries, sigma), self.ranks)?;
                return Ok(Computed { results, undone: Vec::new() });
            }
            Sum::Kernel { kernel, part, is_softmax } => {
                let sum = KernelSum { kernel, part, weights, values, leave_out_self };
                (0.0, Some(KernelCall { queries, sources, sum, is_softmax }))
            }
        };
        let softmax = Softmax { sigma, log_weights: weights, leave_out_self };
        let call = SoftmaxCall { queries, sources, values, softmax, orders, placements, subtract: false };
        let measured = kernel.as_ref().map_or_else(|| Measure::of_softmax(&call), Measure::of_kernel);
        let measure = Measure { shape: Shape { n: self.request.planned, ..measured.shape }, ..measured };
        let backend = loops(arithmetic);
        let deal = Deal::of(backend.unit(self.engine, &measure));
        let rows = match &self.sent.rows {
            Some(asked) => asked.iter().map(|query| *query as usize).map(row_of).collect(),
            None => (0..queries.n()).map(row_of).collect(),
        };
        let rows = match kernel {
            Some(_) => rows,
            None => backend.ordered(self.engine, &call, &measure, rows),
        };
        let mut own = deal.one(rows, self.ranks);
        let order: Vec<usize> = own.iter().map(|row| row.query).collect();
        let mut results = vec![0.0; own.len() * wanted.width()];
        attach(&mut own, wanted, &mut results);
        let undone = match &kernel {
            Some(kernel) => backend.kernel(self.engine, kernel, &measure, own)?,
            None => backend.softmax(self.engine, &call, &measure, own)?,
        };
        let lost: Vec<usize> = undone.iter().map(|row| row.query).collect();
        drop(undone);
        // Rows that lost precision are sorted by query.
        let places = order.iter().enumerate().filter(|(_, query)| lost.binary_search(query).is_ok());
        Ok(Computed { undone: places.map(|(i, _)| i).collect(), results })
    }
}

fn row_of<'b>(query: usize) -> RowOut<'b> {
    RowOut { query, ..RowOut::default() }
}
