"""Damaged pictures through the whole preparation: ``python benchmarks/fuzz.py [--pictures 10000] [--seed 0]``.

Hypothesis takes a small picture of one of the formats that are read, and damages it: wrong bytes, wrong sizes in its
header, parts missing, repeated or taken from another format, a ZIP archive or a page with a script before or after it.
Each must be prepared as a picture of 128 x 128, or be refused with a sentence for visitors. Anything else is a fault,
including the death of the process that prepares them. Prints how many were read and refused, the slowest, the memory,
and the faults; ``--keep FOLDER`` stores the pictures that caused them. The exit status is 1 if there are any.
``tests/preparation/test_fuzz.py`` runs a few hundred.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import struct
import time
import zlib
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import psutil
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, features

from maxdigit import CHECKPOINTS, IMAGE_SIZE
from maxdigit.errors import PictureError
from maxdigit.inference.model_process import ModelProcess, ask_predictor
from maxdigit.inference.predict import Predictor
from maxdigit.preparation.prepare import PreparedPicture

Prepare = Callable[[bytes], PreparedPicture]

# Numbers for damaged headers: 0, the largest numbers of one, two and four bytes, and their neighbours.
_NUMBERS = (0, 1, 2, 0x7F, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
_HEADER = 200  # bytes at the beginning that are damaged more often than the rest
_FOREIGN = (
    b"PK\x03\x04\x14\0\0\0\0\0" + b"\0" * 20,
    b"PK\x05\x06" + b"\0" * 18,
    b"<!doctype html><script>alert(1)</script>",
    b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>1</script></svg>',
    b"%PDF-1.7\n1 0 obj\n",
    b"%!PS-Adobe-3.0 EPSF-3.0\n",
    b"\x1f\x8b\x08\0" + b"\0" * 6,
    b"GIF89a/*",
    b"\x80\x05cos\nsystem\n",  # the beginning of a pickle that would run a command
    b"\0" * 64,
)


def sentence_fault(told: str) -> str:
    """What is wrong with a message for visitors, if anything: it should be one line, without the host's paths."""
    if not told.endswith((".", "?")) or "\n" in told or len(told) > 400:
        return "not a sentence"
    if re.search(r"Traceback|\bat 0x[0-9a-f]+|<_io\.|site-packages|/(home|tmp|usr|root|var|opt|work)/", told):
        return "shows the host's insides"
    return ""


def fault(prepare: Prepare, content: bytes) -> str:
    """The fault that this picture caused; empty if it was read, or refused with a sentence."""
    try:
        pixels = prepare(content).pixels
    except PictureError as error:
        return sentence_fault(str(error)) and f"{sentence_fault(str(error))}: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if pixels.shape != (IMAGE_SIZE, IMAGE_SIZE) or pixels.dtype != np.uint8:
        return f"pixels {pixels.dtype}, {pixels.shape}"
    return ""


# ---- Pictures, and ways to damage them


@cache
def whole_pictures() -> tuple[tuple[str, bytes], ...]:
    """Small pictures in every format that is read, by name; several if a format has several encodings."""
    from pillow_heif import register_heif_opener

    register_heif_opener()  # for saving; reading does not depend on it
    note = Image.new("RGB", (96, 64), (240, 235, 220))
    ImageDraw.Draw(note).line([(12, 8), (40, 8), (24, 52)], fill=(20, 30, 120), width=4)
    ink = Image.new("RGBA", note.size)
    ink.paste(note.convert("L").point(lambda tone: 255 - tone), (0, 0))
    grey, flat = note.convert("L"), Image.new("L", note.size, 255)
    exif = Image.Exif()
    exif[0x0112] = 6
    many = {"save_all": True, "append_images": [note.rotate(90), note]}
    kinds: list[tuple[str, Image.Image, dict[str, object]]] = [
        ("PNG", note, {}), ("PNG", ink, {"exif": exif}), ("PNG", note.quantize(8), {}), ("PNG", grey.convert("1"), {}),
        ("PNG", grey.convert("I;16"), {}), ("PNG", flat, {"save_all": True, "append_images": [grey]}),
        ("JPEG", note, {"exif": exif}), ("JPEG", note, {"progressive": True}), ("JPEG", note.convert("CMYK"), {}),
        ("WEBP", note, {}), ("WEBP", ink, {"lossless": True}), ("WEBP", note, many),
        ("GIF", note.quantize(16), {}), ("GIF", flat, many), ("BMP", note, {}), ("BMP", note.quantize(16), {}),
        ("TIFF", note, {}), ("TIFF", note, {"compression": "tiff_lzw"}), ("TIFF", note, {"compression": "jpeg"}),
        ("TIFF", grey.convert("1"), {"compression": "group4"}), ("TIFF", grey.convert("F"), {}), ("TIFF", note, many),
        ("TIFF", note, {"compression": "tiff_adobe_deflate", "exif": exif}), ("PPM", note, {}), ("PPM", grey, {}),
        ("ICO", ink, {}), ("HEIF", note, {"exif": exif}),
    ]  # fmt: skip
    if features.check("avif"):
        kinds.append(("AVIF", note, {}))
    pictures = []
    for form, picture, options in kinds:
        buffer = io.BytesIO()
        picture.save(buffer, form, **options)
        pictures.append((form, buffer.getvalue()))
    return tuple(pictures)


