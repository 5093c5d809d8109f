"""OpenVINO itself: whether it is installed and chosen, loading it without its telemetry, and compiled graphs."""

from __future__ import annotations

import ctypes
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
# The environment variable with the choice, which the model process inherits.
_CHOICE = "MAXDIGIT_ENGINE"
_CORES = "MAXDIGIT_CORES"  # as is the limit of :func:`limit_cores`
# Modules that `import openvino` would load and that are not needed here. The conversion tools take longer to load than
# everything else and report every import of OpenVINO to Google Analytics, writing files into the home directory.
_TELEMETRY, _TOOLS = "openvino_telemetry", "openvino.tools.ovc"

_CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")  # of a container: CPU microseconds allowed per period, and the period
_CPU_INFO = Path("/proc/cpuinfo")

_log = logging.getLogger(__name__)
_loading = threading.Lock()
_trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None  # glibc has it


def choose_engine(name: str) -> None:
    """Choose the engine for this process and those that it starts: one of ``ENGINES``.

    "native" is the framework that a network was trained with; "fastest" is OpenVINO where it is installed. Takes effect
    for models loaded afterwards.
    """
    if name not in ENGINES:
        raise ValueError(f"an engine is one of {ENGINES}, not {name!r}")
    os.environ[_CHOICE] = name


def chosen_engine() -> str:
    """The engine that :func:`choose_engine` was given."""
    return os.environ.get(_CHOICE, ENGINES[0])


def limit_cores(count: int) -> None:
    """Let this process, and those that it starts, compute graphs compiled afterwards on at most ``count`` cores."""
    os.environ[_CORES] = str(count)


def openvino() -> ModuleType | None:
    """OpenVINO; None if another engine was chosen, or if it cannot be loaded, which is logged."""
    return None if chosen_engine() == "native" else _load()


def opset() -> Any:
    """The OpenVINO module whose functions make the nodes of graphs.

    Raises:
        ModuleNotFoundError: OpenVINO is not installed, or another engine was chosen.
    """
    module = openvino()
    if module is None:
        raise ModuleNotFoundError("OpenVINO is not installed, or not wanted")
    return module.opset13


@lru_cache(maxsize=1)
def computes_in_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 numbers faster than float32 ones."""
    return openvino() is not None and "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class Compiled:
    """A compiled graph. Safe to share between threads, which take turns; each then uses all cores."""

    def __init__(self, graph: Any, precision: Precision = "f32", *, kernels: int | None = None) -> None:
        """Compile the graph.

        Args:
            graph: an ``openvino.Model``.
            precision: of products; sums are float32 in either case.
            kernels: the most kernels to cache; each input shape needs some for each layer. None: no limit.

        Raises:
            RuntimeError: OpenVINO cannot compute the graph here.
        """
        settings: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": available_cores(),
            # Pinned threads wait for their core while others are idle: on a busy machine that takes several times as
            # long.
            "ENABLE_CPU_PINNING": False,
        }
        if kernels is not None:
            settings["CPU_RUNTIME_CACHE_CAPACITY"] = kernels
        self._request = _core().compile_model(graph, "CPU", settings).create_infer_request()
        self._lock = threading.Lock()

    def __call__(self, *inputs: NDArray[Any]) -> list[NDArray[np.float32]]:
        """All outputs of the graph for these inputs, in order."""
        with self._lock:
            return list(self._request.infer([np.ascontiguousarray(each) for each in inputs]).to_tuple())


def return_freed_memory() -> None:
    """Return freed memory to the system. The C library would keep it: tens of MB after a model is loaded."""
    if _trim is not None:
        _trim(0)


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
    """The processor's name, or its architecture if the name is unknown."""
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8").splitlines()
    except OSError:  # not on Linux
        lines = []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


@lru_cache(maxsize=1)
def _core() -> Any:
    """The OpenVINO core, one for all graphs: with one each, they would not share threads."""
    module = _load()
    assert module is not None, "a graph cannot exist without OpenVINO"
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
