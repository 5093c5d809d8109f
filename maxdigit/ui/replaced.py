"""Replaces attributes of other packages for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def replaced(owner: object, name: str, value: Any) -> Iterator[None]:
    """Inside the block, an attribute that a module or class defines has another value."""
    before = vars(owner)[name]  # not what `getattr` makes of it: a static method stays one
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
