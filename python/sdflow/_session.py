"""The session: the seed, the number of threads, and the arithmetic of all calls."""

from __future__ import annotations

import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from typing import Any

from . import _engine
from ._errors import KINDS, SdflowError, SdflowWarning
from ._progress import Progress

LOG = logging.getLogger("sdflow")
PAIRWISE = ("precision", "backend", "isa", "skip")


class Session:
    """The state that calls share: random numbers, threads, arithmetic.

    A session has one random stream for each purpose. The same calls in the same order with the same
    seed give the same bytes, for any number of threads, and the bytes of a script with these calls.

    Parameters
    ----------
    seed : int
        Seed of all random numbers.
    threads : int, optional
        Number of threads; all cores by default.
    precision : {"f32", "f64", "bf16x3", "bf16x6", "auto"}
        Arithmetic of pairwise sums.
    backend : {"auto", "naive", "direct", "fused", "gemm", "grid"}
        Implementation of pairwise sums.
    isa : {"auto", "scalar", "avx2", "avx512", "amx"}
        Instruction set of pairwise sums.
    skip : bool
        Whether blocks of sources of negligible weight are skipped.
    progress : bool, optional
        Whether calls of more than a second show their progress on standard error; by default if that
        is a terminal.

    Examples
    --------
    >>> import sdflow as sd
    >>> with sd.Session(seed=1, threads=1):
    ...     a = sd.normal(3, 2)
    >>> with sd.Session(seed=1):
    ...     b = sd.normal(3, 2)
    >>> bool((a.numpy() == b.numpy()).all())
    True
    """

    def __init__(
        self,
        seed: int = 0,
        threads: int | None = None,
        *,
        precision: str = "f32",
        backend: str = "auto",
        isa: str = "auto",
        skip: bool = True,
        progress: bool | None = None,
    ) -> None:
        if not isinstance(seed, int) or not 0 <= seed < 2**64:
            raise SdflowError(f"`seed` is {seed!r}, but it must be a whole number from 0 to 2**64 - 1")
        if threads is not None and (not isinstance(threads, int) or not 1 <= threads <= 4096):
            raise SdflowError(f"`threads` is {threads!r}, but it must be a whole number from 1 to 4096")
        self.settings: dict[str, Any] = {
            "seed": seed,
            "threads": threads,
            "precision": precision,
            "backend": backend,
            "isa": isa,
            "skip": skip,
            "progress": progress,
        }
        self.pairwise = json.dumps({name: self.settings[name] for name in PAIRWISE})
        try:
            self._engine = _engine.Session(seed, self.pairwise, threads or 0)
        except _engine.EngineError as error:
            raise _translated(error) from None
        except ValueError as error:
            raise SdflowError(str(error)) from None
        # Each thread enters and leaves a session on its own.
        self._entered = threading.local()

    def __enter__(self) -> Session:
        tokens: list[Token[Session]] = self._entered.__dict__.setdefault("tokens", [])
        tokens.append(_CURRENT.set(self))
        return self

    def __exit__(self, *_: object) -> None:
        _CURRENT.reset(self._entered.tokens.pop())

    def __repr__(self) -> str:
        changed = {name: value for name, value in self.settings.items() if value != _DEFAULTS.get(name)}
        return f"Session({', '.join(f'{name}={value!r}' for name, value in changed.items())})"

    def call(
        self,
        index: int,
        args: tuple[Any, ...],
        options: Mapping[str, Any],
        callback: Callable[[dict[str, float]], object] | None = None,
    ) -> Any:
        """Call the function with this place in the manual."""
        progress = Progress(self.settings["progress"])

        def hear(kind: str, content: Any) -> None:
            if kind == "warning":
                _warn(content)
            elif kind == "note":
                LOG.info(content)
            elif kind == "progress":
                progress.tell(*content)
            elif callback is not None:
                callback(content)

        try:
            return self._engine.call(index, args, dict(options), hear)
        except _engine.EngineError as error:
            raise _translated(error) from None
        finally:
            progress.end()


def _translated(error: _engine.EngineError) -> BaseException:
    kind, message, hint = error.args
    return KINDS.get(kind, SdflowError)(f"{message}: {told(hint)}" if hint else message)


def told(hint: str) -> str:
    """Return a hint of the engine in the words of Python."""
    from ._functions import NAMES
    from ._script import as_python

    start, _, call = hint.rpartition(": ")
    for words in ("write ", "for example ", "use ", ""):
        if not start and call.startswith(words):
            start, call = words, call[len(words) :]
            break
    written = as_python(call, NAMES) if "(" in call else None
    return hint if written is None else f"{start}{'' if start.endswith(' ') or not start else ': '}{written}"


def _warn(text: str) -> None:
    """Warn at the line of the caller that is not of this package."""
    depth, frame = 2, sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] == __package__:
        depth, frame = depth + 1, frame.f_back  # type: ignore[assignment]
    warnings.warn(text, SdflowWarning, stacklevel=depth)


_DEFAULTS = {"precision": "f32", "backend": "auto", "isa": "auto", "skip": True}
_CURRENT: ContextVar[Session] = ContextVar("sdflow_session")
_default: Session | None = None


def current() -> Session:
    """Return the session of the calls here: that of the innermost `with`, or the default one."""
    global _default
    found = _CURRENT.get(None)
    if found is not None:
        return found
    if _default is None:
        _default = Session()
    return _default


def seed(seed: int) -> None:
    """Begin the random numbers again with this seed.

    Parameters
    ----------
    seed : int
        The seed, as `--seed` of the command.

    Examples
    --------
    >>> import sdflow as sd
    >>> sd.seed(3)
    >>> a = sd.normal(2, 2).numpy()
    >>> sd.seed(3)
    >>> bool((a == sd.normal(2, 2).numpy()).all())
    True
    """
    configure(seed=seed)


def configure(**settings: Any) -> None:
    """Begin a new default session, with these settings changed.

    Parameters
    ----------
    **settings
        The parameters of `Session`: seed, threads, precision, backend, isa, skip, progress.

    Examples
    --------
    >>> import sdflow as sd
    >>> sd.configure(threads=1)
    >>> sd.configure(threads=None)
    """
    global _default
    before = current().settings if _default is not None else {}
    unknown = set(settings) - set(current().settings)
    if unknown:
        raise SdflowError(f"`{min(unknown)}` is no setting: see help(sdflow.Session)")
    _default = Session(**{**before, **settings})
