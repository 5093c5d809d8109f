"""Pictures of handwritten digits, labelled with the largest, generated on demand.

The kinds are described in :mod:`maxdigit.data.kinds`.

Everything random is drawn on the CPU, in chunks with a seed of their own, so picture ``i`` of a split is the
same whichever other pictures are requested. Textured pictures are computed on the requested device, the others on the
CPU.
"""

from __future__ import annotations

import torch
from torch import Tensor

from maxdigit.data.kinds import KINDS, TEST_KINDS
from maxdigit.data.picture_batch import CHUNK, MAX_DIGITS, SIZE, Pictures
from maxdigit.data.splits import Split

# Of the pictures of a split. Accuracies of drawn, forms and photo pictures, and how sure a model is of blank ones, are
# comparable between models that were measured on the same version only; textured and crowded pictures are the same in
# versions 1 and 2. Version 2 is what :mod:`maxdigit.data.kinds` says; in version 1 digits had any size and could cover
# each other.
VERSION = 2

__all__ = ["CHUNK", "KINDS", "MAX_DIGITS", "SIZE", "TEST_KINDS", "VERSION", "Pictures", "contents", "generate"]


def generate(
    split: Split,
    start: int,
    count: int,
    *,
    kind: str = "textured",
    balance: float = 0.0,
    device: torch.device | str = "cpu",
) -> Pictures:
    """Pictures ``start`` to ``start + count`` of a split, in order.

    Args:
        split: the digits, backgrounds and seed to make them from. ``start`` may lie past ``split.count``.
        kind: one of ``KINDS``.
        balance: share of pictures, 0..1, whose largest digit is drawn uniformly from 0..9. The others draw each
            digit uniformly, as the competition does, so that 27 % of their labels are nines and 0.1 % zeros.
        device: where pixels are computed. The same device gives the same bits each time.

    Raises:
        ValueError: there is no such kind, or ``start`` is negative, or ``count`` is not positive.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {tuple(KINDS)}, got {kind!r}")
    if start < 0 or count < 1:
        raise ValueError(f"start must not be negative and count must be positive, got {start} and {count}")
    device = torch.device(device)
    parts = []
    position, end = start, start + count
    while position < end:
        chunk = position // CHUNK
        stop = min(end, (chunk + 1) * CHUNK)
        rows = slice(position - chunk * CHUNK, stop - chunk * CHUNK)
        parts.append(KINDS[kind].make(split, chunk, rows, balance, device))
        position = stop
    return Pictures.concatenate(parts)


def contents(split: Split, chunk: int, kind: str) -> tuple[Tensor, Tensor]:
    """The contents of a chunk of pictures of one of ``TEST_KINDS``, without making them, which takes far longer.

    Returns:
        Their digits, int64 (500, 8), and the families of their backgrounds, int64 (500,); -1 where there is none.

    Raises:
        ValueError: models are not tested on such pictures.
    """
    plan = KINDS[kind].plan
    if plan is None:
        raise ValueError(f"pictures of the kind {kind} are not planned")
    return plan(split, chunk)
