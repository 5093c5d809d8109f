"""The answer card: the digit in large type, its confidence, ten bars that never move, and the model's input.

Every state has the same elements, so that nothing moves when an answer arrives. A press fires ``select``, with the
``digit`` of a bar or the number of a digit to ``erase``; or ``edit``, with whether to ``fit`` the picture to its
writing, or the quarters by which to ``turn`` it.

Not ``gr.Label``: :mod:`maxdigit.ui.bars` says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np
from numpy.typing import NDArray

from maxdigit import IMAGE_SIZE
from maxdigit.inference.digits import Box, is_plain
from maxdigit.inference.explain import has_evidence
from maxdigit.inference.predict import Prediction, title
from maxdigit.models.reader import Reading
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.ui import texts
from maxdigit.ui.bars import bars
from maxdigit.ui.picture import boxed, heated, picture_tag
from maxdigit.ui.press import pressed
from maxdigit.ui.readings import readings_line
from maxdigit.ui.sureness import UNSURE
from maxdigit.ui.theme import OTHER_COLOUR, model_colour
from maxdigit.ui.view_state import ModelInput

_FLAT = 0.25  # a best probability below this means that there are no digits
_AROUND = 3  # pixels between a found digit and its box

_NOTHING = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8)


def answer_card(
    prediction: Prediction,
    picture: ModelInput,
    *,
    erased: tuple[int, ...] = (),
    why: tuple[int, NDArray[np.float32]] | None = None,
    turns: Sequence[int] = (),
) -> str:
    """The card for a model's answer to a prepared picture.

    Args:
        prediction: the answer.
        picture: the model's input, before anything was erased.
        erased: numbers of the digits that were erased from it.
        why: a digit, and the heat map (128, 128), 0..1, of the evidence for it, which is laid over the picture.
        turns: rotations, in quarters clockwise, that are offered because the model would be sure after them.
    """
    pixels, finds = picture.without(erased), _finds_in(picture, erased)
    shares = [float(share) for share in prediction.probabilities]
    digit, headline, sentence = in_words(
        shares,
        sees_digits=seems_written(pixels, finds),
        is_doubtful=picture.is_doubtful,
        has_writing=picture.has_writing,
        contradicting=contradicting(prediction),
    )
    return _Card(
        digit=digit,
        headline=headline,
        sentence=sentence,
        shares=shares,
        readings=prediction.digits,
        picture=heated(pixels, why[1]) if why else pixels,
        caption=_why(*why) if why else _caption(picture.inverted, picture.is_fitted),
        is_fitted=picture.is_fitted,
        asked=why[0] if why else None,
        foot=texts.time_taken(title(prediction.model), prediction.milliseconds),
        colour=model_colour(prediction.model),
        finds=finds,
        boxes=picture.boxes if picture.are_true else (),
        turns=turns,
    ).html()


def _finds_in(picture: ModelInput, erased: tuple[int, ...]) -> list[Find]:
    return [Find(box, _crop(picture.pixels, box), number in erased) for number, box in enumerate(picture.boxes)]


def _crop(pixels: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """A square piece of the picture around a box."""
    x0, y0, x1, y1 = box
    side = min(max(x1 - x0, y1 - y0) + 4, pixels.shape[0])
    left = min(max(0, (x0 + x1 - side) // 2), pixels.shape[1] - side)
    top = min(max(0, (y0 + y1 - side) // 2), pixels.shape[0] - side)
    return pixels[top : top + side, left : left + side]


def _caption(inverted: bool, is_fitted: bool | None) -> str:
    if is_fitted is None:
        return texts.SAW_INVERTED if inverted else texts.SAW
    return texts.SAW_FITTED if is_fitted else texts.SAW_WHOLE


def _why(digit: int, heat: NDArray[np.float32]) -> str:
    return (texts.WHY if has_evidence(heat) else texts.NO_EVIDENCE).format(digit=digit)


def contradicting(prediction: Prediction) -> tuple[int, ...]:
    """The digits read, from left to right, if the largest of them is not the answer; else none."""
    return tuple(reading.digit for reading in prediction.digits or ()) if prediction.is_contradicted else ()


def in_words(
    shares: Sequence[float],
    *,
    sees_digits: bool,
    is_doubtful: bool = False,
    has_writing: bool = True,
    contradicting: tuple[int, ...] = (),
) -> tuple[str, str, str]:
    """An answer in large type, in a line, and in a sentence on how sure it is.

    Args:
        shares: ten probabilities.
        sees_digits: whether there seems to be something to read in the picture.
        is_doubtful: whether something was left out of it that may be a digit.
        has_writing: False where no writing was found: then there are no digits, however sure the model is.
        contradicting: the digits read, if they contradict the answer.
    """
    best, second = sorted(range(NUM_CLASSES), key=shares.__getitem__, reverse=True)[:2]
    # Models were trained to give ten equal probabilities where there is no digit.
    if not has_writing or shares[best] < (_FLAT if sees_digits else UNSURE):
        return "?", texts.NO_DIGITS, texts.no_digits(best, shares[best])
    if contradicting:
        return str(best), texts.headline(best), texts.contradicted(contradicting, best, shares[best])
    if is_doubtful:
        return str(best), texts.headline(best), texts.doubtful(best, shares[best])
    return str(best), texts.headline(best), texts.certainty(best, shares[best], second, shares[second])


def seems_written(picture: NDArray[np.uint8], finds: Sequence[Find]) -> bool:
    """Whether a picture may contain digits. On a plain background it must have ink that was not erased."""
    return any(not find.is_erased for find in finds) or not is_plain(picture)


def waiting_card(headline: str, sentence: str) -> str:
    """The card before there is an input."""
    return _Card(headline=headline, sentence=sentence).html()


def trouble_card(sentence: str) -> str:
    """The card for an error; the sentence says what is wrong and what to do."""
    return _Card(digit="!", headline=texts.CANNOT_ANSWER, sentence=sentence).html()


@dataclass(frozen=True)
class Find:
    """A digit found in the picture."""

    box: Box  # in the picture
    pixels: NDArray[np.uint8]  # (side, side), around it
    is_erased: bool


@dataclass(frozen=True)
class _Card:
    """The contents of a card; by default there is no answer."""

    headline: str
    sentence: str
    digit: str = ""
    shares: Sequence[float] | None = None
    readings: Sequence[Reading] | None = None
    picture: NDArray[np.uint8] = field(default_factory=lambda: _NOTHING)
    caption: str = ""
    is_fitted: bool | None = None
    foot: str = ""
    colour: str = OTHER_COLOUR
    asked: int | None = None
    finds: Sequence[Find] = ()
    boxes: Sequence[Box] = ()
    turns: Sequence[int] = ()

    def html(self) -> str:
        """The card."""
        ten = bars(
            self.shares,
            label=texts.BARS,
            act=texts.ask_why,
            can_press=bool(self.shares),
            chosen=self.asked,
        )
        turn = f"{escape(texts.OFFER_TURN)} {_turn_buttons(self.turns)}"
        more = f' title="{escape(texts.SAW_FITTED_MORE)}"' if self.is_fitted else ""
        saw = _boxed(picture_tag(self.picture, texts.ANSWER_ALT, "answer-picture"), self.boxes, self.finds)
        return f"""
