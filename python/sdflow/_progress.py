"""The progress of a long call as one line on standard error."""

from __future__ import annotations

import sys
import time


class Progress:
    """Shows the progress of one call, from its first second on."""

    WAIT = 1.0
    PACE = 0.2

    def __init__(self, shown: bool | None) -> None:
        self.shown = sys.stderr is not None and sys.stderr.isatty() if shown is None else shown
        self.begun = self.written = time.monotonic()
        self.width = 0
        self.what = ""

    def tell(self, what: str, done: int, total: int, detail: str) -> None:
        now = time.monotonic()
        if what != self.what:
            self.what, self.begun = what, now
        spent = now - self.begun
        if not self.shown or spent < self.WAIT or now - self.written < self.PACE:
            return
        self.written = now
        left = f", {spent * (total - done) / done:.0f} s left" if done else ""
        line = f"{what}: {done} of {total}{left}" + (f" ({detail})" if detail else "")
        line = line[:118]
        sys.stderr.write("\r" + line.ljust(self.width))
        sys.stderr.flush()
        self.width = len(line)

    def end(self) -> None:
        if self.width:
            sys.stderr.write("\r" + " " * self.width + "\r")
            sys.stderr.flush()
