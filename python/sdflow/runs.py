"""Scripts and their run folders."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ._errors import DataError, DivergedError, SdflowError
from ._values import Reading, Record

if TYPE_CHECKING:
    import os

#: The exceptions for the exit codes of the command.
EXITS: dict[int, type[Exception]] = {2: SdflowError, 3: SdflowError, 5: DivergedError, 6: DataError}


class Run:
    """A finished run of a script: the content of its folder.

    Attributes
    ----------
    folder : Path
        The run folder.
    record : Record
        The content of `run.json`: status, seed, machine, steps, work.
    metrics : Record
        The final metrics, each a `Reading`.
    params : Record
        The values of the parameters of the script.
    checks : list of Record
        The checks of the script (name, pass, value).
    warnings : list of str
    conclusion : str or None
    files : dict of str and Path
        The files that the script wrote.
    """

    def __init__(self, folder: Path, record: dict[str, Any]) -> None:
        self.folder = folder
        self.record = Record(record)
        self.metrics = Record({name: _reading(told) for name, told in record["metrics"].items()})
        self.params = Record({name: told["value"] for name, told in record["params"].items()})
        self.checks = [Record(check) for check in record["checks"]]
        self.warnings: list[str] = record["warnings"]
        self.conclusion: str | None = record.get("conclusion")
        self.files = {str(Path(name)): folder / name for name in record["files"]}

    @property
    def passed(self) -> bool:
        """True if all checks hold."""
        return all(check["pass"] for check in self.checks)

    @property
    def history(self) -> Record:
        """The rows of `metrics.csv` as columns; empty if no flow was run."""
        rows: list[dict[str, Any]] = []
        path = self.folder / "metrics.jsonl"
        if path.exists():
            with path.open(encoding="utf-8") as lines:
                rows = [json.loads(line) for line in lines]
        names = dict.fromkeys(name for row in rows for name in row if name != "flags")
        return Record({name: np.array([_number(row, name) for row in rows]) for name in names})

    def array(self, name: str) -> np.ndarray[Any, Any]:
        """Return an array that the script saved as `.npy`."""
        same_name = [file for file in self.files if Path(file).name == name]
        if name not in self.files and len(same_name) == 1:
            name = same_name[0]
        if name not in self.files:
            raise DataError(f"the run saved no file `{name}`, but {', '.join(self.files) or 'none'}")
        found: np.ndarray[Any, Any] = np.load(self.files[name], allow_pickle=False)
        return found

    def __repr__(self) -> str:
        return f"<sdflow.Run: {self.record.status}, {self.folder}>"


def run(
    script: str | os.PathLike[str],
    params: Mapping[str, Any] | None = None,
    *,
    seed: int | None = None,
    quick: bool = False,
    out: str | os.PathLike[str] | None = None,
    force: bool = False,
    allow_read: str | os.PathLike[str] | None = None,
    verbose: bool = False,
) -> Run:
    """Run a script, as the command `sdflow-engine` does.

    An interrupted run continues if it is started again with the same `out`. A finished run with the same
    `out`, script, parameters and seed is not computed again.

    Parameters
    ----------
    script : path
        The script, a `.rhai` file.
    params : dict, optional
        Values of its parameters.
    seed : int, optional
        Seed of all random numbers; 0 by default.
    quick : bool
        Whether to limit points and steps so that the script ends in seconds.
    out : path, optional
        The run folder; by default a new temporary folder.
    force : bool
        Whether to compute a finished run again.
    allow_read : path, optional
        A further folder from which the script may read.
    verbose : bool
        Whether the messages of the run are shown.

    Returns
    -------
    Run

    Raises
    ------
    SdflowError, DataError, DivergedError
        The run failed. What it had computed is in the run folder.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import sdflow as sd
    >>> script = pathlib.Path(tempfile.mkdtemp()) / "two.rhai"
    >>> _ = script.write_text('let n = param("n", 100); record(#{mean: normal(n, 2).mean()[0]});')
    >>> sd.run(script, {"n": 50}, seed=1).params.n
    50
    """
    folder = Path(tempfile.mkdtemp(prefix="sdflow-")) / "run" if out is None else Path(out)
    words = [sys.executable, "-m", "sdflow", str(Path(script)), "--out", str(folder), "--json"]
    for name, value in dict(params or {}).items():
        if value is None:
            continue
        words += ["-p", f"{name}={_written(value)}"]
    if seed is not None:
        words += ["--seed", str(seed)]
    if allow_read is not None:
        words += ["--allow-read", str(Path(allow_read))]
    words += ["--quick"] * quick + ["--force"] * force
    ended = _ended(words, None if verbose else subprocess.PIPE)
    if ended.returncode == 130:
        raise KeyboardInterrupt(f"the run is stopped; the same call with out={str(folder)!r} continues it")
    if ended.returncode not in (0, 4):
        raise _failure(ended, folder)
    return load_run(folder)


def _ended(words: list[str], stderr: int | None) -> subprocess.CompletedProcess[bytes]:
    """Perform a command. Ctrl-C is passed on once, so that the command can store its state."""
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=stderr, start_new_session=True) as process:
        while True:
            try:
                out, err = process.communicate()
                return subprocess.CompletedProcess(words, process.returncode, out, err)
            except KeyboardInterrupt:
                # A second signal ends the command at once.
                process.send_signal(signal.SIGINT)


def _failure(ended: subprocess.CompletedProcess[bytes], folder: Path) -> Exception:
    message = (ended.stderr or b"").decode(errors="replace").strip()
    try:
        told = json.loads(ended.stdout)["error"]
        at = f"{told['file']}:{told['line']}:{told['column']}: " if told.get("file") else ""
        message = at + told["message"] + (f": {told['hint']}" if told.get("hint") else "")
    except (ValueError, KeyError, TypeError):
        pass
    message = message.replace("`--out`", "`out`").replace("`--force`", "`force=True`")
    kept = f" (the folder of the run is {folder})" if (folder / "run.json").exists() else ""
    return EXITS.get(ended.returncode, RuntimeError)(message + kept)


def _written(value: Any) -> str:
    """Return the value of a parameter as it is written on the command line."""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (list, tuple, np.ndarray)):
        return json.dumps(np.asarray(value).tolist())
    return str(value)


def load_run(folder: str | os.PathLike[str]) -> Run:
    """Load the results of a run from its folder.

    Parameters
    ----------
    folder : path
        The folder of a run, with its `run.json`.

    Returns
    -------
    Run

    Examples
    --------
    >>> import sdflow as sd
    >>> sd.load_run("runs/missing")
    Traceback (most recent call last):
    sdflow.DataError: there is no run in runs/missing: run.json is missing
    """
    path = Path(folder) / "run.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return Run(Path(folder), record)
    except FileNotFoundError:
        if Path(folder, "sweep.json").exists():
            raise DataError(f"{folder} is a sweep: its cells stand in {Path(folder, 'table.csv')}") from None
        raise DataError(f"there is no run in {folder}: run.json is missing") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is not the record of a run: {error}") from None


def _reading(told: dict[str, Any]) -> Reading:
    value = told["value"] if told.get("flag") is None else float(told["flag"])
    return Reading(value, told.get("se"), told.get("floor"))


def _number(row: dict[str, Any], name: str) -> float:
    flag = row.get("flags", {}).get(name)
    if flag is not None:
        return float(flag)
    value = row.get(name)
    return np.nan if value is None else float(value)
