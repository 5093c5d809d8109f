"""The rules of the game: its pictures, the time for each, and the points for an answer."""

from __future__ import annotations

from dataclasses import dataclass

SECONDS = 10  # for each picture
POINTS = 10  # for a right answer, plus one for each whole second left


@dataclass(frozen=True)
class Stage:
    """Consecutive rounds with one kind of picture."""

    name: str  # the key of its texts
    kind: str  # one of :data:`maxdigit.data.kinds.KINDS`
    rounds: int


# From easy to hard.
STAGES = (
    Stage("plain", "drawn", 4),
    Stage("textured", "textured", 6),
    Stage("crowded", "crowded", 5),
    Stage("faint", "faint", 5),
)
ROUNDS = sum(stage.rounds for stage in STAGES)


def stage_of(number: int) -> Stage:
    """The stage of a round, counted from 0.

    Raises:
        ValueError: there is no such round.
    """
    last = 0
    for stage in STAGES:
        last += stage.rounds
        if 0 <= number < last:
            return stage
    raise ValueError(f"rounds count from 0 to {ROUNDS - 1}, got {number}")
