"""HTML whose parts can be pressed."""

from maxdigit.ui.press.press import Pressable, pressed

__all__ = ["Pressable", "pressed"]
