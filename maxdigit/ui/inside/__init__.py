"""The view inside a network: its feature maps, what its cells see, and how readings become an answer."""

from maxdigit.ui.inside.inside import InsideView, inside_message, inside_value

__all__ = ["InsideView", "inside_message", "inside_value"]
