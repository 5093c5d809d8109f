"""Suppresses the messages that TensorFlow writes to standard error when it starts."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_CHOICE = "MAXDIGIT_VERBOSE"  # the environment variable with the choice, which the model process inherits
# Lines of its logger, from information to errors: on missing GPUs, and on rounding.
_OF_THE_LOGGER = re.compile(rb"WARNING: All log messages before absl|[IWE]\d{4} \d\d:\d\d:\d\d")
_STDERR = 2


def be_verbose() -> None:
    """Show all messages, in this process and in those that it starts."""
    os.environ[_CHOICE] = "1"


@contextmanager
def quiet_start() -> Iterator[None]:
    """Remove the logger's lines from standard error inside the block, unless an exception is raised.

    They are written to the file descriptor, not by Python, and all threads share it: the output of others is delayed
    until the end of the block.
    """
    if os.environ.get(_CHOICE):
        yield
        return
    with tempfile.TemporaryFile() as kept:
        before = os.dup(_STDERR)
        os.dup2(kept.fileno(), _STDERR)
        has_failed = True
        try:
            yield
            has_failed = False
        finally:
            os.dup2(before, _STDERR)
            os.close(before)
            kept.seek(0)
            lines = [line for line in kept if has_failed or not _OF_THE_LOGGER.match(line)]
            os.write(_STDERR, b"".join(lines))
