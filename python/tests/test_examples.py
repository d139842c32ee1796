"""The examples, as a user runs them, and the examples of the documentation."""

from __future__ import annotations

import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import sdflow as sd

EXAMPLES = Path(__file__).parents[1] / "examples"
NEEDS = {"moons": ["matplotlib"], "colour_transfer": ["matplotlib"], "torch_weights": ["torch", "safetensors"]}
SAYS = {"moons": "energy distance", "compare": "Wednesday differs from Monday", "colour_transfer": "levels before"}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_runs(path: Path, tmp_path: Path) -> None:
    for name in NEEDS.get(path.stem, []):
        pytest.importorskip(name)
    words = [sys.executable, str(path)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert SAYS.get(path.stem, "") in done.stdout
    for picture in tmp_path.glob("*.png"):
        assert picture.stat().st_size > 10_000


@pytest.mark.parametrize("name", ["", "._session", "._sums", "._values", ".runs", ".estimators"])
def test_the_examples_of_the_documentation_hold(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if name == ".estimators":
        pytest.importorskip("sklearn")
    module = importlib.import_module("sdflow" + name)
    # The functions that are built from the manual have a test of their own.
    written = doctest.DocTestFinder(recurse=name != "").find(module)
    written = [test for test in written if test.examples and test.lineno is not None]
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL)
    assert written
    for test in written:
        assert runner.run(test).failed == 0
    sd.seed(0)


def test_the_readme_runs_and_prints_what_it_says(tmp_path: Path) -> None:
    text = (EXAMPLES.parent / "README.md").read_text()
    code = text.split("```python\n")[1].split("```")[0]
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, check=True)
    said = code.split("print(r.metrics.energy)")[1].splitlines()[0].strip(" #")
    # Other instruction sets sum in another order, so the last digits may differ.
    assert [word[:4] for word in done.stdout.split()] == [word[:4] for word in said.split()]
