"""Scripts, their run folders, and the command."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import sdflow as sd

SCRIPT = """
let n = param("n", 100);
let x = dataset("moons").sample(n);
let r = run(sd_flow(x), normal(n, 2), dataset("moons"), #{steps: 5, metrics: ["energy"]});
save(r.points, "moved.npy");
expect("few steps", r.stats.steps == 5);
conclude("The moons are reached.");
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "moons.rhai"
    path.write_text(SCRIPT)
    return path


def test_a_script_runs_and_its_folder_loads(script: Path, tmp_path: Path) -> None:
    done = sd.run(script, {"n": 60}, seed=3, out=tmp_path / "run")
    assert done.params.n == 60 and done.record.seed == 3 and done.passed and done.record.status == "done"
    assert done.metrics.energy.floor > 0 and done.conclusion == "The moons are reached."
    assert done.array("samples/moved.npy").shape == done.array("moved.npy").shape == (60, 2)
    assert done.history.step.tolist() == [0, 1, 2, 3, 4, 5] and done.history.energy[-1] == done.metrics.energy
    again = sd.load_run(tmp_path / "run")
    assert again.metrics == done.metrics and repr(again) == repr(done)
    assert sd.run(script, {"n": 60}, seed=3, out=tmp_path / "run").record.wall_s == done.record.wall_s
    with pytest.raises(sd.DataError, match="no file `x.npy`, but samples/moved.npy"):
        done.array("x.npy")


def test_a_temporary_folder_serves_by_default(script: Path) -> None:
    done = sd.run(script, quick=True)
    assert done.folder.exists() and done.record.quick


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("let x = normal(0, 2);", sd.SdflowError, "a.rhai:1:"),
        ("let x = ;", sd.SdflowError, "a.rhai:1:"),
        ('load("missing.npy");', sd.DataError, "missing.npy"),
        ('throw "my reason";', sd.SdflowError, "my reason"),
    ],
)
def test_a_failing_script_tells_its_place(tmp_path: Path, text: str, error: type[Exception], words: str) -> None:
    path = tmp_path / "a.rhai"
    path.write_text(text)
    with pytest.raises(error) as raised:
        sd.run(path, out=tmp_path / "run")
    assert words in str(raised.value)


def test_a_failed_check_is_a_result(tmp_path: Path) -> None:
    path = tmp_path / "a.rhai"
    path.write_text('expect("never", false);')
    done = sd.run(path)
    assert not done.passed and done.checks[0].name == "never"


def test_unknown_parameters_and_missing_scripts(script: Path, tmp_path: Path) -> None:
    with pytest.raises(sd.SdflowError, match="m"):
        sd.run(script, {"m": 1})
    with pytest.raises(sd.DataError, match="no such file"):
        sd.run(tmp_path / "none.rhai")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"metrics": {"a": 1}}'])
def test_a_broken_record_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(sd.DataError, match="not the record of a run"):
        sd.load_run(tmp_path)


def test_a_sweep_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(sd.DataError, match="run.json is missing"):
        sd.load_run(tmp_path)
    (tmp_path / "sweep.json").write_text("{}")
    with pytest.raises(sd.DataError, match="is a sweep: its cells stand in .*table.csv"):
        sd.load_run(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_stops_a_run_which_then_continues(tmp_path: Path) -> None:
    script = tmp_path / "long.rhai"
    script.write_text('let r = run(sd_flow(normal(4000, 8)), normal(4000, 8), #{steps: param("steps", 100000)});')
    # A shell may start the tests with this signal ignored.
    program = f"""
import signal, sdflow as sd
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    sd.run({str(script)!r}, out={str(tmp_path / "run")!r})
except KeyboardInterrupt as stopped:
    print(stopped)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (tmp_path / "run" / "metrics.csv").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert "the run is stopped" in out
    stopped = sd.load_run(tmp_path / "run")
    assert stopped.record.status == "stopped" and any((tmp_path / "run" / "checkpoint").iterdir())


def test_the_command_is_installed_with_the_package() -> None:
    told = subprocess.run([sys.executable, "-m", "sdflow", "--version"], capture_output=True, text=True, check=True)
    assert sd.__version__ in told.stdout
    wrong = subprocess.run([sys.executable, "-m", "sdflow", "nonsense"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2 and "nonsense" in wrong.stderr


def test_run_moves_points_as_well() -> None:
    flow = sd.sd_flow(sd.dataset("moons").sample(100))
    assert sd.run(flow, np.zeros((5, 2)), steps=2).points.n == 5
