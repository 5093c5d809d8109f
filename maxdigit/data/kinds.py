"""The kinds of pictures that can be made: one row each. Importing this loads no framework.

All are made from the same MNIST digits, with the same splits. Drawn and photographed pictures are framed as the app
frames pictures: the median digit is about :data:`maxdigit.preparation.framing.DIGIT_HEIGHT` pixels high. A person can
read it: digits may touch but do not cover each other, strokes are unbroken, loops stay open and all ink lies inside the
picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from maxdigit.data.drawn import Pen
    from maxdigit.data.picture_batch import Pictures
    from maxdigit.data.splits import Split

# Makes some rows of a chunk: split, chunk, rows, balance (as for :func:`maxdigit.data.pictures.generate`)
# and the device that the pictures come on.
Make: TypeAlias = "Callable[[Split, int, slice, float, torch.device], Pictures]"
# The contents of a chunk's pictures, as from :func:`maxdigit.data.pictures.contents`.
Plan: TypeAlias = "Callable[[Split, int], tuple[Tensor, Tensor]]"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of picture."""

    name: str
    make: Make
    summary: str = ""  # what a picture shows, for the card of the published test pictures
    plan: Plan | None = None  # a chunk's contents, without making it; only needed for samples of tested kinds
    is_tested: bool = False  # whether models are measured on it, and the page offers samples
    has_digits: bool = True
    has_backgrounds: bool = False  # of :data:`maxdigit.data.backgrounds.FAMILIES`, so that one can be chosen


def _make_textured(count: int, strength: float = 1.0) -> Make:
    def make(split: Split, chunk: int, rows: slice, balance: float, device: torch.device) -> Pictures:
        from maxdigit.data.textured import make_textured

        return make_textured(split, chunk, rows, balance, device, count, strength)

    return make


def _plan_textured(split: Split, chunk: int) -> tuple[Tensor, Tensor]:
    from maxdigit.data.textured import plan_textured

    plan = plan_textured(split, chunk, 0.0, 3)
    return plan.digits, plan.family


def _make_drawn(pen: Pen) -> Make:
    def make(split: Split, chunk: int, rows: slice, balance: float, device: torch.device) -> Pictures:
        from maxdigit.data.drawn import make_drawn

        return make_drawn(split, pen, chunk, rows, balance, device)

    return make


def _plan_drawn(pen: Pen) -> Plan:
    def plan(split: Split, chunk: int) -> tuple[Tensor, Tensor]:
        import torch

        from maxdigit.data.drawn import plan_drawing

        digits = plan_drawing(split, pen, chunk, 0.0).digits
        return digits, torch.full((len(digits),), -1)

    return plan


def _make_photo(split: Split, chunk: int, rows: slice, balance: float, device: torch.device) -> Pictures:
    from maxdigit.data.photo import make_photo

    return make_photo(split, chunk, rows, balance, device)


def _make_blank(split: Split, chunk: int, rows: slice, _balance: float, device: torch.device) -> Pictures:
    from maxdigit.data.blank import make_blank

    return make_blank(split, chunk, rows, device)


TEXTURED = "textured"  # as the competition has them
BLANK = "blank"

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            name=TEXTURED,
            summary="three digits on a textured background, as in the competition",
            make=_make_textured(3),
            plan=_plan_textured,
            is_tested=True,
            has_backgrounds=True,
        ),
        # As textured, but with eight digits: for training only, more digits to learn from at the same cost.
        Kind(name="crowded", make=_make_textured(8)),
        # As textured, but with digits of less than half the brightness: for the game only, no model learns from them.
        Kind(name="faint", make=_make_textured(3, 0.45)),
        # What the app's canvas gives: mostly three digits of any size, in rows, in columns or scattered.
        Kind(
            name="drawn",
            summary="one to five digits, redrawn with a round brush on a plain background",
            make=_make_drawn("drawn"),
            plan=_plan_drawn("drawn"),
            is_tested=True,
        ),
        Kind(
            name="forms",
            summary="as drawn, in ways of writing that are rare in MNIST, such as a flagged 1 or a crossed 7",
            make=_make_drawn("forms"),
            plan=_plan_drawn("forms"),
            is_tested=True,
        ),
        # Some of the digits are in forms that MNIST lacks.
        Kind(
            name="photo",
            summary="ink on paper, photographed, and prepared as the app prepares what it is given",
            make=_make_photo,
            plan=_plan_drawn("mixed"),
            is_tested=True,
        ),
        # Labelled -1.
        Kind(
            name=BLANK,
            summary="no digit: textures, scribbles, letters, faces; the right answer is to be unsure",
            make=_make_blank,
            has_digits=False,
        ),
    )
}

TEST_KINDS = tuple(kind.name for kind in KINDS.values() if kind.is_tested)
MEASURED_KINDS = tuple(kind.name for kind in KINDS.values() if kind.is_tested or not kind.has_digits)


def has_backgrounds(name: str) -> bool:
    """Whether pictures of the kind called ``name`` have backgrounds to choose from; False for an unknown kind."""
    return name in KINDS and KINDS[name].has_backgrounds
