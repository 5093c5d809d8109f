"""The results of a batch: their table, filters, corrections and downloads."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pytest
from batch_support import batch_tab, filled
from ui_support import ReadingPredictor

from maxdigit.inference import bulk
from maxdigit.inference.bulk import BatchError, Entry, answer_batch
from maxdigit.ui import texts
from maxdigit.ui.results_table import batch_results, results_page
from maxdigit.ui.results_table.batch_results import PAGE, Results, View, full_csv, submission_csv
from maxdigit.ui.results_table.results_table import result_row


def test_results_are_filtered_and_paged() -> None:
    results = filled(labels={"1": 0, "2.png": 4})
    assert len(results.filtered("all")) == 61 and results.filtered("disagree") == [5]
    assert results.filtered("unread") == [60] and results.filtered("unsure") == [6]
    assert results.filtered("wrong") == [2] and results.filtered("fixed") == []
    assert results.filtered("all", 25, 3) == [25, 26, 27] and results.count("all") == 61
    page, number, pages = results_page(results, View("all", 1))
    assert (number, pages) == (1, 3) and page.count("<select") == PAGE
    last, number, _ = results_page(results, View("all", 99))
    assert number == 2 and "It is no picture." in last
    assert texts.NO_ROWS in results_page(results, View("fixed"))[0]


def test_a_corrected_answer_counts_in_what_is_downloaded() -> None:
    results = filled(labels={"7.png": 3})
    results.mend(7, 3)
    assert results.filtered("fixed") == [7] and results.filtered("wrong") == []
    rows = list(csv.DictReader(io.StringIO(submission_csv(results))))
    assert len(rows) == 60 and rows[7] == {"Id": "7", "Label": "3"}
    full = list(csv.DictReader(io.StringIO(full_csv(results))))
    assert len(full) == 61 and full[7]["answer"] == "3" and full[7]["fixed_by_hand"] == "1" and full[7]["label"] == "3"
    assert full[60]["error"] == "It is no picture." and full[60]["resnet18_p0"] == ""
    assert sum(float(full[0][f"torch_cnn_p{digit}"]) for digit in range(10)) == pytest.approx(1, abs=1e-4)


@pytest.mark.slow
def test_lists_and_scores_after_corrections_are_those_of_rows_looked_at_anew() -> None:
    random = np.random.default_rng(1)
    results = Results(["resnet18", "torch_cnn"], {str(number): int(random.integers(10)) for number in range(150)})
    rows = [
        bulk.Answered(
            Entry(f"{number}.png", np.zeros((128, 128), np.uint8)),
            {model: random.dirichlet(np.full(10, 0.2)).astype(np.float32) for model in results.models},
        )
        for number in range(200)
    ]
    results.add(rows[:120])
    for number in random.integers(0, 120, 60):
        results.mend(int(number), int(random.integers(10)))
    results.add(rows[120:])
    anew = Results(results.models, results.labels)
    anew.add(rows)
    for number, row in enumerate(results.rows):
        if row.fixed is not None:
            anew.mend(number, row.fixed)
    doubtful = [
        number
        for number, row in enumerate(results.rows)
        if row.fixed is None and (results.is_unsure(row) or results.disagree(row))
    ]
    expected = {
        "all": list(range(200)),
        "fixed": [number for number, row in enumerate(results.rows) if row.fixed is not None],
        "wrong": [n for n, row in enumerate(results.rows) if row.truth not in (None, results.answer(row))],
        "doubtful": sorted(doubtful, key=lambda number: results.confidence(results.rows[number])),
    }
    assert all(len(numbers) > 10 for numbers in expected.values())
    for which, numbers in expected.items():
        assert results.filtered(which) == anew.filtered(which) == numbers
    right = sum(row.truth is not None and row.truth == results.answer(row) for row in results.rows)
    assert results.counting.right == anew.counting.right == right and results.counting.count == 150
    own = sum(row.truth == int(row.probabilities["resnet18"].argmax()) for row in results.rows[:150])
    assert results.answered.right == own, "the model's own answers are not touched"


@pytest.mark.slow
def test_a_correction_among_10_000_writes_a_page_and_looks_at_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    results = Results(["resnet18"], {str(number): number % 10 for number in range(10_000)})
    shares = np.eye(10, dtype=np.float32) * 0.5 + 0.05
    pixels = np.zeros((128, 128), np.uint8)
    results.add([bulk.Answered(Entry(f"{n}.png", pixels), {"resnet18": shares[n % 7]}) for n in range(10_000)])
    tab = batch_tab()
    tab.finish(results)
    counts = {"rows": 0, "looked at": 0, "lines": 0}

    def counted(name: str, function: Any) -> Any:
        def call(*args: Any) -> Any:
            counts[name] += 1
            return function(*args)

        return call

    monkeypatch.setattr("maxdigit.ui.results_table.results_table.result_row", counted("rows", result_row))
    monkeypatch.setattr(batch_results, "csv_line", counted("lines", batch_results.csv_line))
    monkeypatch.setattr(Results, "passed_filters", counted("looked at", Results.passed_filters))
    before = results.counting.right
    changes = tab.mend(results, 8, 8)
    assert results.counting.right == before + 1 and changes[tab.on.table].count("<select") == PAGE
    assert counts == {"rows": PAGE, "looked at": 2, "lines": 0}  # one row, before and after
    assert full_csv(results).count("\n") == 10_001 and counts["lines"] == 10_000, "made when it is asked for"


class Contradicting(ReadingPredictor):
    """Reads as its parent does, and answers 1."""

    unlike = 1


@pytest.mark.parametrize(("predictor", "is_unsure"), [(ReadingPredictor(), False), (Contradicting(), True)])
def test_what_is_read_is_shown_and_downloaded_and_a_contradiction_is_unsure(
    predictor: ReadingPredictor, is_unsure: bool
) -> None:
    pixels = np.zeros((128, 128), np.uint8)
    pixels[20:52, 30:36] = pixels[20:40, 70:76] = 255
    results = Results(["resnet18", "torch_cnn"])
    found = [Entry("read.png", pixels), Entry("blank.png", np.zeros_like(pixels)), Entry("no.png", None)]
    for group in answer_batch(predictor, found, results.models):
        results.add(group)
    assert results.rows[0].digits == {"resnet18": (8, 5), "torch_cnn": (8, 5)} and results.rows[2].digits == {}
    assert (0 in results.filtered("unsure")) == is_unsure and 1 not in results.filtered("unsure")
    page, *_ = results_page(results, View())
    assert texts.DIGITS_READ in page and ('class="differs">8 · 5<' in page) == is_unsure and "8 · 5<" in page
    rows = list(csv.DictReader(io.StringIO(full_csv(results))))
    assert [row["torch_cnn_digits"] for row in rows] == ["8 5", "", ""]


def test_without_a_reader_the_table_has_no_column_of_readings() -> None:
    assert texts.DIGITS_READ not in results_page(filled(8), View())[0]


def test_names_are_harmless_in_a_page_and_in_a_spreadsheet() -> None:
    results = Results(["resnet18"])
    results.add([bulk.Answered(Entry("=HYPERLINK(1)<script>", None, BatchError("no")), {})])
    assert "<script>" not in results_page(results, View())[0]
    assert "'=HYPERLINK" in full_csv(results)


def test_labels_give_scores_and_charts_that_corrections_change() -> None:
    results = filled(labels={f"{number}.png": number % 2 for number in range(10)})  # the fake answers 0 to all
    tab = batch_tab()
    charts = tab.on.charts
    assert texts.LABELS_UNUSED in tab.finish(filled(labels={"another.png": 3}))[charts.said]
    without = tab.finish(filled())
    assert without[charts.said] == "" and not without[charts.charts].visible
    shown = tab.finish(results)
    assert "right on 50.0% of the 10 pictures with a label" in shown[charts.said] and shown[charts.charts].visible
    assert 'class="matrix"' in shown[charts.matrix] and "0 in place of 1, 5 times" in shown[charts.matrix]
    (line,) = shown[charts.by_digit].data
    assert list(line.x) == ["0", "1"] and list(line.y) == [1, 0] and list(line.customdata) == [5, 5]
    assert "largest digit is 1: 0 of 5 pictures right" in shown[charts.digit_numbers]
    assert "<td>5</td><td>0.0%</td>" in shown[charts.digit_numbers]
    (line,) = shown[charts.by_confidence].data
    assert list(line.customdata) == [1, 9] and "mean confidence is" in shown[charts.confidence_numbers]
    changes = tab.mend(results, 1, 1)
    assert "With your 1 correction, 60.0% are right." in changes[charts.said]
    assert "right on 50.0%" in changes[charts.said], "the model itself has become no better"
    assert list(changes[charts.by_digit].data[0].y) == [1, 0.2]
    assert charts.by_confidence not in changes
