"""The Classify tab: draw, upload or sample a picture on the left; the answer on the right."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from functools import partial
from html import escape
from typing import Any, Literal

import gradio as gr

from maxdigit.data.prepare import PreparedPicture, open_picture, prepare
from maxdigit.errors import MaxDigitError
from maxdigit.inference.predict import Predictor, title
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.ui import texts
from maxdigit.ui.answer import AnswerCard, answer_card, guess_card, picture_tag, trouble_card, waiting_card
from maxdigit.ui.pad import Pad, parse_strokes, render
from maxdigit.ui.picture_input import PictureInput, existing
from maxdigit.ui.sampling import ANY, Dealt, Score, WishError, deal

Mode = Literal["draw", "upload", "sample"]

DEFAULT_MODEL = "resnet18"

# The page's answers stand in one line: a forward pass keeps one of the server's two cores busy, and an answer can
# never overtake a newer one. Programs have a line of their own.
ONE_LINE = {"concurrency_limit": 1, "concurrency_id": "page"}


@dataclass(frozen=True)
class ClassifyTab:
    """What the tab is made of, for whoever adds to it."""

    shown: list[gr.components.Component]  # what :func:`seen` takes: the mode, the drawing, the upload, the sample
    model: gr.Radio
    answer: gr.HTML


def default_model(names: list[str]) -> str | None:
    """The model that the page starts with."""
    return DEFAULT_MODEL if DEFAULT_MODEL in names else next(iter(names), None)


def build_classify_tab(predictor: Predictor) -> ClassifyTab:
    """Put the tab's components where the caller is, and make them answer."""
    names = predictor.available()
    mode, dealt = gr.State("draw"), gr.State(None)
    is_hidden, score = gr.State(False), gr.State(Score())  # of the game in which the visitor guesses first

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
                with gr.Row(elem_id="wishes"):
                    kind = _picker(texts.SAMPLE_KIND, texts.SAMPLE_KINDS, value="textured")
                    family = _picker(texts.SAMPLE_FAMILY, {ANY: texts.ANY_FAMILY, **texts.FAMILIES}, value=ANY)
                    digits = gr.Textbox(
                        placeholder=texts.ANY_DIGITS,
                        label=texts.SAMPLE_DIGITS,
                        show_label=False,
                        container=False,
                        max_length=12,
                        min_width=60,
                        elem_id="wished-digits",
                    )
                sample = gr.HTML(apply_default_css=False, elem_id="sample")
                with gr.Row(elem_classes="under"):
                    new_sample = gr.Button(texts.NEW_SAMPLE, variant="primary", elem_id="new-sample", scale=0)
                    guess_first = gr.Checkbox(
                        False, label=texts.GUESS_FIRST, container=False, min_width=60, scale=0, elem_id="guess-first"
                    )
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
            answer = AnswerCard(_waiting("draw") if names else _no_models(predictor), elem_id="answer")

    shown = [mode, pad, upload, dealt]
    if names:
        fast = {"show_progress": "hidden", "api_visibility": "private", "trigger_mode": "always_last", **ONE_LINE}
        gr.on(pad.change, partial(_answer_drawing, predictor), [pad, model], answer, **fast)
        gr.on(upload.change, partial(_answer_upload, predictor), [upload, model], answer, **fast)

        outputs = [mode, dealt, sample, truth, answer]
        refresh = partial(_refresh, predictor)
        slow = {**fast, "show_progress": "minimal", "show_progress_on": answer}  # a model may have to be loaded
        gr.on(model.change, refresh, [*shown, is_hidden, model], outputs, **slow)
        # Not the first tab's own `select`: it fires as the page loads too, and two events at once may lose one.
        for opened, name in ((pad.shown, "draw"), (upload_tab.select, "upload"), (sample_tab.select, "sample")):
            opened(partial(refresh, name), [pad, upload, dealt, is_hidden, model], outputs, **fast)
        wishes = [kind, family, digits]
        gr.on(
            [new_sample.click, kind.input, family.input, digits.submit, guess_first.input],
            partial(_new_sample, predictor),
            [*wishes, guess_first, model],
            [is_hidden, family, *outputs],
            **slow,
        )

        def press(
            mode: Mode, value: str | None, path: str | None, dealt: Dealt | None, is_hidden: bool, score: Score,
            model: str, pressed: gr.EventData,
        ) -> tuple[bool, Score, str, str]:  # fmt: skip
            digit = pressed.digit
            if mode == "sample" and is_hidden and dealt and digit in range(NUM_CLASSES):
                return False, *_reveal(predictor, dealt, score, model, digit)
            return is_hidden, score, gr.skip(), _explain(predictor, mode, value, path, dealt, model, digit)

        gr.on(answer.select, press, [*shown, is_hidden, score, model], [is_hidden, score, truth, answer], **slow)

    return ClassifyTab(shown, model, answer)


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


