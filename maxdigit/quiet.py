"""What TensorFlow says on standard error when it starts is kept from there, unless it is asked for."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_CHOICE = "MAXDIGIT_VERBOSE"  # where the choice is kept: the model process is started with it
# Lines of its logger, information to errors: on graphics cards that are not there, and on rounding.
_OF_THE_LOGGER = re.compile(rb"WARNING: All log messages before absl|[IWE]\d{4} \d\d:\d\d:\d\d")
_STDERR = 2


def be_verbose() -> None:
    """Let everything be said, in this process and in those that it starts."""
    os.environ[_CHOICE] = "1"


@contextmanager
def quiet_start() -> Iterator[None]:
    """Leave the logger's lines out of what is written to standard error meanwhile, all of it if an exception is raised.

    They are written past Python, hence to the file descriptor, which all threads share; what others write comes a
    moment later.
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
