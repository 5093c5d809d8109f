"""A second process for whatever takes torch or TensorFlow: the models, and the generator of pictures.

It loads them while the first process builds the page, and computes while the first goes on serving it; in one process
the two would have to take turns. Should it die, for want of memory for instance, the page stays and another takes over.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.managers import BaseManager
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maxdigit.errors import MaxDigitError
from maxdigit.inference.predict import Prediction, Predictor, default_model
from maxdigit.preparation.prepare import PreparedPicture


class BackstageError(MaxDigitError):
    """The second process has died."""


class Backstage:
    """Where functions run that the page's own process should not be kept busy with.

    Until :meth:`start`, that is the process that asks. Safe to share between threads.
    """

    def __init__(self) -> None:
        self._process: _Process | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the second process, and return at once.

        It imports the main module anew, which must therefore stand behind ``if __name__ == "__main__":``.
        """
        self._process = _Process()

    def call(self, function: str, *args: Any, **kwargs: Any) -> Any:
        """What a function returns.

        Args:
            function: by its name, ``package.module:function``: only the process that runs it loads the module.
            args: for it, as are ``kwargs``; they and the result are copied (pickled) from process to process.

        Raises:
            BackstageError: the second process died over it; the next call starts another.
            Exception: whatever the function raises.
        """
        if self._process is None:
            return _run(function, *args, **kwargs)
        with self._lock:
            if not self._process.is_alive():
                self.start()
            process = self._process
        return process.call(function, *args, **kwargs)


backstage = Backstage()


class BackstagePredictor(Predictor):
    """A :class:`Predictor` whose models live backstage."""

    def get_ready(self) -> None:
        """Begin to load the model that is asked when nobody says which, and return at once."""
        name = default_model(self.available())
        if name is not None:
            threading.Thread(target=self._warm_if_whole, args=(name,), daemon=True).start()

    def _warm_if_whole(self, model: str) -> None:
        with suppress(MaxDigitError):  # a damaged checkpoint: the page says so when it is asked
            self.warm(model)

    def warm(self, model: str) -> None:
        """As :meth:`Predictor.warm`."""
        self._ask("warm", model)

    def prepare(self, source: Path | bytes, **options: Any) -> PreparedPicture:
        """As :meth:`Predictor.prepare`."""
        return self._ask("prepare", source, **options)

    def predict(self, pictures: NDArray[np.uint8], model: str) -> NDArray[np.float32]:
        """As :meth:`Predictor.predict`."""
        return self._ask("predict", pictures, model)

    def classify(self, picture: NDArray[np.uint8], model: str) -> Prediction:
        """As :meth:`Predictor.classify`."""
        return self._ask("classify", picture, model)

    def explain(self, picture: NDArray[np.uint8], model: str, digit: int) -> NDArray[np.float32]:
        """As :meth:`Predictor.explain`."""
        return self._ask("explain", picture, model, digit)

    def _ask(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return backstage.call(f"{__name__}:ask", self.checkpoints, method, *args, **kwargs)


def ask(checkpoints: Path, method: str, *args: Any, **kwargs: Any) -> Any:
    """Call a method of this process's own predictor for that folder."""
    # One for all threads, and no model loaded twice: nothing comes between the two halves of a dict's setdefault.
    predictor = _predictors.setdefault(str(checkpoints), Predictor(checkpoints))
    return getattr(predictor, method)(*args, **kwargs)


_predictors: dict[str, Predictor] = {}


class _Process:
    """A second process, and the way to it."""

    def __init__(self) -> None:
        self._address, theirs = multiprocessing.Pipe(duplex=False)
        # Not forked: the first process's threads and connections have no business there.
        spawn = multiprocessing.get_context("spawn")
        self._process = spawn.Process(target=_serve, args=(theirs,), name="backstage", daemon=True)
        self._process.start()
        theirs.close()  # so that a death before the address comes is noticed
        self._lock = threading.Lock()
        self._stage: Any = None

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def call(self, function: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return self._reach().call(function, *args, **kwargs)
        except (EOFError, OSError):  # from the process's end, or from the function itself?
            self._process.join(1)
            if self.is_alive():
                raise
        raise BackstageError("The models had to stop, perhaps for want of memory, and start anew. Ask once more.")

    def _reach(self) -> Any:
        with self._lock:
            if self._stage is None:
                manager = _Manager(self._address.recv())
                manager.connect()
                self._stage = manager.stage()
            return self._stage


class _Stage:
    """What the second process answers to, each caller in a thread of its own."""

    def call(self, function: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return _run(function, *args, **kwargs)
        except Exception as error:
            error.add_note(traceback.format_exc())  # else the first process would not learn where it happened
            raise


class _Manager(BaseManager):
    """Carries calls and results between the processes."""


_Manager.register("stage", _Stage)


def _run(function: str, *args: Any, **kwargs: Any) -> Any:
    return resolve_name(function)(*args, **kwargs)


def _serve(connection: Connection) -> None:
    """The second process's life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the first process, which then ends this one
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    server = _Manager().get_server()
    connection.send(server.address)
    server.serve_forever()


def _leave(*_: Any) -> None:
    """End tidily: nothing is left of the socket."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit()


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    signal.raise_signal(signal.SIGTERM)
