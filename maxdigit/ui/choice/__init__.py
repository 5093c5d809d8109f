"""One of a few, as a row of buttons."""

from maxdigit.ui.choice.choice import choice

__all__ = ["choice"]
