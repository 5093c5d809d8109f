"""Any picture a person can give becomes what the models take: 128 x 128, grey, light digits on a darker ground.

Three cases, told apart by looking at the picture:

dark ink on a light ground (pen on paper)
    The paper's uneven light is divided out and the contrast stretched, so paper comes out black and ink white.
light ink on a plain ground (a canvas, chalk on a board)
    The ground is taken off in the same way.
light ink on a texture (the competition's pictures)
    The tones stay as they are: the models were trained on them.
"""

from __future__ import annotations

import io
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

from maxdigit.data import IMAGE_SIZE
from maxdigit.errors import EmptyPictureError, PictureError

# Raster formats with decoders of Pillow's own; PDF, PostScript and the like would start other programs.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "ICO", "AVIF")
MAX_PIXELS = 60_000_000  # more than phones take; a larger picture would need gigabytes once unpacked
MAX_BYTES = 4 * MAX_PIXELS  # such a picture with four channels, not compressed

_WORK = 512  # longer side at which ink is looked for: four times the models' resolution
_THUMB = 64  # longer side at which the ground is estimated
_STROKE = 2.0  # strokes thinner than so many of the models' pixels are thickened to it
_CONTRAST = 0.04  # a picture whose tones span less than this is empty

FloatPicture = NDArray[np.float32]  # (H, W), 0..1


@dataclass(frozen=True)
class PreparedPicture:
    """What the models see, and how it came about."""

    pixels: NDArray[np.uint8]  # (128, 128), light digits on a darker ground
    inverted: bool  # the ink was dark on light


def open_picture(source: str | Path | bytes | BinaryIO) -> Image.Image:
    """Read a picture file: its first frame, upright as its EXIF data says.

    Raises:
        PictureError: the file is missing, empty, damaged, too large, or no picture in one of ``FORMATS``.
    """
    name, content = _content(source)
    if not content:
        raise PictureError("{name} is empty (0 bytes). Choose another file.", name=name)
    if len(content) > MAX_BYTES:
        limit = MAX_BYTES // 1_000_000
        raise PictureError("{name} is larger than {limit} MB. Save it as JPEG and try again.", name=name, limit=limit)
    try:
        picture = Image.open(io.BytesIO(content), formats=FORMATS)
        if picture.width * picture.height > MAX_PIXELS:
            raise Image.DecompressionBombError
        picture.draft("RGB", (2 * _WORK, 2 * _WORK))  # JPEGs can be decoded at a fraction of their size
        picture.load()
        return ImageOps.exif_transpose(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
        raise PictureError(
            "{name} is larger than {limit} megapixels. Make it smaller and try again.",
            name=name,
            limit=MAX_PIXELS // 1_000_000,
        ) from None
    except Image.UnidentifiedImageError:
        raise PictureError(
            "{name} is not a picture. Choose a PNG, JPEG, WebP, GIF, BMP or TIFF file.", name=name
        ) from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error) as error:
        raise PictureError(
            "{name} is damaged or cut short ({error}). Save it again or choose another.", name=name, error=error
        ) from error


def _content(source: str | Path | bytes | BinaryIO) -> tuple[str, bytes]:
    """What to call the picture in a message, and its bytes: at most one more than are allowed."""
    if isinstance(source, bytes):
        return "The picture", source
    if not isinstance(source, (str, Path)):
        return "The picture", source.read(MAX_BYTES + 1)
    path = Path(source)
    try:
        if path.exists() and not path.is_file():  # a pipe or a device might never end
            raise OSError(0, "it is not a file")
        with path.open("rb") as file:
            return path.name, file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL character in it
        reason = getattr(error, "strerror", None) or error
        raise PictureError(
            "{name} cannot be read ({reason}). Choose another file.", name=path.name, reason=reason
        ) from error


