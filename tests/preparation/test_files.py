"""Files and arrays of every form become upright pictures, and what cannot be read is refused in a sentence.

Whatever a file is, it may take neither gigabytes nor minutes: sizes are looked at before anything is decoded.
"""

from __future__ import annotations

import gzip
import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from preparation_support import note

from maxdigit.errors import PictureError
from maxdigit.preparation.files import (
    MAX_BYTES,
    open_picture,
)

pillow_heif = pytest.importorskip("pillow_heif")
pillow_heif.register_heif_opener()  # for saving; reading does not depend on it (see the test of a fresh process)

FORMS = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "ICO", "AVIF", "HEIF"]


def saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def difference(picture: Image.Image, other: Image.Image) -> float:
    """Mean, of 255."""
    assert picture.size == other.size
    return float(np.abs(np.asarray(picture.convert("RGB"), float) - np.asarray(other.convert("RGB"), float)).mean())


# ---- Formats


@pytest.mark.parametrize("form", FORMS)
def test_files_of_common_formats_are_read(form: str, tmp_path: Path) -> None:
    picture = note()
    path = tmp_path / "picture.bin"  # whatever the name says
    path.write_bytes(saved(picture, form, **({"sizes": [picture.size]} if form == "ICO" else {})))
    for source in (path, str(path), path.read_bytes(), io.BytesIO(path.read_bytes())):
        assert difference(open_picture(source), picture) < 4


def test_heic_is_read_in_a_process_that_has_not_heard_of_it(tmp_path: Path) -> None:
    """And its library is loaded by the first such file only, not by the start."""
    (tmp_path / "photo.heic").write_bytes(saved(note(), "HEIF"))
    (tmp_path / "photo.jpg").write_bytes(saved(note(), "JPEG"))
    program = (
        "import sys; from maxdigit.preparation.files import open_picture\n"
        "open_picture(sys.argv[1] + '/photo.jpg'); assert 'pillow_heif' not in sys.modules\n"
        "assert open_picture(sys.argv[1] + '/photo.heic').size == (240, 180)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)


def test_without_the_library_for_heic_its_files_are_told_what_to_do_and_others_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heic, jpeg = saved(note(), "HEIF"), saved(note(), "JPEG")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PictureError, match=r"HEIC picture, which cannot be read here\. Save it as JPEG"):
        open_picture(heic)
    assert open_picture(jpeg).size == (240, 180)


