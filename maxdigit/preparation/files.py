"""Reads uploaded files and arrays of many formats as upright pictures."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from maxdigit.errors import PictureError

# Raster formats that Pillow itself decodes; PDF, PostScript and the like would start other programs. HEIC is decoded by
# pillow-heif.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "ICO", "AVIF")
MAX_PIXELS = 60_000_000  # of any picture and array: decoding so many took 0.9 GB as WebP, 0.5 GB as AVIF
MAX_LOSSLESS_PIXELS = 80_000_000  # of formats that are decoded row by row into no more than 4 bytes a pixel
MAX_JPEG_PIXELS = 250_000_000  # of a JPEG that can be decoded at a smaller size; phones' largest have 200 million
MAX_BYTES = 240_000_000  # 80 megapixels of three bytes, not compressed
MAX_SIDE = 2048  # pixels of the longer side of a colour picture that preparation works on

_ENOUGH = 1024  # pixels of the shorter side from which on a JPEG is decoded at a fraction of its size
_LOSSLESS = ("PNG", "BMP", "TIFF", "PPM", "ICO")
_ANIMATED = ("GIF", "PNG", "WEBP", "AVIF", "TIFF")
_MOST_FRAMES = 1000  # of an animation that begins with a blank one, that are decoded at most,
_MOST_FRAME_PIXELS = 300_000_000  # and the pixels of all of them: about two seconds
_ONE_TONE = 3  # of 255: the range of tones that lossy compression makes of a single one
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")

# float32; numpy's type stubs take a float32 array times a Python number for one of float64.
FloatPicture = NDArray[np.floating]  # (H, W), 0..1
ColourPicture = NDArray[np.uint8]  # (H, W, 3), 0..255


def open_picture(source: str | Path | bytes | BinaryIO) -> Image.Image:
    """Read a picture file, upright as its EXIF data says: its first frame, or its last if the first is blank.

    Raises:
        PictureError: the file is missing, empty, damaged, too large, or no picture in one of ``FORMATS`` or HEIC.
    """
    name, content = read_content(source)
    if not content:
        raise PictureError("{name} is empty (0 bytes). Choose another file.", name=name)
    if len(content) > MAX_BYTES:
        limit = MAX_BYTES // 1_000_000
        raise PictureError("{name} is larger than {limit} MB. Save it as JPEG and try again.", name=name, limit=limit)
    limit = MAX_PIXELS
    try:
        picture, limit = _opened(name, content)
        if picture.width * picture.height > limit:
            raise Image.DecompressionBombError
        if isinstance(picture, JpegImageFile):
            picture.draft("RGB", (_ENOUGH, _ENOUGH))
            if picture.width * picture.height > MAX_PIXELS:  # its shorter side did not allow a smaller scale
                raise Image.DecompressionBombError
        picture.load()
        if picture.format in _ANIMATED and getattr(picture, "is_animated", False):
            picture = _written_frame(picture)
        return _upright(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
        raise PictureError(
            "{name} is larger than {limit} megapixels. Make it smaller and try again.",
            name=name,
            limit=limit // 1_000_000,
        ) from None
    except UnidentifiedImageError:
        if _is_svg(content):
            raise PictureError(
                "{name} is an SVG drawing, which is not made of pixels. Export it as PNG, or take a screenshot of it, "
                "and choose that.",
                name=name,
            ) from None
        raise PictureError(
            "{name} is not a picture of a known format. Choose a PNG, JPEG, HEIC, WebP, AVIF, GIF, BMP, TIFF, ICO or "
            "PPM file.",
            name=name,
        ) from None
    except (
        OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, RuntimeError, struct.error
    ) as error:  # fmt: skip
        raise PictureError(
            "{name} is damaged or cut short ({error}). Save it again or choose another.",
            name=name,
            error=str(error).strip(),
        ) from error


def to_grey(picture: Image.Image | NDArray[np.generic]) -> FloatPicture:
    """Brightness, 0..1, shape ``(H, W)``. What is transparent becomes black under light ink and white under dark.

    Raises:
        PictureError: an array of another shape, too large, or with values that are not finite or not brightness.
    """
    if not isinstance(picture, Image.Image):
        values = _array_values(picture)
        if values.ndim == 2:
            return values
        picture = Image.fromarray(_bytes(values))
    if _holds_numbers(picture):
        return _numbers(picture)
    if max(picture.size) > 2 * _ENOUGH:  # antialiased, and before anything is done pixel by pixel
        picture = _reduced(picture, max(picture.size) // _ENOUGH)
    if not _may_be_transparent(picture):
        return np.asarray(picture.convert("RGB").convert("L"), np.float32) / 255
    rgba = picture.convert("RGBA")
    alpha = np.asarray(rgba.getchannel("A"), np.float32) / 255
    light = np.asarray(rgba.convert("RGB").convert("L"), np.float32) / 255
    return light * alpha + (1 - alpha) * _under(light, alpha)


def to_rgb(picture: Image.Image | NDArray[np.generic]) -> ColourPicture:
    """Colour, 0..255, shape ``(H, W, 3)``, the longer side no more than ``MAX_SIDE`` pixels (antialiased).

    Takes what :func:`to_grey` takes. What is transparent becomes black under light ink and white under dark.

    Raises:
        PictureError: as :func:`to_grey`.
    """
    if not isinstance(picture, Image.Image):
        picture = Image.fromarray(_bytes(_array_values(picture)))
    if _holds_numbers(picture):
        picture = Image.fromarray(_bytes(_numbers(picture)))
    picture = at_most(picture, MAX_SIDE)
    if not _may_be_transparent(picture):
        return np.asarray(picture.convert("RGB"))
    rgba = picture.convert("RGBA")
    alpha = np.asarray(rgba.getchannel("A"), np.float32)[..., None] / 255
    rgb = rgba.convert("RGB")
    under = _under(np.asarray(rgb.convert("L"), np.float32) / 255, alpha[..., 0])
    return (np.asarray(rgb, np.float32) * alpha + (1 - alpha) * under * 255).round().astype(np.uint8)


def at_most(picture: Image.Image, side: int) -> Image.Image:
    """The picture, made smaller (antialiased, in a mode with true tones) if its longer side has more than ``side``."""
    longer = max(picture.size)
    if longer <= side:
        return picture
    if longer >= 2 * side:
        picture = _reduced(picture, longer // side)
    elif picture.mode in ("1", "P", "PA"):  # which cannot be antialiased
        picture = _in_true_tones(picture)
    width, height = (max(1, round(edge * side / max(picture.size))) for edge in picture.size)
    return picture if picture.size == (width, height) else picture.resize((width, height), Image.Resampling.BILINEAR)


# ---- Files


def read_content(source: str | Path | bytes | BinaryIO) -> tuple[str, bytes]:
    """What to call the picture in a message, and its bytes: at most one more than are allowed.

    Raises:
        PictureError: the file cannot be read.
    """
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


def _opened(name: str, content: bytes) -> tuple[Image.Image, int]:
    """The picture, of which only the header has been read, and how many pixels it may have.

    Raises:
        PictureError: it is HEIC, and what reads that is not installed; others as Pillow's formats raise them.
    """
    if content.startswith(b"\xff\xd8\xff"):  # not by Image.open, which warns of pictures that are decoded smaller
        return JpegImageFile(io.BytesIO(content)), MAX_JPEG_PIXELS if _has_one_scan(content) else MAX_PIXELS
    if _is_heic(content[:64]):
        try:
            from pillow_heif import HeifImageFile  # here, so that the start does not wait for it
        except ImportError as error:
            raise PictureError(
                "{name} is a HEIC picture, which cannot be read here. Save it as JPEG and choose that.", name=name
            ) from error
        return HeifImageFile(io.BytesIO(content)), MAX_PIXELS
    picture = Image.open(io.BytesIO(content), formats=FORMATS)
    return picture, MAX_LOSSLESS_PIXELS if picture.format in _LOSSLESS else MAX_PIXELS


def _has_one_scan(content: bytes) -> bool:
    """Whether a JPEG is decoded row by row.

    The coefficients of others (progressive ones) are all kept until the end, in six bytes a pixel at worst, however
    small the result is to be.
    """
    position, components = 2, 0
    while position + 10 <= len(content) and content[position] == 0xFF:
        marker = content[position + 1]
        if marker == 0xFF:  # padding
            position += 1
            continue
        if marker in (0xC0, 0xC1):  # the only frames that can have a single scan
            components = content[position + 9]
        elif marker == 0xDA:
            return content[position + 4] == components
        position += 2 + int.from_bytes(content[position + 2 : position + 4], "big")
    return False


def _is_heic(head: bytes) -> bool:
    """Whether a file that begins like this is HEIC: an AVIF has the same container, and sometimes the same brand."""
    if head[4:8] != b"ftyp":
        return False
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, min(int.from_bytes(head[:4], "big"), 64), 4))]
    return any(brand in _HEIC_BRANDS for brand in brands) and b"avif" not in brands


def _is_svg(content: bytes) -> bool:
    """Whether a file is an SVG drawing, compressed or not."""
    head = content[:8192]
    if head.startswith(b"\x1f\x8b"):  # .svgz
        try:
            head = zlib.decompressobj(31).decompress(head, 8192)
        except zlib.error:
            return False
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()  # without UTF-16's zeros
    return text.startswith(b"<") and b"<svg" in text


def _written_frame(picture: Image.Image) -> Image.Image:
    """The first frame of an animation (or page of a TIFF); if it is blank, the last of the next ones that is not."""
    size = picture.size
    if size[0] * size[1] > MAX_PIXELS or not _is_blank(picture):
        return picture
    most = min(_MOST_FRAMES, max(2, _MOST_FRAME_PIXELS // (size[0] * size[1])))
    first, found = picture.copy(), None
    for number in range(1, most):
        try:
            picture.seek(number)
        except EOFError:
            break
        if picture.width * picture.height > size[0] * size[1]:  # a page of a TIFF may have another size
            break
        picture.load()
        if not _is_blank(picture):
            found = picture.copy()
    return found or first


def _is_blank(frame: Image.Image) -> bool:
    """Whether a frame has a single tone, or is transparent all over."""
    if _holds_numbers(frame):
        low, high = frame.getextrema()
        return low == high
    low, high = np.array(frame.convert("RGBA").getextrema()).T  # of red, green, blue and opacity
    return bool(high[3] == 0 or (high - low <= _ONE_TONE).all())


def _upright(picture: Image.Image) -> Image.Image:
    if picture.getexif().get(0x0112, 1) == 1:  # exif_transpose would make a copy
        return picture
    return ImageOps.exif_transpose(picture)


# ---- Arrays and modes


def _array_values(array: NDArray[np.generic]) -> NDArray[np.float32]:
    """The values of a picture's array, 0..1: shape ``(H, W)``, ``(H, W, 3)`` or ``(H, W, 4)``."""
    array = np.asarray(array)
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
    values /= {"bool": 1.0, "uint8": 255.0, "uint16": 65535.0}.get(array.dtype.name) or _top(values)
    return values


