"""The state of the Classify page, and the model's input that is made from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maxdigit import IMAGE_SIZE
from maxdigit.data.labelled_picture import Sample
from maxdigit.inference.digits import Box, find_digits, is_plain, without
from maxdigit.inference.predict import Prediction, Predictor
from maxdigit.preparation.files import open_picture, to_rgb
from maxdigit.preparation.framing import Frame, Region
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.pad import parse_strokes, render_framed
from maxdigit.ui.pad.strokes import GRID
from maxdigit.ui.picture_input import existing
from maxdigit.ui.sampling import SampleChoice

Mode = Literal["draw", "upload", "sample"]
Part = Literal["auto", "chosen", "whole"]  # of an uploaded picture, to be read
Ink = Literal["auto", "dark", "light"]  # of an uploaded picture

WHOLE: Region = (0.0, 0.0, 1.0, 1.0)

_AS_SHOWN = Frame(np.eye(2, 3))
_LEAST = 0.02  # the smallest side of a chosen part, as a share of the picture's
_PREVIEW = 960  # longer side in pixels of an uploaded picture on the page
_PREVIEWS_KEPT = 4  # cached previews of 2 MB each, which are needed whenever a frame moves
_DARK_INK: dict[Ink, bool | None] = {"auto": None, "dark": True, "light": False}


@dataclass(frozen=True)
class Edit:
    """The visitor's edits of the picture."""

    turns: int = 0  # of the uploaded picture: quarters, clockwise
    region: Region | None = None  # the part of the turned picture that was chosen by hand
    as_it_is: frozenset[Mode] = frozenset()  # modes in which the picture is not fitted to its writing

    @property
    def part(self) -> Part:
        """Which part of the uploaded picture is read."""
        return "chosen" if self.region else "whole" if "upload" in self.as_it_is else "auto"

    def turned(self, quarters: Any = 1) -> Edit:
        """A copy turned clockwise by 1 to 3 more quarters, without a region; unchanged for any other value."""
        is_turn = type(quarters) is int and quarters in (1, 2, 3)
        return replace(self, turns=(self.turns + quarters) % 4, region=None) if is_turn else self

    def fitted(self, mode: Mode, is_fitted: bool) -> Edit:
        """A copy with the picture fitted to its writing, or read as it is."""
        return replace(self, as_it_is=self.as_it_is - {mode} if is_fitted else self.as_it_is | {mode})

    def framed(self, region: Any) -> Edit:
        """A copy with another chosen part; unchanged if the browser's value is not valid."""
        is_region = isinstance(region, list | tuple) and len(region) == 4
        if not is_region or not all(type(edge) in (int, float) and 0 <= edge <= 1 for edge in region):
            return self
        left, top, right, bottom = map(float, region)
        is_wide_enough = right - left >= _LEAST and bottom - top >= _LEAST
        return replace(self, region=(left, top, right, bottom)) if is_wide_enough else self


@dataclass(frozen=True)
class ViewState:
    """What the Classify page shows: the mode, and the picture of each mode."""

    mode: Mode = "draw"  # which picture is shown
    drawing: str | None = None  # the pad's strokes, as JSON
    upload: str | None = None  # path of the uploaded file
    ink: Ink = "auto"
    edit: Edit = Edit()
    choice: SampleChoice | None = None  # the sample
    erased: tuple[int, ...] = ()  # numbers of the digits erased from the picture
    asked: int | None = None  # the digit whose evidence is shown

    def in_mode(self, mode: Mode) -> ViewState:
        """A copy in a mode. If the mode changes, no evidence is shown."""
        return replace(self, mode=mode, asked=self.asked if mode == self.mode else None)


