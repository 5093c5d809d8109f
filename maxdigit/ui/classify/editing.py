"""The handlers for editing an uploaded picture: turning it, and choosing a part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from maxdigit.inference.predict import Predictor
from maxdigit.ui.classify.answering import Answering
from maxdigit.ui.classify.layout import ClassifyPage
from maxdigit.ui.cropper import cropper_value
from maxdigit.ui.events import ASKING, CARRYING, SLOW, Changes, Values, data_of, in_steps
from maxdigit.ui.picture import photo_url
from maxdigit.ui.view_state import WHOLE, Edit, ModelInput, Part, ViewState, preview, upload_input


@dataclass(frozen=True)
class Editing:
    """The handlers of the Classify tab's events that change how the picture is read."""

    page: ClassifyPage
    predictor: Predictor

    def connect(self, answering: Answering) -> None:
        """Connect the components with their handlers; ``answering`` answers after each change of the picture."""
        page, upload = self.page, self.page.upload
        slow = {**SLOW, "show_progress_on": page.answer}
        edited = {page.state.edit, upload.cropper, upload.part}

        def on(event: Callable[..., Any], edit: Callable[..., Changes], **settings: Any) -> None:
            gr.on(event, edit, page.inputs | {upload.part}, edited, **settings).then(
                answer,
                page.inputs | {page.model},
                answering.answered,
                **slow,
            )

        def answer(values: Values) -> Iterator[Changes]:
            yield from in_steps(answering.show(page.shown(values), values[page.model]))

        def change(values: Values, pressed: gr.EventData) -> Changes:
            shown, (turn, fit) = page.shown(values), data_of(pressed, "turn", "fit")
            return self.fit(shown, fit) if turn is None else self.turn(shown, turn)

        def frame(values: Values, moved: gr.EventData) -> Changes:
            return self.frame(page.shown(values), *data_of(moved, "frame"))

        on(upload.picture.change, lambda values: self.begin(page.shown(values)), **slow)
        on(upload.ink.input, lambda values: self.lay_out(page.shown(values)), **slow)
        on(upload.turn.click, lambda values: self.turn(page.shown(values)), **slow)
        on(upload.part.input, lambda values: self.read_part(page.shown(values), values[upload.part]), **slow)
        on(page.answer.edit, change, **slow | CARRYING)
        on(upload.cropper.select, frame, **ASKING | CARRYING)
        gr.on(upload.remove.click, lambda: None, None, upload.picture, **ASKING)

    def begin(self, shown: ViewState) -> Changes:
        """A picture that was just uploaded."""
        return self.lay_out(replace(shown, edit=Edit(as_it_is=shown.edit.as_it_is - {"upload"})))

    def turn(self, shown: ViewState, quarters: Any = 1) -> Changes:
        """The picture turned by some quarters, clockwise."""
        return self.lay_out(replace(shown, edit=shown.edit.turned(quarters)))

    def read_part(self, shown: ViewState, part: Part) -> Changes:
        """Read the part with writing, a part chosen by hand, or the whole picture."""
        edit = replace(shown.edit, region=None).fitted("upload", part != "whole")
        if part == "chosen":
            found = self._found(replace(shown, edit=edit))
            edit = edit.framed(found.region if found and found.region else WHOLE)
        return self.lay_out(replace(shown, edit=edit))

    def fit(self, shown: ViewState, is_fitted: Any) -> Changes:
        """Fit the picture to its writing, or read it as it is."""
        edit = shown.edit.fitted(shown.mode, is_fitted is True)
        return self.lay_out(replace(shown, edit=edit)) if shown.mode == "upload" else {self.page.state.edit: edit}

    def frame(self, shown: ViewState, frame: Any) -> Changes:
        """The picture with a frame that was moved."""
        edit = shown.edit.framed(frame)
        return {self.page.state.edit: edit, self.page.upload.part: edit.part}

    def lay_out(self, shown: ViewState) -> Changes:
        """The uploaded picture, with a frame around the part that is read unless it is the whole picture."""
        edit, cropper = shown.edit, ""
        if shown.upload is None:
            edit = replace(edit, region=None)
        else:
            try:
                picture = preview(shown.upload, edit)
                found = self._found(shown) if edit.part == "auto" else None
                frame = found.region if found else edit.region
                cropper = cropper_value(photo_url(picture.pixels), picture.width, picture.height, frame)
            except Exception:  # the answer card shows what is wrong with the file
                pass
        part = edit.part if shown.upload else "auto"
        return {self.page.state.edit: edit, self.page.upload.cropper: cropper, self.page.upload.part: part}

    def _found(self, shown: ViewState) -> ModelInput | None:
        """The model's input from the uploaded picture; None if there is none, or it cannot be read."""
        try:
            return upload_input(shown, predictor=self.predictor)
        except Exception:  # the answer card shows why
            return None
