"""A frame to lay on a picture. :class:`Cropper` is the component; its look and its hand are beside it."""

from maxdigit.ui.cropper.cropper import Cropper, laid

__all__ = ["Cropper", "laid"]
