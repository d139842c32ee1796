"""The command `sdflow-engine`: `python -m sdflow run.rhai`."""

from __future__ import annotations

import os
import sys

from . import _engine


def main() -> None:
    """Perform the command with the arguments of the process."""
    code = _engine.command(["sdflow-engine", *sys.argv[1:]])
    # The command has its own way with signals and open files; nothing of Python is left to do.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
