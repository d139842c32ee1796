"""Sessions: seeds, threads, signals, callbacks, warnings."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
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
        ({"seed": True}, "seed"),
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


def in_time(work: Callable[[], object], seconds: float = 60.0) -> object:
    """Return the result of `work`, which fails the test if it does not end."""
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(work()), daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), "the call does not end"
    assert found, "the call failed"
    return found[0]


@pytest.mark.filterwarnings("ignore::sdflow.SdflowWarning")
@pytest.mark.parametrize("threads", [1, 2])
def test_code_that_a_call_needs_may_call_sdflow(threads: int) -> None:
    inner = sd.gaussian(dim=2)
    seen: list[str] = []

    def log_density(x: np.ndarray) -> np.ndarray:
        seen.append(repr(sd._session.current()))
        sd.energy(x[:20], x[:20] + 1, floor=False)
        return inner.log_density(x)

    def work() -> list[float]:
        with sd.Session(seed=4, threads=threads):
            target = sd.density(2, log_density, lambda x: inner.score(x))
            flow = sd.sd_flow(target, sd.gaussian_fit(), sigma=lambda t: 1.0 - 0.5 * t, noise="none")
            rows: list[float] = []
            hook = lambda row: rows.append(row["step"] + 0 * sd.normal(3, 2).n)  # noqa: E731
            flow.run(sd.normal(30, 2), steps=3, callback=hook)
            target.log_density([[0.0, 1.0]])
            return rows

    assert in_time(work) == [0, 1, 2, 3]
    assert seen and all(text == f"Session(seed=4, threads={threads})" for text in seen)


def test_exceptions_stay_with_their_call() -> None:
    class First(Exception):
        pass

    class Second(Exception):
        pass

    def raised(error: type[Exception]) -> set[type[Exception]]:
        def failing(x: np.ndarray) -> np.ndarray:
            raise error("mine")

        found = set()
        with sd.Session(seed=1):
            for _ in range(40):
                try:
                    sd.density(2, failing).score([[1, 2]])
                except Exception as seen:
                    found.add(type(seen))
        return found

    results: dict[type[Exception], set[type[Exception]]] = {}
    threads = [threading.Thread(target=lambda e=e: results.update({e: raised(e)})) for e in (First, Second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {First: {First}, Second: {Second}}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_is_told_what_to_do() -> None:
    program = """
import os, sys, sdflow as sd
sd.normal(2, 2)
child = os.fork()
if child == 0:
    try:
        sd.log_sum_exp([[0.0]], [[0.0]], 1.0)
    except RuntimeError as error:
        os._exit(7 if "spawn" in str(error) else 8)
    os._exit(9)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "7\n", done.stderr


def test_sessions_in_tasks() -> None:
    shared = sd.Session(seed=3)

    async def work(seed: int) -> tuple[str, str]:
        with shared:
            await asyncio.sleep(0.01)
            with sd.Session(seed=seed):
                await asyncio.sleep(0.01)
                inner = repr(sd._session.current())
            return inner, repr(sd._session.current())

    async def both() -> list[tuple[str, str]]:
        return await asyncio.gather(work(1), work(2))

    assert asyncio.run(both()) == [("Session(seed=1)", "Session(seed=3)"), ("Session(seed=2)", "Session(seed=3)")]


def test_settings_may_be_numbers_of_numpy() -> None:
    with sd.Session(seed=np.int64(3), threads=np.int32(1)):
        a = sd.normal(2, 2)
    with sd.Session(seed=3):
        assert (sd.normal(2, 2) == a).all()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(
    "call",
    [
        "sd.sd_flow(sd.normal(20000, 8)).run(sd.normal(20000, 8), steps=1_000_000)",
        "sd.log_sum_exp(*2 * [np.arange(4e6).reshape(-1, 20)], 1e6, precision='f64')",
    ],
)
def test_ctrl_c_ends_a_call(tmp_path: Path, call: str) -> None:
    # A shell may start the tests with this signal ignored.
    program = f"""
import signal, numpy as np, sdflow as sd
signal.signal(signal.SIGINT, signal.default_int_handler)
print("ready", flush=True)
try:
    {call}
except KeyboardInterrupt:
    print("interrupted", sd.normal(2, 2).n, flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert out == "interrupted 2\n" and process.returncode == 0
    assert not list(tmp_path.iterdir())


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