def _holds_numbers(picture: Image.Image) -> bool:
    """Whether the pixels are 16 or 32 bits, integers or floats, which Pillow does not scale when it converts them."""
    return picture.mode in ("I", "F") or picture.mode.startswith("I;16")


def _numbers(picture: Image.Image) -> FloatPicture:
    values = np.asarray(picture, dtype=np.float32)
    if not np.isfinite(values).all():
        raise PictureError("The picture holds values that are not numbers. Save it as PNG or JPEG.")
    return (values / _top(values)).clip(0, 1)


def _top(values: NDArray[np.float32]) -> float:
    """The value of white in numbers of unknown range."""
    highest = values.max()
    return 1.0 if highest <= 1 else 255.0 if highest <= 255 else 65535.0


def _bytes(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """0..1 as 0..255."""
    return (values * 255).round().astype(np.uint8)


def _under(light: FloatPicture, alpha: FloatPicture) -> float:
    """The tone behind transparent pixels: 0, black, under ink that is light on average, 1, white, under dark ink."""
    opaque = alpha.sum()
    return 0.0 if opaque and float((light * alpha).sum() / opaque) > 0.5 else 1.0


def _may_be_transparent(picture: Image.Image) -> bool:
    return picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info


def _in_true_tones(picture: Image.Image) -> Image.Image:
    """The picture in a mode whose pixels can be averaged."""
    if _may_be_transparent(picture):
        return picture.convert("RGBA")
    return picture.convert("L" if picture.mode in ("1", "L") else "RGB")


def _reduced(picture: Image.Image, factor: int) -> Image.Image:
    """The picture, made smaller by a whole factor, each pixel the mean of those it stands for.

    In bands, so that a large picture is never converted as a whole: that would take another four bytes a pixel.
    """
    rows = factor * max(1, 4_000_000 // (factor * picture.width))
    bands = [
        _in_true_tones(picture.crop((0, top, picture.width, min(top + rows, picture.height)))).reduce(factor)
        for top in range(0, picture.height, rows)
    ]
    result = Image.new(bands[0].mode, (bands[0].width, sum(band.height for band in bands)))
    top = 0
    for band in bands:
        result.paste(band, (0, top))
        top += band.height
    return result
