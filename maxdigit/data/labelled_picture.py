"""One picture with its labels. Separate from the code that makes it, which loads torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maxdigit.errors import MaxDigitError


class SampleError(MaxDigitError):
    """A requested sample cannot be made."""


@dataclass(frozen=True)
class Sample:
    """One picture with its annotations."""

    pixels: NDArray[np.uint8]  # (128, 128)
    digits: tuple[int, ...]
    boxes: tuple[tuple[int, int, int, int], ...]  # x0, y0, x1, y1 of each digit's ink, ends excluded
    family: str | None  # of the background; None for a plain one

    @property
    def max_digit(self) -> int:
        """The largest digit: the right answer."""
        return max(self.digits)
