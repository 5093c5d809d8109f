"""The preview image of a link: the picture, the answer, and the ten bars."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from maxdigit.errors import MaxDigitError
from maxdigit.inference.predict import Prediction, Predictor
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.ui import texts
from maxdigit.ui.answer import contradicting, in_words
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.pad import parse_strokes
from maxdigit.ui.pad.strokes import picture_of
from maxdigit.ui.theme import make_theme, model_colour
from maxdigit.ui.view_state import ViewState, ask, model_input

WIDTH, HEIGHT = 1200, 630  # the format of social networks
CARD = Path(__file__).with_name("card.png")  # the default, made by docs/make_screenshots.py from the example drawing

_EDGE = 75  # margin of the card, in pixels
_SIDE = HEIGHT - 2 * _EDGE  # of the picture
_LEFT = _EDGE + _SIDE + 70  # the left edge of the column beside it
_BARS = 80  # pixels: the height of a bar of 100 %


def card_for(shown: ViewState, model: str, *, predictor: Predictor, evaluation: Evaluation) -> Image.Image:
    """The card (1200 x 630, RGB) of a drawing or a sample.

    Raises:
        MaxDigitError: there is no picture, or no model can answer.
    """
    picture = model_input(shown, predictor=predictor, evaluation=evaluation)
    if picture is None:
        raise MaxDigitError("There is nothing to put on a card.")
    prediction = ask(predictor, picture, model)
    digit, headline, _ = in_words(
        [float(share) for share in prediction.probabilities],
        sees_digits=picture.seems_written,
        contradicting=contradicting(prediction),
    )
    theme, colour = make_theme(), model_colour(model)
    line, soft = theme.border_color_primary_dark, theme.body_text_color_subdued_dark
    card = Image.new("RGB", (WIDTH, HEIGHT), theme.body_background_fill_dark)
    draw = ImageDraw.Draw(card)
    # A drawing is shown as on the pad, a sample pixel by pixel.
    looks = picture_of(parse_strokes(shown.drawing), 2 * _SIDE) if shown.mode == "draw" else picture.pixels
    _put_picture(card, draw, looks, line)
    draw.text((_LEFT, _EDGE - 4), texts.TITLE, theme.body_text_color_dark, _font(40))
    draw.text((_LEFT, 312), digit, colour, _font(215), anchor="ls")
    _fit_text(draw, (_LEFT, 372), headline, theme.body_text_color_dark, 38)
    if prediction.digits:
        read = " · ".join(str(reading.digit) for reading in prediction.digits)
        _fit_text(draw, (_LEFT, 416), f"{texts.READS} {read}", soft, 28)
    _draw_bars(draw, prediction, colour, line, soft)
    return card


def to_png(card: Image.Image) -> bytes:
    """The card as a PNG file with a palette, which keeps it small."""
    buffer = io.BytesIO()
    card.quantize(256, Image.Quantize.MEDIANCUT).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _put_picture(card: Image.Image, draw: ImageDraw.ImageDraw, looks: NDArray[np.uint8], line: str) -> None:
    """A square picture with round corners and a thin line around it."""
    shown = Image.fromarray(looks).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS).convert("RGB")
    mask = Image.new("L", (4 * _SIDE, 4 * _SIDE))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 4 * _SIDE - 1, 4 * _SIDE - 1), 72, fill=255)
    draw.rounded_rectangle((_EDGE - 2, _EDGE - 2, _EDGE + _SIDE + 1, _EDGE + _SIDE + 1), 19, fill=line)
    card.paste(shown, (_EDGE, _EDGE), mask.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS))


def _draw_bars(draw: ImageDraw.ImageDraw, prediction: Prediction, colour: str, line: str, soft: str) -> None:
    step = (WIDTH - _EDGE - _LEFT) / NUM_CLASSES
    bottom = HEIGHT - _EDGE - 36
    for digit, share in enumerate(prediction.probabilities):
        left, right = _LEFT + digit * step, _LEFT + digit * step + step - 10
        is_best = digit == prediction.max_digit
        top = bottom - 3 - float(share) * _BARS
        draw.rounded_rectangle((left, top, right, bottom), 3, fill=colour if share >= 0.005 else line)
        draw.text(((left + right) / 2, bottom + 8), str(digit), colour if is_best else soft, _font(26), anchor="mt")


def _fit_text(draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str, colour: str, size: int) -> None:
    """Text on one line, reduced to fit the card; ``place`` is the left end of its baseline."""
    room = WIDTH - _EDGE - place[0]
    size = min(size, int(size * room / max(draw.textlength(text, _font(size)), 1)))
    draw.text(place, text, colour, _font(size), anchor="ls")


def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)  # the one that comes with Pillow; others may be missing
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