@pytest.mark.parametrize("form", ["JPEG", "HEIF", "TIFF", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_their_exif_data_say(form: str, orientation: int) -> None:
    """Once, also where the container turns the picture and the EXIF data say so as well, as in an iPhone's HEIC."""
    stored, exif = note(), Image.Exif()
    exif[0x0112] = orientation
    shown = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    upright = stored.transpose(shown[orientation]) if orientation > 1 else stored
    assert difference(open_picture(saved(stored, form, exif=exif.tobytes())), upright) < 4


def test_a_heic_is_as_it_shows_where_only_its_exif_data_speak_of_a_turn() -> None:
    content = saved(note(), "HEIF", exif=Image.Exif())
    assert b"irot" not in content and difference(open_picture(content), note()) < 4


# ---- Several frames


def frames(count: int, *, blank_first: bool = True, blank_last: bool = False) -> list[Image.Image]:
    """A hand writing: a stroke that grows from frame to frame, on one tone."""
    result = []
    for number in range(count):
        frame = Image.new("RGB", (120, 90), (246, 246, 246))
        if number or not blank_first:
            ImageDraw.Draw(frame).line((10, 20, 15 + 90 * number // count, 70), fill=(10, 10, 10), width=5)
        result.append(frame)
    if blank_last:
        result.append(Image.new("RGB", (120, 90), (246, 246, 246)))
    return result


def animated(pictures: list[Image.Image], form: str, **options: Any) -> bytes:
    if form == "WEBP":
        options = {"lossless": True, **options}
    return saved(pictures[0], form, save_all=True, append_images=pictures[1:], **options)


ANIMATED = ["GIF", "PNG", "WEBP", "AVIF", "TIFF"]


@pytest.mark.parametrize("form", ANIMATED)
def test_the_first_frame_of_an_animation_is_taken(form: str) -> None:
    pictures = frames(4, blank_first=False)
    assert difference(open_picture(animated(pictures, form)), pictures[0]) < 2


@pytest.mark.parametrize("form", ANIMATED)
def test_the_last_frame_is_taken_where_the_first_is_blank(form: str) -> None:
    pictures = frames(5)
    assert difference(open_picture(animated(pictures, form)), pictures[-1]) < 2


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "TIFF"])
def test_the_last_written_frame_is_taken_where_the_animation_ends_blank(form: str) -> None:
    pictures = frames(5, blank_last=True)
    assert difference(open_picture(animated(pictures, form)), pictures[-2]) < 2


def test_a_transparent_first_frame_is_blank() -> None:
    pictures = [frame.convert("RGBA") for frame in frames(4)]
    pictures[0] = Image.new("RGBA", (120, 90), (0, 0, 0, 0))
    assert difference(open_picture(animated(pictures, "PNG")), pictures[-1]) < 2


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
def test_an_animation_without_end_is_not_read_to_its_end(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [frame.resize((12, 9)) for frame in frames(1300)]
    for number, frame in enumerate(pictures):
        frame.putpixel((number % 12, 8), (number % 251, 0, 0))  # or equal ones would be kept as one
    pictures[0] = Image.new("RGB", (12, 9), (246, 246, 246))
    content = animated(pictures, form)
    reached = []
    plain = type(Image.open(io.BytesIO(content))).seek
    monkeypatch.setattr(
        type(Image.open(io.BytesIO(content))),
        "seek",
        lambda self, number: (reached.append(number), plain(self, number)),
    )
    assert difference(open_picture(content), pictures[999]) < 12
    assert max(reached) == 999


def test_a_second_page_larger_than_the_first_is_left_alone() -> None:
    pages = [Image.new("L", (40, 30), 255), note(4000, 3000).convert("L")]
    assert open_picture(animated(pages, "TIFF")).size == (40, 30)


# ---- Large files


def jpeg_of(width: int, height: int, **options: Any) -> bytes:
    return saved(note(width, height).convert("L"), "JPEG", quality=60, **options)


tells_memory = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="this system does not tell a process's peak memory"
)


def memory_of(path: Path) -> tuple[tuple[int, int], int]:
    """The size of a picture read in a process of its own, and by how many MB that made its peak memory grow."""
    program = (
        "import sys; from maxdigit.preparation.files import open_picture, to_rgb\n"
        "def peak():\n"
        "    with open('/proc/self/status') as file:\n"
        "        return next(int(line.split()[1]) for line in file if line.startswith('VmHWM')) // 1024\n"
        "before = peak(); picture = open_picture(sys.argv[1]); to_rgb(picture)\n"
        "print(*picture.size, peak() - before)"
    )
    run = subprocess.run([sys.executable, "-c", program, str(path)], check=True, capture_output=True, text=True)
    width, height, grown = map(int, run.stdout.split())
    return (width, height), grown


@tells_memory
@pytest.mark.slow
def test_a_jpeg_of_a_phone_with_200_megapixels_is_read_at_a_fraction(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(jpeg_of(16384, 12288))
    size, megabytes = memory_of(tmp_path / "photo.jpg")
    assert size == (2048, 1536)
    assert megabytes < 80


@pytest.mark.parametrize("size", [(20_000, 20_000), (65_000, 1_000)], ids=["too many pixels", "too low for a fraction"])
def test_a_jpeg_that_would_not_become_small_is_refused(size: tuple[int, int]) -> None:
    content = bytearray(jpeg_of(64, 64))
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", size[1], size[0])
    with pytest.raises(PictureError, match="larger than 250 megapixels"):
        open_picture(bytes(content))


def test_a_progressive_jpeg_is_kept_to_what_its_coefficients_take() -> None:
    content = bytearray(jpeg_of(64, 64, progressive=True))
    at = content.index(b"\xff\xc2") + 5
    content[at : at + 4] = struct.pack(">HH", 9_000, 12_000)
    with pytest.raises(PictureError, match="larger than 60 megapixels"):
        open_picture(bytes(content))


@tells_memory
@pytest.mark.slow
def test_a_scan_of_65_megapixels_is_read(tmp_path: Path) -> None:
    note(9000, 7200).convert("1").save(tmp_path / "scan.png")
    size, megabytes = memory_of(tmp_path / "scan.png")
    assert size == (9000, 7200)
    assert megabytes < 150  # a byte a pixel, and bands of it


def png_header(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    rows = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
        + struct.pack(">I", len(rows)) + b"IDAT" + rows + struct.pack(">I", zlib.crc32(b"IDAT" + rows))
    )  # fmt: skip


@pytest.mark.parametrize("size", [(20_000, 20_000), (9_000, 9_000), (2_000_000_000, 3)])
def test_a_picture_too_large_is_refused_from_its_header(size: tuple[int, int]) -> None:
    with pytest.raises(PictureError, match="megapixels"):
        open_picture(png_header(*size))


def heic_that_says(width: int, height: int) -> bytes:
    content = saved(note(256, 192), "HEIF")
    size = struct.pack(">II", 256, 192)
    assert content.count(size) == 1
    return content.replace(size, struct.pack(">II", width, height))


def test_a_heic_that_says_it_is_too_large_is_refused_from_its_header() -> None:
    with pytest.raises(PictureError, match="megapixels"):
        open_picture(heic_that_says(30_000, 30_000))


def test_a_heic_larger_than_it_says_is_refused() -> None:
    with pytest.raises(PictureError, match="damaged"):
        open_picture(heic_that_says(16, 12))


def test_a_file_with_more_bytes_than_any_picture_is_not_read_on(tmp_path: Path) -> None:
    path = tmp_path / "big.png"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1000)  # sparse: takes no room
    with pytest.raises(PictureError, match="larger than 240 MB"):
        open_picture(path)


# ---- What cannot be read


@pytest.mark.parametrize(
    "content",
    [b"hello", b"%PDF-1.4\n", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\x89PNG\r\n\x1a\n", b"\0" * 99, b"\xff\xd8\xff"],
)
def test_what_is_no_picture_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(PictureError, match="not a picture|damaged"):
        open_picture(content)


def test_the_refusal_names_what_is_taken() -> None:
    names = {"PNG", "JPEG", "HEIC", "WebP", "AVIF", "GIF", "BMP", "TIFF", "ICO", "PPM"}
    with pytest.raises(PictureError) as refused:
        open_picture(b"three digits")
    assert all(name in str(refused.value) for name in names)


SVG = '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0L9 9"/></svg>'


@pytest.mark.parametrize(
    "content",
    [
        SVG.encode(),
        ('\ufeff<?xml version="1.0"?>\n<!-- made by hand -->\n<!DOCTYPE svg>\n' + SVG).encode(),
        SVG.encode("utf-16"),
        gzip.compress(SVG.encode()),
    ],
    ids=["plain", "with a prologue", "UTF-16", "compressed"],
)
def test_an_svg_drawing_is_told_what_to_do(content: bytes) -> None:
    with pytest.raises(PictureError, match=r"SVG drawing.*Export it as PNG"):
        open_picture(content)


def test_a_page_of_the_web_is_not_taken_for_an_svg_drawing() -> None:
    with pytest.raises(PictureError, match="not a picture"):
        open_picture(b"<!doctype html><p>nothing drawn here</p>")


def test_an_empty_file_is_refused_in_words() -> None:
    with pytest.raises(PictureError, match="0 bytes"):
        open_picture(b"")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "AVIF", "HEIF"])
@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9])
def test_a_file_cut_short_is_refused_in_words(form: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 60, (180, 240, 3), np.uint8)
    content = saved(Image.fromarray(np.asarray(note()) - np.minimum(noise, np.asarray(note()))), form)
    with pytest.raises(PictureError, match="damaged|not a picture"):
        open_picture(content[: int(len(content) * share)])


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("form", ["HEIF", "JPEG", "GIF", "TIFF"])
def test_a_file_with_wrong_bytes_is_read_or_refused_in_words(form: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    content = bytearray(animated(frames(3), form) if form in ANIMATED else saved(note(), form))
    for at in rng.integers(0, min(len(content), 600), 5):
        content[at] = rng.integers(256)
    try:
        open_picture(bytes(content))
    except PictureError as error:
        assert str(error).endswith(".")


def test_missing_files_and_folders_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"none\.png cannot be read"):
        open_picture(tmp_path / "none.png")
    with pytest.raises(PictureError, match="cannot be read"):
        open_picture(tmp_path)
    with pytest.raises(PictureError, match="cannot be read"):
        open_picture("a\0b.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_may_never_end_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(PictureError, match="it is not a file"):
        open_picture(tmp_path / "pipe.png")
