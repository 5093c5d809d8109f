"""Samples worth a look, to press: every background, every kind of picture, and some that are hard."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from maxdigit.ui import texts
from maxdigit.ui.answer import picture_tag
from maxdigit.ui.sampling import Dealt

EXAMPLES = (
    *(Dealt(seed) for seed in (34, 25, 14, 15, 5, 8, 18)),  # one of each family of background
    *(Dealt(seed, "drawn") for seed in (7, 15)),
    *(Dealt(seed, "forms") for seed in (0, 4)),
    *(Dealt(seed, "photo") for seed in (1, 13)),
)
HARD = tuple(Dealt(seed) for seed in (103, 37, 67))  # the first ResNet18 was unsure of these, or wrong

_PRESSED = """
element.addEventListener("click", (event) => {
  const example = event.target.closest("[data-example]");
  if (example) trigger("select", { example: Number(example.dataset.example) });
});
"""


class ExampleGrid(gr.HTML):
    """Shows what :func:`example_grid` makes; ``select`` fires with the number of the ``example`` pressed."""

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        super().__init__(value, apply_default_css=False, js_on_load=_PRESSED, **kwargs)


def example(number: Any) -> Dealt | None:
    """The example of that number; None if there is none."""
    every = EXAMPLES + HARD
    return every[number] if type(number) is int and 0 <= number < len(every) else None


def example_grid() -> str:
    """All examples as buttons: pictures with what they are under them."""
    buttons = "".join(_button(number, dealt) for number, dealt in enumerate(EXAMPLES + HARD))
    return f'<div class="examples">{buttons}</div>'


def _button(number: int, dealt: Dealt) -> str:
    sample = dealt.sample
    kind = texts.FAMILIES[sample.family] if sample.family else texts.SAMPLE_KINDS[dealt.kind]
    name = texts.HARD if dealt in HARD else kind
    picture = picture_tag(sample.pixels, texts.SAMPLE_ALT, "example-picture")
    return f'<button type="button" data-example="{number}">{picture}<span>{escape(name)}</span></button>'
