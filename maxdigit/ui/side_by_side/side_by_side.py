"""The answers of several models to one picture, side by side.

Not ``gr.Label``: :mod:`maxdigit.ui.bars` says why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html import escape

import numpy as np
from numpy.typing import NDArray

from maxdigit.inference.predict import Prediction, title
from maxdigit.ui import texts
from maxdigit.ui.answer import contradicting, in_words
from maxdigit.ui.bars import bars
from maxdigit.ui.picture import heated, picture_tag
from maxdigit.ui.readings import readings_line
from maxdigit.ui.theme import model_colour
from maxdigit.ui.view_state import ModelInput


@dataclass(frozen=True)
class Reply:
    """One model's answer, with the evidence for it as a heat map (128, 128), 0..1; or an error."""

    model: str
    prediction: Prediction | None = None
    heat: NDArray[np.float32] | None = None
    trouble: str = ""


def side_by_side(names: list[str], replies: list[Reply], picture: ModelInput, facts: str) -> str:
    """The picture, a summary of the answers, and a card for each of ``names``, empty until it has replied.

    Args:
        names: the models asked, in order.
        replies: the answers so far.
        picture: their input.
        facts: a sentence about the picture; may be empty.
    """
    by_name = {reply.model: reply for reply in replies}
    answers = [(title(r.model), r.prediction.max_digit) for r in replies if r.prediction]
    is_done = len(replies) == len(names)
    told = texts.verdict(answers) if picture.has_writing or not answers else texts.NO_DIGITS
    verdict = told if is_done else texts.ASKING.format(model=title(names[len(replies)]))
    say = partial(
        in_words,
        sees_digits=picture.seems_written,
        is_doubtful=picture.is_doubtful,
        has_writing=picture.has_writing,
    )
    cards = "".join(_card(name, by_name.get(name), picture.pixels, say) for name in names)
    return f"""
<section class="verdict">
  {picture_tag(picture.pixels, texts.ANSWER_ALT, "answer-picture")}
  <div aria-live="polite"><h2>{escape(verdict)}</h2><p>{escape(facts)}</p></div>
</section>
<div class="side-by-side">{cards}</div>"""


def _card(name: str, reply: Reply | None, picture: NDArray[np.uint8], say: Callable[..., tuple[str, str, str]]) -> str:
    prediction = reply.prediction if reply else None
    shares = [float(share) for share in prediction.probabilities] if prediction else None
    digit, words, foot, caption = "", reply.trouble if reply else "", "", ""
    seen = picture
    if reply and prediction and shares:
        digit, headline, words = say(shares, contradicting=contradicting(prediction))
        words = words if digit.isdigit() else f"{headline}. {words}"
        foot = texts.pass_time(prediction.milliseconds)
        if reply.heat is not None:
            seen, caption = heated(picture, reply.heat), texts.WHY.format(digit=prediction.max_digit)
    return f"""
<article class="side-by-side-card" style="--model: {model_colour(name)}" aria-label="{escape(title(name))}">
  <h3><span class="dot"></span>{escape(title(name))}</h3>
  <div class="side-by-side-head">
    <div class="side-by-side-digit">{digit}</div>
    <figure class="answer-saw">
      {picture_tag(seen, caption or texts.ANSWER_ALT, "answer-picture")}
      <figcaption>{escape(caption)}</figcaption>
    </figure>
  </div>
  <p class="side-by-side-words">{escape(words)}</p>
  <p class="side-by-side-reads">{readings_line(prediction.digits if prediction else None)}</p>
  {bars(shares, label=texts.BARS)}
  <p class="answer-foot">{escape(foot)}</p>
</article>"""
