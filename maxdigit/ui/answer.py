"""The answer card: the digit in large type, how sure, ten bars that never move, and what the model saw.

Every state has the same skeleton, so nothing jumps while answers come in: Gradio changes only what differs.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maxdigit import IMAGE_SIZE
from maxdigit.inference.digits import Box, is_plain
from maxdigit.inference.predict import Prediction, title
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.ui import texts
from maxdigit.ui.theme import OTHER_COLOUR, model_colour

_WARM = np.array([255.0, 150.0, 0.0])  # apart from every model's colour
UNSURE = 0.7  # the best answer's share below which the page calls it unsure,
_FLAT = 0.25  # and below which there seem to be no digits
_AROUND = 3  # pixels between a digit that was found and its box
_COVER = 0.65  # how much of the picture the greatest heat covers

_PRESSED = """
element.addEventListener("click", (event) => {
  const bar = event.target.closest(".bar");
  const find = event.target.closest("[data-erase]");
  if (bar) trigger("select", { digit: Number(bar.dataset.digit) });
  const fit = event.target.closest("[data-fit]");
  if (find) trigger("select", { erase: Number(find.dataset.erase) });
  if (fit) trigger("edit", { fit: fit.dataset.fit === "true" });
  const turn = event.target.closest("[data-turn]");
  if (turn) trigger("edit", { turn: Number(turn.dataset.turn) });
});
"""

_NOTHING = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8)


def answer_card(
    prediction: Prediction,
    picture: NDArray[np.uint8],
    *,
    inverted: bool = False,
    is_fitted: bool | None = None,
    is_doubtful: bool = False,
    has_writing: bool = True,
    why: tuple[int, NDArray[np.float32]] | None = None,
    finds: Sequence[Find] = (),
    boxes: Sequence[Box] = (),
    turns: Sequence[int] = (),
) -> str:
    """The card for a model's answer to a prepared picture.

    Args:
        prediction: the answer.
        picture: what the model was given, uint8 (128, 128).
        inverted: whether its ink was dark on light before.
        is_fitted: whether it was fitted to the writing; None where there is no choice.
        is_doubtful: whether something was left out of it that may be a digit.
        has_writing: False where writing was looked for and none was found.
        why: a digit and the heat map (128, 128), 0..1, of what spoke for it, to be laid over the picture.
        finds: the digits found in the picture, each of which can be pressed to erase it, and again to put it back.
        boxes: where the digits truly are, to be laid over the picture when the page is told to; without them those of
            the finds are laid over it.
        turns: by how many quarters, clockwise, it is offered to turn the picture, since the model would be sure then.
    """
    shares = [float(share) for share in prediction.probabilities]
    digit, headline, sentence = in_words(
        shares, sees_digits=seems_written(picture, finds), is_doubtful=is_doubtful, has_writing=has_writing
    )
    return _card(
        digit=digit,
        headline=headline,
        sentence=sentence,
        shares=shares,
        picture=heated(picture, why[1]) if why else picture,
        caption=texts.WHY.format(digit=why[0]) if why else _caption(inverted, is_fitted),
        is_fitted=is_fitted,
        asked=why[0] if why else None,
        foot=texts.time_taken(title(prediction.model), prediction.milliseconds),
        colour=model_colour(prediction.model),
        finds=finds,
        boxes=boxes,
        turns=turns,
    )


def _caption(inverted: bool, is_fitted: bool | None) -> str:
    if is_fitted is None:
        return texts.SAW_INVERTED if inverted else texts.SAW
    return texts.SAW_FITTED if is_fitted else texts.SAW_WHOLE


def in_words(
    shares: Sequence[float], *, sees_digits: bool, is_doubtful: bool = False, has_writing: bool = True
) -> tuple[str, str, str]:
    """An answer in large type, in a line, and in a sentence on how sure it is.

    Args:
        shares: ten probabilities.
        sees_digits: whether there seems to be something to read in the picture.
        is_doubtful: whether something was left out of it that may be a digit.
        has_writing: False where writing was looked for and none was found: then there are no digits, however sure the
            model is.
    """
    best, second = sorted(range(NUM_CLASSES), key=shares.__getitem__, reverse=True)[:2]
    # On pictures without digits models were taught to say ten times the same.
    if not has_writing or shares[best] < (_FLAT if sees_digits else UNSURE):
        return "?", texts.NO_DIGITS, texts.no_digits(best, shares[best])
    if is_doubtful:
        return str(best), texts.headline(best), texts.doubtful(best, shares[best])
    return str(best), texts.headline(best), texts.certainty(best, shares[best], second, shares[second])


def seems_written(picture: NDArray[np.uint8], finds: Sequence[Find]) -> bool:
    """Whether there may be digits in a picture: on a plain ground, pieces of ink that were not erased."""
    return not is_plain(picture) or any(not find.is_erased for find in finds)


def waiting_card(headline: str, sentence: str) -> str:
    """The card before there is anything to answer."""
    return _card(headline=headline, sentence=sentence)


def guess_card() -> str:
    """The card that asks a visitor to press a digit's bar before the model's answer is shown."""
    return _card(headline=texts.GUESS, sentence=texts.GUESS_MORE, guessing=True)


def trouble_card(sentence: str) -> str:
    """The card when a picture or a model cannot be used; the sentence says why, and what to do."""
    return _card(digit="!", headline=texts.CANNOT_ANSWER, sentence=sentence)


def picture_tag(picture: NDArray[np.uint8], alt: str, css_class: str) -> str:
    """An ``<img>`` that carries the picture, grey or RGB, in itself: no file on the server, no second request."""
    return f'<img class="{css_class}" alt="{escape(alt)}" src="{data_url(picture)}">'


def boxed(picture: str, boxes: Sequence[Box], finds: Sequence[Find] = ()) -> str:
    """A picture's HTML with boxes over it, in the picture's pixels.

    Those of ``boxes`` are shown when the page is told to; those of ``finds`` always, and a press on one erases it.
    """
    is_found = bool(finds) and not boxes
    if is_found:
        rects = "".join(_rect(find.box, _AROUND, _find_marks(find, number)) for number, find in enumerate(finds))
    else:
        rects = "".join(map(_rect, boxes))
    # For the eye and the pointer: buttons beside the picture do the same for keys and screen readers.
    lines = f'<svg viewBox="0 0 {IMAGE_SIZE} {IMAGE_SIZE}" aria-hidden="true">{rects}</svg>'
    return f'<span class="boxed{" boxed-found" if is_found else ""}">{picture}{lines}</span>'


def _find_marks(find: Find, number: int) -> str:
    return f' class="erased" data-erase="{number}"' if find.is_erased else f' data-erase="{number}"'


def _rect(box: Box, around: int = 0, more: str = "") -> str:
    x0, y0, x1, y1 = box
    width, height = x1 - x0 + 2 * around, y1 - y0 + 2 * around
    return f'<rect x="{x0 - around}" y="{y0 - around}" width="{width}" height="{height}"{more}/>'


def photo_url(picture: NDArray[np.uint8]) -> str:
    """A photograph, grey or RGB, as an address that holds it all: a JPEG, a tenth of the size of a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=88)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def data_url(picture: NDArray[np.uint8]) -> str:
    """The picture, grey or RGB, as an address that holds it all."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


@dataclass(frozen=True)
class Find:
    """A digit found in the picture."""

    box: Box  # in the picture
    pixels: NDArray[np.uint8]  # (side, side), around it
    is_erased: bool


class AnswerCard(gr.HTML):
    """Shows a card.

    ``select`` fires with the ``digit`` whose bar was pressed, or with the find to ``erase``; ``edit`` with whether to
    ``fit`` the picture to its writing, or with the quarters by which to ``turn`` it.
    """

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        super().__init__(value, apply_default_css=False, js_on_load=_PRESSED, **kwargs)


def _card(
    *,
    headline: str,
    sentence: str,
    digit: str = "",
    shares: list[float] | None = None,
    picture: NDArray[np.uint8] = _NOTHING,
    caption: str = "",
    is_fitted: bool | None = None,
    foot: str = "",
    colour: str = OTHER_COLOUR,
    asked: int | None = None,
    guessing: bool = False,
    finds: Sequence[Find] = (),
    boxes: Sequence[Box] = (),
    turns: Sequence[int] = (),
) -> str:
    state = "answered" if shares else "waiting"
    bars = "".join(_bar(number, shares, asked, guessing) for number in range(NUM_CLASSES))
    hint = texts.WHY_HINT if shares else ""
    more = f' title="{escape(texts.SAW_FITTED_MORE)}"' if is_fitted else ""
    return f"""
