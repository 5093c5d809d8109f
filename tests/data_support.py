"""What the tests of generated pictures share."""

from __future__ import annotations

from functools import lru_cache

from maxdigit.data.picture_batch import Pictures
from maxdigit.data.pictures import generate
from maxdigit.data.splits import TEST


@lru_cache
def pictures_of(kind: str) -> Pictures:
    """The first 500 test pictures of a kind."""
    return generate(TEST, 0, 500, kind=kind)