def _answer_sample(predictor: Predictor, dealt: Dealt, is_hidden: bool, model: str) -> tuple[str, str, str]:
    """The picture, the truth about it, and the answer; or, while they are hidden, the picture and what to do."""
    try:
        sample = dealt.sample
    except MaxDigitError as error:
        return gr.skip(), _line(str(error)), trouble_card(str(error))
    picture = picture_tag(sample.pixels, texts.SAMPLE_ALT, "sample-picture")
    if is_hidden:
        return picture, _line(texts.SAMPLE_WAITING), guess_card()
    try:
        prediction = predictor.classify(sample.pixels, model)
    except MaxDigitError as error:
        return picture, _line(texts.truth(sample.digits, sample.max_digit, None)), trouble_card(str(error))
    truth = texts.truth(sample.digits, sample.max_digit, prediction.max_digit)
    return picture, _line(truth), answer_card(prediction, sample.pixels)


def _reveal(predictor: Predictor, dealt: Dealt, score: Score, model: str, guess: int) -> tuple[Score, str, str]:
    """The score after the visitor's guess, the truth and how it went, and the model's answer."""
    sample = dealt.sample
    try:
        prediction = predictor.classify(sample.pixels, model)
    except MaxDigitError as error:
        return score, gr.skip(), trouble_card(str(error))
    is_right = guess == sample.max_digit
    score = score.after(is_right, prediction.max_digit == sample.max_digit)
    truth = texts.truth(sample.digits, sample.max_digit, prediction.max_digit)
    return (
        score,
        _line(truth, texts.outcome(is_right, title(model), astuple(score))),
        answer_card(prediction, sample.pixels),
    )


def seen(mode: Mode, value: str | None, path: str | None, dealt: Dealt | None) -> PreparedPicture | None:
    """What a model sees of what is shown in ``mode``; None while there is nothing.

    Raises:
        MaxDigitError: the drawing or the file cannot be read.
    """
    if mode == "sample":
        return None if dealt is None else PreparedPicture(dealt.sample.pixels, inverted=False)
    if mode == "upload":
        return None if path is None else prepare(open_picture(existing(path)))
    picture = render(parse_strokes(value))
    return PreparedPicture(picture, inverted=False) if picture.any() else None


def _explain(
    predictor: Predictor, mode: Mode, value: str | None, path: str | None, dealt: Dealt | None, model: str, digit: Any
) -> Any:
    """The answer with the heat map of what spoke for ``digit``, whose bar was pressed."""
    try:
        picture = seen(mode, value, path, dealt)
        if picture is None or digit not in range(NUM_CLASSES):
            return gr.skip()
        prediction = predictor.classify(picture.pixels, model)
        heat = predictor.explain(picture.pixels, model, digit)
        return answer_card(prediction, picture.pixels, inverted=picture.inverted, why=(digit, heat))
    except MaxDigitError as error:
        return trouble_card(str(error))


def _new_sample(
    predictor: Predictor, kind: str, family: str, digits: str, is_hidden: bool, model: str
) -> tuple[bool, Any, Mode, Any, Any, str, str]:
    """Deal a sample; only textured ones have a background to choose."""
    picker = gr.Dropdown(interactive=kind == "textured")
    try:
        dealt = deal(kind, family, digits)
    except WishError as error:
        return False, picker, "sample", None, "", _line(str(error)), trouble_card(str(error))
    return is_hidden, picker, "sample", dealt, *_answer_sample(predictor, dealt, is_hidden, model)


def _refresh(
    predictor: Predictor,
    mode: Mode,
    value: str | None,
    path: str | None,
    dealt: Dealt | None,
    is_hidden: bool,
    model: str,
) -> tuple[Mode, Dealt | None, str, str, str]:
    """Answer again for what is shown in ``mode``; the first visit to the samples takes one."""
    if mode == "sample":
        dealt = deal("textured", ANY, "") if dealt is None else dealt
        return mode, dealt, *_answer_sample(predictor, dealt, is_hidden, model)
    if mode == "upload":
        return mode, dealt, gr.skip(), gr.skip(), _answer_upload(predictor, path, model)
    return "draw", dealt, gr.skip(), gr.skip(), _answer_drawing(predictor, value, model)


def _text(text: str, **kwargs: Any) -> gr.HTML:
    return gr.HTML(f"<p>{text}</p>", apply_default_css=False, elem_classes="caption", **kwargs)


def _picker(label: str, choices: dict[str, str], value: str) -> gr.Dropdown:
    return gr.Dropdown(
        [(shown, name) for name, shown in choices.items()],
        value=value,
        label=label,
        show_label=False,
        container=False,
        filterable=False,
        min_width=60,
    )


def _waiting(mode: Mode) -> str:
    if mode == "upload":
        return waiting_card(texts.UPLOAD_SOMETHING, texts.UPLOAD_SOMETHING_MORE)
    return waiting_card(texts.DRAW_SOMETHING, texts.DRAW_SOMETHING_MORE)


def _no_models(predictor: Predictor) -> str:
    return trouble_card(texts.NO_MODELS.format(folder=predictor.checkpoints))


def _line(*sentences: str) -> str:
    return "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
