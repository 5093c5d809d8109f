"""The endpoints for programs: pictures and the name of a model in, answers out.

Their docstrings are their documentation for programs. Gradio reads one line for each argument and for the result.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from maxdigit.errors import MaxDigitError, without_paths
from maxdigit.inference.bulk import Answered, GivenFile, answer_batch, read_batch
from maxdigit.inference.predict import Predictor, default_model, rounded
from maxdigit.models.reader import MAX_READINGS
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.ui import texts
from maxdigit.ui.program_input import EndpointFiles, EndpointPicture

MAX_BATCH = 1_000  # pictures in one call

_PROBABILITIES = {
    "type": "array",
    "items": {"type": "number"},
    "minItems": NUM_CLASSES,
    "maxItems": NUM_CLASSES,
}
_DIGIT = {"type": "integer", "minimum": 0, "maximum": NUM_CLASSES - 1}
_READING = {
    "type": "object",
    "properties": {
        "digit": _DIGIT,
        "probability": {"type": "number"},
        "x": {"type": "number", "description": "of its centre, from the left, in pixels of 128"},
        "y": {"type": "number", "description": "from the top"},
    },
    "required": ["digit", "probability", "x", "y"],
}
_READINGS = {"anyOf": [{"type": "array", "items": _READING, "maxItems": MAX_READINGS}, {"type": "null"}]}
_ANSWER = {
    "type": "object",
    "properties": {
        "model": {"type": "string"},
        "max_digit": _DIGIT,
        "probabilities": _PROBABILITIES,
        "milliseconds": {"type": "number"},
        "digits": _READINGS,
    },
    "required": ["model", "max_digit", "probabilities", "milliseconds", "digits"],
}
_ROW = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "max_digit": _DIGIT,
        "probabilities": _PROBABILITIES,
        "digits": _READINGS,
        "error": {"type": "string"},
    },
    "required": ["name"],
}


class _Data(gr.JSON):
    """The result of an endpoint, with a schema for the documentation of the API."""

    is_template = True

    form: dict[str, Any]

    def api_info(self) -> dict[str, Any]:
        return self.form


def _data(form: dict[str, Any], label: str) -> _Data:
    # Not an argument of a constructor: Gradio sends the page only the settings that its own constructors have.
    data = _Data(visible=False, label=label)
    data.form = form
    return data


def add_api(predictor: Predictor) -> None:
    """Add ``/classify``, ``/compare`` and ``/batch`` to the Blocks being built."""
    names = predictor.available()

    def classify(image: Path | bytes | None, model: str) -> dict[str, Any]:
        """Tell which of the three handwritten digits in a picture is the largest.

        Args:
            image: A picture with three handwritten digits, of any size and common format, light on dark or the reverse.
            model: The name of the model to ask.

        Returns:
            The model, the largest digit, ten probabilities, the forward pass's time in ms, and the digits it reads.
        """
        with errors_told():
            return predictor.classify(_picture(predictor, image), model).to_json()

    def compare(image: Path | bytes | None) -> list[dict[str, Any]]:
        """Ask every model which of the three handwritten digits in a picture is the largest.

        Args:
            image: A picture with three handwritten digits, of any size and common format, light on dark or the reverse.

        Returns:
            For each trained model, and for the ensemble of them, what `classify` returns.
        """
        with errors_told():
            picture = _picture(predictor, image)
            return [predictor.classify(picture, name).to_json() for name in names]

    def batch(files: list[Path | bytes], model: str) -> list[dict[str, Any]]:
        """Tell which of the three handwritten digits is the largest, in each of many pictures.

        Args:
            files: Picture files, ZIP archives of such, or the competition's test_max_x. At most 1,000 pictures.
            model: The name of the model to ask.

        Returns:
            For each picture its name, the largest digit, the probabilities and the digits that were read, or an error
            if it cannot be read.
        """
        with errors_told(), tempfile.TemporaryDirectory(prefix="maxdigit-") as folder:
            count, entries = read_batch(predictor, _as_files(files, Path(folder)))
            if count > MAX_BATCH:
                raise MaxDigitError(f"These are {count:,} pictures; one call takes {MAX_BATCH:,}. Send several calls.")
            groups = answer_batch(predictor, entries, [model])
            return [_row(answered, model) for group in groups for answered in group]

    # Hidden components, which define the types of the endpoints and check them.
    image = EndpointPicture(visible=False, label="image")
    # Custom values are allowed, so that a wrong name gets our error and not Gradio's.
    model = gr.Dropdown(names, value=default_model(names), allow_custom_value=True, visible=False, label="model")
    files = EndpointFiles(file_count="multiple", visible=False, label="files")
    shared = {"api_visibility": "public", "concurrency_limit": 4, "concurrency_id": "programs"}
    answers, rows = ({"type": "array", "items": form} for form in (_ANSWER, _ROW))
    gr.on([], classify, [image, model], _data(_ANSWER, "answer"), api_name="classify", **shared)
    gr.on([], compare, image, _data(answers, "answers"), api_name="compare", **shared)
    gr.on([], batch, [files, model], _data(rows, "rows"), api_name="batch", **shared)


@contextmanager
def errors_told() -> Iterator[None]:
    """Pass errors on to the program, without a traceback in the server's log."""
    try:
        yield
    except MaxDigitError as error:
        raise gr.Error(without_paths(str(error)), print_exception=False) from None
    except Exception as error:
        raise gr.Error(texts.told(error), print_exception=False) from None


def _picture(predictor: Predictor, image: Path | bytes | None) -> NDArray[np.uint8]:
    if image is None:
        raise MaxDigitError("There is no picture. Send one as `image`.")
    return predictor.prepare(image).pixels


def _as_files(sources: Sequence[Path | bytes], folder: Path) -> list[GivenFile]:
    """The files; data is written to files in ``folder``, named by their position in the call."""
    files = []
    for number, source in enumerate(sources, start=1):
        path = source if isinstance(source, Path) else folder / str(number)
        if isinstance(source, bytes):
            path.write_bytes(source)
        files.append(GivenFile(path))
    return files


def _row(answered: Answered, model: str) -> dict[str, Any]:
    if answered.entry.pixels is None:
        return {"name": answered.entry.name, "error": without_paths(str(answered.entry.error))}
    shares, read = answered.probabilities[model], answered.readings.get(model)
    return {
        "name": answered.entry.name,
        "max_digit": int(shares.argmax()),
        "probabilities": rounded(shares),
        "digits": None if read is None else [reading.rounded() for reading in read],
    }
