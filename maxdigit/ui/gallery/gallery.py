"""Pictures in rows, each with a caption.

Not ``gr.Gallery``: it writes every picture to a file that the page then fetches, cuts captions to one line that covers
the picture, and has no room for a button.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from maxdigit.ui.picture import picture_tag


@dataclass(frozen=True)
class Figure:
    """A picture and its caption."""

    pixels: NDArray[np.uint8]  # (h, w)
    alt: str
    caption: str
    more: str = ""  # HTML, after the caption


def gallery(figures: Iterable[Figure]) -> str:
    """The pictures as HTML."""
    return f'<div class="gallery">{"".join(map(_figure, figures))}</div>'


def _figure(figure: Figure) -> str:
    caption = f"{escape(figure.caption)} {figure.more}".rstrip()
    picture = picture_tag(figure.pixels, figure.alt, "mistake")
    return f"<figure>{picture}<figcaption>{caption}</figcaption></figure>"
