"""The probabilities of the ten digits, as bars in a fixed order.

Not ``gr.Label``: it sorts by probability, so that bars would change places while somebody draws, and its bars cannot be
pressed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from maxdigit.models.registry import NUM_CLASSES
from maxdigit.ui import texts
from maxdigit.ui.press import pressed
from maxdigit.ui.theme import model_colour


def bars(
    shares: Sequence[float] | None,
    *,
    label: str,
    act: Callable[[int], str] | None = None,
    can_press: bool = False,
    chosen: int | None = None,
) -> str:
    """Ten bars, one for each digit.

    Args:
        shares: probabilities, 0..1; None for empty bars.
        label: what the bars are, for screen readers.
        act: describes what pressing a digit's bar does; None for bars that are not buttons.
        can_press: whether the buttons are enabled.
        chosen: the digit whose bar is highlighted.
    """
    items = "".join(
        _item(digit, _look(digit, shares, chosen), _parts(digit, shares), act, can_press, digit == chosen)
        for digit in range(NUM_CLASSES)
    )
    return f'<ol class="bars" aria-label="{escape(label)}">{items}</ol>'


def small_bars(shares: Sequence[float], model: str) -> str:
    """Ten small columns, one for each digit, in the model's colour."""
    says = ", ".join(f"{digit}: {texts.percent(share)}" for digit, share in enumerate(shares))
    columns = "".join(f'<i style="height: {max(4, round(100 * share))}%"></i>' for share in shares)
    return f'<span class="spark" style="--model: {model_colour(model)}" title="{says}">{columns}</span>'


def _item(digit: int, look: str, parts: str, act: Callable[[int], str] | None, can_press: bool, is_chosen: bool) -> str:
    if act is None:
        return f'<li class="{look}">{parts}</li>'
    # A button, for keyboards and screen readers.
    return (
        f'<li><button type="button" class="{look}" {pressed(digit=digit)} title="{escape(act(digit))}"'
        f' aria-pressed="{str(is_chosen).lower()}"'
        f"{'' if can_press else ' disabled'}>{parts}</button></li>"
    )


def _look(digit: int, shares: Sequence[float] | None, chosen: int | None) -> str:
    is_best = shares is not None and shares[digit] == max(shares)
    return f"bar{' bar-best' if is_best else ''}{' bar-asked' if digit == chosen else ''}"


def _parts(digit: int, shares: Sequence[float] | None) -> str:
    share = shares[digit] if shares else 0.0
    return (
        f'<span class="bar-digit">{digit}</span>'
        f'<span class="bar-track"><span class="bar-fill" style="width: {100 * share:.2f}%"></span></span>'
        f'<span class="bar-share">{texts.percent(share) if shares else ""}</span>'
    )