def prepare(picture: Image.Image | NDArray[np.generic], *, dark_ink_on_light: bool | None = None) -> PreparedPicture:
    """Make any picture a model's input.

    Args:
        picture: a Pillow image of any mode, or an array ``(H, W)``, ``(H, W, 1)``, ``(H, W, 3)`` or ``(H, W, 4)`` of
            bool, uint8, uint16, or floats 0..1 or 0..255.
        dark_ink_on_light: whether the ink is dark; None to find out.

    Raises:
        EmptyPictureError: the picture has a single tone, or nothing but the grain of its paper.
        PictureError: as :func:`to_grey`.
    """
    grey = to_grey(picture)
    work = _shrink(grey, _WORK)
    low, high = np.percentile(work, (0.01, 99.99))  # all but a stray pixel or two: thin ink is little of a photograph
    if min(grey.shape) < 2 or high - low < _CONTRAST:
        raise EmptyPictureError("There is nothing to see in this picture: it has a single tone. Draw three digits.")
    ground = _ground(work)
    is_dark = _ink_is_dark(work, ground) if dark_ink_on_light is None else dark_ink_on_light
    if not is_dark and grey.shape == (IMAGE_SIZE, IMAGE_SIZE):
        return PreparedPicture(np.round(grey * 255).astype(np.uint8), inverted=False)
    if is_dark:
        ink = (ground - work) / np.maximum(ground, 0.1)  # divided, since a shadow dims paper and ink alike
    elif _is_plain(work, ground):
        ink = work - ground
    else:
        return PreparedPicture(_to_bytes(_fit(work, fill=_border_tone(work))), inverted=False)
    if dark_ink_on_light is None and _full_tone(ink) < max(_CONTRAST, min(5 * _grain(ink), 0.15)):
        # Noise reaches about three times its median, the faintest pencil ten times; what is bolder is no noise.
        raise EmptyPictureError("There is nothing to see in this picture: the sheet is blank. Draw three digits.")
    return PreparedPicture(_to_bytes(_stretch(_fit(_thicken(_stretch(ink)), fill=0.0))), inverted=is_dark)


def to_grey(picture: Image.Image | NDArray[np.generic]) -> FloatPicture:
    """Brightness, 0..1, shape ``(H, W)``. What is transparent becomes black under light ink and white under dark.

    Raises:
        PictureError: an array of another shape, too large, or with values that are not finite or not brightness.
    """
    if isinstance(picture, Image.Image):
        return _image_to_grey(picture)
    array = np.asarray(picture)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.size == 0 or not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))):
        raise PictureError(f"An array of shape {array.shape} is no picture: (H, W), (H, W, 3) or (H, W, 4) is needed.")
    if array.dtype.kind not in "buif" or not np.isfinite(array).all():
        raise PictureError("The array holds values that are not numbers (NaN or infinite). Give finite ones.")
    if array.shape[0] * array.shape[1] > MAX_PIXELS:
        raise PictureError(f"The array is larger than {MAX_PIXELS // 1_000_000} megapixels. Make it smaller.")
    if array.min() < 0 or array.max() > 65535:
        raise PictureError("The array's values are not brightness. Give 0 to 1, or 0 to 255.")
    values = array.astype(np.float32)
    top = {"bool": 1.0, "uint8": 255.0, "uint16": 65535.0}.get(array.dtype.name) or _top(values)
    values /= top
    if values.ndim == 2:
        return values
    return _image_to_grey(Image.fromarray((values * 255).round().astype(np.uint8)))