@st.composite
def damaged_pictures(draw: st.DrawFn) -> bytes:
    """One of :func:`whole_pictures`, damaged in one to four ways."""
    form, whole = draw(st.sampled_from(whole_pictures()))
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        way = draw(st.sampled_from(_WAYS))
        content = way(draw, content) or bytearray(whole)
    if form == "PNG" and draw(st.booleans()):
        content = _with_right_sums(content)
    return bytes(content)


def _place(draw: st.DrawFn, content: bytearray, room: int = 1) -> int:
    end = max(0, len(content) - room)
    return draw(st.integers(0, min(end, _HEADER)) if draw(st.booleans()) else st.integers(0, end))


def _wrong_byte(draw: st.DrawFn, content: bytearray) -> bytearray:
    content[_place(draw, content)] = draw(st.integers(0, 255))
    return content


def _wrong_number(draw: st.DrawFn, content: bytearray) -> bytearray:
    form = draw(st.sampled_from((">H", "<H", ">I", "<I")))
    size = struct.calcsize(form)
    at = _place(draw, content, size)
    content[at : at + size] = struct.pack(form, draw(st.sampled_from(_NUMBERS)) % 256**size)
    return content


def _cut_short(draw: st.DrawFn, content: bytearray) -> bytearray:
    return content[: _place(draw, content)]


def _part_left_out(draw: st.DrawFn, content: bytearray) -> bytearray:
    at = _place(draw, content)
    return content[:at] + content[at + draw(st.integers(1, 64)) :]


def _part_repeated(draw: st.DrawFn, content: bytearray) -> bytearray:
    at, size = _place(draw, content), draw(st.integers(1, 256))
    return content[:at] + content[at : at + size] * draw(st.integers(2, 40)) + content[at + size :]


def _of_two_formats(draw: st.DrawFn, content: bytearray) -> bytearray:
    _, other = draw(st.sampled_from(whole_pictures()))
    return content[: _place(draw, content)] + bytearray(other)[_place(draw, bytearray(other)) :]


def _foreign_part(draw: st.DrawFn, content: bytearray) -> bytearray:
    part, at = draw(st.sampled_from(_FOREIGN)), draw(st.sampled_from((0, _place(draw, content), len(content))))
    return content[:at] + part + content[at:]


_WAYS = (
    _wrong_byte, _wrong_byte, _wrong_number, _wrong_number, _wrong_number, _cut_short, _part_left_out, _part_repeated,
    _of_two_formats, _foreign_part,
)  # fmt: skip


def _with_right_sums(content: bytearray) -> bytearray:
    """A PNG with the checksums of its chunks corrected, so that decoders read the content."""
    at = 8
    while at + 12 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        end = at + 8 + size
        if end + 4 > len(content):
            break
        content[end : end + 4] = struct.pack(">I", zlib.crc32(content[at + 4 : end]))
        at = end + 4
    return content


# ---- The run


def main() -> None:
    """Prepare damaged pictures in the model process, and print the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write the pictures at fault there")
    args = parser.parse_args()
    process = ModelProcess()
    became: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    slowest, peak = 0.0, 0

    def prepare(content: bytes) -> PreparedPicture:
        try:
            prepared = process.call(ask_predictor, CHECKPOINTS, Predictor.prepare, content)
        except PictureError:
            became["refused in a sentence"] += 1
            raise
        became["read"] += 1
        return prepared

    @seed(args.seed)
    @settings(
        max_examples=args.pictures,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(damaged_pictures())
    def run(content: bytes) -> None:
        nonlocal slowest, peak
        start = time.perf_counter()
        found = fault(prepare, content)
        slowest = max(slowest, time.perf_counter() - start)
        if found:
            faults[found] += 1
            if args.keep:
                args.keep.mkdir(parents=True, exist_ok=True)
                (args.keep / f"{sum(faults.values()):05}").write_bytes(content)
        tried = sum(became.values()) + sum(faults.values())
        if tried % 500 == 0:
            peak = max(peak, psutil.Process(process.call(os.getpid)).memory_info().rss)
            print(f"{tried} tried, {sum(faults.values())} faults", flush=True)

    prepare(whole_pictures()[0][1])  # not counted, as it loads the ink finder
    became.clear()
    run()
    for what, count in became.items():
        print(f"{what}: {count}")
    print(f"slowest: {slowest:.2f} s; memory of the model process: {peak / 1e6:.0f} MB at most")
    print(f"faults: {sum(faults.values())}")
    for what, count in faults.most_common():
        print(f"  {count} x {what}")
    raise SystemExit(bool(faults))


if __name__ == "__main__":
    main()
