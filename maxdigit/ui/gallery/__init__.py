"""Pictures in rows, each with a line of text."""

from maxdigit.ui.gallery.gallery import Figure, gallery

__all__ = ["Figure", "gallery"]
