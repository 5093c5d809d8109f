"""The Classify tab: draw, upload or sample a picture on the left; the answer on the right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from maxdigit.inference.predict import Predictor
from maxdigit.ui.classify.answering import Answering
from maxdigit.ui.classify.challenging import Challenging
from maxdigit.ui.classify.duelling import Duelling
from maxdigit.ui.classify.editing import Editing
from maxdigit.ui.classify.keeping import Keeping
from maxdigit.ui.classify.layout import ClassifyPage, lay_out
from maxdigit.ui.classify.looking import Looking
from maxdigit.ui.evaluation import Evaluation

__all__ = ["ClassifyPage", "build_classify_tab"]


def build_classify_tab(
    predictor: Predictor, *, evaluation: Evaluation, loaded: Any, corrections: Path | None = None
) -> ClassifyPage:
    """Add the tab's components to the Blocks being built, and connect them.

    Args:
        predictor: the trained models.
        evaluation: makes samples.
        loaded: the event of the page being opened, perhaps by a link to a drawing or a sample.
        corrections: a folder for pictures that visitors report as answered wrong; None to switch reports off.
    """
    page = lay_out(predictor, asks_for_corrections=corrections is not None)
    if predictor.available():
        answering = Answering(page, predictor, evaluation)
        answering.connect(loaded)
        Editing(page, predictor).connect(answering)
        Challenging(page, predictor, evaluation, corrections).connect()
        Duelling(page, predictor, evaluation).connect()
        Looking(page, predictor, evaluation).connect()
        Keeping(page, predictor, evaluation, corrections).connect()
    return page
