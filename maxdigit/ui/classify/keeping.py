"""The handlers of the buttons below the answer: a link, files, and corrections."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import gradio as gr
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maxdigit.inference.corrections import keep
from maxdigit.inference.predict import Prediction, Predictor
from maxdigit.ui import texts
from maxdigit.ui.browser import TO_ADDRESS, TO_FILE
from maxdigit.ui.classify.layout import ClassifyPage
from maxdigit.ui.downloads import browser_file
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.events import ASKING, QUIET, Changes, Values
from maxdigit.ui.html import paragraphs
from maxdigit.ui.links import make_query
from maxdigit.ui.view_state import ViewState, model_input


@dataclass(frozen=True)
class Keeping:
    """The handlers of the buttons below the answer card."""

    page: ClassifyPage
    predictor: Predictor
    evaluation: Evaluation
    corrections: Path | None  # where corrections are kept; None to keep none

    def connect(self) -> None:
        """Connect the buttons with their handlers."""
        page, row = self.page, self.page.keep

        def link(values: Values) -> Changes:
            return self.link(page.shown(values), values[page.model])

        def save_picture(values: Values) -> Changes:
            return self.save(page.shown(values), values[page.model], "picture")

        def save_answer(values: Values) -> Changes:
            return self.save(page.shown(values), values[page.model], "answer")

        def ask() -> Changes:
            return {row.correction: gr.Column(visible=True), row.right: None, row.said: ""}

        def correct(values: Values) -> Changes:
            return self.correct(page.shown(values), values[page.model], values[row.right])

        inputs = page.inputs | {page.model}
        gr.on(row.link.click, link, inputs, {page.handed, row.address}, **ASKING).then(
            None, page.handed, row.address, js=TO_ADDRESS, **QUIET
        )
        for button, save in ((row.save_picture, save_picture), (row.save_answer, save_answer)):
            gr.on(button.click, save, inputs, {page.handed}, **ASKING).then(
                None, page.handed, None, js=TO_FILE, **QUIET
            )
        if self.corrections is not None:
            gr.on(row.wrong.click, ask, None, {row.correction, row.right, row.said}, **ASKING)
            gr.on(row.right.input, correct, inputs | {row.right}, {row.correction, row.said}, **ASKING)

    def link(self, shown: ViewState, model: str) -> Changes:
        """The query of a link to the picture shown, and the field for the link."""
        handed, address = self.page.handed, self.page.keep.address
        try:
            return {handed: make_query(shown, model), address: gr.Textbox(visible=True)}
        except Exception as error:
            return {handed: "", address: gr.Textbox(texts.told(error), visible=True)}

    def save(self, shown: ViewState, model: str, what: Literal["picture", "answer"]) -> Changes:
        """A file for the browser, as JSON: the model's input, or its answer. Empty if there is none."""
        file = ""
        try:
            pixels = self._pixels(shown)
            if pixels is None:
                gr.Info(texts.NOTHING_TO_SAVE)
            elif what == "picture":
                file = _picture_file(pixels)
            else:
                file = _answer_file(self.predictor.classify(pixels, model))
        except Exception as error:
            gr.Warning(texts.told(error))
        return {self.page.handed: file}

    def correct(self, shown: ViewState, model: str, digit: Any) -> Changes:
        """Store the picture with the digit that the visitor says is right."""
        assert self.corrections is not None
        is_open = False
        try:
            pixels = self._pixels(shown)
            if pixels is None:
                said = texts.NOTHING_TO_CORRECT
            else:
                answered = self.predictor.classify(pixels, model).max_digit
                strokes = shown.drawing if shown.mode == "draw" and shown.drawing and not shown.erased else ""
                keep(self.corrections, pixels, digit, model, answered, shown.mode, strokes)
                said = texts.KEPT
        except Exception as error:
            is_open, said = True, texts.told(error)
        return {self.page.keep.correction: gr.Column(visible=is_open), self.page.keep.said: paragraphs(said)}

    def _pixels(self, shown: ViewState) -> NDArray[np.uint8] | None:
        """The picture (128, 128) that is answered, without what was erased; None if there is none."""
        picture = model_input(shown, predictor=self.predictor, evaluation=self.evaluation)
        return None if picture is None else picture.without(shown.erased)


def _picture_file(pixels: NDArray[np.uint8]) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return browser_file("maxdigit.png", "image/png", buffer.getvalue())


def _answer_file(prediction: Prediction) -> str:
    return browser_file("maxdigit.json", "application/json", json.dumps(prediction.to_json(), indent=2).encode())
