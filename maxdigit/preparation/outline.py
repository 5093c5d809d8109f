"""How long and how wide the strokes of ink are, by its area and its outline."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def outline_pixels(solid: NDArray[np.uint8]) -> int:
    """Pixels of ink next to a pixel without ink, above, below or beside: about twice the length of its strokes.

    Args:
        solid: 1 where there is ink, 0 elsewhere, ``(H, W)``; beyond its edges there is none.
    """
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    return int(solid.sum()) - int(cv2.erode(solid, cross, borderValue=0).sum())


def stroke_width(solid: NDArray[np.uint8]) -> float:
    """The width of a typical stroke in pixels: the ink's area over half its outline; 0 where there is none."""
    outline = outline_pixels(solid)
    return 2 * int(solid.sum()) / outline if outline else 0.0
