"""Many pictures at once: what is read, what is refused, and what becomes of the answers."""

from __future__ import annotations

import base64
import csv
import io
import json
import pickle
import re
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image
from ui_support import FakePredictor, ReadingPredictor

from maxdigit.data.kinds import TEST_KINDS
from maxdigit.errors import MaxDigitError
from maxdigit.inference import bulk
from maxdigit.inference.bulk import BatchError, Entry, GivenFile, answer_batch, read_batch
from maxdigit.inference.contents import tell_apart
from maxdigit.preparation.prepare import PreparedPicture
from maxdigit.ui import texts
from maxdigit.ui.batch.answering import Batch
from maxdigit.ui.batch.layout import Order, lay_out
from maxdigit.ui.drop_area import MOST_FILES, dropped
from maxdigit.ui.evaluation import Evaluation
from maxdigit.ui.results_table import results as batch_results
from maxdigit.ui.results_table import results_page
from maxdigit.ui.results_table.results import PAGE, Results, View, full_csv, submission_csv
from maxdigit.ui.results_table.results_table import _row


@dataclass
class CountingPredictor(FakePredictor):
    """Counts the pictures it has prepared, and says of each whether it is doubtful."""

    prepared: int = 0
    is_doubtful: bool = False
    has_writing: bool = True

    def prepare(self, source: Path | bytes, **options: Any) -> PreparedPicture:
        self.prepared += 1
        return replace(super().prepare(source, **options), is_doubtful=self.is_doubtful, has_writing=self.has_writing)


def png(columns: int = 30, size: int = 128) -> bytes:
    """A picture whose first columns hold ink: the fake predictor's digit is their number of tenths."""
    pixels = np.random.default_rng(columns).integers(0, 60, (size, size), np.uint8)
    pixels[40:80, 4 : 4 + columns : 2] = 255
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def given(*paths: Path) -> tuple[GivenFile, ...]:
    return tuple(map(GivenFile, paths))


def entries(*paths: Path) -> list[Entry]:
    count, found = read_batch(FakePredictor(), given(*paths))
    found = list(found)
    assert len(found) == count
    return found


# ---- Reading


def test_files_archives_and_the_competitions_arrays_are_read_in_order(tmp_path: Path) -> None:
    single = tmp_path / "one.png"
    single.write_bytes(png())
    packed = archive(tmp_path / "more.zip", {"a/2.png": png(), "__MACOSX/a/._2.png": b"x", "a/.DS_Store": b"x"})
    pictures = np.random.default_rng(0).integers(0, 256, (3, 128, 128), np.uint8)
    array = tmp_path / "test_max_x"
    array.write_bytes(pickle.dumps(pictures))
    found = entries(single, packed, array)
    assert [entry.name for entry in found] == ["one.png", "a/2.png", "0", "1", "2"]
    assert all(entry.pixels is not None and entry.pixels.shape == (128, 128) for entry in found)
    assert (found[-1].pixels == pictures[2]).all(), "the competition's pictures are taken as they are"


def test_what_is_no_picture_is_told_in_its_place_and_the_rest_goes_on(tmp_path: Path) -> None:
    packed = archive(
        tmp_path / "x.zip", {"no.png": b"words", "../evil.png": png(), "/root.png": png(), "ok.png": png()}
    )
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(b"%PDF-1.7\n")
    evil, root, no, good, pdf = entries(packed, paper)
    assert good.pixels is not None and not good.error
    for bad in (no, evil, root, pdf):
        assert bad.pixels is None and str(bad.error).endswith(".")
    assert "out of the archive" in str(evil.error) and "out of the archive" in str(root.error)


@pytest.mark.slow
def test_pictures_are_prepared_only_when_they_are_asked_for(tmp_path: Path) -> None:
    predictor = CountingPredictor()
    count, found = read_batch(predictor, given(archive(tmp_path / "x.zip", {f"{n}.png": png() for n in range(80)})))
    groups = answer_batch(predictor, found, ["resnet18"])
    assert (count, predictor.prepared) == (80, 0)
    next(groups)
    assert predictor.prepared == bulk.BATCH


def test_a_picture_of_which_something_was_left_out_or_without_writing_is_unsure(tmp_path: Path) -> None:
    single = tmp_path / "one.png"
    single.write_bytes(png())
    for predictor, unsure in (
        (CountingPredictor(), []),
        (CountingPredictor(is_doubtful=True), [0]),
        (CountingPredictor(has_writing=False), [0]),
    ):
        results = Results(["resnet18"])
        _, found = read_batch(predictor, given(single))
        for group in answer_batch(predictor, found, ["resnet18"]):
            results.add(group)
        assert results.filtered("unsure") == unsure


