"""The view inside a network: its feature maps, what its cells see, and how readings become an answer."""

from maxdigit.ui.inside.inside import InsideView, shown_inside, told_inside

__all__ = ["InsideView", "shown_inside", "told_inside"]
