//! A thread that calls a function once a second.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// Calls a function once a second until it is dropped.
#[derive(Debug)]
pub struct EverySecond {
    thread: Option<(Sender<()>, JoinHandle<()>)>,
}

impl EverySecond {
    /// Starts the thread; if the system provides no thread, nothing is called.
    pub fn act(act: impl Fn() + Send + 'static) -> EverySecond {
        let (wanted, end) = channel();
        let beat = move || {
            while end.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                act();
            }
        };
        let thread = Builder::new().name("progress".into()).spawn(beat);
        EverySecond { thread: thread.ok().map(|thread| (wanted, thread)) }
    }
}

impl Drop for EverySecond {
    fn drop(&mut self) {
        if let Some((wanted, thread)) = self.thread.take() {
            drop(wanted);
            // A panic of the thread was reported when it happened.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_acts_while_it_is_wanted() {
        let (acted, acts) = channel();
        let every = EverySecond::act(move || {
            let _ = acted.send(());
        });
        acts.recv_timeout(Duration::from_secs(20)).unwrap();
        drop(every);
        // The channel first returns the values sent so far, and then reports its end.
        while acts.recv().is_ok() {}
    }
}
