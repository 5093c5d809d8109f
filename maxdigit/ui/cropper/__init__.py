"""A frame to lay on a picture. :class:`Cropper` is the component."""

from maxdigit.ui.cropper.cropper import Cropper, cropper_value

__all__ = ["Cropper", "cropper_value"]
