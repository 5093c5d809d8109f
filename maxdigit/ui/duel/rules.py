"""The rules of the game: which pictures come, how long each may take, and what an answer scores."""

from __future__ import annotations

from dataclasses import dataclass

SECONDS = 10  # for each picture
POINTS = 10  # for a right answer; each whole second that is left adds one


@dataclass(frozen=True)
class Stage:
    """Some pictures of one kind, one after another."""

    name: str  # of its texts
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
    """The stage of a round, which counts from 0.

    Raises:
        ValueError: there is no such round.
    """
    last = 0
    for stage in STAGES:
        last += stage.rounds
        if 0 <= number < last:
            return stage
    raise ValueError(f"rounds count from 0 to {ROUNDS - 1}, got {number}")
