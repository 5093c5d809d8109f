"""Samples and test pictures for the page. The code that makes them imports torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import ParamSpec, Protocol, TypeVar

from maxdigit.data.labelled_picture import Sample

_SAMPLES_KEPT = 64  # the current samples of a few visitors, who may ask several models
_MEASURED_KEPT = 512  # test pictures, such as the mistakes on the Compare page

_P = ParamSpec("_P")
_R = TypeVar("_R")


class Caller(Protocol):
    """Calls a function of a module, in this process or in another."""

    def __call__(self, function: Callable[_P, _R], /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """What the function returns."""
        ...


def call_here(function: Callable[_P, _R], /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """Call a function in this process."""
    return function(*args, **kwargs)


class Evaluation:
    """Makes samples and test pictures, and caches the latest. Safe to share between threads."""

    def __init__(self, call: Caller = call_here) -> None:
        """Choose where pictures are made.

        Args:
            call: calls functions that import torch; :meth:`maxdigit.inference.model_process.ModelProcess.call` calls
                them in another process.
        """
        self._call = call
        self._sample = lru_cache(_SAMPLES_KEPT)(self._draw)
        self._balanced = lru_cache(_SAMPLES_KEPT)(self._draw_balanced)
        self._measured_picture = lru_cache(_MEASURED_KEPT)(self._draw_measured)

    def sample(
        self, seed: int, kind: str = "textured", *, family: str | None = None, digits: Sequence[int] | None = None
    ) -> Sample:
        """As :func:`maxdigit.data.sample.draw_sample`."""
        return self._sample(seed, kind, family, None if digits is None else tuple(digits))

    def balanced_sample(self, seed: int, kind: str) -> Sample:
        """As :func:`maxdigit.data.sample.draw_balanced`."""
        return self._balanced(seed, kind)

    def evaluation_picture(self, kind: str, index: int) -> Sample:
        """As :func:`maxdigit.data.sample.evaluation_picture`."""
        return self._measured_picture(kind, index)

    def evaluation_pictures(self, kind: str, count: int) -> list[Sample]:
        """The first pictures of a kind's test set."""
        return self._call(_measured_first, kind, count)

    def evaluation_families(self, kind: str, indices: Sequence[int]) -> list[str | None]:
        """As :func:`maxdigit.data.sample.evaluation_families`."""
        return self._call(_families, kind, indices)

    def _draw(self, seed: int, kind: str, family: str | None, digits: tuple[int, ...] | None) -> Sample:
        return self._call(_sample, seed, kind, family, digits)

    def _draw_balanced(self, seed: int, kind: str) -> Sample:
        return self._call(_balanced, seed, kind)

    def _draw_measured(self, kind: str, index: int) -> Sample:
        return self._call(_measured, kind, index)


# ---- Functions that import torch when they are called


def _sample(seed: int, kind: str, family: str | None, digits: tuple[int, ...] | None) -> Sample:
    from maxdigit.data.sample import draw_sample

    return draw_sample(seed, kind, family=family, digits=digits)


def _balanced(seed: int, kind: str) -> Sample:
    from maxdigit.data.sample import draw_balanced

    return draw_balanced(seed, kind)


def _measured(kind: str, index: int) -> Sample:
    from maxdigit.data.sample import evaluation_picture

    return evaluation_picture(kind, index)


def _measured_first(kind: str, count: int) -> list[Sample]:
    from maxdigit.data.pictures import generate
    from maxdigit.data.sample import iter_samples
    from maxdigit.data.splits import TEST

    return list(iter_samples(generate(TEST, 0, count, kind=kind)))


def _families(kind: str, indices: Sequence[int]) -> list[str | None]:
    from maxdigit.data.sample import evaluation_families

    return evaluation_families(kind, indices)
