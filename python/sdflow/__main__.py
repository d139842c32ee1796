"""The command `sdflow-engine`: `python -m sdflow run.rhai`."""

from __future__ import annotations

import os
import sys

from . import _engine


def main() -> None:
    """Perform the command with the arguments of the process."""
    code = _engine.command(["sdflow-engine", *sys.argv[1:]])
    # The command has handled signals and open files itself, so Python need not clean up.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
