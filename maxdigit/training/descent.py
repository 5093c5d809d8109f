"""The learning-rate schedule of a run that is planned in pictures and may have to end early."""

from __future__ import annotations

from dataclasses import dataclass

_WARM_UP = 300  # steps of warm-up of a new run
_WARM_UP_AGAIN = 100  # the same after resuming, until momentum is rebuilt
_WARM_UP_SHARE = 0.1  # as a share of the remaining steps, at most
COMING_DOWN = 0.2  # share of the available time in which the rates of a run that must end early decay
_COMING_DOWN_S = 1200.0  # the largest such share
_HORIZON = 500.0  # steps: longest average of weights


@dataclass
class Descent:
    """The factor of the rates: a warm-up, then linear decay to zero at the plan's end or, if sooner, at a deadline.

    Args:
        total: steps of the whole plan.
        first: steps done before this session.
        falls: whether the rates decay towards the plan's end.
        started: when this session began, in seconds of any clock.
        deadline: when it has to end, by the same clock; None: with the plan.
    """

    total: int
    first: int
    falls: bool = True
    started: float = 0.0
    deadline: float | None = None

    def __post_init__(self) -> None:
        warm_up = _WARM_UP_AGAIN if self.first else _WARM_UP
        self._warm_up = max(1.0, min(warm_up, _WARM_UP_SHARE * (self.total - self.first)))
        self._top: float | None = None  # the factor at which decay towards the deadline begins
        self._down = 0.0 if self.deadline is None else min(COMING_DOWN * (self.deadline - self.started), _COMING_DOWN_S)

    def factor(self, step: int, now: float) -> float:
        """The factor of the rates at a step, counted from 0 over the whole plan; 0 when the run is over."""
        if step >= self.total:
            return 0.0
        rise = min(1.0, (step - self.first + 1) / self._warm_up)
        planned = rise * ((self.total - step) / self.total if self.falls else 1.0)
        if self.deadline is None or now < self.deadline - self._down:
            return planned
        if self._top is None:
            self._top = planned
        return max(0.0, min(planned, self._top * (self.deadline - now) / max(self._down, 1e-9)))

    def horizon(self, step: int, now: float) -> float:
        """Number of steps over which weights are averaged: few at first, and fewer again towards the end."""
        done = step - self.first
        left = float(self.total - step)
        if self.deadline is not None and done:
            left = min(left, (self.deadline - now) * done / max(now - self.started, 1e-9))
        return max(1.0, min(_HORIZON, 1 + done / 10, 1 + left / 2))
