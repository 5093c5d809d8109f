"""Samples: what a visitor asks for, and the values that define a sample."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from maxdigit.data.kinds import has_backgrounds
from maxdigit.data.labelled_picture import Sample
from maxdigit.errors import MaxDigitError
from maxdigit.ui import texts
from maxdigit.ui.evaluation import Evaluation

ANY = "any"  # the value for a random choice

_SEEDS = 2**31


class SampleChoiceError(MaxDigitError):
    """The digits that were asked for are not valid."""


@dataclass(frozen=True)
class SampleChoice:
    """The values from which a sample can be made again."""

    seed: int
    kind: str = "textured"
    family: str | None = None
    digits: tuple[int, ...] | None = None

    def sample(self, evaluation: Evaluation) -> Sample:
        """The picture and its labels.

        Raises:
            SampleError: there is no such sample.
        """
        return evaluation.sample(self.seed, self.kind, family=self.family, digits=self.digits)


def choose_sample(kind: str, family: str, digits: str) -> SampleChoice:
    """A new sample.

    Args:
        kind: one of the kinds that models are tested on.
        family: of the background, or ``ANY``; ignored for kinds without backgrounds.
        digits: three digits, with or without separators; empty for any.

    Raises:
        SampleChoiceError: ``digits`` is something else.
    """
    chosen = tuple(map(int, re.findall(r"[0-9]", digits or "")))
    if re.search(r"[^0-9 ,;.-]", digits or "") or len(chosen) not in (0, 3):
        raise SampleChoiceError(texts.THREE_DIGITS)
    named = family if has_backgrounds(kind) and family != ANY else None
    return SampleChoice(secrets.randbelow(_SEEDS), kind, named, chosen or None)
