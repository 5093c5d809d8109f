"""The layout of the Classify tab: the picture on the left, the answer on the right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from maxdigit.inference.predict import Predictor, default_model, title
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.ui import texts
from maxdigit.ui.answer import trouble_card, waiting_card
from maxdigit.ui.challenge import Challenge
from maxdigit.ui.cropper import Cropper
from maxdigit.ui.duel import Duel
from maxdigit.ui.events import Values
from maxdigit.ui.html import html_block
from maxdigit.ui.inside import InsideView
from maxdigit.ui.pad import Pad
from maxdigit.ui.picture_input import PictureInput
from maxdigit.ui.press import Pressable
from maxdigit.ui.sampling import ANY
from maxdigit.ui.texts import labels
from maxdigit.ui.view_state import Edit, Mode, ViewState


@dataclass(frozen=True)
class UploadMode:
    """An uploaded picture, and what can be done to it."""

    tab: gr.Tab
    picture: PictureInput
    cropper: Cropper
    marks: gr.HTML  # on the cropper: the digits found, and what is read
    part: gr.Dropdown
    ink: gr.Dropdown
    turn: gr.Button
    remove: gr.Button


@dataclass(frozen=True)
class SampleMode:
    """A sample, its settings, and the truth about it."""

    tab: gr.Tab
    kind: gr.Dropdown
    family: gr.Dropdown
    digits: gr.Textbox
    picture: gr.HTML
    marks: gr.HTML  # on the picture: what is read
    new: gr.Button
    truth: gr.HTML


@dataclass(frozen=True)
class ExamplesMode:
    """Samples to choose from."""

    tab: gr.Tab
    grid: Pressable


@dataclass(frozen=True)
class Keep:
    """The buttons below the answer, and the parts that they open."""

    link: gr.Button
    save_picture: gr.Button
    save_answer: gr.Button
    inside: InsideView  # the network that answers
    wrong: gr.Button
    correction: gr.Column
    right: gr.Radio  # the right digit
    said: gr.HTML  # about a correction
    address: gr.Textbox  # shows the link


@dataclass(frozen=True)
class State:
    """The state of a visit, in addition to the components' values."""

    mode: gr.State
    choice: gr.State
    edit: gr.State
    erased: gr.State
    drawn: gr.State  # the hash of the drawing from which those digits were erased
    asked: gr.State
    duel_picture: gr.State  # the current picture of the game against the network


@dataclass(frozen=True)
class ClassifyPage:
    """All of the tab's components."""

    state: State
    modes: gr.Tabs
    pad: Pad
    challenge: Challenge  # the game of fooling the networks
    duel: Duel  # the game against the network
    drawn_marks: gr.HTML  # on the pad: what is read
    upload: UploadMode
    sample: SampleMode
    examples: ExamplesMode
    model: gr.Radio
    answer: Pressable
    parts: Pressable  # what would change the answer
    keep: Keep
    handed: gr.Textbox  # from the server to the browser: a link, or a file

    @property
    def marks(self) -> dict[Mode, gr.HTML]:
        """The marks over the picture, by mode."""
        return {"draw": self.drawn_marks, "upload": self.upload.marks, "sample": self.sample.marks}

    @property
    def inputs(self) -> set[Component]:
        """The components whose values :meth:`shown` needs."""
        return self.drawing_inputs | {self.upload.picture, self.upload.ink, self.state.choice}

    @property
    def drawing_inputs(self) -> set[Component]:
        """Those that it needs if a drawing is shown."""
        state = self.state
        return {self.pad, state.mode, state.edit, state.erased, state.asked}

    def shown(self, values: Values) -> ViewState:
        """The view state, made from the values of the ``inputs``, or of the ``drawing_inputs``."""
        return ViewState(
            mode=values[self.state.mode],
            drawing=values[self.pad],
            upload=values.get(self.upload.picture),
            ink=values.get(self.upload.ink, "auto"),
            edit=values[self.state.edit],
            choice=values.get(self.state.choice),
            erased=values[self.state.erased],
            asked=values[self.state.asked],
        )


def lay_out(predictor: Predictor, *, asks_for_corrections: bool) -> ClassifyPage:
    """Add the tab's components, without their events, to the Blocks being built.

    Args:
        predictor: whose models can be chosen.
        asks_for_corrections: whether visitors can say that an answer is wrong.
    """
    names = predictor.available()
    state = State(
        mode=gr.State("draw"),
        choice=gr.State(None),
        edit=gr.State(Edit()),
        erased=gr.State(()),
        drawn=gr.State(None),
        asked=gr.State(None),
        duel_picture=gr.State(None),
    )
    with gr.Row(elem_id="classify"):
        with gr.Column(elem_id="classify-input"), gr.Tabs(elem_id="modes") as modes:
            with gr.Tab(labels.DRAW, id="draw"):
                drawn_marks = _marks()
                pad = Pad(elem_id="pad")
                with gr.Row(elem_id="games", visible=bool(names)):
                    challenge = Challenge(elem_id="challenge")
                    duel = Duel(elem_id="duel")
            upload, sample, examples = _upload_mode(), _sample_mode(), _examples_mode()
        with gr.Column(elem_id="classify-answer"):
            model = gr.Radio(
                [(title(name), name) for name in names],
                value=default_model(predictor.sound() or names),
                label=labels.MODEL,
                show_label=False,
                container=False,
                elem_id="model",
                visible=bool(names),
            )
            answer = Pressable(
                labels.made("first card", lambda: waiting("draw") if names else _no_models(predictor)),
                elem_id="answer",
            )
            parts = Pressable(elem_id="parts", elem_classes="caption")
            keep = _keep(bool(names), asks_for_corrections)
    handed = gr.Textbox(visible="hidden", label="handed to the browser")
    return ClassifyPage(
        state, modes, pad, challenge, duel, drawn_marks, upload, sample, examples, model, answer, parts, keep, handed
    )