@dataclass(frozen=True)
class ModelInput:
    """A model's input, and where its digits are."""

    pixels: NDArray[np.uint8]  # (128, 128)
    inverted: bool = False  # the ink was dark on light
    boxes: tuple[Box, ...] = ()
    are_true: bool = False  # the boxes are those of the generator, not found in the picture
    is_fitted: bool | None = None  # to the writing; None if that cannot be chosen
    is_doubtful: bool = False  # something that may be a digit was left out
    has_writing: bool = True  # False if no writing was found
    frame: Frame = _AS_SHOWN  # its place in the picture that the page shows
    size: tuple[float, float] = (IMAGE_SIZE, IMAGE_SIZE)  # width and height of that picture, in the frame's units
    is_uploaded: bool = False
    region: Region | None = None  # the part of the uploaded picture in which writing was found

    @property
    def seems_written(self) -> bool:
        """Whether there may be digits: ink was found, or the background is one on which it cannot be found."""
        return bool(self.boxes) or not is_plain(self.pixels)

    def without(self, erased: Iterable[int]) -> NDArray[np.uint8]:
        """The picture without some of its digits, by their numbers."""
        gone = set(erased)
        taken = [box for number, box in enumerate(self.boxes) if number in gone]
        left = [box for number, box in enumerate(self.boxes) if number not in gone]
        return without(self.pixels, taken, left) if taken else self.pixels

    def found(self, erased: Iterable[int] = ()) -> list[Box]:
        """Boxes of the digits found and not erased, also if the true boxes are known."""
        if self.are_true:
            return find_digits(self.without(erased))
        gone = set(erased)
        return [box for number, box in enumerate(self.boxes) if number not in gone]

    def outline(self, box: tuple[float, float, float, float]) -> NDArray[np.float64]:
        """The corners (4, 2) of a box, from the models' pixels to the picture that the page shows."""
        x0, y0, x1, y1 = box
        return self.frame.to_picture(np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], float))


def model_input(shown: ViewState, *, predictor: Predictor, evaluation: Evaluation) -> ModelInput | None:
    """The model's input for a view state, before any digit is erased; None while there is no picture.

    Args:
        shown: the view state.
        predictor: prepares uploaded pictures.
        evaluation: makes samples.

    Raises:
        MaxDigitError: the drawing or the file cannot be read.
    """
    if shown.mode == "sample":
        return None if shown.choice is None else sample_input(shown.choice.sample(evaluation))
    if shown.mode == "upload":
        return upload_input(shown, predictor=predictor)
    fit = "draw" not in shown.edit.as_it_is
    drawn, frame = render_framed(parse_strokes(shown.drawing), fit=fit)
    if not drawn.any():
        return None
    return ModelInput(drawn, boxes=tuple(find_digits(drawn)), is_fitted=fit, frame=frame, size=(GRID, GRID))


def upload_input(shown: ViewState, *, predictor: Predictor) -> ModelInput | None:
    """The model's input from the uploaded picture; None while there is none.

    Raises:
        MaxDigitError: the file cannot be read.
    """
    if shown.upload is None:
        return None
    fit = "upload" not in shown.edit.as_it_is
    found = predictor.prepare(
        existing(shown.upload),
        turns=shown.edit.turns,
        region=shown.edit.region,
        dark_ink_on_light=_DARK_INK[shown.ink],
        fit_to_writing=fit,
    )
    picture = preview(shown.upload, shown.edit)
    return ModelInput(
        found.pixels,
        found.inverted,
        tuple(find_digits(found.pixels)),
        is_fitted=None if fit and found.region is None else fit,
        is_doubtful=found.is_doubtful,
        has_writing=found.has_writing,
        frame=found.frame,
        size=(picture.width, picture.height),
        is_uploaded=True,
        region=found.region,
    )


def sample_input(sample: Sample) -> ModelInput:
    """The model's input from a sample."""
    return ModelInput(sample.pixels, boxes=tuple(sorted(sample.boxes)), are_true=True)


def ask(predictor: Predictor, picture: ModelInput, model: str, erased: Iterable[int] = ()) -> Prediction:
    """A model's answer, without the erased digits.

    Readings are dropped where no writing was found.

    Raises:
        UnknownModelError: there is no such model.
        CheckpointError: its weights are missing or damaged.
    """
    prediction = predictor.classify(picture.without(erased), model)
    return prediction if picture.has_writing else replace(prediction, digits=None)


@dataclass(frozen=True)
class Preview:
    """An uploaded picture as the page shows it."""

    pixels: NDArray[np.uint8]  # (h, w, 3), turned
    width: int  # of the full picture, in the units of a :class:`Frame`
    height: int


def preview(path: str, edit: Edit) -> Preview:
    """The uploaded picture, turned, small enough for the page.

    Raises:
        MaxDigitError: the file cannot be read.
    """
    file = existing(path)
    status = file.stat()
    return _preview(file, (status.st_mtime_ns, status.st_size), edit.turns)


@lru_cache(maxsize=_PREVIEWS_KEPT)
def _preview(file: Path, _state: tuple[int, int], turns: int) -> Preview:
    picture = open_picture(file)
    colours = to_rgb(picture.rotate(-90 * turns, expand=True) if turns else picture)
    shown = Image.fromarray(colours)
    shown.thumbnail((_PREVIEW, _PREVIEW))
    return Preview(np.asarray(shown), colours.shape[1], colours.shape[0])