def test_an_archive_that_inflates_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MAX_PICTURE_BYTES", 100_000)
    monkeypatch.setattr(bulk, "MAX_ARCHIVE_BYTES", 250_000)
    bomb = archive(tmp_path / "bomb.zip", {f"{number}.png": bytes(50_000_000) for number in range(4)})
    assert bomb.stat().st_size < 300_000
    found = entries(bomb)
    assert all(entry.pixels is None for entry in found)
    assert "larger than" in str(found[0].error) and "2 GB" in str(found[3].error)


def test_damaged_and_locked_archives_are_told(tmp_path: Path) -> None:
    packed = archive(tmp_path / "x.zip", {"a.png": png()})
    content = bytearray(packed.read_bytes())
    content[60:80] = bytes(20)
    packed.write_bytes(content)
    (entry,) = entries(packed)
    assert entry.pixels is None and "cannot be unpacked" in str(entry.error)
    locked = archive(tmp_path / "locked.zip", {"a.png": png()})
    content = bytearray(locked.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1  # says that it is encrypted
    locked.write_bytes(content)
    (entry,) = entries(locked)
    assert "cannot be unpacked" in str(entry.error)


def test_too_many_and_none_at_all_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = archive(tmp_path / "x.zip", {f"{number}.png": b"" for number in range(6)})
    monkeypatch.setattr(bulk, "MAX_PICTURES", 5)
    with pytest.raises(BatchError, match="These are 6 pictures; 5 can be taken at once"):
        read_batch(FakePredictor(), given(packed))
    for nothing in ([], [archive(tmp_path / "empty.zip", {})]):
        with pytest.raises(BatchError, match="no pictures"):
            read_batch(FakePredictor(), given(*nothing))


def test_labels_are_found_by_the_plain_form_of_a_name(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("file;label\r\n007;7.0\r\ndir\\8.png;3\r\n9.0;4\r\n", encoding="utf-8")
    labels = tell_apart(given(path)).labels
    assert labels == {"7": 7, "dir/8.png": 3, "9": 4}
    results = Results(["resnet18"], labels)
    names = ("7.png", "a/0007.jpg", "dir/8.png", "9.png", "8.png", "dropped/dir/8.png", "dropped\\dir\\8.png")
    results.add([bulk.Answered(Entry(name, None), {}) for name in names])
    assert [row.truth for row in results.rows] == [7, 7, 3, 4, None, 3, 3]


# ---- Told apart


def dropped_into(folder: Path, files: dict[str, bytes]) -> tuple[GivenFile, ...]:
    """Files as they come from a browser: each in a folder of its own, and called as in the visitor's folders."""
    found = []
    for number, (name, content) in enumerate(files.items()):
        path = folder / str(number) / Path(name).name
        path.parent.mkdir()
        path.write_bytes(content)
        found.append(GivenFile(path, name))
    return tuple(found)


def zipped(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, inside in members.items():
            file.writestr(name, inside)
    return content.getvalue()


def test_whatever_is_dropped_is_told_apart(tmp_path: Path) -> None:
    array = pickle.dumps(np.random.default_rng(0).integers(0, 256, (3, 128, 128), np.uint8))
    files = {
        "set/10.png": b"",
        "set/2.png": b"",
        "set/right.csv": b"name,label\n2.png,4\nin/7.png,5\n1,6\n",
        "set/notes.txt": b"in the morning",
        "set/.DS_Store": b"x",
        "more.zip": zipped({"in/7.png": b"", "in/readme.md": b"", "__MACOSX/7.png": b"", "test_max_x": array}),
        "paper.pdf": b"%PDF",
        "letter.docx": zipped({"word/document.xml": b"", "word/media/1.png": b""}),
    }
    found = tell_apart(dropped_into(tmp_path, files))
    assert found.names == ["0", "1", "2", "in/7.png", "set/2.png", "set/10.png"]
    assert [file.name for file in found.files] == ["more.zip", "set/2.png", "set/10.png"]
    assert found.tables == ["set/right.csv"] and found.labelled == 3 and not found.troubles
    assert found.passed_over == ["letter.docx", "more.zip/in/readme.md", "paper.pdf", "set/notes.txt"]
    count, read = read_batch(FakePredictor(), found.files)
    assert count == 6 and [entry.name for entry in read] == found.names, "what is announced is what is answered"


def test_labels_may_lie_in_the_archive(tmp_path: Path) -> None:
    packed = zipped({"a/1.png": b"", "a/labels.csv": b"Id,Label\n1,3\n"})
    found = tell_apart(dropped_into(tmp_path, {"all.zip": packed}))
    assert found.tables == ["all.zip/a/labels.csv"] and found.labels == {"1": 3} and found.labelled == 1


@pytest.mark.parametrize(
    ("files", "sentences", "labelled"),
    [
        ({"a.csv": b"1,3\n", "b.csv": b"1,4\n", "1.png": b""}, ["2 tables of labels: a.csv, b.csv. Leave one"], 0),
        ({"a.csv": b"1,3\n"}, ["a.csv holds labels. Add the pictures"], 0),
        ({"a.csv": b"name,label\n1.png,x\n", "1.png": b""}, ["a.csv, line 2: a name and a label"], 0),
        (
            {"x.pdf": b"", "y.md": b""},
            ["neither a picture nor an archive of pictures nor a table of labels: x"],
            0,
        ),
        ({"test_max_x": b"junk", "1.png": b"", "l.csv": b"1,3"}, ["test_max_x is not an array of numbers"], 1),
        ({"x.zip": zipped({"a.npy": b"junk"})}, ["a.npy is not an array of numbers"], 0),
        ({f"{number}.png": b"" for number in range(7)}, ["These are 7 pictures; 5 can be taken"], 0),
        ({}, [], 0),
    ],
)
def test_what_is_wrong_with_what_was_dropped_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes], sentences: list[str], labelled: int
) -> None:
    monkeypatch.setattr(bulk, "MAX_PICTURES", 5)
    found = tell_apart(dropped_into(tmp_path, files))
    assert len(found.troubles) == len(sentences) and found.labelled == labelled
    for sentence, trouble in zip(sentences, found.troubles, strict=True):
        assert sentence in str(trouble)


def test_tables_are_not_read_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maxdigit.inference.contents.MAX_BYTES", 1_000)
    tables = {f"{number:02}.csv": b"name,label\n1,2\n" + b"\n" * 885 for number in range(50)}
    packed = zipped({**tables, "1.png": b""})
    found = tell_apart(dropped_into(tmp_path, {"tables.zip": packed}))
    assert found.tables == ["tables.zip/00.csv", "tables.zip/01.csv"] and len(found.passed_over) == 48
    assert found.names == ["1.png"]


def test_an_array_is_read_once_however_often_files_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (array,) = dropped_into(tmp_path, {"x.npy": b""})
    np.save(array.path, np.full((4, 128, 128), 200, np.uint8))
    assert len(tell_apart([array]).names) == 4
    with monkeypatch.context() as patch:
        patch.setattr("maxdigit.inference.contents.read_pictures", None)  # would raise if it were called
        assert len(tell_apart([array]).names) == 4


# ---- Folders


JUNK = (".DS_Store", "._0.png", ".hidden.png", "Thumbs.db", "desktop.ini", "labels.csv", "__MACOSX/1.png", "notes.txt")


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (["0.png", "1.png", "2.png", "10.png", "11.png"], [0, 1, 2, 10, 11]),
        (["00001.png", "00002.png", "00100.jpg"], [1, 2, 100]),
        (["a/2.png", "a/7.png"], [2, 7]),
        (["img2.png", "img10.png"], [0, 1]),
        (["a/0.png", "b/0.png"], [0, 1]),
        (["0.png", "1.png", "cover.png", "sheet.png"], [0, 1, 2, 3]),
        (["1.png", "2.png", "cover.png"], [1, 2, 0]),
        (["a\\5.png", f"{'9' * 5000}.png"], [5, 0]),
    ],
)
def test_names_that_are_numbers_give_the_ids(names: list[str], ids: list[int]) -> None:
    assert bulk.picture_ids(names) == ids
    results = Results(["resnet18"])
    answers = np.eye(10, dtype=np.float32)
    results.add([bulk.Answered(Entry(name, None), {"resnet18": answers[number]}) for number, name in enumerate(names)])
    rows = list(csv.DictReader(io.StringIO(submission_csv(results))))
    assert {int(row["Id"]): int(row["Label"]) for row in rows} == {id: number for number, id in enumerate(ids)}
    assert [int(row["Id"]) for row in rows] == sorted(ids)


