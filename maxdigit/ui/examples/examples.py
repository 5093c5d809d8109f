"""Examples to press: every background, every kind of picture, and some hard ones.

Not ``gr.Gallery``: :mod:`maxdigit.ui.gallery` says why, and it would open what is pressed in a large view.
"""

from __future__ import annotations

from html import escape
from typing import Any

from maxdigit.data.kinds import TEST_KINDS, TEXTURED
from maxdigit.ui import texts
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.picture import picture_tag
from maxdigit.ui.press import pressed
from maxdigit.ui.sampling import SampleChoice

_SEEDS = {  # of two samples or more of each kind of picture
    TEXTURED: (34, 25, 14, 15, 5, 8, 18),  # one of each family of background
    "drawn": (7, 15),
    "forms": (0, 4),
    "photo": (1, 13),
}
EXAMPLES = tuple(SampleChoice(seed, kind) for kind in TEST_KINDS for seed in _SEEDS.get(kind, (0, 1)))
HARD = tuple(SampleChoice(seed) for seed in (103, 37, 67))  # the first trained ResNet18 was unsure or wrong here


def example(number: Any) -> SampleChoice | None:
    """The example of that number; None if there is none."""
    every = EXAMPLES + HARD
    return every[number] if type(number) is int and 0 <= number < len(every) else None


def example_grid(evaluation: Evaluation) -> str:
    """All examples as buttons with captions. A press sends the number of the ``example``."""
    buttons = "".join(_button(number, choice, evaluation) for number, choice in enumerate(EXAMPLES + HARD))
    return f'<div class="examples">{buttons}</div>'


def _button(number: int, choice: SampleChoice, evaluation: Evaluation) -> str:
    sample = choice.sample(evaluation)
    kind = texts.FAMILIES[sample.family] if sample.family else texts.SAMPLE_KINDS[choice.kind]
    name = texts.HARD if choice in HARD else kind
    picture = picture_tag(sample.pixels, texts.SAMPLE_ALT, "example-picture")
    return f'<button type="button" {pressed(example=number)}>{picture}<span>{escape(name)}</span></button>'
