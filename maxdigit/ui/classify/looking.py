"""The handler of the view inside the network that answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from maxdigit.errors import MaxDigitError
from maxdigit.inference.predict import Predictor
from maxdigit.ui import texts
from maxdigit.ui.classify.layout import ClassifyPage
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.events import ASKING, CARRYING, Changes, Values, data_of
from maxdigit.ui.inside import inside_message, inside_value
from maxdigit.ui.view_state import ViewState, model_input


@dataclass(frozen=True)
class Looking:
    """The handler of the view's event."""

    page: ClassifyPage
    predictor: Predictor
    evaluation: Evaluation

    def connect(self) -> None:
        """Connect the view with its handler."""
        page = self.page

        def look(values: Values, asked: gr.EventData) -> Changes:
            return self.look(page.shown(values), values[page.model], *data_of(asked, "number", "section", "channel"))

        page.keep.inside.look(look, page.inputs | {page.model}, {page.keep.inside}, **ASKING | CARRYING)

    def look(
        self,
        shown: ViewState,
        model: str,
        number: Any,
        section: Any = None,
        channel: Any = None,
    ) -> Changes:
        """The network at work on the picture shown, or a sentence if there is nothing to see.

        The last three values come from the browser, and may be anything.

        Args:
            shown: what the page shows.
            model: which network.
            number: of the event.
            section: the section, from 0, of the map to enlarge; None for none.
            channel: the channel of that map.
        """
        if type(number) is not int:
            return gr.skip()
        try:
            return {self.page.keep.inside: self._looked(shown, model, number, _pair(section, channel))}
        except Exception as error:
            return {self.page.keep.inside: inside_message(number, texts.told(error))}

    def _looked(self, shown: ViewState, model: str, number: int, chosen: tuple[int, int] | None) -> str:
        picture = model_input(shown, predictor=self.predictor, evaluation=self.evaluation)
        if picture is None:
            return inside_message(number, texts.INSIDE["nothing"])
        if not picture.has_writing:
            return inside_message(number, texts.INSIDE["blank"])
        pixels = picture.without(shown.erased)
        boxes = [box for index, box in enumerate(picture.boxes) if index not in shown.erased]
        said = ""
        try:
            found = self.predictor.look_inside(pixels, model, boxes=boxes, chosen=chosen)
        except MaxDigitError as error:
            if chosen is None:
                raise
            # The chosen map does not exist; the others can be shown.
            said = texts.told(error)
            found = self.predictor.look_inside(pixels, model, boxes=boxes)
        return inside_value(number, found, pixels, asked=model, said=said)


def _pair(section: Any, channel: Any) -> tuple[int, int] | None:
    return (section, channel) if type(section) is int and type(channel) is int else None