def waiting(mode: Mode) -> str:
    """The card while there is no picture, which says what to do."""
    if mode == "upload":
        return waiting_card(texts.UPLOAD_SOMETHING, texts.UPLOAD_SOMETHING_MORE)
    return waiting_card(texts.DRAW_SOMETHING, texts.DRAW_SOMETHING_MORE)


def _no_models(predictor: Predictor) -> str:
    return trouble_card(texts.NO_MODELS.format(folder=predictor.checkpoints))


def _upload_mode() -> UploadMode:
    with gr.Tab(labels.UPLOAD, id="upload") as tab:
        picture = PictureInput(
            sources=["upload", "webcam", "clipboard"],
            show_label=False,
            label=labels.UPLOAD,
            placeholder=labels.UPLOAD_PLACEHOLDER,
            buttons=[],
            elem_id="upload",
        )
        cropper = Cropper(elem_id="cropper")
        marks = _marks(elem_id="marks")
        with gr.Row(elem_classes="under"):
            part = _picker(labels.PART, labels.PARTS, value="auto", elem_id="part")
            ink = _picker(labels.INK, labels.INKS, value="auto", elem_id="ink")
            turn = gr.Button(labels.TURN, elem_id="turn", scale=0)
            remove = gr.Button(labels.REMOVE, elem_id="remove", scale=0)
        _text(labels.UPLOAD_CAPTION, elem_id="upload-caption")
        _text(labels.FRAME_CAPTION, elem_id="frame-caption")
    return UploadMode(tab, picture, cropper, marks, part, ink, turn, remove)


def _sample_mode() -> SampleMode:
    with gr.Tab(labels.SAMPLE, id="sample") as tab:
        with gr.Row(elem_id="sample-choice"):
            kind = _picker(labels.SAMPLE_KIND, labels.SAMPLE_KINDS, value="textured")
            family = _picker(labels.SAMPLE_FAMILY, {ANY: labels.ANY_FAMILY, **labels.FAMILIES}, value=ANY)
            digits = gr.Textbox(
                placeholder=labels.ANY_DIGITS,
                label=labels.SAMPLE_DIGITS,
                show_label=False,
                container=False,
                max_length=12,
                min_width=60,
                elem_id="sample-digits",
            )
        marks = _marks(elem_id="sample-marks")
        picture = html_block(elem_id="sample")
        with gr.Row(elem_classes="under"):
            new = gr.Button(labels.NEW_SAMPLE, variant="primary", elem_id="new-sample", scale=0)
            # A rule in the style sheet shows and hides the boxes.
            gr.Checkbox(False, label=labels.SHOW_BOXES, container=False, min_width=60, scale=0, elem_id="show-boxes")
        truth = _text(labels.SAMPLE_WAITING, elem_id="truth")
    return SampleMode(tab, kind, family, digits, picture, marks, new, truth)


def _examples_mode() -> ExamplesMode:
    with gr.Tab(labels.EXAMPLES, id="examples") as tab:
        grid = Pressable(elem_id="examples")
    return ExamplesMode(tab, grid)


def _keep(has_models: bool, asks_for_corrections: bool) -> Keep:
    with gr.Row(elem_classes="keep", visible=has_models):
        link = gr.Button(labels.LINK, size="sm", elem_id="link")
        save_picture = gr.Button(labels.SAVE_PICTURE, size="sm", elem_id="save-picture")
        save_answer = gr.Button(labels.SAVE_ANSWER, size="sm", elem_id="save-answer")
        inside = InsideView(elem_id="inside")
        wrong = gr.Button(labels.WRONG, size="sm", elem_id="wrong", visible=asks_for_corrections)
        # A rule in a style sheet shows and hides the readings.
        gr.Checkbox(
            True,
            label=labels.SHOW_READINGS,
            interactive=True,  # Gradio's default is False, because no event has it as an input
            container=False,
            min_width=60,
            scale=0,
            elem_id="show-readings",
        )
    with gr.Column(visible=False, elem_id="correction") as correction:
        _text(labels.CONSENT)
        right = gr.Radio(
            [(str(digit), digit) for digit in range(NUM_CLASSES)],
            label=labels.RIGHT_DIGIT,
            elem_classes="choice",
            elem_id="right-digit",
        )
    said = html_block(elem_classes="caption", elem_id="correction-said")
    address = gr.Textbox(
        show_label=False, label=labels.LINK, buttons=["copy"], visible=False, container=False, elem_id="address"
    )
    return Keep(link, save_picture, save_answer, inside, wrong, correction, right, said, address)


def _marks(**kwargs: Any) -> gr.HTML:
    return html_block(elem_classes="marks", **kwargs)


def _text(text: str, **kwargs: Any) -> gr.HTML:
    return html_block(f"<p>{text}</p>", elem_classes="caption", **kwargs)


def _picker(label: str, choices: dict[str, str], value: str, **kwargs: Any) -> gr.Dropdown:
    return gr.Dropdown(
        [(shown, name) for name, shown in choices.items()],
        value=value,
        label=label,
        show_label=False,
        container=False,
        filterable=False,
        min_width=60,
        **kwargs,
    )
