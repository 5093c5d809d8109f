"""One picture, several models: their answers side by side."""

from maxdigit.ui.side_by_side.side_by_side import Reply, side_by_side

__all__ = ["Reply", "side_by_side"]
