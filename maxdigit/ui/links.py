"""Links that open the page with the same drawing or sample, and the same model.

Everything is in the link itself, so it also works after a restart of the server. All of it is checked, because a link
may contain anything.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from maxdigit.data.kinds import has_backgrounds
from maxdigit.errors import MaxDigitError
from maxdigit.inference.predict import NAMES
from maxdigit.ui import texts
from maxdigit.ui.pad import parse_strokes
from maxdigit.ui.pad.strokes import MAX_CHARACTERS
from maxdigit.ui.sampling import SampleChoice
from maxdigit.ui.view_state import ViewState

MAX_LINK = 6_000  # characters of a packed drawing: browsers and servers cut longer addresses off


class LinkError(MaxDigitError):
    """A link cannot be made or read."""


@dataclass(frozen=True)
class Opened:
    """The contents of a link; None for what is missing."""

    model: str | None = None
    shown: ViewState | None = None  # a sample or a drawing


def make_query(shown: ViewState, model: str) -> str:
    """The part of the address after ``?``.

    Raises:
        LinkError: the picture is an upload, or the drawing is too long for a link.
    """
    parts = {"model": model}
    if shown.mode == "upload":
        raise LinkError(texts.LINK_NO_UPLOAD)
    if shown.mode == "sample" and shown.choice is not None:
        sample = shown.choice
        digits = "".join(map(str, sample.digits or ()))
        parts["sample"] = ".".join((str(sample.seed), sample.kind, sample.family or "", digits))
    elif shown.mode == "draw" and shown.drawing:
        packed = base64.urlsafe_b64encode(zlib.compress(shown.drawing.encode(), 9)).decode("ascii").rstrip("=")
        if len(packed) > MAX_LINK:
            raise LinkError(texts.LINK_TOO_LONG)
        parts["drawing"] = packed
    return urlencode(parts)


def read_query(query: Mapping[str, str]) -> Opened:
    """The contents of an address's query.

    Raises:
        LinkError: they are not valid.
    """
    model = query.get("model")
    if model is not None and model not in NAMES:
        raise LinkError(texts.LINK_UNREADABLE)
    try:
        drawing = _unpack(query["drawing"]) if "drawing" in query else None
        parse_strokes(drawing)
        sample = _sample(query["sample"]) if "sample" in query else None
    except (ValueError, zlib.error):
        raise LinkError(texts.LINK_UNREADABLE) from None
    if sample is not None:
        return Opened(model, ViewState("sample", choice=sample))
    return Opened(model, ViewState("draw", drawing) if drawing else None)


def _unpack(text: str) -> str:
    if len(text) > MAX_LINK:
        raise ValueError("too long")
    content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    unpacker = zlib.decompressobj()
    drawing = unpacker.decompress(content, MAX_CHARACTERS + 1)  # limited, whatever its full size
    if not unpacker.eof:
        raise ValueError("cut short, or too large")
    return drawing.decode()


def _sample(text: str) -> SampleChoice:
    seed, kind, family, digits = text.split(".")
    if not (seed.isdecimal() and len(seed) < 12 and len(digits) in (0, 3) and (digits or "0").isdecimal()):
        raise ValueError("no sample")
    if kind not in texts.SAMPLE_KINDS or (family and (family not in texts.FAMILIES or not has_backgrounds(kind))):
        raise ValueError("no such sample")
    return SampleChoice(int(seed), kind, family or None, tuple(map(int, digits)) or None)
