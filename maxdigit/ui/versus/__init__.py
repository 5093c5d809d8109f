"""One picture, several models: their answers side by side."""

from maxdigit.ui.versus.versus import Reply, versus

__all__ = ["Reply", "versus"]
