"""Particle flows between distributions on a CPU.

The functions of this package make targets, scores, flows, bridges, generators and metrics. They take
and return arrays. `dir(sdflow)` lists the functions, and `help(sdflow.sd_flow)` describes one.

>>> import sdflow as sd
>>> x = sd.dataset("moons").sample(500)
>>> r = sd.sd_flow(x).run(sd.normal(300, 2), sd.dataset("moons"), steps=30, metrics=["energy"])
>>> r.points.numpy().shape
(300, 2)
"""

from __future__ import annotations

import importlib
from typing import Any

from . import _functions
from ._engine import __version__
from ._errors import DataError, DivergedError, SdflowError, SdflowWarning
from ._session import Session, configure, seed
from ._sums import SoftmaxMean, kernel_sum, log_sum_exp, score_difference, softmax_mean
from ._values import Bridge, Coupling, Flow, Generator, Points, Reading, Record, Result, Score, Table, Target, Value
from .runs import Run, load_run
from .runs import run as _run_script

_made = _functions.functions()
_run_flow = _made.pop("run")
globals().update(_made)


def run(what: Any, *args: Any, **options: Any) -> Any:
    """Run a script, or move points along a flow.

    `run("script.rhai", params, seed=1)` calls `sdflow.runs.run`, and `run(flow, start, reference, ..)`
    calls `flow.run(start, reference, ..)`.
    """
    if isinstance(what, Flow):
        return _run_flow(what, *args, **options)
    return _run_script(what, *args, **options)


__all__ = [
    "Bridge",
    "Coupling",
    "DataError",
    "DivergedError",
    "Flow",
    "Generator",
    "Points",
    "Reading",
    "Record",
    "Result",
    "Run",
    "Score",
    "SdflowError",
    "SdflowWarning",
    "Session",
    "SoftmaxMean",
    "Table",
    "Target",
    "Value",
    "__version__",
    "configure",
    "kernel_sum",
    "load_run",
    "log_sum_exp",
    "run",
    "score_difference",
    "seed",
    "softmax_mean",
    *_made,
]


def __getattr__(name: str) -> Any:
    # scikit-learn is imported only by those who use the estimators.
    if name == "estimators":
        try:
            return importlib.import_module(".estimators", __name__)
        except ImportError as error:
            raise AttributeError(f"`sdflow.estimators` needs scikit-learn: {error}") from error
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "estimators"])
