"""A frame to lay on a picture. :class:`Cropper` is the component."""

from maxdigit.ui.cropper.cropper import Cropper, laid

__all__ = ["Cropper", "laid"]
