"""The cropper as a component.

Not ``gr.ImageEditor``: its crop tool cuts the picture, and cannot show a frame that the server has found.
"""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

from maxdigit.preparation.framing import Region
from maxdigit.ui.widget import Widget

_number = count()


def cropper_value(address: str, width: int, height: int, frame: Region | None) -> str:
    """A cropper's value: a picture, with or without a frame.

    Args:
        address: the picture's URL.
        width: of the picture, in any unit.
        height: in the same unit.
        frame: the initial frame, as shares (0..1) of the picture; None for no frame.
    """
    # Numbered, so that an equal value still resets a frame that was moved.
    value = {"picture": address, "width": width, "height": height, "frame": frame, "number": next(_number)}
    return json.dumps(value)


class Cropper(Widget):
    """A picture under a frame that can be moved and resized with a pointer or the arrow keys.

    Its value is made by :func:`cropper_value`; an empty one shows nothing. ``select`` fires several times a second
    while the frame moves, with the ``frame``: left, top, right and bottom as shares (0..1) of the picture.
    """

    folder = Path(__file__).parent
    names = ("CROP_FRAME", "CROP_CORNERS", "CROP_ALT")
    content = "a picture, and a frame on it"
