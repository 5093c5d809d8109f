"""The view inside the network that answers: asked for by the browser, and only while it is unfolded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from maxdigit.errors import MaxDigitError
from maxdigit.inference.predict import Predictor
from maxdigit.ui import texts
from maxdigit.ui.classify.layout import ClassifyPage
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.events import ASKING, CARRYING, Changes, Values
from maxdigit.ui.inside import shown_inside, told_inside
from maxdigit.ui.view_state import ViewState, model_input


@dataclass(frozen=True)
class Looking:
    """The answers to the view's event."""

    page: ClassifyPage
    predictor: Predictor
    evaluation: Evaluation

    def connect(self) -> None:
        """Make the view work."""
        page = self.page

        def look(values: Values, asked: gr.EventData) -> Changes:
            number, section, channel = (getattr(asked, name, None) for name in ("number", "section", "channel"))
            shown = page.shown(values)
            return self.look(shown, values[page.model], number, section, channel)

        page.keep.inside.look(look, page.inputs | {page.model}, {page.keep.inside}, **ASKING | CARRYING)

    def look(
        self,
        shown: ViewState,
        model: str,
        number: Any,
        section: Any = None,
        channel: Any = None,
    ) -> Changes:
        """The network at work on what is shown, or a sentence where there is nothing to see.

        Args:
            shown: what the page shows.
            model: which network.
            number: what the browser calls this look; from there, as are the next two, so that they may be anything.
            section: of a map to look at closely, from 0; None for none.
            channel: the map's in it.
        """
        if type(number) is not int:
            return gr.skip()
        try:
            return {self.page.keep.inside: self._looked(shown, model, number, _pair(section, channel))}
        except Exception as error:
            return {self.page.keep.inside: told_inside(number, texts.told(error))}

    def _looked(self, shown: ViewState, model: str, number: int, chosen: tuple[int, int] | None) -> str:
        picture = model_input(shown, predictor=self.predictor, evaluation=self.evaluation)
        if picture is None:
            return told_inside(number, texts.INSIDE["nothing"])
        if not picture.has_writing:
            return told_inside(number, texts.INSIDE["blank"])
        pixels = picture.without(shown.erased)
        boxes = [box for index, box in enumerate(picture.boxes) if index not in shown.erased]
        said = ""
        try:
            found = self.predictor.look_inside(pixels, model, boxes=boxes, chosen=chosen)
        except MaxDigitError as error:
            if chosen is None:
                raise
            # A map that is gone: all the others are there.
            said = texts.told(error)
            found = self.predictor.look_inside(pixels, model, boxes=boxes)
        return shown_inside(number, found, pixels, asked=model, said=said)


def _pair(section: Any, channel: Any) -> tuple[int, int] | None:
    return (section, channel) if type(section) is int and type(channel) is int else None
