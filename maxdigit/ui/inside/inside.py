"""The view inside a network as a component.

Not ``gr.Gallery`` and ``gr.Image``: the place under the pointer is marked in every feature map at once.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maxdigit.inference.inside import Cells, Flows, Inside, MapView, SectionView
from maxdigit.inference.predict import title
from maxdigit.ui.picture import data_url, photo_url
from maxdigit.ui.theme import model_colour
from maxdigit.ui.widget import Widget

_LINE = 128  # grey level of the lines between pictures


class InsideView(Widget):
    """Closed until its button is pressed; while open, it fires ``look`` whenever the answer on the page changes.

    The event has a serial ``number``, and ``section`` and ``channel`` of the map to enlarge (null for none). The value
    is text from :func:`inside_value` or :func:`inside_message`. One that arrives after a value with a higher number is
    not shown.
    """

    folder = Path(__file__).parent
    names = ("INSIDE",)
    content = "feature maps of a network at work"


def inside_value(number: int, found: Inside, picture: NDArray[np.uint8], *, asked: str, said: str = "") -> str:
    """The value that shows a network at work.

    Args:
        number: of the event.
        found: what to show.
        picture: the network's input, uint8 ``(128, 128)``.
        asked: the chosen model; if it is the ensemble, one of its members is shown.
        said: a sentence above the view.
    """
    return json.dumps(
        {
            "number": number,
            "said": said,
            "model": title(found.model),
            "ensemble": title(asked) if asked != found.model else "",
            "colour": model_colour(asked),
            "picture": data_url(picture),
            "sections": list(map(_section, found.sections)),
            "cells": _cells(found.cells) if found.cells else None,
            "flows": _flows(found.flows) if found.flows else None,
            "map": _map(found.map) if found.map else None,
        }
    )


def inside_message(number: int, sentence: str) -> str:
    """The value that shows a sentence in place of the view."""
    return json.dumps({"number": number, "said": sentence})


def _section(view: SectionView) -> dict[str, Any]:
    section, place = view.section, view.section.map
    return {
        "name": section.name,
        "does": section.does,
        "channels": place.channels,
        "cells": place.cells,
        "first": place.first,
        "step": place.step,
        "field": section.field,
        "shown": view.shown,
        "side": view.maps.shape[-1],
        "covered": view.covered,
        "maps": _base64(view.maps),
    }


def _map(view: MapView) -> dict[str, Any]:
    grid = None
    if view.pictures is not None:
        framed = np.pad(view.pictures, ((0, 0), (1, 1), (1, 1)), constant_values=_LINE)
        grid = np.block([[*row] for row in framed.reshape(3, 3, *framed.shape[1:])])
    return {
        "section": view.section,
        "channel": view.channel,
        "side": len(view.values),
        "covered": view.covered,
        "values": _base64(view.values),
        "kernel": None if view.kernel is None else view.kernel.tolist(),
        "pictures": None if grid is None else photo_url(grid),
    }


def _cells(cells: Cells) -> dict[str, Any]:
    place = cells.map
    return {
        "cells": place.cells,
        "first": place.first,
        "step": place.step,
        "digits": _base64(cells.digits),
        "percents": _base64((100 * cells.probabilities).round().astype(np.uint8)),
    }


def _flows(flows: Flows) -> dict[str, Any]:
    return {
        "digits": [reading.digit for reading in flows.readings],
        "adds": flows.adds.round(2).tolist(),
        "rest": None if flows.rest is None else flows.rest.round(2).tolist(),
        "exact": flows.is_exact,
    }


def _base64(values: NDArray[np.uint8]) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")
