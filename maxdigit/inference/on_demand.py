"""A process that runs only while it is needed: for the picture generator, whose PyTorch takes 300 MB."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from maxdigit.inference.model_process import ModelProcess

_P = ParamSpec("_P")
_R = TypeVar("_R")

_IDLE = 600.0  # seconds; loading PyTorch again takes two or three


class OnDemandProcess:
    """Calls functions in a process that the first call starts, and that ends after some time without a call.

    Safe to share between threads.
    """

    def __init__(self, idle: float = _IDLE) -> None:
        """Start nothing yet.

        Args:
            idle: seconds without a call after which the process ends.
        """
        self._idle = idle
        self._lock = threading.Lock()
        self._process: ModelProcess | None = None
        self._calls = 0  # in progress
        self._timer: threading.Timer | None = None

    def call(self, function: Callable[_P, _R], /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """As :meth:`maxdigit.inference.model_process.ModelProcess.call`."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._calls += 1
            process = self._process = self._process or ModelProcess()
        try:
            return process.call(function, *args, **kwargs)
        finally:
            with self._lock:
                self._calls -= 1
                if not self._calls:
                    self._timer = threading.Timer(self._idle, self._end)
                    self._timer.daemon = True  # it does not keep the program from ending
                    self._timer.start()

    def _end(self) -> None:
        with self._lock:
            # A call may have come while the timer was about to end the process.
            if self._process is not None and not self._calls:
                self._process.end()
                self._process = None