<section class="answer answer-{"answered" if self.shares else "waiting"}" style="--model: {self.colour}">
  <div class="answer-head">
    <div class="answer-digit" aria-hidden="true">{escape(self.digit)}</div>
    <div class="answer-words" aria-live="polite">
      <h2>{escape(self.headline)}</h2>
      <p>{escape(self.sentence)}</p>
      <div class="answer-turn"{"" if self.turns else " hidden"}>{turn}</div>
    </div>
    <p class="answer-reads">{readings_line(self.readings)}</p>
    <figure class="answer-saw">
      {saw}
      <figcaption{more}>{escape(self.caption or texts.SAW)} {_fit_button(self.is_fitted)}</figcaption>
    </figure>
  </div>
  {ten}
  <div class="answer-foot">
    <p><span>{escape(texts.WHY_HINT if self.shares else "")}</span> <span>{escape(self.foot)}</span></p>
    <div class="finds" role="group" aria-label="{escape(texts.FINDS)}">{_finds(self.finds)}</div>
  </div>
</section>"""


def _boxed(picture: str, boxes: Sequence[Box], finds: Sequence[Find]) -> str:
    """The picture with its true boxes or, if they are unknown, with those of the digits found, which can be pressed."""
    if boxes or not finds:
        return boxed(picture, boxes)
    marks = [('class="erased" ' if find.is_erased else "") + pressed(erase=number) for number, find in enumerate(finds)]
    return boxed(picture, [find.box for find in finds], around=_AROUND, marks=marks)


def _fit_button(is_fitted: bool | None) -> str:
    """The button that switches fitting to the writing on or off; hidden where there is no choice."""
    if is_fitted:
        mark = pressed("edit", fit=False)
        return f'<button type="button" {mark} title="{escape(texts.UNFIT_MORE)}">{texts.UNFIT}</button>'
    mark = pressed("edit", fit=True)
    return f'<button type="button" {mark}{" hidden" if is_fitted is None else ""}>{texts.FIT}</button>'


def _turn_buttons(turns: Sequence[int]) -> str:
    """A button for each turn; those that are not offered are hidden."""
    return " ".join(
        f'<button type="button" {pressed("edit", turn=turn)}{"" if turn in turns else " hidden"}>'
        f"{escape(shown)}</button>"
        for turn, shown in texts.OFFERED_TURNS.items()
    )


def _finds(finds: Sequence[Find]) -> str:
    return "".join(
        f'<button type="button" {pressed(erase=number)} aria-pressed="{str(find.is_erased).lower()}" '
        f'title="{escape(texts.erase(number + 1, find.is_erased))}">'
        f"{picture_tag(find.pixels, texts.erase(number + 1, find.is_erased), 'find')}</button>"
        for number, find in enumerate(finds)
    )
