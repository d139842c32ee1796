"""Sessions: seeds, threads, signals, callbacks, warnings."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import sdflow as sd


def test_the_same_seed_gives_the_same_bytes() -> None:
    def work() -> bytes:
        x = sd.dataset("moons").sample(100)
        return sd.sd_flow(x).run(sd.normal(60, 2), steps=5).points.numpy().tobytes()

    runs = []
    for seed in (1, 1, 2):
        with sd.Session(seed=seed):
            runs.append(work())
    assert runs[0] == runs[1] != runs[2]
    sd.seed(1)
    assert work() == runs[0] != work()
    sd.seed(0)


def test_the_bytes_are_those_of_a_script(tmp_path: Path) -> None:
    script = tmp_path / "a.rhai"
    script.write_text(
        'let x = mixture(#{means: [[0, 0], [3, 1]], std: 0.5}).sample(300);\n'
        'let r = run(sd_flow(x, #{sigma: cosine(2, 0.2)}), normal(100, 2), x, #{steps: 20, metrics: ["mmd"]});\n'
        'save(r.points, "moved.npy");'
    )
    stored = sd.run(script, seed=5, out=tmp_path / "run")
    with sd.Session(seed=5), pytest.warns(sd.SdflowWarning, match="held-out"):
        x = sd.mixture(means=[[0, 0], [3, 1]], std=0.5).sample(300)
        r = sd.sd_flow(x, sigma=sd.cosine(2, 0.2)).run(sd.normal(100, 2), x, steps=20, metrics=["mmd"])
    assert (stored.array("samples/moved.npy") == r.points.numpy()).all()
    assert stored.metrics.mmd == r.metrics.mmd and stored.metrics.mmd.floor == r.metrics.mmd.floor


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"threads": 0}, "threads"),
        ({"precision": "f16"}, "f16"),
        ({"backend": "gpu"}, "gpu"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, object], words: str) -> None:
    with pytest.raises(sd.SdflowError, match=words):
        sd.Session(**settings)  # type: ignore[arg-type]
    with pytest.raises(sd.SdflowError, match="no setting"):
        sd.configure(precison="f32")


def test_a_callback_sees_every_row_and_can_end_the_run() -> None:
    rows: list[dict[str, float]] = []
    flow = sd.sd_flow(sd.dataset("moons").sample(200))
    r = flow.run(sd.normal(50, 2), steps=7, callback=rows.append)
    assert [row["step"] for row in rows] == r.history["step"].tolist()

    def stop(row: dict[str, float]) -> None:
        if row["step"] >= 2:
            raise StopIteration("enough")

    with pytest.raises(StopIteration, match="enough"):
        flow.run(sd.normal(20000, 2), steps=100_000, callback=stop)
    assert flow.run(sd.normal(50, 2), steps=2).stop == "finished"


def test_functions_of_python() -> None:
    target = sd.density(2, lambda x: -0.5 * (x**2).sum(1), lambda x: -x)
    assert target.score([[1, 2]]).numpy().tolist() == [[-1, -2]]
    flow = sd.sd_flow(sd.normal(50, 2), sigma=lambda t: 2 - t)
    assert flow.run(sd.normal(20, 2), steps=2).history["sigma"].tolist() == [2.0, 1.5, 1.0]
    inner = sd.gaussian(dim=2)
    nested = sd.density(2, lambda x: inner.log_density(x), lambda x: inner.score(x))
    assert nested.score([[3, 4]]).numpy().tolist() == [[-3, -4]]


def test_an_exception_in_a_function_is_passed_on() -> None:
    def failing(x: np.ndarray) -> np.ndarray:
        raise LookupError("no density today")

    with pytest.raises(LookupError, match="no density today"):
        sd.density(2, failing).score([[1, 2]])
    with pytest.raises(TypeError, match="the result of the function"):
        sd.density(2, lambda x: object()).score([[1, 2]])
    with pytest.raises(sd.SdflowError, match="returned"):
        sd.density(2, lambda x: "text").score([[1, 2]])
    assert sd.normal(3, 2).n == 3


def test_warnings_name_the_line_of_the_caller(caplog: pytest.LogCaptureFixture) -> None:
    x = sd.dataset("moons").sample(100)
    with pytest.warns(sd.SdflowWarning, match="held-out") as found:
        sd.sd_flow(x).run(sd.normal(50, 2), x, steps=2, metrics=["energy"])
    assert found[0].filename == __file__
    with pytest.warns(sd.SdflowWarning, match="held-out"):
        sd.sd_flow(x).run(sd.normal(50, 2), x, steps=2, metrics=["energy"])
    with caplog.at_level(logging.INFO, logger="sdflow"):
        sd.sd_flow(x).run(sd.normal(50, 2), steps=2)
    assert "sigma" in caplog.text


def test_other_threads_run_during_a_call() -> None:
    counted = 0
    ended = threading.Event()

    def count() -> None:
        nonlocal counted
        while not ended.is_set():
            counted += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    before = counted
    sd.sd_flow(sd.normal(3000, 2)).run(sd.normal(3000, 2), steps=30)
    after = counted
    ended.set()
    thread.join()
    assert after > before


def test_calls_of_several_threads_take_turns() -> None:
    with sd.Session(seed=1) as session:
        found: list[int] = []

        def work() -> None:
            with session:
                found.append(sd.sd_flow(sd.normal(50, 2)).run(sd.normal(20, 2), steps=3).points.n)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [20] * 4


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_ends_a_call() -> None:
    program = """
import sys, time, sdflow as sd
flow = sd.sd_flow(sd.normal(20000, 8))
print("ready", flush=True)
begun = time.monotonic()
try:
    flow.run(sd.normal(20000, 8), steps=1_000_000)
except KeyboardInterrupt:
    print("interrupted", sd.normal(2, 2).n, flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert out == "interrupted 2\n" and process.returncode == 0


def test_progress_is_shown_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    from sdflow._progress import Progress

    progress = Progress(shown=True)
    progress.begun -= 10
    progress.what, progress.written = "run", 0.0
    progress.tell("run", 5, 10, "sigma 1")
    progress.end()
    assert "run: 5 of 10, 10 s left (sigma 1)" in capsys.readouterr().err
    quiet = Progress(shown=False)
    quiet.begun -= 10
    quiet.tell("run", 5, 10, "")
    quiet.end()
    assert capsys.readouterr().err == ""
