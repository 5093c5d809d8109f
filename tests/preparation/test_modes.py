"""Pictures and arrays of every mode: their grey values and colours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from preparation_support import note

from maxdigit.errors import PictureError
from maxdigit.preparation.files import (
    MAX_SIDE,
    at_most,
    to_grey,
    to_rgb,
)

GREY = np.asarray(note().convert("L"), np.float32) / 255


@pytest.mark.parametrize(
    "array",
    [
        GREY,
        (GREY * 255).astype(np.float64),
        (GREY * 65535).astype(np.uint16),
        GREY > 0.5,
        (GREY * 255).astype(np.int32),
        np.repeat((GREY * 255).astype(np.uint8)[..., None], 3, 2),
        np.dstack([np.repeat((GREY * 255).astype(np.uint8)[..., None], 3, 2), np.full(GREY.shape, 255, np.uint8)]),
        (GREY * 255).astype(np.uint8)[..., None],
    ],
    ids=lambda array: f"{array.dtype}{array.ndim}",
)
def test_arrays_of_every_kind_are_understood(array: NDArray[np.generic]) -> None:
    grey, rgb = to_grey(array), to_rgb(array)
    assert grey.shape == (180, 240) and grey.dtype == np.float32
    assert rgb.shape == (180, 240, 3) and rgb.dtype == np.uint8
    expected = GREY > 0.5 if array.dtype == bool else GREY
    assert np.abs(grey - expected).max() < 0.01 and np.abs(rgb / 255 - expected[..., None]).max() < 0.01


READ = [to_grey, to_rgb]


@pytest.mark.parametrize("read", READ)
@pytest.mark.parametrize("array", [np.zeros((2, 2, 2)), np.zeros(5), np.zeros((0, 5)), np.zeros((2, 2, 3, 1))])
def test_arrays_of_another_shape_are_refused_in_words(array: NDArray[np.generic], read: Any) -> None:
    with pytest.raises(PictureError, match="shape"):
        read(array)


@pytest.mark.parametrize("read", READ)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_arrays_that_are_not_finite_are_refused_in_words(value: float, read: Any) -> None:
    array = np.zeros((128, 128))
    array[3, 3] = value
    with pytest.raises(PictureError, match="not numbers"):
        read(array)
    with pytest.raises(PictureError, match="not numbers"):
        read(Image.fromarray(array.astype(np.float32)))


@pytest.mark.parametrize("read", READ)
@pytest.mark.parametrize("array", [np.full((64, 64), -3), np.full((64, 64), 1e9), np.full((64, 64), "a", object)])
def test_arrays_that_are_not_brightness_are_refused_in_words(array: NDArray[np.generic], read: Any) -> None:
    with pytest.raises(PictureError, match="not brightness|not numbers"):
        read(array)


@pytest.mark.parametrize("read", READ)
@pytest.mark.slow
def test_an_array_too_large_is_refused_before_it_is_copied(read: Any) -> None:
    array = np.broadcast_to(np.uint8(0), (20_000, 20_000))  # one byte in truth
    with pytest.raises(PictureError, match="megapixels"):
        read(array)


MODES = ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "I", "F", "I;16"]


SIZES = [
    pytest.param((240, 180), id="small"),
    pytest.param((2500, 300), id="wide"),
    pytest.param((4200, 3100), id="large", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", MODES)
def test_pictures_of_every_mode_have_their_colours(mode: str, size: tuple[int, int]) -> None:
    plain = note(*size)
    colourful = mode not in ("1", "L", "LA", "I", "F", "I;16")
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(plain.convert("L")).astype(np.uint16) * 257)
    elif mode == "1":
        picture = plain.convert("1", dither=Image.Dither.NONE)
    elif mode == "PA":
        picture = plain.convert("P", palette=Image.Palette.ADAPTIVE).convert("PA")
    elif mode == "P":
        picture = plain.convert("P", palette=Image.Palette.ADAPTIVE)
    else:
        picture = plain.convert("L").convert(mode) if mode in ("I", "F") else plain.convert(mode)
    rgb = to_rgb(picture)
    expected = at_most(plain, MAX_SIDE)
    assert rgb.shape == (expected.height, expected.width, 3) and max(rgb.shape) <= MAX_SIDE
    wanted = expected if colourful else expected.convert("L").convert("RGB")
    tolerance = 40 if mode == "1" else 3  # black and white for the ink and the paper
    assert np.abs(rgb.astype(float) - np.asarray(wanted, float)).mean() < tolerance
    if picture.mode in ("L", "RGB", "1", "P"):
        light = np.asarray(Image.fromarray(to_rgb(at_most(picture, 1024))).convert("L"), np.float32) / 255
        grey = np.asarray(Image.fromarray(to_grey(picture)).resize(light.shape[::-1], Image.Resampling.BOX))
        assert np.abs(grey - light).mean() < 0.02  # the two agree


@pytest.mark.parametrize(("tone", "behind"), [(0, 255), (255, 0)])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "P"])
def test_what_is_transparent_becomes_what_the_ink_stands_out_from(mode: str, tone: int, behind: int) -> None:
    alpha = note(ink=(255, 255, 255), paper=(0, 0, 0)).convert("L")
    picture = Image.new("RGBA", alpha.size, (tone, tone, tone, 0))
    picture.putalpha(alpha)
    if mode == "P":  # as a GIF has it: one entry of the palette is transparent
        picture = Image.new("P", alpha.size, 0)
        picture.putpalette([9, 9, 9, tone, tone, tone])
        picture.paste(1, mask=alpha.point(lambda value: 255 * (value > 127)))
        picture.info["transparency"] = 0
    elif mode == "PA":
        picture = Image.new("L", alpha.size, tone).convert("P").convert("PA")
        picture.putalpha(alpha)
    elif mode == "LA":
        picture = picture.convert("LA")
    rgb, grey = to_rgb(picture), to_grey(picture)
    ink = np.asarray(alpha) > 127
    assert (rgb[ink] == tone).all() and (rgb[~ink] == behind).all()
    assert np.abs(grey * 255 - rgb[..., 0]).max() < 1


def test_a_picture_of_nothing_but_transparency_is_one_tone() -> None:
    assert (to_rgb(Image.new("RGBA", (30, 20), (200, 0, 0, 0))) == 255).all()


def test_a_large_picture_is_made_smaller_by_means() -> None:
    """Not by leaving out pixels: lines of one pixel become grey, wherever the bands lie that it is reduced in."""
    stripes = np.zeros((5000, 9001), np.uint8)
    stripes[:, ::2] = 255
    rgb = to_rgb(Image.fromarray(stripes))
    assert rgb.shape[1:] == (2048, 3) and abs(rgb.shape[0] - 5000 * 2048 / 9001) < 1
    assert np.abs(rgb[:, 5:-5].astype(float) - 127.5).max() < 4
