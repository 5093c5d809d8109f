"""What the components of our own have in common."""

from maxdigit.ui.widget.widget import Widget, script_of, scripted

__all__ = ["Widget", "script_of", "scripted"]
