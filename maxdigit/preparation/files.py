"""Reading what people hand in: files and arrays of many forms, to upright pictures."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from maxdigit.errors import PictureError

# Raster formats with decoders of Pillow's own; PDF, PostScript and the like would start other programs.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "ICO", "AVIF")
MAX_PIXELS = 60_000_000  # more than phones take; a larger picture would need gigabytes once unpacked
MAX_BYTES = 4 * MAX_PIXELS  # such a picture with four channels, not compressed

_ENOUGH = 1024  # pixels of the longer side from which on a JPEG is decoded at a fraction of its size

FloatPicture = NDArray[np.float32]  # (H, W), 0..1


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
        picture.draft("RGB", (_ENOUGH, _ENOUGH))  # JPEGs can be decoded at a fraction of their size
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
    if max(picture.size) > 2 * _ENOUGH:  # antialiased, and before anything is done pixel by pixel
        picture = picture.convert("RGBA" if _may_be_transparent(picture) else "RGB")
        picture = picture.reduce(max(picture.size) // _ENOUGH)
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
