"""The answers of several models to one picture."""

from maxdigit.ui.side_by_side.side_by_side import Reply, side_by_side

__all__ = ["Reply", "side_by_side"]
