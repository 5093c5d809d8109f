"""The answer card: the digit in large type, how sure, ten bars that never move, and what the model saw.

Every state has the same skeleton, so nothing jumps while answers come in: Gradio changes only what differs.
"""

from __future__ import annotations

import base64
import io
from html import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maxdigit.data import IMAGE_SIZE
from maxdigit.inference.predict import Prediction, title
from maxdigit.models.registry import NUM_CLASSES
from maxdigit.ui import texts
from maxdigit.ui.theme import OTHER_COLOUR, model_colour

_NOTHING = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8)


def answer_card(prediction: Prediction, picture: NDArray[np.uint8], *, inverted: bool = False) -> str:
    """The card for a model's answer to a prepared picture."""
    shares = [float(share) for share in prediction.probabilities]
    best, second = sorted(range(NUM_CLASSES), key=shares.__getitem__, reverse=True)[:2]
    return _card(
        digit=str(best),
        headline=texts.headline(best),
        sentence=texts.certainty(best, shares[best], second, shares[second]),
        shares=shares,
        picture=picture,
        caption=texts.SAW_INVERTED if inverted else texts.SAW,
        foot=texts.time_taken(title(prediction.model), prediction.milliseconds),
        colour=model_colour(prediction.model),
    )


def waiting_card(headline: str, sentence: str) -> str:
    """The card before there is anything to answer."""
    return _card(headline=headline, sentence=sentence)


def trouble_card(sentence: str) -> str:
    """The card when a picture or a model cannot be used; the sentence says why, and what to do."""
    return _card(digit="!", headline=texts.CANNOT_ANSWER, sentence=sentence)


def picture_tag(picture: NDArray[np.uint8], alt: str, css_class: str) -> str:
    """An ``<img>`` that carries the picture in itself: no file on the server, no second request."""
    buffer = io.BytesIO()
    Image.fromarray(picture, "L").save(buffer, "PNG", compress_level=1)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<img class="{css_class}" alt="{escape(alt)}" src="data:image/png;base64,{data}">'


def _card(
    *,
    headline: str,
    sentence: str,
    digit: str = "",
    shares: list[float] | None = None,
    picture: NDArray[np.uint8] = _NOTHING,
    caption: str = texts.SAW,
    foot: str = "",
    colour: str = OTHER_COLOUR,
) -> str:
    state = "answered" if shares else "waiting"
    bars = "".join(_bar(number, shares) for number in range(NUM_CLASSES))
    return f"""
<section class="answer answer-{state}" style="--model: {colour}">
  <div class="answer-head">
    <div class="answer-digit" aria-hidden="true">{escape(digit)}</div>
    <div class="answer-words" aria-live="polite">
      <h2>{escape(headline)}</h2>
      <p>{escape(sentence)}</p>
    </div>
    <figure class="answer-saw">
      {picture_tag(picture, texts.ANSWER_ALT, "answer-picture")}
      <figcaption>{escape(caption)}</figcaption>
    </figure>
  </div>
  <ol class="bars" aria-label="{escape(texts.BARS)}">{bars}</ol>
  <p class="answer-foot">{escape(foot)}</p>
</section>"""


def _bar(digit: int, shares: list[float] | None) -> str:
    share = shares[digit] if shares else 0.0
    is_best = shares is not None and share == max(shares)
    shown = texts.percent(share) if shares else ""
    return (
        f'<li class="bar{" bar-best" if is_best else ""}"><span class="bar-digit">{digit}</span>'
        f'<span class="bar-track"><span class="bar-fill" style="width: {100 * share:.2f}%"></span></span>'
        f'<span class="bar-share">{shown}</span></li>'
    )
