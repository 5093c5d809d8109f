"""A model's mistakes: its confusion matrix, and the pictures of a cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
from gradio.components import Component

from maxdigit.data.kinds import has_backgrounds
from maxdigit.inference.predict import Predictor, default_model, title
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.models.run_folder import MISTAKES
from maxdigit.training.mistakes import Mistake, read_mistakes
from maxdigit.ui import texts
from maxdigit.ui.choice import choice
from maxdigit.ui.compare.measurements import metrics_of
from maxdigit.ui.confusion_matrix import MistakesOf, confusion_matrix
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.events import CARRYING, LATEST, Changes, Values
from maxdigit.ui.gallery import Figure, gallery
from maxdigit.ui.html import html_block, paragraph
from maxdigit.ui.press import Pressable
from maxdigit.ui.sampling import ANY
from maxdigit.ui.texts import labels
from maxdigit.ui.theme import model_colour

_PAGE = 24  # mistakes shown at a time
_IN_ORDER = {**LATEST, "concurrency_id": "mistakes"}  # so that pictures of another cell do not replace newer ones


@dataclass(frozen=True)
class Look:
    """Which mistakes are shown."""

    model: str
    kind: str = "textured"  # of pictures
    family: str = ANY  # of backgrounds; ignored for kinds without backgrounds
    cell: MistakesOf | None = None  # of the confusion matrix; None for all
    count: int = _PAGE


@dataclass(frozen=True)
class Mistakes:
    """The section's components and the handlers of their events."""

    predictor: Predictor
    evaluation: Evaluation
    kind: gr.Radio
    model: gr.Radio
    matrix: Pressable
    family: gr.Dropdown
    everything: gr.Button
    gallery: gr.HTML
    more: gr.Button
    cell: gr.State
    count: gr.State

    @classmethod
    def laid_out(cls, predictor: Predictor, evaluation: Evaluation, kind: gr.Radio) -> Mistakes:
        """Add the components to the Blocks being built.

        Args:
            predictor: the trained models.
            evaluation: makes test pictures.
            kind: the choice of the kind of pictures.
        """
        names = predictor.available()
        model = choice(
            labels.MODEL, {name: title(name) for name in names}, default_model(names), elem_id="mistakes-model"
        )
        with gr.Row(elem_id="mistakes"):
            with gr.Column(elem_id="matrix-side"):
                matrix = Pressable("", elem_id="matrix")
                family = gr.Dropdown(
                    [(labels.ANY_FAMILY, ANY), *((text, name) for name, text in labels.FAMILIES.items())],
                    value=ANY,
                    label=labels.SAMPLE_FAMILY,
                    filterable=False,
                    elem_id="mistakes-family",
                )
                everything = gr.Button(labels.MISTAKES_ALL, elem_id="mistakes-all")
            with gr.Column(elem_id="gallery-side"):
                pictures = html_block(elem_id="gallery")
                more = gr.Button(labels.MISTAKES_MORE, visible=False, elem_id="mistakes-more")
        cell, count = gr.State(None), gr.State(_PAGE)
        return cls(predictor, evaluation, kind, model, matrix, family, everything, pictures, more, cell, count)

    def connect(self) -> None:
        """Connect the components with their handlers."""

        def restart(values: Values) -> Changes:
            return self.show(self._look(values))

        def press(values: Values, pressed: gr.EventData) -> Changes:
            return self.show(replace(self._look(values), cell=(pressed.truth, pressed.answer)))

        def further(values: Values) -> Changes:
            look = replace(self._look(values), cell=values[self.cell], count=values[self.count] + _PAGE)
            return self.show(look)

        outputs = {self.matrix, self.family, self.gallery, self.more, self.cell, self.count}
        starts = [self.model.input, self.kind.input, self.family.input, self.everything.click]
        gr.on(starts, restart, self._inputs, outputs, **_IN_ORDER)
        gr.on(self.matrix.select, press, self._inputs, outputs, **_IN_ORDER | CARRYING)
        gr.on(self.more.click, further, self._inputs, outputs, **_IN_ORDER)

    def connect_matrix(self, opened: Callable[..., Any]) -> None:
        """Show the matrix when the tab is ``opened``."""
        outputs = {self.matrix, self.family, self.cell, self.count}
        gr.on(opened, lambda values: self._matrix_of(self._look(values)), self._inputs, outputs, **_IN_ORDER)

    def connect_pictures(self, opened: Callable[..., Any]) -> None:
        """Show the pictures when the tab is ``opened``; the generator may have to be started for it."""

        def fill(values: Values) -> Changes:  # perhaps a cell has been pressed in the meantime
            return self._pictures_of(replace(self._look(values), cell=values[self.cell], count=values[self.count]))

        gr.on(opened, fill, self._inputs, {self.gallery, self.more}, **_IN_ORDER)

    @property
    def _inputs(self) -> set[Component]:
        return {self.model, self.kind, self.family, self.cell, self.count}

    def show(self, look: Look) -> Changes:
        """The confusion matrix, and the selected mistakes."""
        cell = look.cell
        if cell == (None, None) or not all(digit is None or digit in range(NUM_CLASSES) for digit in cell or ()):
            look = replace(look, cell=None)
        return {**self._matrix_of(look), **self._pictures_of(look)}

    def _look(self, values: Values) -> Look:
        """The choices, without a cell. Only some kinds of pictures have backgrounds."""
        kind = values[self.kind]
        return Look(values[self.model], kind, values[self.family] if has_backgrounds(kind) else ANY)

    def _matrix_of(self, look: Look) -> Changes:
        measured = metrics_of(self.predictor, look.model).test.get(look.kind)
        return {
            self.matrix: confusion_matrix(measured.confusion if measured else [], model_colour(look.model), look.cell),
            self.family: gr.update(value=look.family, interactive=has_backgrounds(look.kind)),
            self.cell: look.cell,
            self.count: look.count,
        }

    def _pictures_of(self, look: Look) -> Changes:
        try:
            pictures, is_more = self._gallery(look)
        except Exception as error:
            pictures, is_more = paragraph(texts.told(error)), False
        return {self.gallery: pictures, self.more: gr.Button(visible=is_more)}

    def _gallery(self, look: Look) -> tuple[str, bool]:
        """Pictures that the model got wrong, as HTML, and whether there are more.

        Raises:
            MaxDigitError: the model is not trained, or its list of mistakes is damaged.
        """
        folder, cell = self.predictor.folder(look.model), look.cell
        if not (folder / MISTAKES).is_file():
            return paragraph(texts.NOT_LISTED), False
        if cell is not None and cell[0] == cell[1]:
            return paragraph(texts.RIGHT_NOT_KEPT), False
        truth, answer = cell or (None, None)
        listed = read_mistakes(folder).get(look.kind, [])
        found = [m for m in listed if truth in (None, m.truth) and answer in (None, m.answer)]
        if look.family != ANY:
            families = self.evaluation.evaluation_families(look.kind, [m.index for m in found])
            found = [m for m, other in zip(found, families, strict=True) if other == look.family]
        if not found:
            return paragraph(texts.MISTAKES_NONE), False
        figures = (self._figure(look.kind, mistake) for mistake in found[: look.count])
        count = texts.mistakes_shown(min(look.count, len(found)), len(found), truth, answer)
        return f"{paragraph(count)}{gallery(figures)}", len(found) > look.count

    def _figure(self, kind: str, mistake: Mistake) -> Figure:
        sample = self.evaluation.evaluation_picture(kind, mistake.index)
        says = texts.mistake(mistake.truth, mistake.answer, mistake.confidence)
        digits = ", ".join(map(str, sample.digits))
        return Figure(sample.pixels, texts.MISTAKE_ALT.format(digits=digits), says)
