"""Preparation by rules on brightness, for whole pictures: 128 x 128, grey, light digits on a darker background.

Three cases, told apart by looking at the picture:

dark ink on a light background (pen on paper)
    The paper's uneven light is divided out and the contrast stretched, so paper comes out black and ink white.
light ink on a plain background (a canvas, chalk on a board)
    The background is subtracted.
light ink on a texture (the competition's pictures)
    The tones stay as they are: the models were trained on them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from maxdigit import IMAGE_SIZE
from maxdigit.errors import EmptyPictureError
from maxdigit.preparation.files import FloatPicture
from maxdigit.preparation.outline import stroke_width

_WORK = 512  # longer side at which ink is looked for: four times the models' resolution
_THUMB = 64  # longer side at which the background is estimated
_STROKE = 2.0  # the least stroke width in the models' pixels; thinner ones are thickened to it
_CONTRAST = 0.04  # a picture whose tones span less than this is empty


def read_by_rules(grey: FloatPicture, dark_ink_on_light: bool | None = None) -> tuple[NDArray[np.uint8], bool]:
    """The whole picture as a model's input.

    Args:
        grey: brightness, 0..1, shape ``(H, W)``.
        dark_ink_on_light: whether the ink is dark; None to find out.

    Returns:
        uint8 ``(128, 128)``, light digits on a darker background; and whether the ink was dark on light.

    Raises:
        EmptyPictureError: the picture has a single tone, or shows only the grain of its paper.
    """
    work = _shrink(grey, _WORK)
    low, high = np.percentile(work, (0.01, 99.99))  # all but a few stray pixels: thin ink covers little of a photograph
    if min(grey.shape) < 2 or high - low < _CONTRAST:
        raise EmptyPictureError("There is nothing to see in this picture: it has a single tone. Draw three digits.")
    background = _background(work)
    is_dark = _ink_is_dark(work, background) if dark_ink_on_light is None else dark_ink_on_light
    if not is_dark and grey.shape == (IMAGE_SIZE, IMAGE_SIZE):
        return keep_tones(grey), False
    if is_dark:
        ink = (background - work) / np.maximum(background, 0.1)  # divided, since a shadow dims paper and ink alike
    elif _is_plain(work, background):
        ink = work - background
    else:
        return keep_tones(work), False
    if dark_ink_on_light is None and _full_tone(ink) < max(_CONTRAST, min(5 * _grain(ink), 0.15)):
        # Noise reaches about three times its median, the faintest pencil ten times; bolder ink is not noise.
        raise EmptyPictureError("There is nothing to see in this picture: the sheet is blank. Draw three digits.")
    return _to_bytes(_stretch(_fit(_thicken(_stretch(ink)), fill=0.0))), is_dark


def keep_tones(grey: FloatPicture) -> NDArray[np.uint8]:
    """The whole picture, ``(H, W)``, 0..1, at the models' size and with its own tones: uint8 ``(128, 128)``."""
    return _to_bytes(grey if grey.shape == (IMAGE_SIZE, IMAGE_SIZE) else _fit(grey, fill=_border_tone(grey)))


def _shrink(grey: FloatPicture, longest: int) -> FloatPicture:
    if max(grey.shape) <= longest:
        return grey
    scale = longest / max(grey.shape)
    return _resize(grey, max(1, round(grey.shape[0] * scale)), max(1, round(grey.shape[1] * scale)))


def _resize(grey: FloatPicture, height: int, width: int) -> FloatPicture:
    # Pillow widens the filter when it shrinks, so this is antialiased both ways.
    image = Image.fromarray(grey).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image, np.float32).clip(0, 1)


def _background(grey: FloatPicture) -> FloatPicture:
    """The tone behind the ink at each place: a median over a window far wider than a stroke."""
    thumb = _shrink(grey, _THUMB)
    window = max(3, (min(thumb.shape) * 2 // 5) | 1)
    padded = np.pad(thumb, window // 2, mode="reflect" if min(thumb.shape) > window // 2 else "edge")
    median = Image.fromarray((padded * 255).round().astype(np.uint8)).filter(ImageFilter.MedianFilter(window))
    smooth = np.asarray(median.filter(ImageFilter.BoxBlur(2)), np.float32) / 255
    edge = window // 2
    return _resize(smooth[edge : edge + thumb.shape[0], edge : edge + thumb.shape[1]], *grey.shape)


def _ink_is_dark(grey: FloatPicture, background: FloatPicture) -> bool:
    difference = grey - background
    # The competition's digits are saturated white on backgrounds that are not; paper is white all over or nowhere.
    white = grey >= 0.97
    if white.mean() < 0.3 and (white & (difference > 0.2)).mean() >= 0.004:
        return False
    dark, light = (difference < -0.15).mean(), (difference > 0.15).mean()
    if max(dark, light) < 0.0002:  # faint ink: look at the far ends instead
        low, high = np.percentile(difference, (0.2, 99.8))
        return bool(-low > high)
    return bool(dark > light)


def _is_plain(grey: FloatPicture, background: FloatPicture) -> bool:
    """Whether the background is one smooth tone, up to a board's unevenness."""
    grain = float(np.median(np.abs(grey - background)))
    low, high = np.percentile(background, (5, 95))
    return grain < 0.03 and float(high - low) < 0.4


def _stretch(ink: FloatPicture) -> FloatPicture:
    """Ink to 0..1: grain and faint rules to 0, strokes to 1."""
    full = _full_tone(ink)
    if full <= 0:
        return np.maximum(ink, 0)
    floor = min(max(3.5 * _grain(ink), 0.25 * full), 0.6 * full)
    return ((ink - floor) / (full - floor)).clip(0, 1).astype(np.float32)


def _full_tone(ink: FloatPicture) -> float:
    """How far a stroke's core stands out from the background: 0 or more."""
    strong = ink[ink > max(0.3 * float(ink.max()), 0.0)]
    return float(np.percentile(strong, 60)) if strong.size else 0.0


def _grain(ink: FloatPicture) -> float:
    """The background's own unevenness: the median distance from its median."""
    return float(np.median(np.abs(ink - np.median(ink))))


def _thicken(ink: FloatPicture) -> FloatPicture:
    """Widen strokes that would fade when the picture is shrunk to the models' size."""
    width = stroke_width((ink > 0.5).astype(np.uint8))
    if not width:
        return ink
    wanted = _STROKE * max(ink.shape) / IMAGE_SIZE
    grow = min(math.ceil((wanted - width) / 2), 5)  # pixels on each side
    if grow < 1:
        return ink
    image = Image.fromarray((ink * 255).round().astype(np.uint8)).filter(ImageFilter.MaxFilter(2 * grow + 1))
    return np.asarray(image, np.float32) / 255


def _border_tone(grey: FloatPicture) -> float:
    return float(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))


def _fit(grey: FloatPicture, fill: float) -> FloatPicture:
    """The whole picture within 128 x 128, its aspect kept, the rest filled."""
    scale = IMAGE_SIZE / max(grey.shape)
    height, width = (max(1, round(side * scale)) for side in grey.shape)
    result = np.full((IMAGE_SIZE, IMAGE_SIZE), fill, np.float32)
    top, left = (IMAGE_SIZE - height) // 2, (IMAGE_SIZE - width) // 2
    result[top : top + height, left : left + width] = _resize(grey, height, width)
    return result


def _to_bytes(grey: FloatPicture) -> NDArray[np.uint8]:
    return (grey * 255).round().clip(0, 255).astype(np.uint8)
