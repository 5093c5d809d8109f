"""The Classify tab: draw, upload or sample a picture on the left; the answer on the right."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from pathlib import Path
from typing import Any, Literal

import gradio as gr
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maxdigit.errors import MaxDigitError
from maxdigit.inference.corrections import keep
from maxdigit.inference.digits import Box
from maxdigit.inference.predict import Prediction, Predictor, default_model, title
from maxdigit.inference.turns import better_turns
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.ui import texts
from maxdigit.ui.answer import (
    UNSURE,
    AnswerCard,
    Find,
    answer_card,
    boxed,
    guess_card,
    photo_url,
    picture_tag,
    seems_written,
    trouble_card,
    waiting_card,
)
from maxdigit.ui.browser import TO_ADDRESS, TO_FILE
from maxdigit.ui.cropper import Cropper, laid
from maxdigit.ui.examples import ExampleGrid, example, example_grid
from maxdigit.ui.links import make_query, read_query
from maxdigit.ui.pad import Pad
from maxdigit.ui.picture_input import PictureInput
from maxdigit.ui.sampling import ANY, Dealt, Score, WishError, deal
from maxdigit.ui.shown import WHOLE, Edit, Mode, Part, Seen, preview, seen, seen_sample
from maxdigit.ui.texts import labels

# The page's answers stand in one line: a forward pass keeps one of the server's two cores busy, and an answer can
# never overtake a newer one. Programs have a line of their own.
ONE_LINE = {"concurrency_limit": 1, "concurrency_id": "page"}


@dataclass(frozen=True)
class ClassifyTab:
    """What the tab is made of, for whoever adds to it."""

    shown: list[gr.components.Component]  # what :func:`seen` takes
    model: gr.Radio
    answer: gr.HTML


def build_classify_tab(predictor: Predictor, *, loaded: Any, corrections: Path | None = None) -> ClassifyTab:
    """Put the tab's components where the caller is, and make them answer.

    Args:
        predictor: the trained models.
        loaded: the event that says the page has been opened, perhaps by a link to a drawing or a sample.
        corrections: where to keep what visitors say is wrong; None to keep nothing, and not to ask.
    """
    names = predictor.available()
    mode, dealt, edit = gr.State("draw"), gr.State(None), gr.State(Edit())
    erased = gr.State(())  # numbers of the digits taken out of the picture
    is_hidden, score = gr.State(False), gr.State(Score())  # of the game in which the visitor guesses first

    with gr.Row(elem_id="classify"):
        with gr.Column(elem_id="classify-input"), gr.Tabs(elem_id="modes") as modes:
            with gr.Tab(labels.DRAW, id="draw"):
                pad = Pad(elem_id="pad")
            with gr.Tab(labels.UPLOAD, id="upload") as upload_tab:
                upload = PictureInput(
                    sources=["upload", "webcam", "clipboard"],
                    show_label=False,
                    label=labels.UPLOAD,
                    placeholder=labels.UPLOAD_PLACEHOLDER,
                    buttons=[],
                    elem_id="upload",
                )
                cropper = Cropper(elem_id="cropper")
                marks = gr.HTML(apply_default_css=False, elem_id="marks")  # on the cropper: the digits found
                with gr.Row(elem_classes="under"):
                    part = _picker(labels.PART, labels.PARTS, value="auto", elem_id="part")
                    ink = _picker(labels.INK, labels.INKS, value="auto", elem_id="ink")
                    turn = gr.Button(labels.TURN, elem_id="turn", scale=0)
                    remove = gr.Button(labels.REMOVE, elem_id="remove", scale=0)
                _text(labels.UPLOAD_CAPTION, elem_id="upload-caption")
                _text(labels.FRAME_CAPTION, elem_id="frame-caption")
            with gr.Tab(labels.SAMPLE, id="sample") as sample_tab:
                with gr.Row(elem_id="wishes"):
                    kind = _picker(labels.SAMPLE_KIND, labels.SAMPLE_KINDS, value="textured")
                    family = _picker(labels.SAMPLE_FAMILY, {ANY: labels.ANY_FAMILY, **labels.FAMILIES}, value=ANY)
                    digits = gr.Textbox(
                        placeholder=labels.ANY_DIGITS,
                        label=labels.SAMPLE_DIGITS,
                        show_label=False,
                        container=False,
                        max_length=12,
                        min_width=60,
                        elem_id="wished-digits",
                    )
                sample = gr.HTML(apply_default_css=False, elem_id="sample")
                with gr.Row(elem_classes="under"):
                    new_sample = gr.Button(labels.NEW_SAMPLE, variant="primary", elem_id="new-sample", scale=0)
                    # Its state alone shows and hides the boxes, by a rule in the style sheet.
                    gr.Checkbox(
                        False, label=labels.SHOW_BOXES, container=False, min_width=60, scale=0, elem_id="show-boxes"
                    )
                    guess_first = gr.Checkbox(
                        False, label=labels.GUESS_FIRST, container=False, min_width=60, scale=0, elem_id="guess-first"
                    )
                truth = _text(labels.SAMPLE_WAITING, elem_id="truth")
            with gr.Tab(labels.EXAMPLES, id="examples") as examples_tab:
                examples = ExampleGrid(elem_id="examples")
        with gr.Column(elem_id="classify-answer"):
            model = gr.Radio(
                [(title(name), name) for name in names],
                value=default_model(names),
                label=labels.MODEL,
                show_label=False,
                container=False,
                elem_id="model",
                visible=bool(names),
            )
            answer = AnswerCard(
                labels.made("first card", lambda: _waiting("draw") if names else _no_models(predictor)),
                elem_id="answer",
            )
            with gr.Row(elem_classes="keep", visible=bool(names)):
                link = gr.Button(labels.LINK, size="sm", elem_id="link")
                save_picture = gr.Button(labels.SAVE_PICTURE, size="sm", elem_id="save-picture")
                save_answer = gr.Button(labels.SAVE_ANSWER, size="sm", elem_id="save-answer")
                wrong = gr.Button(labels.WRONG, size="sm", elem_id="wrong", visible=corrections is not None)
            with gr.Column(visible=False, elem_id="correction") as correction:
                _text(labels.CONSENT)
                right = gr.Radio(
                    [(str(digit), digit) for digit in range(NUM_CLASSES)],
                    label=labels.RIGHT_DIGIT,
                    elem_classes="choice",
                    elem_id="right-digit",
                )
            said = gr.HTML(apply_default_css=False, elem_classes="caption", elem_id="correction-said")
            address = gr.Textbox(
                show_label=False, label=labels.LINK, buttons=["copy"], visible=False, container=False, elem_id="address"
            )

    handed = gr.Textbox(visible="hidden", label="handed to the browser")  # by the server: a link, or a file
    shown = [mode, pad, upload, ink, edit, dealt]
    if names:
        fast = {"show_progress": "hidden", "api_visibility": "private", "trigger_mode": "always_last", **ONE_LINE}
        slow = {**fast, "show_progress": "minimal", "show_progress_on": answer}  # a model may have to be loaded
        answered = [answer, erased]
        show = partial(_show, predictor)
        gr.on(pad.change, partial(show, "draw"), [*shown[1:], model], answered, **fast)

        def change(path: str | None, ink: str, edit: Edit, mode: Mode, pressed: gr.EventData) -> tuple[Any, Any, Any]:
            turn = getattr(pressed, "turn", None)
            if turn is not None:
                return _turn(predictor, path, ink, edit, turn)
            return _fit(predictor, path, ink, edit, mode, getattr(pressed, "fit", None))

        uploaded = [upload, ink, edit]
        for event, laid_out, more in (
            (upload.change, partial(_new_upload, predictor), []),
            (ink.input, partial(_laid_out, predictor), []),
            (turn.click, partial(_turn, predictor), []),
            (part.input, partial(_read_part, predictor), [part]),
            (answer.edit, change, [mode]),
        ):
            gr.on(event, laid_out, [*uploaded, *more], [edit, cropper, part], **slow).then(
                partial(_show_marked, predictor), [*shown, model], [*answered, marks], **slow
            )
        gr.on(cropper.select, _frame, edit, [edit, part], **fast).then(
            partial(_show_marked, predictor), [*shown, model], [*answered, marks], **slow
        )
        gr.on(remove.click, lambda: None, None, upload, **fast)

        outputs = [mode, dealt, sample, truth, *answered]
        refresh = partial(_refresh, predictor)
        gr.on(model.change, refresh, [*shown, is_hidden, model], outputs, **slow)
        # Not the first tab's own `select`: it fires as the page loads too, and two events at once may lose one.
        for opened, name in ((pad.shown, "draw"), (upload_tab.select, "upload"), (sample_tab.select, "sample")):
            opened(partial(refresh, name), [*shown[1:], is_hidden, model], outputs, **fast)
        gr.on(
            [new_sample.click, kind.input, family.input, digits.submit, guess_first.input],
            partial(_new_sample, predictor),
            [kind, family, digits, guess_first, model],
            [is_hidden, family, *outputs],
            **slow,
        )

        gr.on(examples_tab.select, example_grid, None, examples, **{**fast, "show_progress": "minimal"})

        def open_example(model: str, pressed: gr.EventData) -> tuple[Any, ...]:
            chosen = example(getattr(pressed, "example", None))
            if chosen is None:
                return (gr.skip(),) * (2 + len(outputs))
            shown = _show_sample(predictor, chosen, False, model)
            return gr.Tabs(selected="sample"), False, "sample", chosen, *shown

        gr.on(examples.select, open_example, model, [modes, is_hidden, *outputs], **slow)

        def press(
            mode: Mode, value: str | None, path: str | None, ink: str, edit: Edit, dealt: Dealt | None, erased: Any,
            is_hidden: bool, score: Score, model: str, pressed: gr.EventData,
        ) -> tuple[Any, ...]:  # fmt: skip
            digit, number = getattr(pressed, "digit", None), getattr(pressed, "erase", None)
            if mode == "sample" and is_hidden and dealt and digit in range(NUM_CLASSES):
                score, truth, card = _reveal(predictor, dealt, score, model, digit)
                return False, score, truth, card, ()
            what = (mode, value, path, ink, edit, dealt)
            return is_hidden, score, gr.skip(), *_press(predictor, what, model, erased, digit, number)

        gr.on(
            answer.select,
            press,
            [*shown, erased, is_hidden, score, model],
            [is_hidden, score, truth, *answered],
            **slow,
        )

        private = {"api_visibility": "private", "show_progress": "hidden"}
        gr.on(link.click, _link, [mode, pad, dealt, model], [handed, address], **fast).then(
            None, handed, address, js=TO_ADDRESS, **private
        )
        for button, what in ((save_picture, "picture"), (save_answer, "answer")):
            gr.on(button.click, partial(_save, predictor, what), [*shown, erased, model], handed, **fast).then(
                None, handed, None, js=TO_FILE, **private
            )

        if corrections is not None:
            gr.on(wrong.click, lambda: (gr.Column(visible=True), None, ""), None, [correction, right, said], **fast)
            gr.on(
                right.input,
                partial(_correct, predictor, corrections),
                [*shown, erased, model, right],
                [correction, said],
                **fast,
            )

        def follow(request: gr.Request) -> tuple[Any, ...]:
            return _follow_link(predictor, request)

        loaded(follow, None, [modes, model, pad, *outputs], **slow)

    return ClassifyTab(shown, model, answer)


def _card(
    predictor: Predictor, picture: Seen, model: str, erased: tuple[int, ...] = (), asked: int | None = None
) -> str:
    """A model's answer to a picture, some digits of which may be erased; with what spoke for the digit ``asked``."""
    pixels = picture.without(erased)
    prediction = predictor.classify(pixels, model)
    why = None if asked is None else (asked, predictor.explain(pixels, model, asked))
    finds = [Find(box, _crop(picture.pixels, box), number in erased) for number, box in enumerate(picture.boxes)]
    boxes = picture.boxes if picture.are_true else ()
    # Only an uploaded picture can be turned, and what was erased from it says nothing of which way is up.
    may_lie = picture.frame is not None and picture.has_writing and not erased and seems_written(pixels, finds)
    is_unsure = float(prediction.probabilities.max()) < UNSURE
    return answer_card(
        prediction,
        pixels,
        inverted=picture.inverted,
        is_fitted=picture.is_fitted,
        is_doubtful=picture.is_doubtful,
        has_writing=picture.has_writing,
        why=why,
        finds=finds,
        boxes=boxes,
        turns=better_turns(predictor, pixels, model) if may_lie and is_unsure else (),
    )