def test_a_folder_is_read_in_the_order_of_its_names_and_without_what_is_no_picture(tmp_path: Path) -> None:
    names = [f"{number}.png" for number in (11, 6, 8, 0, 10, 9)]
    found = tell_apart([GivenFile(tmp_path / name, f"x/{name}") for name in (*JUNK, *names) if name != "labels.csv"])
    wanted = ["0.png", "6.png", "8.png", "9.png", "10.png", "11.png"]
    assert [file.name for file in found.files] == found.names == [f"x/{name}" for name in wanted]
    assert found.passed_over == ["x/notes.txt"], "what systems leave is not mentioned"
    packed = archive(tmp_path / "x.zip", {f"in/{name}": png() for name in (*JUNK, *names)})
    assert [entry.name for entry in entries(packed)] == [f"in/{name}" for name in wanted]


@pytest.mark.parametrize("inside", ["test_max_x", "data/test_max_x.npy", "x.pkl"])
@pytest.mark.parametrize("name", ["test_max_x.zip", "download.zip"])
def test_the_competitions_arrays_are_read_from_archives(tmp_path: Path, inside: str, name: str) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (3, 128, 128), np.uint8)
    content = io.BytesIO()
    if inside.endswith(".npy"):
        np.save(content, pictures / 255)
    else:
        content.write(pickle.dumps(pictures / 255))
    packed = archive(tmp_path / name, {inside: content.getvalue(), "10.png": png()})
    found = entries(packed)
    assert [entry.name for entry in found] == ["0", "1", "2", "10.png"]
    assert all((entry.pixels == picture).all() for entry, picture in zip(found, pictures, strict=False))


