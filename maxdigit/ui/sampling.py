"""Samples as the page deals them: what is wished for, what came, and the score of whoever guesses first."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from maxdigit.data.kinds import has_backgrounds
from maxdigit.data.labelled_picture import Sample
from maxdigit.errors import MaxDigitError
from maxdigit.ui import texts
from maxdigit.ui.evaluation import Evaluation

ANY = "any"  # what the pickers call "leave it to chance"

_SEEDS = 2**31


class WishError(MaxDigitError):
    """What is wished for cannot be read."""


@dataclass(frozen=True)
class Dealt:
    """A sample, by all that it takes to make it again."""

    seed: int
    kind: str = "textured"
    family: str | None = None
    digits: tuple[int, ...] | None = None

    def sample(self, evaluation: Evaluation) -> Sample:
        """The picture, and what is known about it.

        Raises:
            SampleError: there is no such sample.
        """
        return evaluation.sample(self.seed, self.kind, family=self.family, digits=self.digits)


@dataclass(frozen=True)
class Score:
    """Of the samples that a visitor guessed before looking: how many they and the models asked got right."""

    rounds: int = 0
    visitor: int = 0
    model: int = 0
    asked: tuple[str, ...] = ()  # the models

    def after(self, visitor_is_right: bool, model: str, model_is_right: bool) -> Score:
        """The score after one more sample."""
        asked = self.asked if model in self.asked else (*self.asked, model)
        return Score(self.rounds + 1, self.visitor + visitor_is_right, self.model + model_is_right, asked)


def deal(kind: str, family: str, digits: str) -> Dealt:
    """A sample nobody has seen.

    Args:
        kind: one of the kinds that models are tested on.
        family: of the background, or ``ANY``; counts for kinds that have some.
        digits: three digits, with or without signs between them; empty for any.

    Raises:
        WishError: ``digits`` holds something else.
    """
    wished = tuple(map(int, re.findall(r"[0-9]", digits or "")))
    if re.search(r"[^0-9 ,;.-]", digits or "") or len(wished) not in (0, 3):
        raise WishError(texts.THREE_DIGITS)
    named = family if has_backgrounds(kind) and family != ANY else None
    return Dealt(secrets.randbelow(_SEEDS), kind, named, wished or None)
