"""OpenVINO itself: whether it is there and wanted, loaded without its telemetry, and graphs made ready to compute."""

from __future__ import annotations

import logging
import math
import os
import platform
import sys
import threading
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Precision = Literal["f32", "bf16"]

ENGINES = ("fastest", "native")
# Where the choice is kept: the model process is started with it.
_CHOICE = "MAXDIGIT_ENGINE"
_CORES = "MAXDIGIT_CORES"  # so is the limit of :func:`limit_cores`
# What `import openvino` would load, and never need here. The conversion tools take longer to load than all the rest,
# and count every import of OpenVINO with Google Analytics, for which they write files into the home directory.
_TELEMETRY, _TOOLS = "openvino_telemetry", "openvino.tools.ovc"

_CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")  # of a container: microseconds of all cores together, in so many
_CPU_INFO = Path("/proc/cpuinfo")

_log = logging.getLogger(__name__)
_loading = threading.Lock()


def choose_engine(name: str) -> None:
    """Say what computes, in this process and in those that it starts: one of ``ENGINES``.

    "native" is the framework that a network was trained with; "fastest" is OpenVINO where it is installed. Takes effect
    on what is loaded from then on.
    """
    if name not in ENGINES:
        raise ValueError(f"an engine is one of {ENGINES}, not {name!r}")
    os.environ[_CHOICE] = name


def chosen_engine() -> str:
    """What :func:`choose_engine` was told."""
    return os.environ.get(_CHOICE, ENGINES[0])


def limit_cores(count: int) -> None:
    """Let this process, and those that it starts, compute on no more cores; for what is made ready from then on."""
    os.environ[_CORES] = str(count)


def openvino() -> ModuleType | None:
    """OpenVINO; None where it is not wanted or cannot be loaded, which the log has a line on."""
    return None if chosen_engine() == "native" else _load()


def opset() -> Any:
    """The module of OpenVINO whose functions make a graph's nodes.

    Raises:
        ModuleNotFoundError: there is no OpenVINO, or it is not wanted.
    """
    module = openvino()
    if module is None:
        raise ModuleNotFoundError("OpenVINO is not installed, or not wanted")
    return module.opset13


@lru_cache(maxsize=1)
def computes_in_bfloat16() -> bool:
    """Whether this processor multiplies numbers of 16 bits, of which eight are the significand, faster than float32."""
    return openvino() is not None and "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class Compiled:
    """A graph that is ready to compute. Safe to share between threads, which take turns: each has all cores then."""

    def __init__(self, graph: Any, precision: Precision = "f32", *, kernels: int | None = None) -> None:
        """Make it ready.

        Args:
            graph: an ``openvino.Model``.
            precision: of the numbers that are multiplied. Sums are float32 in either case.
            kernels: how many are kept at most; every shape of the input takes some for each layer. None: all.

        Raises:
            RuntimeError: OpenVINO cannot compute the graph here.
        """
        settings: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": available_cores(),
            # Threads that are bound to a core wait for it while others stand idle: on a busy machine that takes several
            # times as long.
            "ENABLE_CPU_PINNING": False,
        }
        if kernels is not None:
            settings["CPU_RUNTIME_CACHE_CAPACITY"] = kernels
        self._request = _core().compile_model(graph, "CPU", settings).create_infer_request()
        self._lock = threading.Lock()

    def __call__(self, *inputs: NDArray[Any]) -> list[NDArray[np.float32]]:
        """What the graph makes of its inputs: all outputs, in order."""
        with self._lock:
            return list(self._request.infer([np.ascontiguousarray(each) for each in inputs]).to_tuple())


def available_cores() -> int:
    """How many cores this process may use: in a container, or one of several workers, fewer than the machine has."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    cores = min(cores, int(os.environ.get(_CORES, cores)))
    try:
        quota, period = _CPU_LIMIT.read_text(encoding="ascii").split()
        return max(1, min(cores, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no control groups, or no limit: "max"
        return cores


def cpu_name() -> str:
    """The processor's name, or its architecture where the name is not known."""
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8").splitlines()
    except OSError:  # not on Linux
        lines = []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


@lru_cache(maxsize=1)
def _core() -> Any:
    """What all graphs are compiled by: with one for each, they would not share its threads."""
    module = _load()
    assert module is not None, "whoever has a graph has OpenVINO"
    return module.Core()


@lru_cache(maxsize=1)
def _load() -> ModuleType | None:
    with _loading:
        if "openvino" not in sys.modules:
            # None keeps a module from being loaded. The tools stay usable for others, without the telemetry.
            sys.modules.setdefault(_TELEMETRY, None)  # type: ignore[arg-type]
            sys.modules[_TOOLS] = None  # type: ignore[assignment]
        try:
            import openvino as module
        except ImportError as error:
            _log.warning("OpenVINO cannot be loaded (%s): the training frameworks answer instead.", error)
            return None
        finally:
            if _TOOLS in sys.modules and sys.modules[_TOOLS] is None:
                del sys.modules[_TOOLS]
        return module
