"""What the Classify page shows, and what a model sees of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maxdigit.inference.digits import Box, find_digits, without
from maxdigit.preparation.files import open_picture, to_grey
from maxdigit.preparation.prepare import prepare
from maxdigit.ui.pad import parse_strokes, render
from maxdigit.ui.picture_input import existing
from maxdigit.ui.sampling import Dealt

Mode = Literal["draw", "upload", "sample"]
Frame = tuple[float, float, float, float]  # left, top, right, bottom, as shares of the picture's width and height

WHOLE: Frame = (0.0, 0.0, 1.0, 1.0)

_LEAST = 0.02  # of a frame's sides
_PREVIEW = 960  # pixels of the longer side of a picture to be cropped, as the page shows it
_DARK_INK = {"auto": None, "dark": True, "light": False}


@dataclass(frozen=True)
class Edit:
    """What is done to an uploaded picture before it is prepared: turned, then cropped."""

    turns: int = 0  # quarters, clockwise
    frame: Frame | None = None  # what is left of the turned picture; None while nobody crops

    def turned(self) -> Edit:
        """Turned by one more quarter; a frame starts anew."""
        return Edit((self.turns + 1) % 4, self.frame and WHOLE)

    def framed(self, frame: Any) -> Edit:
        """With another frame, if it is one: it comes from the browser, so nothing is believed."""
        is_frame = isinstance(frame, list) and len(frame) == 4 and all(type(edge) in (int, float) for edge in frame)
        if not is_frame or not all(0 <= edge <= 1 for edge in frame):
            return self
        left, top, right, bottom = map(float, frame)
        is_wide_enough = right - left >= _LEAST and bottom - top >= _LEAST
        return Edit(self.turns, (left, top, right, bottom)) if is_wide_enough else self

    def apply(self, picture: Image.Image) -> Image.Image:
        """The picture, turned and cropped."""
        picture = picture.rotate(-90 * self.turns, expand=True) if self.turns else picture
        if self.frame is None:
            return picture
        left, top, right, bottom = self.frame
        edges = (left * picture.width, top * picture.height, right * picture.width, bottom * picture.height)
        x0, y0, x1, y1 = map(round, edges)
        return picture.crop((x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)))


@dataclass(frozen=True)
class Seen:
    """What a model sees of what is shown, and where in it the digits are."""

    pixels: NDArray[np.uint8]  # (128, 128)
    inverted: bool = False  # the ink was dark on light
    boxes: tuple[Box, ...] = ()
    are_true: bool = False  # the boxes are known, not found

    def without(self, erased: Iterable[int]) -> NDArray[np.uint8]:
        """The picture without some of its digits, by their numbers."""
        gone = set(erased)
        taken = [box for number, box in enumerate(self.boxes) if number in gone]
        left = [box for number, box in enumerate(self.boxes) if number not in gone]
        return without(self.pixels, taken, left) if taken else self.pixels


def seen(mode: Mode, value: str | None, path: str | None, ink: str, edit: Edit, dealt: Dealt | None) -> Seen | None:
    """What a model sees of what is shown in ``mode``; None while there is nothing.

    Args:
        mode: which of the following counts.
        value: the pad's strokes.
        path: of an uploaded file.
        ink: of the uploaded picture: ``auto``, ``dark`` or ``light``.
        edit: what is done to the uploaded picture.
        dealt: the sample.

    Raises:
        MaxDigitError: the drawing or the file cannot be read.
    """
    if mode == "sample":
        return None if dealt is None else seen_sample(dealt)
    if mode == "upload":
        if path is None:
            return None
        prepared = prepare(edit.apply(open_picture(existing(path))), dark_ink_on_light=_DARK_INK[ink])
        return Seen(prepared.pixels, prepared.inverted, tuple(find_digits(prepared.pixels)))
    drawn = render(parse_strokes(value))
    return Seen(drawn, boxes=tuple(find_digits(drawn))) if drawn.any() else None


def seen_sample(dealt: Dealt) -> Seen:
    """What a model sees of a sample."""
    return Seen(dealt.sample.pixels, boxes=dealt.sample.boxes, are_true=True)


def preview(path: str, edit: Edit) -> NDArray[np.uint8]:
    """The uploaded picture in grey (H, W), turned but not yet cropped, for the visitor to lay a frame on.

    Raises:
        MaxDigitError: the file cannot be read.
    """
    grey = to_grey(Edit(edit.turns).apply(open_picture(existing(path))))
    picture = Image.fromarray((grey * 255).round().astype(np.uint8))
    picture.thumbnail((_PREVIEW, _PREVIEW))
    return np.asarray(picture)
