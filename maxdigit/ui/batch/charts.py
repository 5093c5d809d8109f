"""The evaluation of a batch with labels: score, confusion matrix, and two charts with their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import gradio as gr
import numpy as np
from gradio.blocks import Block

from maxdigit.inference.predict import title
from maxdigit.training.results import KindResult, Score
from maxdigit.ui import texts
from maxdigit.ui.charts import against_figure
from maxdigit.ui.confusion_matrix import confusion_matrix
from maxdigit.ui.events import Changes
from maxdigit.ui.html import html_block, paragraphs
from maxdigit.ui.results_table.batch_results import Results
from maxdigit.ui.table import Cell, Row, table
from maxdigit.ui.texts import labels
from maxdigit.ui.theme import model_colour


@dataclass(frozen=True)
class BatchCharts:
    """The section's components."""

    said: gr.HTML
    charts: gr.Row  # hidden where there are no labels
    matrix: gr.HTML
    by_digit: gr.Plot
    digit_numbers: gr.HTML
    by_confidence: gr.Plot
    confidence_numbers: gr.HTML

    @classmethod
    def laid_out(cls) -> BatchCharts:
        """Add the components to the Blocks being built."""
        with gr.Column(elem_id="batch-scored"):
            said = html_block()
            with gr.Row(visible=False, elem_id="batch-charts") as charts:
                with gr.Column(min_width=280):
                    matrix = html_block()
                with gr.Column(min_width=280):
                    by_digit, digit_numbers = _chart(labels.AGAINST_AXES["digit"], "batch-by-digit")
                with gr.Column(min_width=280):
                    by_confidence, confidence_numbers = _chart(labels.AGAINST_AXES["confidence"], "batch-by-confidence")
        return cls(said, charts, matrix, by_digit, digit_numbers, by_confidence, confidence_numbers)

    def outputs(self) -> set[Block]:
        """What :meth:`changes` sets."""
        return {*self.corrected(), self.by_confidence, self.confidence_numbers}

    def corrected(self) -> set[Block]:
        """What a correction changes: all but the chart of the model's confidence in its own answers."""
        return {self.said, self.charts, self.matrix, self.by_digit, self.digit_numbers}

    def changes(self, results: Results, *, is_correction: bool = False) -> Changes:
        """The section's contents for these results; with ``is_correction`` only what a correction changes."""
        own, counting = results.answered.score(), results.counting.score()
        if own is None or counting is None:
            told = texts.LABELS_UNUSED if results.labels and results.rows else ""
            return {self.said: _note(told), self.charts: gr.Row(visible=False)}
        model = results.models[0]
        sentences = [texts.batch_score(title(model), own.accuracy, *own.interval95, own.count)]
        if results.count("fixed"):
            sentences.append(texts.batch_corrected(results.count("fixed"), counting.accuracy))
        found: Changes = {
            self.said: _note(*sentences),
            self.charts: gr.Row(visible=True),
            self.matrix: confusion_matrix(counting.confusion, model_colour(model), can_press=False)
            + _note(_commonest_mistake(counting)),
            self.by_digit: against_figure({model: _measured(counting)}, "digit"),
            self.digit_numbers: _digit_numbers(counting),
        }
        if not is_correction:
            found[self.by_confidence] = against_figure({model: _measured(own)}, "confidence")
            found[self.confidence_numbers] = _confidence_numbers(own)
        return found


def _chart(label: str, name: str) -> tuple[gr.Plot, gr.HTML]:
    plot = gr.Plot(show_label=False, label=label, container=False, elem_id=name)
    return plot, html_block(elem_id=f"{name}-numbers")


def _measured(score: Score) -> KindResult:
    return KindResult(kind="batch", **vars(score))


def _note(*sentences: str) -> str:
    said = paragraphs(*sentences)
    return f'<div class="note">{said}</div>' if said else ""


def _commonest_mistake(score: Score) -> str:
    mistakes = np.array(score.confusion)
    np.fill_diagonal(mistakes, 0)
    if not mistakes.any():
        return texts.NO_MISTAKES
    truth, answer = divmod(int(mistakes.argmax()), len(mistakes))
    return texts.commonest_mistake(truth, answer, int(mistakes[truth, answer]))


def _digit_numbers(score: Score) -> str:
    rows = [(digit, sum(row), row[digit]) for digit, row in enumerate(score.confusion) if sum(row)]
    digit, count, right = min(rows, key=lambda row: (row[2] / row[1], -row[1]))
    said = texts.weakest_digit(digit, right, count) if right < count else ""
    return _note(said) + _numbers(
        texts.AGAINST_CHOICES["digit"], [(str(digit), count, right / count) for digit, count, right in rows]
    )


def _confidence_numbers(score: Score) -> str:
    sure = sum(count * confidence for count, confidence, _ in score.reliability) / score.count
    said = texts.sure_and_right(sure, score.accuracy)
    rows = [(texts.percent(confidence), count, accuracy) for count, confidence, accuracy in score.reliability]
    return _note(said, texts.AGAINST_NOTES["confidence"]) + _numbers(texts.AGAINST_CHOICES["confidence"], rows)


def _numbers(name: str, rows: Sequence[tuple[str, int, float]]) -> str:
    """The points of a chart as a table to unfold: position, number of pictures, and accuracy (0..1)."""
    head = [Cell(escape(column), is_head=True) for column in (name, texts.PICTURES_HEAD, texts.ACCURACY)]
    body = [
        Row([Cell(escape(place), is_head=True), Cell(texts.number(count)), Cell(texts.percent(accuracy))])
        for place, count, accuracy in rows
    ]
    made = table(head, body, is_wide=True)
    return f'<details class="numbers"><summary>{escape(texts.NUMBERS)}</summary>{made}</details>'