def _image_to_grey(picture: Image.Image) -> FloatPicture:
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        values = np.asarray(picture, dtype=np.float32)
        if not np.isfinite(values).all():
            raise PictureError("The picture holds values that are not numbers. Save it as PNG or JPEG.")
        return (values / _top(values)).clip(0, 1)
    if max(picture.size) > 4 * _WORK:  # antialiased, and before anything is done pixel by pixel
        picture = picture.convert("RGBA" if _may_be_transparent(picture) else "RGB")
        picture = picture.reduce(max(picture.size) // (2 * _WORK))
    if not _may_be_transparent(picture):
        return np.asarray(picture.convert("RGB").convert("L"), np.float32) / 255
    rgba = picture.convert("RGBA")
    alpha = np.asarray(rgba.getchannel("A"), np.float32) / 255
    light = np.asarray(rgba.convert("RGB").convert("L"), np.float32) / 255
    opaque = alpha.sum()
    ink = float((light * alpha).sum() / opaque) if opaque else 0.0
    return light * alpha + (1 - alpha) * (0.0 if ink > 0.5 else 1.0)


def _top(values: FloatPicture) -> float:
    """What white is in numbers that do not say their range."""
    highest = values.max()
    return 1.0 if highest <= 1 else 255.0 if highest <= 255 else 65535.0


def _may_be_transparent(picture: Image.Image) -> bool:
    return picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info


def _shrink(grey: FloatPicture, longest: int) -> FloatPicture:
    if max(grey.shape) <= longest:
        return grey
    scale = longest / max(grey.shape)
    return _resize(grey, max(1, round(grey.shape[0] * scale)), max(1, round(grey.shape[1] * scale)))


def _resize(grey: FloatPicture, height: int, width: int) -> FloatPicture:
    # Pillow widens the filter when it shrinks, so this is antialiased both ways.
    image = Image.fromarray(grey).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image, np.float32).clip(0, 1)


def _ground(grey: FloatPicture) -> FloatPicture:
    """The tone behind the ink at each place: a median over a window far wider than a stroke."""
    thumb = _shrink(grey, _THUMB)
    window = max(3, (min(thumb.shape) * 2 // 5) | 1)
    padded = np.pad(thumb, window // 2, mode="reflect" if min(thumb.shape) > window // 2 else "edge")
    median = Image.fromarray((padded * 255).round().astype(np.uint8)).filter(ImageFilter.MedianFilter(window))
    smooth = np.asarray(median.filter(ImageFilter.BoxBlur(2)), np.float32) / 255
    edge = window // 2
    return _resize(smooth[edge : edge + thumb.shape[0], edge : edge + thumb.shape[1]], *grey.shape)


def _ink_is_dark(grey: FloatPicture, ground: FloatPicture) -> bool:
    difference = grey - ground
    # The competition's digits are burnt out to white on grounds that are not; paper is either white all over or
    # not white at all.
    white = grey >= 0.97
    if white.mean() < 0.3 and (white & (difference > 0.2)).mean() >= 0.004:
        return False
    dark, light = (difference < -0.15).mean(), (difference > 0.15).mean()
    if max(dark, light) < 0.0002:  # faint ink: look at the far ends instead
        low, high = np.percentile(difference, (0.2, 99.8))
        return bool(-low > high)
    return bool(dark > light)


def _is_plain(grey: FloatPicture, ground: FloatPicture) -> bool:
    """Whether the ground is one smooth tone, up to a board's unevenness."""
    grain = float(np.median(np.abs(grey - ground)))
    low, high = np.percentile(ground, (5, 95))
    return grain < 0.03 and float(high - low) < 0.4


def _stretch(ink: FloatPicture) -> FloatPicture:
    """Ink to 0..1: grain and faint rules to 0, strokes to 1."""
    full = _full_tone(ink)
    if full <= 0:
        return np.maximum(ink, 0)
    floor = min(max(3.5 * _grain(ink), 0.25 * full), 0.6 * full)
    return ((ink - floor) / (full - floor)).clip(0, 1).astype(np.float32)


def _full_tone(ink: FloatPicture) -> float:
    """How far a stroke's core stands out from the ground: 0 or more."""
    strong = ink[ink > max(0.3 * float(ink.max()), 0.0)]
    return float(np.percentile(strong, 60)) if strong.size else 0.0


def _grain(ink: FloatPicture) -> float:
    """The ground's own unevenness: the median distance from its median."""
    return float(np.median(np.abs(ink - np.median(ink))))


def _thicken(ink: FloatPicture) -> FloatPicture:
    """Widen strokes that would fade when the picture is shrunk to the models' size."""
    solid = ink > 0.5
    inner = solid[1:-1, 1:-1] & solid[:-2, 1:-1] & solid[2:, 1:-1] & solid[1:-1, :-2] & solid[1:-1, 2:]
    edge = solid.sum() - inner.sum()
    if not edge:
        return ink
    width = 2 * solid.sum() / edge  # a stroke's area over half its outline
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
