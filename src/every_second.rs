//! A thread that acts once a second, as long as somebody wants it to.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// Acts once a second until it is dropped.
#[derive(Debug)]
pub struct EverySecond {
    thread: Option<(Sender<()>, JoinHandle<()>)>,
}

impl EverySecond {
    /// Begins; without a thread from the system nothing is done.
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
        // Whatever was sent until then comes, and then the end.
        while acts.recv().is_ok() {}
    }
}
