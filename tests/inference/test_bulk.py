"""The pictures of a batch: read from files, archives and arrays, and answered."""

from __future__ import annotations

import csv
import io
import pickle
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from batch_support import archive, entries, given, png
from ui_support import FakePredictor

from maxdigit.errors import MaxDigitError
from maxdigit.inference import bulk
from maxdigit.inference.bulk import BatchError, Entry, GivenFile, answer_batch, read_batch
from maxdigit.inference.contents import tell_apart
from maxdigit.preparation.prepare import PreparedPicture
from maxdigit.ui.results_table.batch_results import Results, submission_csv


@dataclass
class CountingPredictor(FakePredictor):
    """Counts the pictures it has prepared, and says of each whether it is doubtful."""

    prepared: int = 0
    is_doubtful: bool = False
    has_writing: bool = True

    def prepare(self, source: Path | bytes, **options: Any) -> PreparedPicture:
        self.prepared += 1
        return replace(super().prepare(source, **options), is_doubtful=self.is_doubtful, has_writing=self.has_writing)


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
