"""Pictures of handwritten digits, labelled with the largest: made, never stored.

Several kinds, from the same MNIST digits and with the same splits:

``textured``
    The competition's look: three digits on a textured background.
``crowded``
    As textured, but with eight digits: for training only, where each digit that can be learnt from costs less.
``drawn``
    What the app's canvas gives: one to five digits (mostly three) of any size, in a row, in a column or scattered.
``forms``
    As drawn, but in ways of writing that MNIST lacks: a flagged 1, a crossed 7, an open 4.
``photo``
    Ink on paper, photographed, and prepared as the app prepares what it is given; some of it in forms of our own.
``blank``
    No digit at all: textures, scribbles, letters, faces. Their label is -1, and the right answer is to be unsure.

What is drawn or photographed is framed as the app frames what people give it: the median digit is about
:data:`maxdigit.preparation.framing.DIGIT_HEIGHT` pixels high. A person can read it: digits may touch but do not cover
each other, strokes are unbroken, loops stay open and all ink lies inside the picture.

Everything random is drawn on the CPU, in chunks with a seed of their own, so picture ``i`` of a split is the
same whatever is asked for around it. Textured pictures are computed on the device that is asked for, the others on
the CPU.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from maxdigit.data.batch import CHUNK, MAX_DIGITS, SIZE, Pictures
from maxdigit.data.blank import make_blank
from maxdigit.data.drawn import make_drawn, plan_drawing
from maxdigit.data.photo import make_photo
from maxdigit.data.splits import Split
from maxdigit.data.textured import make_textured, plan_textured

Kind = Literal["textured", "crowded", "drawn", "forms", "photo", "blank"]
KINDS: tuple[Kind, ...] = ("textured", "crowded", "drawn", "forms", "photo", "blank")
# Of the pictures of a split. Accuracies of drawn, forms and photo pictures, and how sure a model is of blank ones, are
# comparable between models that were measured on the same version only; textured and crowded pictures are the same in
# versions 1 and 2. Version 2 is what this file's docstring says; in version 1 digits had any size and could cover each
# other.
VERSION = 2

TEST_KINDS: tuple[Kind, ...] = ("textured", "drawn", "forms", "photo")  # what models are held to

__all__ = ["CHUNK", "KINDS", "MAX_DIGITS", "SIZE", "TEST_KINDS", "VERSION", "Kind", "Pictures", "contents", "generate"]


def generate(
    split: Split,
    start: int,
    count: int,
    *,
    kind: Kind = "textured",
    balance: float = 0.0,
    device: torch.device | str = "cpu",
) -> Pictures:
    """Pictures ``start`` to ``start + count`` of a split, in order.

    Args:
        split: the digits, backgrounds and seed to make them from. ``start`` may lie past ``split.count``.
        kind: the look.
        balance: share of pictures, 0..1, whose largest digit is drawn uniformly from 0..9. The others draw each
            digit uniformly, as the competition does, so that 27 % of their labels are nines and 0.1 % zeros.
        device: where pixels are computed. The same device gives the same bits each time.

    Raises:
        ValueError: there is no such kind, or ``start`` is negative, or ``count`` is not positive.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS}, got {kind!r}")
    if start < 0 or count < 1:
        raise ValueError(f"start must not be negative and count must be positive, got {start} and {count}")
    device = torch.device(device)
    parts = []
    position, end = start, start + count
    while position < end:
        chunk = position // CHUNK
        stop = min(end, (chunk + 1) * CHUNK)
        rows = slice(position - chunk * CHUNK, stop - chunk * CHUNK)
        if kind in ("drawn", "forms"):
            parts.append(make_drawn(split, kind, chunk, rows, balance, device))
        elif kind == "photo":
            parts.append(make_photo(split, chunk, rows, balance, device))
        elif kind == "blank":
            parts.append(make_blank(split, chunk, rows, device))
        else:
            digits = 3 if kind == "textured" else MAX_DIGITS
            parts.append(make_textured(split, chunk, rows, balance, device, digits))
        position = stop
    return Pictures.concatenate(parts)


def contents(split: Split, chunk: int, kind: Kind) -> tuple[Tensor, Tensor]:
    """What the pictures of one of ``TEST_KINDS`` in a chunk will show, without making them, which takes far longer.

    Returns:
        Their digits, int64 (500, 8), and the families of their backgrounds, int64 (500,); -1 where there is none.
    """
    if kind == "textured":
        textured = plan_textured(split, chunk, 0.0, 3)
        return textured.digits, textured.family
    drawing = plan_drawing(split, "mixed" if kind == "photo" else kind, chunk, 0.0)  # type: ignore[arg-type]
    return drawing.digits, torch.full((len(drawing.digits),), -1)
