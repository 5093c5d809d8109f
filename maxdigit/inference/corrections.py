"""Pictures that a model got wrong, reported by visitors with the right digit, stored on the host's disk.

One JSON file for each; nothing else about the visitor is stored. ``maxdigit evaluate --drawings`` measures models on
them.
"""

from __future__ import annotations

import base64
import io
import json
import secrets
import zipfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maxdigit import IMAGE_SIZE
from maxdigit.errors import MaxDigitError
from maxdigit.models.registry import NUM_CLASSES

MAX_KEPT = 5_000  # limits the disk space


class CorrectionError(MaxDigitError):
    """A correction cannot be stored, or stored ones cannot be read."""


@dataclass(frozen=True)
class Correction:
    """One picture with its right answer."""

    name: str  # of the file, without its extension
    digit: int  # the largest digit, as the visitor says
    model: str  # that answered
    answer: int  # its answer
    source: str  # draw, upload or sample
    day: str  # YYYY-MM-DD
    strokes: str  # the drawing as the pad sends it; empty if it was not drawn
    png: str  # base64 of the 128 x 128 picture that the model saw

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The picture that the model saw, (128, 128)."""
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(self.png)), formats=["PNG"]))


def keep(
    folder: Path, pixels: NDArray[np.uint8], digit: int, model: str, answer: int, source: str, strokes: str = ""
) -> str:
    """Write a correction into ``folder``, which is made if it is not there, and return its name.

    Raises:
        CorrectionError: it is not a digit, or the folder is full or cannot be written to.
    """
    if digit not in range(NUM_CLASSES):
        raise CorrectionError("Choose the right digit, 0 to 9.")
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    png = base64.b64encode(buffer.getvalue()).decode("ascii")
    day = datetime.now(UTC).date().isoformat()
    correction = Correction(f"{day}-{secrets.token_hex(6)}", digit, model, answer, source, day, strokes, png)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if len(_files(folder)) >= MAX_KEPT:
            raise CorrectionError("No more corrections can be kept here: the host has to clear some first.")
        (folder / f"{correction.name}.json").write_text(json.dumps(asdict(correction)), encoding="utf-8")
    except OSError as error:
        raise CorrectionError(
            "The correction cannot be kept ({reason}). Tell the host.", reason=error.strerror
        ) from error
    return correction.name


def kept(folder: Path) -> tuple[list[Correction], list[str]]:
    """The corrections in ``folder``, the newest first, and a sentence for each damaged file."""
    found, troubles = [], []
    for path in reversed(_files(folder)):
        try:
            correction = Correction(**json.loads(path.read_text(encoding="utf-8")))
            if correction.digit not in range(NUM_CLASSES) or correction.pixels.shape != (IMAGE_SIZE, IMAGE_SIZE):
                raise ValueError("not a correction")
            found.append(correction)
        except (OSError, ValueError, TypeError, SyntaxError):  # Pillow raises the last of these for a broken PNG
            troubles.append(f"{path.name} is damaged and was left out. Delete it.")
    return found, troubles


def delete(folder: Path, names: list[str]) -> int:
    """Delete the corrections of these names, and return how many there were."""
    gone = [path for path in _files(folder) if path.stem in set(names)]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)


def export(folder: Path) -> bytes:
    """All corrections as a ZIP archive of PNG files with a ``labels.csv``, which the Batch page accepts."""
    found, _ = kept(folder)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for one in found:
            archive.writestr(f"{one.name}.png", base64.b64decode(one.png))
            archive.writestr(f"{one.name}.json", json.dumps(asdict(one)))
        rows = "".join(f"{one.name}.png,{one.digit},{one.model},{one.answer},{one.source}\r\n" for one in found)
        archive.writestr("labels.csv", f"name,label,model,answer,source\r\n{rows}")
    return buffer.getvalue()


def load(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """All stored pictures, uint8 ``(N, 128, 128)``, and their right answers, int64 ``(N,)``.

    Raises:
        CorrectionError: there are none.
    """
    found, _ = kept(folder)
    if not found:
        raise CorrectionError(f"There are no corrections in {folder}. To keep some, start app.py with --corrections.")
    return np.stack([one.pixels for one in found]), np.array([one.digit for one in found], np.int64)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"))