<section class="answer answer-{state}" style="--model: {colour}">
  <div class="answer-head">
    <div class="answer-digit" aria-hidden="true">{escape(digit)}</div>
    <div class="answer-words" aria-live="polite">
      <h2>{escape(headline)}</h2>
      <p>{escape(sentence)}</p>
      <div class="answer-turn"{"" if turns else " hidden"}>{escape(texts.OFFER_TURN)} {_turn_buttons(turns)}</div>
    </div>
    <figure class="answer-saw">
      {boxed(picture_tag(picture, texts.ANSWER_ALT, "answer-picture"), boxes, finds)}
      <figcaption{more}>{escape(caption or texts.SAW)} {_fit_button(is_fitted)}</figcaption>
    </figure>
  </div>
  <ol class="bars" aria-label="{escape(texts.GUESS_BARS if guessing else texts.BARS)}">{bars}</ol>
  <div class="answer-foot">
    <p><span>{escape(hint)}</span> <span>{escape(foot)}</span></p>
    <div class="finds" role="group" aria-label="{escape(texts.FINDS)}">{_finds(finds)}</div>
  </div>
</section>"""


def _fit_button(is_fitted: bool | None) -> str:
    """The button that fits the picture to its writing, or leaves it as it is; hidden where there is no choice."""
    if is_fitted:
        return f'<button type="button" data-fit="false" title="{escape(texts.UNFIT_MORE)}">{texts.UNFIT}</button>'
    return f'<button type="button" data-fit="true"{" hidden" if is_fitted is None else ""}>{texts.FIT}</button>'


def _turn_buttons(turns: Sequence[int]) -> str:
    """A button for each turn there is; those that are not offered are hidden."""
    return " ".join(
        f'<button type="button" data-turn="{turn}"{"" if turn in turns else " hidden"}>{escape(shown)}</button>'
        for turn, shown in texts.OFFERED_TURNS.items()
    )


def _bar(digit: int, shares: list[float] | None, asked: int | None, guessing: bool) -> str:
    share = shares[digit] if shares else 0.0
    is_best = shares is not None and share == max(shares)
    shown = texts.percent(share) if shares else ""
    look = f"bar{' bar-best' if is_best else ''}{' bar-asked' if digit == asked else ''}"
    act = texts.guess(digit) if guessing else texts.ask_why(digit)
    # A button, so that keys and screen readers reach it; the script on the card tells the server which was pressed.
    return (
        f'<li><button type="button" class="{look}" data-digit="{digit}" title="{escape(act)}"'
        f'{"" if shares or guessing else " disabled"}><span class="bar-digit">{digit}</span>'
        f'<span class="bar-track"><span class="bar-fill" style="width: {100 * share:.2f}%"></span></span>'
        f'<span class="bar-share">{shown}</span></button></li>'
    )


def _finds(finds: Sequence[Find]) -> str:
    return "".join(
        f'<button type="button" data-erase="{number}" aria-pressed="{str(find.is_erased).lower()}" '
        f'title="{escape(texts.erase(number + 1, find.is_erased))}">'
        f"{picture_tag(find.pixels, texts.erase(number + 1, find.is_erased), 'find')}</button>"
        for number, find in enumerate(finds)
    )


def heated(picture: NDArray[np.uint8], heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The picture (128, 128) with warm light where the heat is: RGB."""
    cover = _COVER * heat[..., np.newaxis]
    return ((1 - cover) * picture[..., np.newaxis] + cover * _WARM).round().astype(np.uint8)