def _crop(pixels: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """A square piece of the picture around a box."""
    x0, y0, x1, y1 = box
    side = min(max(x1 - x0, y1 - y0) + 4, pixels.shape[0])
    left = min(max(0, (x0 + x1 - side) // 2), pixels.shape[1] - side)
    top = min(max(0, (y0 + y1 - side) // 2), pixels.shape[0] - side)
    return pixels[top : top + side, left : left + side]


def _show(
    predictor: Predictor,
    mode: Mode,
    value: str | None,
    path: str | None,
    ink: str,
    edit: Edit,
    dealt: Dealt | None,
    model: str,
) -> tuple[str, tuple[int, ...]]:
    """The answer to what is shown, nothing of it erased."""
    try:
        picture = seen(predictor, mode, value, path, ink, edit, dealt)
        return (_waiting(mode) if picture is None else _card(predictor, picture, model)), ()
    except MaxDigitError as error:
        return trouble_card(texts.told(error)), ()


def _show_marked(
    predictor: Predictor,
    mode: Mode,
    value: str | None,
    path: str | None,
    ink: str,
    edit: Edit,
    dealt: Dealt | None,
    model: str,
) -> tuple[str, tuple[int, ...], Any]:
    """The answer to what is shown, and the digits found as outlines on an uploaded picture."""
    card, erased = _show(predictor, mode, value, path, ink, edit, dealt, model)
    return card, erased, _marks(predictor, path, ink, edit) if mode == "upload" else gr.skip()


def _marks(predictor: Predictor, path: str | None, ink: str, edit: Edit) -> str:
    """The digits found, as outlines to lay on the uploaded picture; empty where there are none."""
    try:
        picture = seen(predictor, "upload", None, path, ink, edit, None)
        if path is None or picture is None or not picture.boxes:
            return ""
        shown = preview(path, edit)
    except MaxDigitError:  # the answer says what is wrong
        return ""
    outlines = "".join(
        f'<polygon points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in corners)}"/>' for corners in picture.outlines()
    )
    return f'<svg viewBox="0 0 {shown.width} {shown.height}" aria-hidden="true">{outlines}</svg>'


def _press(
    predictor: Predictor, what: tuple[Any, ...], model: str, erased: tuple[int, ...], digit: Any, number: Any
) -> tuple[Any, Any]:
    """The answer after a press: on a bar, whose ``digit`` asks why, or on a find, whose ``number`` is erased."""
    try:
        picture = seen(predictor, *what)
        if picture is None:
            return gr.skip(), gr.skip()
        if number in range(len(picture.boxes)):
            erased = tuple(sorted({*erased} ^ {number}))
            return _card(predictor, picture, model, erased), erased
        if digit in range(NUM_CLASSES):
            return _card(predictor, picture, model, erased, digit), erased
        return gr.skip(), gr.skip()
    except MaxDigitError as error:
        return trouble_card(texts.told(error)), ()


def _show_sample(
    predictor: Predictor, dealt: Dealt, is_hidden: bool, model: str
) -> tuple[str, str, str, tuple[int, ...]]:
    """The picture, the truth about it, and the answer; or, while they are hidden, the picture and what to do."""
    try:
        sample = dealt.sample
    except MaxDigitError as error:
        return "", _line(texts.told(error)), trouble_card(texts.told(error)), ()
    shown = boxed(picture_tag(sample.pixels, texts.SAMPLE_ALT, "sample-picture"), sample.boxes)
    if is_hidden:
        return shown, _line(texts.SAMPLE_WAITING), guess_card(), ()
    truth, card, _ = _answered_sample(predictor, dealt, model)
    return shown, _line(truth), card, ()


def _answered_sample(predictor: Predictor, dealt: Dealt, model: str) -> tuple[str, str, Prediction | None]:
    """The truth in words, the card, and the answer if there is one."""
    sample = dealt.sample
    try:
        prediction = predictor.classify(sample.pixels, model)
        card = _card(predictor, seen_sample(dealt), model)
    except MaxDigitError as error:
        return texts.truth(sample.digits, sample.max_digit, None), trouble_card(texts.told(error)), None
    return texts.truth(sample.digits, sample.max_digit, prediction.max_digit), card, prediction


def _reveal(predictor: Predictor, dealt: Dealt, score: Score, model: str, guess: int) -> tuple[Score, str, str]:
    """The score after the visitor's guess, the truth and how it went, and the model's answer."""
    truth, card, prediction = _answered_sample(predictor, dealt, model)
    if prediction is None:
        return score, _line(truth), card
    largest = dealt.sample.max_digit
    score = score.after(guess == largest, model, prediction.max_digit == largest)
    counts = score.rounds, score.visitor, score.model
    return score, _line(truth, texts.outcome(guess == largest, list(map(title, score.asked)), counts)), card


def _new_sample(
    predictor: Predictor, kind: str, family: str, digits: str, is_hidden: bool, model: str
) -> tuple[Any, ...]:
    """Deal a sample; only textured ones have a background to choose."""
    picker = gr.Dropdown(interactive=kind == "textured")
    try:
        dealt = deal(kind, family, digits)
    except WishError as error:
        return False, picker, "sample", None, "", _line(texts.told(error)), trouble_card(texts.told(error)), ()
    return is_hidden, picker, "sample", dealt, *_show_sample(predictor, dealt, is_hidden, model)


def _refresh(
    predictor: Predictor,
    mode: Mode,
    value: str | None,
    path: str | None,
    ink: str,
    edit: Edit,
    dealt: Dealt | None,
    is_hidden: bool,
    model: str,
) -> tuple[Any, ...]:
    """Answer again for what is shown in ``mode``; the first visit to the samples takes one."""
    if mode == "sample":
        dealt = deal("textured", ANY, "") if dealt is None else dealt
        return mode, dealt, *_show_sample(predictor, dealt, is_hidden, model)
    return mode, dealt, gr.skip(), gr.skip(), *_show(predictor, mode, value, path, ink, edit, dealt, model)


# ---- To be done to an uploaded picture: the edit, the picture with a frame on it, and which part is read


def _new_upload(predictor: Predictor, path: str | None, ink: str, edit: Edit) -> tuple[Edit, str, Part]:
    return _laid_out(predictor, path, ink, Edit(as_it_is=edit.as_it_is - {"upload"}))


def _turn(predictor: Predictor, path: str | None, ink: str, edit: Edit, quarters: Any = 1) -> tuple[Edit, str, Part]:
    return _laid_out(predictor, path, ink, edit.turned(quarters))


def _read_part(predictor: Predictor, path: str | None, ink: str, edit: Edit, part: Part) -> tuple[Edit, str, Part]:
    """Read the part where writing is found, or one that is chosen by hand, or the whole picture as it is."""
    edit = replace(edit, region=None).fitted("upload", part != "whole")
    if part == "chosen":
        found = _found(predictor, path, ink, edit)
        edit = edit.framed(found.region if found and found.region else WHOLE)
    return _laid_out(predictor, path, ink, edit)


def _fit(
    predictor: Predictor, path: str | None, ink: str, edit: Edit, mode: Mode, is_fitted: Any
) -> tuple[Any, Any, Any]:
    """Fit what is shown to its writing, or read it as it is."""
    edit = edit.fitted(mode, is_fitted is True)
    return _laid_out(predictor, path, ink, edit) if mode == "upload" else (edit, gr.skip(), gr.skip())


def _frame(edit: Edit, moved: gr.EventData) -> tuple[Edit, Part]:
    edit = edit.framed(getattr(moved, "frame", None))
    return edit, edit.part


def _laid_out(predictor: Predictor, path: str | None, ink: str, edit: Edit) -> tuple[Edit, str, Part]:
    """The uploaded picture with a frame on what is read of it; no frame where that is all of it."""
    if path is None:
        return replace(edit, region=None), "", "auto"
    try:
        shown = preview(path, edit)
    except MaxDigitError:  # the answer says what is wrong with the file
        return edit, "", edit.part
    frame = edit.region
    if edit.part == "auto" and (found := _found(predictor, path, ink, edit)):
        frame = found.region
    return edit, laid(photo_url(shown.pixels), shown.width, shown.height, frame), edit.part


def _found(predictor: Predictor, path: str | None, ink: str, edit: Edit) -> Seen | None:
    """What a model sees of the uploaded picture; None if there is none, or it cannot be read."""
    try:
        return seen(predictor, "upload", None, path, ink, edit, None)
    except MaxDigitError:  # the answer says why
        return None


# ---- To keep, and to send on


def _link(mode: Mode, value: str | None, dealt: Dealt | None, model: str) -> tuple[str, Any]:
    """The query of a link to what is shown, and the field in which the link appears."""
    try:
        if mode == "upload":
            return "", gr.Textbox(texts.LINK_NO_UPLOAD, visible=True)
        query = make_query(model, value if mode == "draw" else None, dealt if mode == "sample" else None)
    except MaxDigitError as error:
        return "", gr.Textbox(texts.told(error), visible=True)
    return query, gr.Textbox(visible=True)


def _follow_link(predictor: Predictor, request: gr.Request) -> tuple[Any, ...]:
    """Open what the page's address asks for: the tab, the model, the drawing, and what else a new answer changes."""
    nothing = (gr.skip(),) * 9
    try:
        opened = read_query(dict(request.query_params))
    except MaxDigitError as error:
        return *nothing[:7], trouble_card(texts.told(error)), ()
    name = opened.model if opened.model in predictor.available() else default_model(predictor.available())
    if opened.sample is not None:
        shown = _show_sample(predictor, opened.sample, False, name)
        return gr.Tabs(selected="sample"), name, gr.skip(), "sample", opened.sample, *shown
    if opened.drawing:
        card, erased = _show(predictor, "draw", opened.drawing, None, "auto", Edit(), None, name)
        return gr.skip(), name, opened.drawing, "draw", *nothing[:3], card, erased
    return (gr.skip(), name, *nothing[:7]) if opened.model else nothing


def _save(
    predictor: Predictor,
    what: Literal["picture", "answer"],
    mode: Mode,
    value: str | None,
    path: str | None,
    ink: str,
    edit: Edit,
    dealt: Dealt | None,
    erased: tuple[int, ...],
    model: str,
) -> str:
    """A file for the browser to save, as JSON: what the model saw, or what it answered. Empty if there is nothing."""
    try:
        picture = seen(predictor, mode, value, path, ink, edit, dealt)
        if picture is None:
            gr.Info(texts.NOTHING_TO_SAVE)
            return ""
        pixels = picture.without(erased)
        if what == "picture":
            buffer = io.BytesIO()
            Image.fromarray(pixels).save(buffer, "PNG")
            return _file("maxdigit.png", "image/png", buffer.getvalue())
        prediction = predictor.classify(pixels, model)
    except MaxDigitError as error:
        gr.Warning(texts.told(error))
        return ""
    answer = {
        "model": prediction.model,
        "max_digit": prediction.max_digit,
        "probabilities": [round(float(share), 7) for share in prediction.probabilities],
        "milliseconds": round(prediction.milliseconds, 2),
    }
    return _file("maxdigit.json", "application/json", json.dumps(answer, indent=2).encode())


def _correct(
    predictor: Predictor,
    folder: Path,
    mode: Mode,
    value: str | None,
    path: str | None,
    ink: str,
    edit: Edit,
    dealt: Dealt | None,
    erased: tuple[int, ...],
    model: str,
    digit: Any,
) -> tuple[Any, str]:
    """Keep what is shown with the digit that the visitor says is right."""
    try:
        picture = seen(predictor, mode, value, path, ink, edit, dealt)
        if picture is None:
            return gr.Column(visible=False), _line(texts.NOTHING_TO_CORRECT)
        pixels = picture.without(erased)
        answered = predictor.classify(pixels, model).max_digit
        strokes = value if mode == "draw" and value and not erased else ""
        keep(folder, pixels, digit, model, answered, mode, strokes)
    except MaxDigitError as error:
        return gr.Column(visible=True), _line(texts.told(error))
    return gr.Column(visible=False), _line(texts.KEPT)


def _file(name: str, kind: str, content: bytes) -> str:
    return json.dumps({"name": name, "type": kind, "base64": base64.b64encode(content).decode("ascii")})


# ---- Parts


def _text(text: str, **kwargs: Any) -> gr.HTML:
    return gr.HTML(f"<p>{text}</p>", apply_default_css=False, elem_classes="caption", **kwargs)


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


def _waiting(mode: Mode) -> str:
    if mode == "upload":
        return waiting_card(texts.UPLOAD_SOMETHING, texts.UPLOAD_SOMETHING_MORE)
    return waiting_card(texts.DRAW_SOMETHING, texts.DRAW_SOMETHING_MORE)


def _no_models(predictor: Predictor) -> str:
    return trouble_card(texts.NO_MODELS.format(folder=predictor.checkpoints))


def _line(*sentences: str) -> str:
    return "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