@pytest.mark.parametrize("ending", [".npy", ".npz", ".pkl"])
def test_an_array_under_any_name_is_read(tmp_path: Path, ending: str) -> None:
    pictures, path = np.random.default_rng(0).integers(0, 256, (2, 128, 128), np.uint8), tmp_path / f"mine{ending}"
    if ending == ".pkl":
        path.write_bytes(pickle.dumps(pictures))
    else:
        (np.savez if ending == ".npz" else np.save)(path, pictures)
    assert [(entry.pixels == picture).all() for entry, picture in zip(entries(path), pictures, strict=True)] == [
        True
    ] * 2


def test_an_array_that_inflates_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MAX_ARRAY_BYTES", 1_000_000)
    packed = archive(tmp_path / "x.zip", {"test_max_x": pickle.dumps(bytes(50_000_000))})
    assert packed.stat().st_size < 100_000
    with pytest.raises(MaxDigitError, match="test_max_x unpacks to more than 1 MB"):
        read_batch(FakePredictor(), given(packed))


# ---- Answering


@pytest.mark.slow
def test_each_picture_gets_its_own_answer_from_every_model(tmp_path: Path) -> None:
    names = {f"{number:02d}.png": (b"broken" if number == 3 else png(4 + number)) for number in range(40)}
    found = entries(archive(tmp_path / "x.zip", names))
    predictor = FakePredictor()
    answered = [one for group in answer_batch(predictor, found, ["resnet18", "torch_cnn"]) for one in group]
    assert [one.entry.name for one in answered] == list(names)
    assert answered[3].probabilities == {}
    for one in answered[:3] + answered[4:]:
        expected = predictor.classify(one.entry.pixels, "resnet18").probabilities
        assert set(one.probabilities) == {"resnet18", "torch_cnn"}
        assert (one.probabilities["torch_cnn"] == expected).all()


def filled(count: int = 60, labels: dict[str, int] | None = None) -> Results:
    """Of the pictures, the models disagree on number 5, and are unsure of number 6; the last cannot be read."""
    results = Results(["resnet18", "torch_cnn"], labels or {})
    members = [Entry(f"{number}.png", np.full((128, 128), number, np.uint8)) for number in range(count)]
    members.append(Entry("no.png", None, BatchError("It is no picture.")))
    for group in answer_batch(FakePredictor(), members, results.models):
        for one in group:
            if one.entry.name in ("5.png", "6.png"):
                changed = one.probabilities["torch_cnn" if one.entry.name == "5.png" else "resnet18"]
                changed[:] = 0.1
                changed[8 if one.entry.name == "5.png" else 0] += 0.01
        results.add(group)
    return results


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

    monkeypatch.setattr("maxdigit.ui.results_table.results_table._row", counted("rows", _row))
    monkeypatch.setattr(batch_results, "_line", counted("lines", batch_results._line))
    monkeypatch.setattr(Results, "_filters", counted("looked at", Results._filters))
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


# ---- The page


def batch_tab() -> Batch:
    """The tab without a server."""
    with gr.Blocks():
        return Batch(lay_out(["resnet18", "torch_cnn"]), FakePredictor(), Evaluation())


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
