"""The functions, methods and classes that are built from the manual."""

from __future__ import annotations

import copy
import inspect
import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import sdflow as sd
from sdflow._functions import ENTRIES, Entry, functions
from sdflow._script import as_python, in_python
from sdflow._stubs import stubs

PACKAGE = Path(sd.__file__).parent


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with the files that examples read."""
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.random.default_rng(0).normal(size=(200, 2)))
    rows = "\n".join(f"{i},{i * 2 % 7},{i * 3 % 5}" for i in range(50))
    Path("table.csv").write_text("a,b,c\n" + rows)
    return tmp_path


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.receiver or ''}.{entry.name}")
def test_the_example_of_every_function_runs(entry: Entry, data_folder: Path) -> None:
    if entry.name == "path":
        assert entry.example is not None and entry.example.splitlines()[1].startswith("for moment in")
    assert entry.example, f"the example of {entry.name} has no counterpart:\n{entry.script}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sd.SdflowWarning)
        exec(entry.example, {"sd": sd})


def test_every_function_has_a_signature_and_a_documentation() -> None:
    for name in functions():
        function = getattr(sd, name) if name != "run" else sd.Flow.run
        assert function.__doc__ and "Returns\n-------" in function.__doc__, name
        assert inspect.signature(function)
    assert list(inspect.signature(sd.sd_flow).parameters)[:4] == ["target_score", "source_score", "sigma", "scaling"]
    assert "from_" in inspect.signature(sd.linear).parameters


def test_arguments_can_be_named() -> None:
    with sd.Session(seed=4):
        a = sd.normal(dim=3, n=5)
    with sd.Session(seed=4):
        b = sd.normal(5, dim=3)
    assert (a.numpy() == b.numpy()).all()
    assert sd.linear(from_=1.0, to=0.0) == sd.linear(1.0, 0.0)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: sd.sd_flow(sd.normal(9, 2), scalling="raw"), sd.SdflowError, "did you mean `scaling`"),
        (lambda: sd.normal(3), TypeError, "needs `dim`: normal(n, dim)"),
        (lambda: sd.normal(3, 2, 1), TypeError, "takes 2 arguments"),
        (lambda: sd.normal(3, 2, n=3), TypeError, "two values for `n`"),
        (lambda: sd.normal("3", 2), sd.SdflowError, "a whole number is expected"),
        (lambda: sd.normal(3.5, 2), sd.SdflowError, "a whole number is expected"),
        (lambda: sd.gaussian(dim=object()), TypeError, "`dim` is a object"),
        (lambda: sd.gaussian(dim=2**70), sd.SdflowError, "`dim` does not fit 64 bits"),
        (lambda: sd.dataset("moon"), sd.SdflowError, "moons"),
        (lambda: sd.load("missing.npy"), sd.DataError, "missing.npy"),
        (lambda: sd.mapped("missing.npy"), sd.DataError, "missing.npy"),
        (lambda: sd.normal(3, 2, seed=1), TypeError, "use sdflow.seed(..)"),
        (lambda: sd.sd_flow(sd.normal(9, 2)).run(sd.normal(9, 2), checkpoint_every=3), TypeError, "checkpoint_every"),
    ],
)
def test_errors_say_what_to_type(call: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error) as raised:
        call()  # type: ignore[operator]
    assert words in str(raised.value)


def test_hints_are_written_in_python() -> None:
    with pytest.raises(sd.SdflowError, match=r"for example sd\.normal\(1000, 2\)"):
        sd.normal("many", 2)
    with pytest.raises(sd.SdflowError, match=r"sd\.dataset\(\"moons\"\)\.sample\(500\)"):
        sd.sd_flow(3)


@pytest.mark.parametrize(
    ("script", "python"),
    [
        ("let x = normal(10, 2);", "x = sd.normal(10, 2)"),
        ('gaussian(#{dim: 2, mean: [1, 2]})', "sd.gaussian(dim=2, mean=[1, 2])"),
        ("run(f, y, #{steps: 3})", "f.run(y, steps=3)"),
        ("density(2, |x| x, |x| g(x))", None),
        ("constant(|t| t * 2)", "sd.constant(lambda t: t * 2)"),
        ("print(`${x.n} points`);", 'print(f"{x.n} points")'),
        ("let a = #{b: true}; // a note", 'a = {"b": True}\n# a note'),
        ('linear(#{from: 1})', "sd.linear(from_=1)"),
        ("x.len() - 1", "len(x) - 1"),
        ("u.map(|v| v * v)", "[v * v for v in u]"),
        ("points([[0, 1]])", "sd.Points([[0, 1]])"),
        ("if x { 1 }", None),
        ("try { a } catch { b }", None),
        ("@", None),
    ],
)
def test_a_script_in_the_words_of_python(script: str, python: str | None) -> None:
    names = frozenset({"normal", "gaussian", "density", "constant", "linear", "points"})
    assert as_python(script, names) == python


def test_the_types_for_editors_are_those_of_the_build() -> None:
    assert (PACKAGE / "__init__.pyi").read_text() == stubs(), "run: python -m sdflow._stubs > sdflow/__init__.pyi"


def checked(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("mypy")
    # mypy finds an installed package by itself, and refuses to be told of it.
    is_installed = PACKAGE.parent.name == "site-packages"
    environment = os.environ if is_installed else {**os.environ, "MYPYPATH": str(PACKAGE.parent)}
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)


def test_the_types_are_those_of_the_package(tmp_path: Path) -> None:
    config = Path(__file__).parents[1] / "pyproject.toml"
    words = ["mypy.stubtest", "sdflow", "--ignore-missing-stub", "--mypy-config-file", str(config)]
    done = checked(words, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_checker_sees_a_mistake_of_a_user(tmp_path: Path) -> None:
    text = (
        "import numpy as np\nimport sdflow as sd\n"
        "x = sd.dataset('moons').sample(100)\n"
        "r: sd.Result = sd.sd_flow(x, scaling='raw', sigma=sd.cosine(1, 0.1)).run(np.zeros((9, 2)), steps=3)\n"
        "total: float = r.points.numpy().sum() + sd.energy(r.points, x)\n"
    )
    (tmp_path / "right.py").write_text(text)
    (tmp_path / "wrong.py").write_text(text.replace("raw", "rwa") + "x.moan()\n")
    right, wrong = (checked(["mypy", "--strict", name], tmp_path) for name in ("right.py", "wrong.py"))
    assert right.returncode == 0, right.stdout
    assert "Found 2 errors" in wrong.stdout and "arg-type" in wrong.stdout and "moan" in wrong.stdout, wrong.stdout


def test_readings_records_and_tables() -> None:
    r = sd.sd_flow(sd.dataset("moons").sample(100)).run(
        sd.normal(50, 2), sd.dataset("moons"), steps=3, metrics=["energy", "precision_recall"]
    )
    energy = r.metrics.energy
    assert isinstance(energy, float) and energy == r.metrics["energy"] == energy.value and energy.se > 0
    assert energy.floor > 0 and "floor" in repr(energy) and energy < 100 and energy + 1 > energy
    assert set(r.metrics.precision_recall.parts)
    with pytest.raises(AttributeError, match="no `enrgy` here, but energy"):
        _ = r.metrics.enrgy
    assert r.history["step"].tolist() == [0, 1, 2, 3]
    assert list(dict(r.history)) == r.history.columns and "energy" in r.history
    assert (r.history.energy == r.history["energy"]).all() and copy.copy(r.history)["step"].tolist() == [0, 1, 2, 3]
    with pytest.raises(KeyError, match="no column 'x'"):
        r.history["x"]
    with pytest.raises(KeyError, match="rows are in .pandas"):
        r.history[:2]  # type: ignore[index, misc]
    with pytest.raises(AttributeError, match="no column `x`"):
        r.history.x
    with pytest.raises(TypeError, match="cannot be changed"):
        r.history["new"] = 1
    with pytest.raises(TypeError, match="cannot be changed"):
        r.history.update(energy=3)
    assert r.history == copy.deepcopy(r.history) and r.history != {"step": 1}
    assert not r.history != r.history
    assert list(pickle.loads(pickle.dumps(r.history))) == r.history.columns
    assert 'a dictionary such as {"metric": "mmd", "kernel": 0.5}' in " ".join(str(sd.Flow.run.__doc__).split())
    assert "estimators" in dir(sd) and sd.estimators.FlowSampler is not None
    assert repr(sd.svgd(sd.gaussian(dim=2))) == "<sdflow.svgd>"
    assert repr(sd.ar1(0.5, dim=3)) == "<sdflow.Target: a Gaussian in 3 dimensions>"
    assert r.stats.steps == 3 and repr(r) == "<sdflow.Result: finished after 3 steps>"
    assert sd.table([{"a": 1.5, "b": "x"}, {"a": 2}])["a"].tolist() == [1.5, 2]


def test_a_history_is_a_data_frame_of_its_rows() -> None:
    pandas = pytest.importorskip("pandas")
    p = sd.dataset("moons").sample(100)
    history = sd.sd_flow(p).run(sd.normal(80, 2), steps=3).history
    for frame in (pandas.DataFrame(history), history.pandas()):
        assert list(frame.columns) == history.columns and frame["step"].tolist() == [0, 1, 2, 3]


def test_pictures_of_arrays_and_of_data_frames(tmp_path: Path) -> None:
    x = np.random.default_rng(1).normal(size=(50, 2))
    sd.plot(x, tmp_path / "array.svg")
    sd.plot({"target": x, "moved": x + 3, "field": lambda at: -at}, tmp_path / "map.svg", title="both")
    sd.plot([x, x + 1], tmp_path / "paths.svg", paths=True)
    assert ">moved<" in (tmp_path / "map.svg").read_text()
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(x, columns=["age", "income"])
    sd.plot(frame, tmp_path / "frame.svg")
    assert ">income<" in (tmp_path / "frame.svg").read_text()
    sd.save(sd.Points(frame), tmp_path / "frame.csv")
    assert (tmp_path / "frame.csv").read_text().startswith("age,income\n")
    with pytest.raises(sd.SdflowError, match="points, a target"):
        sd.plot([1.0, 2.0], tmp_path / "numbers.svg")


def test_no_words_of_a_script_are_left() -> None:
    for entry in ENTRIES:
        doc = entry.doc()
        assert "#{" not in doc and "run folder" not in doc, (entry.name, doc)
    foreign = [("smoothed(banana(), #{samples: 200})", "sd.smoothed(sd.banana(), samples=200)")]
    foreign += [("drop the minus sign: epsilon: 1", "drop the minus sign: epsilon=1")]
    foreign += [('write metrics: ["energy"]', 'write metrics=["energy"]'), ("`floor: false` saves time", "`floor=False` saves time")]
    foreign += [("such as #{energy: 0.02}", "such as energy=0.02"), ("it is 3: (a) no", "it is 3: (a) no")]
    for before, after in foreign:
        assert in_python(before, frozenset({"smoothed", "banana"})) == after
    # In documentation an option stands between backticks, and a colon before a name is prose.
    told = 'Arithmetic of the sums: "f32" or "f64"; with `units: "reference"` in units'
    written = 'Arithmetic of the sums: "f32" or "f64"; with `units="reference"` in units'
    assert in_python(told, frozenset(), is_message=False) == written


def test_a_missing_property_is_missing() -> None:
    r = sd.sd_flow(sd.normal(20, 2)).run(sd.normal(9, 2), steps=1)
    assert not hasattr(r, "carried") and getattr(r, "log_det", None) is None
    with pytest.raises(sd.SdflowError, match="carry=held_out"):
        _ = r.carried


def test_values_are_made_by_functions_and_say_if_they_cannot_be_pickled() -> None:
    import copy
    import pickle

    with pytest.raises(TypeError, match="made by a function"):
        sd.Flow()
    flow = sd.sd_flow(sd.normal(20, 2))
    with pytest.raises(TypeError, match="`sd_flow` cannot be pickled"):
        pickle.dumps(flow)
    assert copy.copy(flow).run(sd.normal(9, 2), steps=1).points.n == 9
    assert (copy.copy(sd.Points([[1, 2]])) == [[1, 2]]).all()


def test_the_rows_of_a_plan() -> None:
    x, y = sd.normal(7, 2), sd.normal(5, 2)
    c = sd.sinkhorn(x, y, epsilon=0.3)
    plan = c.plan_rows()
    assert plan.shape == (7, 5) and plan.sum() == pytest.approx(1)
    assert plan[3, 2] == c.plan(3, 2) and (c.plan_rows([3, 1]) == plan[[3, 1]]).all()
    assert np.abs(plan.sum(1) - 1 / 7).max() < 1e-4
    for rows in ([7], [-1]):
        with pytest.raises(IndexError, match="counted from 0"):
            c.plan_rows(rows)


def test_a_copy_of_a_generator_keeps_its_base() -> None:
    import copy

    target = sd.normal(400, 2).numpy() + 5
    g = sd.affine(dim=2)
    g.fit(sd.sd_flow(target), sd.gaussian(mean=[10, 10], std=3.0), steps=200)
    for other in (copy.copy(g), copy.deepcopy(g)):
        assert np.abs(other.sample(2000).mean() - 5).max() < 0.5
    changed = copy.copy(g)
    changed.fit(sd.sd_flow(target - 20), sd.gaussian(dim=2), steps=200)
    assert np.abs(g.sample(2000).mean() - 5).max() < 0.5


def test_an_animation(tmp_path: Path) -> None:
    x = sd.dataset("moons").sample(100)
    r = sd.sd_flow(x).run(sd.normal(50, 2), steps=6, snapshots=3)
    sd.animate(r, tmp_path / "way.gif", reference=x, seconds=1.0)
    sd.animate([[s] for s in r.snapshots], tmp_path / "way.png")
    assert (tmp_path / "way.gif").read_bytes().startswith(b"GIF89a")
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["way-000.png", "way-001.png", "way-002.png"]
    with pytest.raises(sd.SdflowError, match="has kept 0 clouds"):
        sd.animate(sd.sd_flow(x).run(sd.normal(9, 2), steps=1), tmp_path / "a.gif")


def test_a_generator_can_be_pickled() -> None:
    import copy
    import pickle

    net = sd.mlp(dim=3, dim_in=2, hidden=8)
    z = np.random.default_rng(0).normal(size=(7, 2))
    for other in (pickle.loads(pickle.dumps(net)), copy.deepcopy(net), copy.copy(net)):
        assert (other.apply(z).numpy() == net.apply(z).numpy()).all()


def test_every_flow_is_a_class() -> None:
    flows = [sd.sd_flow, sd.mmd_flow, sd.svgd, sd.langevin, sd.pf_ode, sd.sinkhorn_flow, sd.sliced_flow, sd.drift_flow]
    assert all(isinstance(flow, type) and issubclass(flow, sd.Flow) for flow in flows)
    flow = sd.mmd_flow([[0.0], [1.0]], step=0.5)
    assert isinstance(flow, sd.mmd_flow) and not isinstance(flow, sd.sd_flow) and type(copy.copy(flow)) is sd.mmd_flow
    assert copy.copy(flow).run([[0.5]], steps=2).stats.steps == 2
    with pytest.raises(TypeError, match="made by a function"):
        sd.Flow()
