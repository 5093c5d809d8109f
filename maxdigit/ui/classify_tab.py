"""The Classify tab: draw, upload or sample a picture on the left; the answer on the right."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Literal

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from maxdigit.data.prepare import PreparedPicture, open_picture, prepare
from maxdigit.errors import MaxDigitError
from maxdigit.inference.predict import Prediction, Predictor, title
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.ui import texts
from maxdigit.ui.answer import AnswerCard, answer_card, picture_tag, trouble_card, waiting_card
from maxdigit.ui.pad import Pad, parse_strokes, render
from maxdigit.ui.picture_input import PictureInput, existing

if TYPE_CHECKING:
    from maxdigit.data.sample import Sample

Mode = Literal["draw", "upload", "sample"]

DEFAULT_MODEL = "resnet18"

# The page's answers stand in one line: a forward pass keeps one of the server's two cores busy, and an answer can
# never overtake a newer one. Programs have a line of their own.
ONE_LINE = {"concurrency_limit": 1, "concurrency_id": "page"}

_SEEDS = 2**31


@dataclass(frozen=True)
class ClassifyTab:
    """What the tab is made of, for whoever adds to it."""

    model: gr.Radio
    pad: Pad
    upload: PictureInput
    sample: gr.HTML
    answer: gr.HTML


def default_model(names: list[str]) -> str | None:
    """The model that the page starts with."""
    return DEFAULT_MODEL if DEFAULT_MODEL in names else next(iter(names), None)


def build_classify_tab(predictor: Predictor, *, folder: str) -> ClassifyTab:
    """Put the tab's components where the caller is, and make them answer.

    Args:
        predictor: the trained models.
        folder: where they were looked for, to be named when there are none.
    """
    names = predictor.available()
    mode = gr.State("draw")
    seed = gr.State(None)

    with gr.Row(elem_id="classify"):
        with gr.Column(elem_id="classify-input"), gr.Tabs(elem_id="modes"):
            with gr.Tab(texts.DRAW, id="draw"):
                pad = Pad(elem_id="pad")
            with gr.Tab(texts.UPLOAD, id="upload") as upload_tab:
                upload = PictureInput(
                    sources=["upload", "webcam", "clipboard"],
                    show_label=False,
                    label=texts.UPLOAD,
                    placeholder=texts.UPLOAD_PLACEHOLDER,
                    buttons=[],
                    elem_id="upload",
                )
                with gr.Row(elem_classes="under"):
                    _text(texts.UPLOAD_CAPTION)
            with gr.Tab(texts.SAMPLE, id="sample") as sample_tab:
                sample = gr.HTML(apply_default_css=False, elem_id="sample")
                with gr.Row(elem_classes="under"):
                    new_sample = gr.Button(texts.NEW_SAMPLE, variant="primary", elem_id="new-sample", scale=0)
                    truth = _text(texts.SAMPLE_WAITING, elem_id="truth")
        with gr.Column(elem_id="classify-answer"):
            model = gr.Radio(
                [(title(name), name) for name in names],
                value=default_model(names),
                label=texts.MODEL,
                show_label=False,
                container=False,
                elem_id="model",
                visible=bool(names),
            )
            answer = AnswerCard(_waiting("draw") if names else _no_models(folder), elem_id="answer")

    if names:
        fast = {"show_progress": "hidden", "api_visibility": "private", "trigger_mode": "always_last", **ONE_LINE}
        gr.on(pad.change, partial(_answer_drawing, predictor), [pad, model], answer, **fast)
        gr.on(upload.change, partial(_answer_upload, predictor), [upload, model], answer, **fast)

        inputs = [pad, upload, seed, model]
        outputs = [mode, seed, sample, truth, answer]
        refresh = partial(_refresh, predictor)
        slow = {**fast, "show_progress": "minimal", "show_progress_on": answer}  # a model may have to be loaded
        gr.on(model.change, refresh, [mode, *inputs], outputs, **slow)
        # Not the first tab's own `select`: it fires as the page loads too, and two events at once may lose one.
        for opened, name in ((pad.shown, "draw"), (upload_tab.select, "upload"), (sample_tab.select, "sample")):
            opened(partial(refresh, name), inputs, outputs, **fast)
        gr.on(new_sample.click, partial(_new_sample, predictor), model, outputs, **slow)

        def why(
            mode: Mode, value: str | None, path: str | None, seed: int | None, model: str, pressed: gr.EventData
        ) -> str:
            return _explain(predictor, mode, value, path, seed, model, pressed.digit)

        gr.on(answer.select, why, [mode, *inputs], answer, **slow)

    return ClassifyTab(model, pad, upload, sample, answer)


def _answer_drawing(predictor: Predictor, value: str | None, model: str) -> str:
    try:
        picture = render(parse_strokes(value))
        if not picture.any():  # nothing drawn yet, or all of it erased
            return _waiting("draw")
        return answer_card(predictor.classify(picture, model), picture)
    except MaxDigitError as error:
        return trouble_card(str(error))


def _answer_upload(predictor: Predictor, path: str | None, model: str) -> str:
    if path is None:
        return _waiting("upload")
    try:
        prepared = prepare(open_picture(existing(path)))
        return answer_card(predictor.classify(prepared.pixels, model), prepared.pixels, inverted=prepared.inverted)
    except MaxDigitError as error:
        return trouble_card(str(error))


def _answer_sample(predictor: Predictor, seed: int, model: str) -> tuple[str, str, str]:
    """The picture, the truth about it, and the answer."""
    sample = _sample(seed)
    try:
        prediction = predictor.classify(sample.pixels, model)
        answer = answer_card(prediction, sample.pixels)
    except MaxDigitError as error:
        prediction, answer = None, trouble_card(str(error))
    return _sample_picture(sample.pixels), _truth(sample.digits, sample.max_digit, prediction), answer


def _seen(mode: Mode, value: str | None, path: str | None, seed: int | None) -> PreparedPicture | None:
    """What the model sees of what is shown in ``mode``; None while there is nothing."""
    if mode == "sample":
        return None if seed is None else PreparedPicture(_sample(seed).pixels, inverted=False)
    if mode == "upload":
        return None if path is None else prepare(open_picture(existing(path)))
    picture = render(parse_strokes(value))
    return PreparedPicture(picture, inverted=False) if picture.any() else None


def _explain(
    predictor: Predictor, mode: Mode, value: str | None, path: str | None, seed: int | None, model: str, digit: Any
) -> Any:
    """The answer with the heat map of what spoke for ``digit``, whose bar was pressed."""
    try:
        seen = _seen(mode, value, path, seed)
        if seen is None or digit not in range(NUM_CLASSES):
            return gr.skip()
        prediction = predictor.classify(seen.pixels, model)
        heat = predictor.explain(seen.pixels, model, digit)
        return answer_card(prediction, seen.pixels, inverted=seen.inverted, why=(digit, heat))
    except MaxDigitError as error:
        return trouble_card(str(error))


@lru_cache(maxsize=64)  # a few visitors' samples, for when they ask another model about the same one
def _sample(seed: int) -> Sample:
    from maxdigit.data.sample import draw_sample  # here, for it loads torch: the page comes first

    return draw_sample(seed)


def _new_sample(predictor: Predictor, model: str) -> tuple[Mode, int, str, str, str]:
    seed = secrets.randbelow(_SEEDS)
    return "sample", seed, *_answer_sample(predictor, seed, model)


def _refresh(
    predictor: Predictor, mode: Mode, value: str | None, path: str | None, seed: int | None, model: str
) -> tuple[Mode, int | None, str, str, str]:
    """Answer again for what is shown in ``mode``; the first visit to the samples takes one."""
    if mode == "sample":
        seed = secrets.randbelow(_SEEDS) if seed is None else seed
        return mode, seed, *_answer_sample(predictor, seed, model)
    if mode == "upload":
        return mode, seed, gr.skip(), gr.skip(), _answer_upload(predictor, path, model)
    return "draw", seed, gr.skip(), gr.skip(), _answer_drawing(predictor, value, model)


def _text(text: str, **kwargs: Any) -> gr.HTML:
    return gr.HTML(f"<p>{text}</p>", apply_default_css=False, elem_classes="caption", **kwargs)


def _waiting(mode: Mode) -> str:
    if mode == "upload":
        return waiting_card(texts.UPLOAD_SOMETHING, texts.UPLOAD_SOMETHING_MORE)
    return waiting_card(texts.DRAW_SOMETHING, texts.DRAW_SOMETHING_MORE)


def _no_models(folder: str) -> str:
    return trouble_card(texts.NO_MODELS.format(folder=folder))


def _sample_picture(pixels: NDArray[np.uint8]) -> str:
    return picture_tag(pixels, texts.SAMPLE_ALT, "sample-picture")


def _truth(digits: tuple[int, ...], largest: int, prediction: Prediction | None) -> str:
    answered = prediction.max_digit if prediction else None
    return f"<p>{texts.truth(digits, largest, answered)}</p>"
