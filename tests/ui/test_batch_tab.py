"""The Batch tab: its form, a batch's course, and what is shown and downloaded."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from batch_support import archive, batch_tab, filled, given, png
from ui_support import FakePredictor

from maxdigit.data.kinds import TEST_KINDS
from maxdigit.errors import MaxDigitError
from maxdigit.inference import bulk
from maxdigit.inference.bulk import Entry, GivenFile
from maxdigit.ui import texts
from maxdigit.ui.batch.answering import Batch
from maxdigit.ui.batch.layout import Order, lay_out
from maxdigit.ui.drop_area import MOST_FILES, dropped
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.results_table.batch_results import PAGE, Results, View


@pytest.mark.slow
def test_a_batch_runs_to_its_end_and_shows_what_it_has_on_the_way(tmp_path: Path) -> None:
    names = {f"{number}.png": (b"broken" if number in (3, 70) else png(4 + number % 60)) for number in range(150)}
    labels = tmp_path / "labels.csv"
    labels.write_text("".join(f"{number},0\n" for number in range(150)))
    tab = batch_tab()
    on = tab.on
    order = Order(given(archive(tmp_path / "x.zip", names), labels), ("resnet18", "torch_cnn"))
    steps = []
    for step in tab.run(order, "unread"):
        steps.append(step)
        if len(steps) == 4:  # the visitor looks at another page while the batch goes on
            tab.turn(step[on.results], View("all", 2))
    counts = [step[on.status] for step in steps]
    assert "0 of 150" in counts[0] and "Done: 150 pictures" in counts[-1] and len(steps) == 7
    assert "32 of 150 pictures: 0 unsure, 1 unreadable, " in counts[1] and "right of the 31 with a label" in counts[1]
    assert 'value="0" max="150"' in counts[0] and "<progress" not in counts[-1]
    results = steps[-1][on.results]
    assert len(results.rows) == 150 and results.models == ["resnet18", "torch_cnn"]
    tables = [step.get(on.table) for step in steps]
    assert tables[0] == f'<p class="note">{texts.NO_ROWS}</p>' and "3.png" in tables[1] and "70.png" not in tables[1]
    assert tables[2] is None, "nothing new on this page"
    assert "70.png" in tables[3], "the filter's rows as they come"
    assert tables[4].count("<select") == PAGE - 1 and "Page 3 of" in steps[4][on.place], "and where the visitor went"
    assert not steps[0][on.start].interactive and steps[-1][on.start].interactive, "no second run while one is going on"
    changes = tab.turn(results, View(page=1))
    assert "Page 2 of 6" in changes[on.place] and changes[on.table].count("<select") == PAGE


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("maxdigit.ui.drop_area.drop_area.was_uploaded", lambda path: path.startswith(str(tmp_path)))
    return tmp_path


def test_what_is_chosen_on_the_page_is_what_a_batch_does(uploads: Path) -> None:
    on = batch_tab().on
    files = [[str(uploads / "a.png"), "x/a.png"], [str(uploads / "l.csv"), "l.csv"]]
    told = json.dumps({"files": files, "uploading": False})
    order = on.order({on.drop: told, on.model: "torch_cnn", on.others: True}, ["resnet18", "torch_cnn"])
    expected = (GivenFile(uploads / "a.png", "x/a.png"), GivenFile(uploads / "l.csv", "l.csv"))
    assert order == Order(expected, ("torch_cnn", "resnet18"))
    alone = on.order({on.drop: "", on.model: "torch_cnn", on.others: False}, ["resnet18", "torch_cnn"])
    assert alone == Order((), ("torch_cnn",))
    with pytest.raises(MaxDigitError, match="still being uploaded"):
        on.order({on.drop: json.dumps({"files": files, "uploading": True})}, [])


@pytest.mark.parametrize(
    "value",
    [
        "x",
        "[]",
        "{}",
        '{"files": 3, "uploading": false}',
        '{"files": [["/etc/passwd", "a.png"]], "uploading": false}',
        '{"files": [["\\u0000", "a.png"]], "uploading": false}',
        '{"files": [[1]], "uploading": false}',
        "[" * 100_000,
        7,
    ],
)
def test_no_file_is_taken_that_was_not_uploaded(value: Any) -> None:
    with pytest.raises(MaxDigitError, match=re.escape(texts.FILE_GONE)):
        dropped(value)


def test_no_more_files_are_taken_than_the_page_sends(uploads: Path) -> None:
    many = [[str(uploads / "a.png"), "n" * 5_000]] * (MOST_FILES + 1)
    found = dropped(json.dumps({"files": many, "uploading": False})).files
    assert len(found) == MOST_FILES and len(found[0].name) < 2_000


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_was_dropped_is_said(uploads: Path, language: str) -> None:
    tab = batch_tab()

    def said(files: dict[str, bytes]) -> str:
        for number, content in enumerate(files.values()):
            (uploads / str(number)).write_bytes(content)
        told = [[str(uploads / str(number)), name] for number, name in enumerate(files)]
        with texts.speaking(language):
            return tab.recognise(json.dumps({"files": told, "uploading": False}))[tab.on.recognised]

    pictures = {f"{number}.png": b"" for number in range(3)}
    found = said({**pictures, "l.csv": b"0,1\n2,5\n", "notes.md": b""})
    assert (
        found
        == {
            "en": "<p>3 pictures, labels for 2 of them, 1 file ignored: notes.md.</p>",
            "fr": "<p>3 images, des étiquettes pour 2 d&#x27;entre elles, 1 fichier sans usage\u00a0: notes.md.</p>",
        }[language]
    )
    unused = said({**pictures, "l.csv": b"8,1\n"})
    with texts.speaking(language):
        assert texts.LABELS_UNUSED in unused
    assert said({}) == ""
    (kept,) = tab.recognise(json.dumps({"files": [], "uploading": True})).values()
    assert kept == gr.skip(), "while more is uploaded"
    assert "<b>" not in said({"<b>.md": b""}) and said({"<b>.md": b""}).startswith("<p>")
    assert tab.recognise("junk")[tab.on.recognised] == f"<p>{texts.FILE_GONE}</p>"


@pytest.mark.slow
def test_a_trial_answers_test_pictures_of_all_kinds_and_scores_them() -> None:
    tab = batch_tab()
    order = tab.on.trial({tab.on.model: "torch_cnn", tab.on.others: False}, ["resnet18", "torch_cnn"])
    assert order == Order((), ("torch_cnn",), samples=60)
    *_, last = tab.run(replace(order, samples=8), "all")
    results = last[tab.on.results]
    assert "Done: 8 pictures" in last[tab.on.status] and last[tab.on.attempt].interactive
    assert len({row.name for row in results.rows}) == 8
    assert {row.name.rsplit("_")[0] for row in results.rows} == set(TEST_KINDS)
    sample = Evaluation().evaluation_picture("drawn", 1)
    assert next(row for row in results.rows if row.name == "drawn_01.png").truth == sample.max_digit
    assert "of the 8 pictures with a label" in tab.finish(results)[tab.on.charts.said]


def test_what_to_check_first_is_unsure_or_disputed_and_not_yet_corrected_the_least_sure_first() -> None:
    results = Results(["resnet18", "torch_cnn"])
    shares = {"sure": (0.999, 0.999), "unsure": (0.6, 0.6), "disputed": (0.99, -0.9), "least sure": (0.4, 0.4)}
    for name, (first, second) in shares.items():
        said = {}
        for model, share in zip(results.models, (first, second), strict=True):
            probabilities = np.full(10, (1 - abs(share)) / 9, np.float32)
            probabilities[3 if share > 0 else 4] = abs(share)
            said[model] = probabilities
        results.add([bulk.Answered(Entry(name, np.zeros((128, 128), np.uint8)), said)])

    def names() -> list[str]:
        return [results.rows[number].name for number in results.filtered("doubtful")]

    assert names() == ["least sure", "unsure", "disputed"]
    results.mend(1, 3)  # its own answer, confirmed
    assert names() == ["least sure", "disputed"]


@pytest.mark.parametrize(
    ("files", "sentence"),
    [([], "no pictures"), (["/no/such/file.png"], "1 unreadable"), (["/no/such.pdf"], "neither a picture nor")],
)
def test_trouble_is_told_and_ends_the_batch(files: list[str], sentence: str) -> None:
    tab = batch_tab()
    *_, last = tab.run(Order(given(*map(Path, files)), ("resnet18",)), "all")
    assert last[tab.on.start].interactive
    assert sentence in last[tab.on.status]


def test_nothing_to_download_before_anything_is_done() -> None:
    tab = batch_tab()
    for results, is_there in ((Results(), False), (filled(), True)):
        changes = tab.finish(results)
        assert changes[tab.on.submission].interactive is changes[tab.on.everything].interactive is is_there
    assert tab.finish(Results())[tab.on.charts.said] == ""


def test_a_download_is_handed_to_the_browser_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with gr.Blocks() as demo:
        batch = Batch(lay_out(["resnet18", "torch_cnn"]), FakePredictor(), Evaluation())
        batch.connect()
    pressed = [f for f in demo.fns.values() if (batch.on.submission._id, "click") in f.targets]
    handed = pressed[0].fn({batch.on.results: filled()})
    assert json.loads(handed)["name"] == "submission.csv" and json.loads(handed)["type"] == "text/csv"
    assert base64.b64decode(json.loads(handed)["base64"]).startswith(b"Id,Label\r\n0,")
    assert not list(tmp_path.iterdir())


def test_a_row_that_does_not_exist_is_not_corrected() -> None:
    results = filled()
    for row, digit in ((99, 1), (0, 12), ("0", 1), (60, 1), (None, None)):
        results.mend(row, digit)
    assert not results.filtered("fixed")
    results.mend(0, 1)
    assert results.filtered("fixed") == [0]
