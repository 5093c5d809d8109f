"""The model process: a second process for the models.

It loads them while the first process builds the page, and computes while the first serves the page; in one process,
one would delay the other. If it dies, from lack of memory for instance, the page stays up, another process is started,
and the calls are repeated.
"""

from __future__ import annotations

import multiprocessing
import secrets
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, arbitrary_address  # type: ignore[attr-defined]
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from maxdigit import CHECKPOINTS
from maxdigit.errors import MaxDigitError
from maxdigit.inference.gathering import GatheringPredictor
from maxdigit.inference.predict import Prediction, Predictor, default_model
from maxdigit.models.reader import Reading
from maxdigit.preparation.prepare import PreparedPicture

if TYPE_CHECKING:
    from maxdigit.inference.inside import Inside

_P = ParamSpec("_P")
_R = TypeVar("_R")


_TRIES = 2  # attempts: a call during which the process dies twice is not repeated, as it may be the cause
_LONGEST = 120.0  # seconds for one call: the longest, loading a framework on a busy host, take less than half of it
_PATIENCE = 90.0  # seconds for which a call waits for a process that dies before it can take calls


class ModelProcessError(MaxDigitError):
    """The model process has died."""


class ModelProcess:
    """A process that calls functions for this one, started with the object. Safe to share between threads.

    It imports the main module again, which must therefore be protected by ``if __name__ == "__main__":``.
    """

    def __init__(self) -> None:
        self._process = _Process()
        self._lock = threading.Lock()

    def call(self, function: Callable[_P, _R], /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Call a function in the model process, and return its result.

        Args:
            function: of a module, or an unbound method. It is sent by name: its module is loaded in both processes,
                and what it imports when called, in the model process only.
            args: for it, as are ``kwargs``; they and the result are copied (pickled) from process to process.

        The function may be called a second time, where the process dies before it has answered, or has not answered
        after two minutes and is killed for it.

        Raises:
            ModelProcessError: the model process died or was killed over it twice; the next call starts another.
            Exception: whatever the function raises.
        """
        tries, end = 0, time.monotonic() + _PATIENCE
        while tries < _TRIES and time.monotonic() < end:
            with self._lock:
                if not self._process.is_alive():
                    self._process.close()
                    self._process = _Process()
                process = self._process
            if not process.is_ready():  # it died while it was loading, which this call did not cause
                continue
            try:
                return process.call(function, *args, **kwargs)
            except _DiedError:
                tries, end = tries + 1, time.monotonic() + _PATIENCE
        raise ModelProcessError(
            "The models stopped, perhaps because memory ran out, and are being restarted. Please try again."
        )

    def end(self) -> None:
        """End the process. Calls in progress are repeated in another one."""
        with self._lock:
            self._process.end()
            self._process.close()


class Calls(Protocol):
    """What calls functions elsewhere: :class:`ModelProcess`, or replicas on other machines."""

    def call(self, function: Callable[_P, _R], /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """As :meth:`ModelProcess.call`."""
        ...


class ModelProcessPredictor(Predictor):
    """A :class:`Predictor` whose models are in the model process, or wherever ``process`` calls functions."""

    def __init__(self, process: Calls, checkpoints: Path = CHECKPOINTS) -> None:
        super().__init__(checkpoints)
        self._process = process

    def get_ready(self) -> None:
        """Start to load the default model, and return at once."""
        threading.Thread(target=self._warm_default, daemon=True).start()

    def _warm_default(self) -> None:
        name = default_model(self.sound())  # reads the files of all models
        if name is not None:
            with suppress(MaxDigitError):  # a damaged checkpoint: the page shows the error when the model is asked
                self.warm(name)

    def warm(self, model: str) -> None:
        """As :meth:`Predictor.warm`."""
        self._ask(Predictor.warm, model)

    def troubles(self) -> dict[str, MaxDigitError]:
        """As :meth:`Predictor.troubles`, as far as the model process knows."""
        return self._ask(Predictor.troubles)

    def prepare(self, source: Path | bytes, **options: Any) -> PreparedPicture:
        """As :meth:`Predictor.prepare`."""
        return self._ask(Predictor.prepare, source, **options)

    def predict(self, pictures: NDArray[np.uint8], model: str) -> NDArray[np.float32]:
        """As :meth:`Predictor.predict`."""
        return self._ask(Predictor.predict, pictures, model)

    def read(
        self, pictures: NDArray[np.uint8], model: str
    ) -> tuple[NDArray[np.float32], list[tuple[Reading, ...]] | None]:
        """As :meth:`Predictor.read`."""
        return self._ask(Predictor.read, pictures, model)

    def classify(self, picture: NDArray[np.uint8], model: str) -> Prediction:
        """As :meth:`Predictor.classify`."""
        return self._ask(Predictor.classify, picture, model)

    def look_inside(self, picture: NDArray[np.uint8], model: str, **options: Any) -> Inside:
        """As :meth:`Predictor.look_inside`."""
        return self._ask(Predictor.look_inside, picture, model, **options)

    def replay(self, picture: NDArray[np.uint8], model: str, run: Path) -> dict[int, NDArray[np.float32]]:
        """As :meth:`Predictor.replay`."""
        return self._ask(Predictor.replay, picture, model, run)

    def explain(self, picture: NDArray[np.uint8], model: str, digit: int) -> NDArray[np.float32]:
        """As :meth:`Predictor.explain`."""
        return self._ask(Predictor.explain, picture, model, digit)

    def _ask(self, method: Callable[Concatenate[Predictor, _P], _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        return self._process.call(ask_predictor, self.checkpoints, method, *args, **kwargs)


def ask_predictor(
    checkpoints: Path, method: Callable[Concatenate[Predictor, _P], _R], /, *args: _P.args, **kwargs: _P.kwargs
) -> _R:
    """Call a method of this process's own predictor for that folder."""
    # One for all threads, so that no model is loaded twice: a dict's setdefault is atomic.
    predictor = _predictors.setdefault(str(checkpoints), GatheringPredictor(checkpoints))
    return getattr(predictor, method.__name__)(*args, **kwargs)


_predictors: dict[str, GatheringPredictor] = {}


def outcome(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> tuple[Any, Exception | None]:
    """A function's result, and the exception that it raised."""
    try:
        return function(*args, **kwargs), None
    except Exception as error:
        error.add_note(traceback.format_exc())  # the traceback would not reach the first process otherwise
        return None, error


class _DiedError(Exception):
    """The process ended before it had answered."""


class _Process:
    """One such process, and the connection to it."""

    def __init__(self) -> None:
        # Made here and not there, so that a process that is killed leaves no folder behind.
        self._address = _new_address()
        self._started, theirs = multiprocessing.Pipe(duplex=False)
        # Not forked, which would copy the first process's locks and connections.
        spawn = multiprocessing.get_context("spawn")
        self._process = spawn.Process(target=_serve, args=(theirs, self._address), name="models", daemon=True)
        self._process.start()
        theirs.close()  # so that its end is noticed even before it has started
        self._lock = threading.Lock()
        self._caller: Any = None
        # Two threads that wait for a process's end at once can miss it: to one of them it seems to be still alive.
        self._ending = threading.Lock()

    def is_alive(self) -> bool:
        with self._ending:
            return self._process.is_alive()

    def end(self) -> None:
        with self._ending:
            self._process.kill()
            self._process.join()

    def is_ready(self) -> bool:
        """Wait until it takes calls; False if it died before."""
        with self._lock:
            if self._caller is None:
                try:
                    self._started.recv()
                    manager = _Manager(self._address)
                    manager.connect()
                    self._caller = manager.caller()  # type: ignore[attr-defined]  # registered below
                except (EOFError, OSError):
                    self.end()  # if it has not died, it could not be reached any more
            return self._caller is not None

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        limit = threading.Timer(_LONGEST, self.end)
        limit.start()
        try:
            result, error = self._caller.call(function, *args, **kwargs)
        except (EOFError, OSError):  # of the connection: an exception of the function is a value here
            self.end()
            raise _DiedError from None
        finally:
            limit.cancel()
        if error is not None:
            raise error
        return result

    def close(self) -> None:
        """Release all resources of a process that has ended."""
        self._started.close()
        if self._address.startswith("/"):
            Path(self._address).unlink(missing_ok=True)


def _new_address() -> str:
    """An address that can be reached from this machine only; both sides also need the key."""
    if sys.platform == "linux":  # an abstract socket: no file remains, and no folder's name is too long for it
        return f"\0maxdigit-{secrets.token_hex(16)}"
    return arbitrary_address("AF_PIPE" if sys.platform == "win32" else "AF_UNIX")


class _Caller:
    """Calls functions in the model process, each in a thread of its own."""

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[Any, Exception | None]:
        return outcome(function, *args, **kwargs)


class _Manager(BaseManager):
    """Carries calls and results between the processes."""


_Manager.register("caller", _Caller)


def _serve(started: Connection, address: str) -> None:
    """The main function of the model process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the first process, which then ends this one
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    server = _Manager(address).get_server()
    started.send(True)
    server.serve_forever()


def _leave(*_: Any) -> None:
    """End so that the socket is removed."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit()


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
    signal.raise_signal(signal.SIGTERM)
