"""Which of a batch's files are pictures, archives, arrays, tables of labels, or none of these."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from batch_support import dropped_into, zipped
from ui_support import FakePredictor

from maxdigit.inference import bulk
from maxdigit.inference.bulk import read_batch
from maxdigit.inference.contents import tell_apart


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
