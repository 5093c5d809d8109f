"""Errors whose messages are written for users of the page or the command line."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from maxdigit import CHECKPOINTS

# An absolute path, of which the last part stays; the path of a web address follows a host.
_PATH = re.compile(r"(?<![\w/:.])(?:[A-Za-z]:)?(?:[/\\][^\s/\\'\"():;,]+)+[/\\]([^\s/\\'\"():;,]+)")


class MaxDigitError(ValueError):
    """An error that the user can fix. The message is one or two plain sentences: what is wrong, and what to do.

    Args:
        sentence: the message, with names in braces for ``values``.
        values: the values. Separate from the sentence, so that the page can translate it.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence.format(**values) if values else sentence)
        self.sentence = sentence
        self.values = {name: value if isinstance(value, int) else str(value) for name, value in values.items()}

    def __reduce__(self) -> tuple[Callable[[], MaxDigitError], tuple[()]]:
        """Pickle it with its values."""
        return partial(type(self), self.sentence, **self.values), ()


class PictureError(MaxDigitError):
    """The file or array cannot be read as a picture."""


class EmptyPictureError(PictureError):
    """The picture is one flat tone: there is nothing to classify (an empty canvas, for instance)."""


class UnknownModelError(MaxDigitError):
    """No model of that name exists."""


class CheckpointError(MaxDigitError):
    """A trained model is missing, incomplete, or damaged."""


class CompetitionFileError(MaxDigitError):
    """A file of the competition has the wrong format, or holds more than plain arrays."""


class TrainingError(MaxDigitError):
    """A training run cannot start or be resumed."""


def without_paths(text: str) -> str:
    """A message for visitors, in which the host's files are named without their folders."""
    roots = [str(CHECKPOINTS.parent), tempfile.gettempdir(), os.path.expanduser("~")]  # which need not exist
    with suppress(OSError):
        roots.append(os.getcwd())
    for root in roots:
        text = text.replace(f"{root}/", "").replace(f"{root}\\", "")
    return _PATH.sub(r"\1", text)
